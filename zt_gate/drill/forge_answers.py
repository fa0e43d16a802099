"""Cases with a review that must not count: the forge's answers are malformed or doubtful.

The forge is a server on loopback; ``zt-gate ci github`` runs in its own process.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from zt_gate.drill.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace

_GROUP = "reviews"
_NAME = "acme/shop"
_AUTHOR = {"login": "ada", "id": 1, "type": "User"}
_REVIEWER = {"login": "bob", "id": 2, "type": "User"}
_PRIVATE = "private.example"
_REFUSED = "block gate/not-reviewed"


def _commit(head: str, message: str = "Work on it\n", **changed: Any) -> dict[str, Any]:
    person = {"name": "Ada", "email": "ada@example.org"}
    recorded = {"author": person, "committer": person, "message": message}
    return {
        "sha": head,
        "author": _AUTHOR,
        "committer": _AUTHOR,
        "commit": recorded,
        **changed,
    }


def _reviewed(commits: Callable[[str], Any], workspace: CaseWorkspace) -> GateOutcome:
    """Judge a harmless change that Bob has approved; ``commits`` is the forge's list."""
    repository = workspace.repository()
    base = repository.head()
    repository.write("notes.txt", "A line of text.\n")
    head = repository.commit()
    place = {"repo": {"full_name": _NAME}}
    pull = {
        "number": 7, "title": "Work on it", "body": None, "labels": [], "user": _AUTHOR,
        "commits": 1, "base": {"sha": base, "ref": "main", **place},
        "head": {"sha": head, "ref": "topic", **place},
    }  # fmt: skip
    approval = {"user": _REVIEWER, "state": "APPROVED", "commit_id": head}
    known = {"author": {"name": "Robert Stone", "email": "rs@example.org"}}
    answers = {
        f"/repos/{_NAME}/pulls/7/reviews": [approval],
        f"/repos/{_NAME}/pulls/7/commits": commits(head),
        f"/repos/{_NAME}/collaborators/bob/permission": {"permission": "write"},
        # The base has no job of the gate, so the default counts: a comment.
        f"/repos/{_NAME}/issues/7/comments": [],
        f"/repos/{_NAME}/commits?bob": [{"author": _REVIEWER, "commit": known}],
    }
    event = {
        "pull_request": pull,
        "repository": {"full_name": _NAME, "default_branch": "main"},
    }
    with _forge(answers) as url:
        variables = {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": _NAME,
            "GITHUB_EVENT_NAME": "pull_request",
            "ZT_APPROVAL": "always",
            "ZT_OFFLINE": "true",
            "ZT_TOKEN": "nobodys",
        }
        return workspace.judge_event(repository, event, variables)


@contextmanager
def _forge(answers: dict[str, Any]) -> Iterator[str]:
    """Serve answers by path; a list of commits also by the author that is asked for."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from urllib.parse import parse_qs, urlsplit

    class ForgeHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            key = "?".join((parts.path, *parse_qs(parts.query).get("author", ())))
            body = json.dumps(answers.get(key)).encode()
            self.send_response(200 if key in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(201)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Write no log to stderr."""

    server = HTTPServer(("127.0.0.1", 0), ForgeHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _co_author(line: str, head: str) -> list[Any]:
    return [_commit(head, f"Work on it\n\n{line}\n")]


def _stranger(head: str) -> list[Any]:
    """Return a commit whose author has no account."""
    person = {"name": "B. Stone", "email": f"b@{_PRIVATE}"}
    entry = _commit(head, author=None)
    entry["commit"] = {**entry["commit"], "author": person}
    return [entry]


_LISTS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("commits-no-list", "commits that are no list", lambda head: {"0": _commit(head)}),
    ("commits-no-objects", "commits that are no objects", lambda head: [head]),
    ("commits-without-id", "a commit without an id", lambda _head: [_commit("")]),
    ("commits-too-few", "an empty list of commits", lambda _head: []),
    ("commits-too-many", "more commits than announced",
     lambda head: [_commit("1" * 40), _commit(head)]),
    ("commits-without-head", "commits without the head", lambda _head: [_commit("1" * 40)]),
)  # fmt: skip

_CO_AUTHORS = (
    ("co-author-unknown", f"Co-authored-by: X <x@{_PRIVATE}>"),
    ("co-author-like-reviewer", f"co-authored-by: Bob <hidden@{_PRIVATE}>"),
    ("co-author-by-address", f"Co-authored-by: Somebody <bob@{_PRIVATE}>"),
    ("co-author-by-name", f"Co-developed-by: R. Stone <q@{_PRIVATE}>"),
    ("co-author-known-address", "Co-authored-by: Other Name <rs@example.org>"),
)

CASES = (
    *(
        Case(name, _GROUP, what, "error", partial(_reviewed, commits))
        for name, what, commits in _LISTS
    ),
    *(
        Case(
            name,
            _GROUP,
            "an approval by who may be a co-author",
            _REFUSED,
            partial(_reviewed, partial(_co_author, line)),
        )
        for name, line in _CO_AUTHORS
    ),
    Case(
        "author-without-account",
        _GROUP,
        "an approval by who may be the author",
        _REFUSED,
        partial(_reviewed, _stranger),
    ),
    Case(
        "co-author-somebody-else",
        "honest",
        "an approval beside a co-author with another name",
        "pass",
        partial(
            _reviewed, partial(_co_author, f"Co-authored-by: Jane Hill <jh@{_PRIVATE}>")
        ),
    ),
    Case(
        "co-author-agent",
        "honest",
        "an approval of what an agent wrote with somebody",
        "pass",
        partial(
            _reviewed,
            partial(_co_author, "Co-authored-by: Claude <noreply@anthropic.com>"),
        ),
    ),
)
