"""A forge on loopback: the few calls of GitHub's interface that the gate makes."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_" + "loopback" * 3  # put together: nobody's
REPOSITORY = "acme/shop"


def user(login: str, number: int, kind: str = "User") -> dict[str, Any]:
    return {"login": login, "id": number, "type": kind}


ADA, BOB, EVE = user("ada", 1), user("bob", 2), user("eve", 3)
AGENT = user("Copilot", 198982749, "Bot")


@dataclass
class Forge:
    """The answers of the interface, and the requests received.

    ``broken`` maps parts of paths to the status that they are answered with.
    """

    reviews: list[Any] = field(default_factory=list)
    commits: list[Any] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)
    pulls: list[Any] = field(default_factory=list)
    sarifs: list[Any] = field(default_factory=list)
    statuses: list[tuple[str, Any]] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                token = self.headers.get("Authorization", "")
                forge.asked.append((self.command, self.path, token))
                status, data = forge.reply(self.command, self.path, body, token)
                text = json.dumps(data).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header(
                        "Location", f"http://{self.headers['Host']}/elsewhere"
                    )
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = answer  # noqa: N815 - the server's names
            do_POST = answer  # noqa: N815
            do_PATCH = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def approve(self, who: dict[str, Any], head: str, state: str = "APPROVED") -> None:
        self.reviews.append({"user": who, "state": state, "commit_id": head})
        self.permissions.setdefault(who["login"], "write")

    def reply(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        for part, status in self.broken.items():
            if part in path:
                return status, {"message": "no"}
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "who are you"}
        parts = urlsplit(path)
        here = parts.path.removeprefix(f"/repos/{REPOSITORY}")
        lists = {"/pulls/7/reviews": self.reviews, "/pulls/7/commits": self.commits,
                 "/issues/7/comments": self.comments, "/pulls": self.pulls}  # fmt: skip
        if method == "GET" and here in lists:
            query = parse_qs(parts.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, lists[here][(page - 1) * size : page * size]
        if here == "/pulls/7":
            return 200, self.pulls[0]
        if match := re.fullmatch(r"/collaborators/([\w-]+)/permission", here):
            known = self.permissions.get(match[1])
            return (200, {"permission": known}) if known else (404, {})
        if match := re.fullmatch(
            r"/orgs/acme/teams/(\w+)/memberships/(\w+)", parts.path
        ):
            known_member = match[2] in self.members.get(match[1], [])
            return (200, {"state": "active"}) if known_member else (404, {})
        if (method, here) == ("POST", "/issues/7/comments"):
            self.comments.append({"id": 100 + len(self.comments), "body": body["body"],
                                  "user": user("github-actions[bot]", 9, "Bot")})  # fmt: skip
            return 201, self.comments[-1]
        if method == "PATCH" and (
            match := re.fullmatch(r"/issues/comments/(\d+)", here)
        ):
            found = next(item for item in self.comments if item["id"] == int(match[1]))
            found["body"] = body["body"]
            return 200, found
        if (method, here) == ("POST", "/code-scanning/sarifs"):
            self.sarifs.append(body)
            return 202, {"id": "1"}
        if method == "POST" and here.startswith("/statuses/"):
            self.statuses.append((path, body))
            return 201, {}
        return 404, {"message": "Not Found"}


def pull(base: str, head: str, /, **changed: Any) -> dict[str, Any]:
    """A pull request's part of an event, from a branch of the same repository."""
    return {
        "number": 7, "title": "Change it", "body": None, "labels": [], "user": ADA, "commits": 1,
        "base": {"sha": base, "ref": "main", "repo": {"full_name": REPOSITORY}},
        "head": {"sha": head, "ref": "topic", "repo": {"full_name": REPOSITORY}},
        **changed,
    }  # fmt: skip


def about() -> dict[str, Any]:
    return {"full_name": REPOSITORY, "default_branch": "main"}


def commit(
    author: dict[str, Any] | None = None, email: str = "ada@example.org"
) -> dict[str, Any]:
    who = {"name": "x", "email": email}
    return {"author": author or ADA, "committer": author or ADA,
            "commit": {"author": who, "committer": who, "message": "Change it"}}  # fmt: skip
