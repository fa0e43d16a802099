"""The exceptions of one run, gathered from where each kind is kept."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.git.errors import GitError
from zt_gate.policy import approvals, baseline
from zt_gate.policy.ignores import PolicyIgnores, WaiverDecision
from zt_gate.policy.load import FILE, MAX_PYPROJECT_BYTES, PYPROJECT, TABLE
from zt_gate.policy.preexisting_lines import PreexistingLines
from zt_gate.policy.waivers import Waivers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from zt_gate.git.blame import Author
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.baseline import Baseline
    from zt_gate.policy.schema import Policy
    from zt_gate.syntax.document import Document

#: Files whose lines' authors are looked up; each costs one git process, or two.
_MAX_BLAMED = 100
#: Seconds that all of that may take: who said yes is told where it is cheap to
#: know.  A long file with a long history takes git seconds.
_BLAME_SECONDS = 10.0
_HEX = frozenset("0123456789abcdef")
#: Who gave a fingerprint to ``--accept`` is not known: the words are theirs.
ACCEPTED = "accepted by whoever started the gate"


def collect_waivers(
    change: ChangeSet,
    policy: Policy,
    *,
    scanners: Mapping[str, ScannerInfo],
    git: Git | None,
    trusted: str,
    today: str,
    accepted: Mapping[str, str],
    record: Path | None,
    approver: str = "",
) -> Waivers:
    """Return the exceptions that hold for ``change``.

    ``scanners`` are the registered ones by name.
    ``trusted`` is the commit of the trusted side, "" for none; ``accepted``
    maps fingerprints to reasons; ``record`` is where the user's approvals are,
    None where they do not count; ``approver`` who approved all of it in a review.
    Raises BaselineError, ApprovalError, GitError.
    """
    from zt_gate.git.blobs import BlobStore

    side = _Side(git, trusted, BlobStore(git) if git is not None else None)
    return Waivers(
        ignores=PolicyIgnores(policy, today),
        today=today,
        accepted=accepted,
        approver=approver,
        approvals={
            one.fingerprint: one for one in approvals.read(record) if one.holds(today)
        },
        baseline=side.baseline(),
        baseline_path=baseline.FILE,
        known=PreexistingLines(change, side.read, scanners),
        scanners=scanners,
        whole=change.kind == "tree",
        blame=side.blame,
        place_of=side.place_of,
    )


def parse_accepted(words: Iterable[str]) -> dict[str, str]:
    """Check the words of ``--accept``; raises UsageError for what is no whole fingerprint."""
    found = {}
    for word in words:
        if len(word) != 32 or not _HEX.issuperset(word):
            raise UsageError(
                f"--accept takes a whole fingerprint, 32 hexadecimal digits, not {word!a}"
            )
        found[word] = ACCEPTED
    return found


class _Side:
    """The trusted side's files, and who wrote their lines."""

    def __init__(self, git: Git | None, commit: str, store: BlobStore | None) -> None:
        self._git = git
        self._commit = commit
        self._store = store
        self._whole: dict[bytes, Mapping[int, Author]] = {}
        self._asked: set[bytes] = set()
        self._spent = 0.0
        self._policy: Document | None = None
        self._policy_file = FILE

    def read(self, path: bytes) -> bytes | None:
        """Return a file, None where it does not exist; a link or an unreadable one is no file."""
        if self._git is None or not self._commit:
            return None
        from zt_gate.git.trusted_files import read_file

        with suppress(GitError):
            return read_file(self._git, self._commit, path, self._store)
        return None

    def baseline(self) -> Baseline | None:
        """Return the baseline; raises where there is one that cannot be read."""
        if self._git is None or not self._commit:
            return None
        from zt_gate.git.trusted_files import read_file

        data = read_file(
            self._git, self._commit, baseline.FILE, self._store, baseline.MAX_BYTES
        )
        return None if data is None else baseline.parse(data)

    def blame(self, path: bytes, line: int) -> tuple[str, str]:
        """Return who wrote a line and when, empty where that cannot be told."""
        if self._git is None or self._store is None or not self._commit:
            return "", ""
        author = self._authors(path, line).get(line)
        return (author.name, author.date) if author else ("", "")

    def _authors(self, path: bytes, line: int) -> Mapping[int, Author]:
        """Return the authors of one line, or of the whole file where it is asked about again."""
        from zt_gate.git.blame import blame

        if path in self._whole:
            return self._whole[path]
        again = path in self._asked or path in {FILE, PYPROJECT, baseline.FILE}
        if self._spent >= _BLAME_SECONDS or (
            not again and len(self._asked) >= _MAX_BLAMED
        ):
            return {}
        assert self._git is not None
        assert self._store is not None
        self._asked.add(path)
        git = replace(
            self._git, seconds=min(self._git.seconds, _BLAME_SECONDS - self._spent)
        )
        began = time.monotonic()
        authors: Mapping[int, Author] = {}
        with suppress(GitError):
            authors = blame(
                git, self._commit, path, self._store, None if again else line
            )
        self._spent += time.monotonic() - began
        if again:
            self._whole[path] = authors
        return authors

    def place_of(self, excuse: WaiverDecision) -> tuple[bytes, int] | None:
        """Return where the policy's entry stands."""
        if not excuse.key or self._git is None:
            return None
        if self._policy is None:
            self._policy = self._read_policy()
        prefix = TABLE if self._policy_file == PYPROJECT else ()
        line = self._line((*prefix, *excuse.key))
        return None if line is None else (self._policy_file, line)

    def _line(self, key: Sequence[str | int]) -> int | None:
        path = tuple(key)
        if self._policy is None or self._policy.find(path) is None:
            return None
        return self._policy.line(path)

    def _read_policy(self) -> Document:
        from zt_gate.syntax import toml
        from zt_gate.syntax.document import Document, Limits, SyntaxReadError

        data = self.read(FILE)
        if data is None:
            self._policy_file = PYPROJECT
            data = self.read(PYPROJECT)
        try:
            return toml.read(data or b"", limits=Limits(size=MAX_PYPROJECT_BYTES))
        except SyntaxReadError:
            return Document("", value={})
