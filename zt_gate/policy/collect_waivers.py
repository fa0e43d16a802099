"""Collects the waivers of one run: policy, baseline, approvals and ``--accept``."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError
from zt_gate.model.change import ContentUnavailableError
from zt_gate.policy import approvals, baseline
from zt_gate.policy.accepted import acceptances_of
from zt_gate.policy.ignores import PolicyIgnores, WaiverDecision
from zt_gate.policy.load import FILE, MAX_PYPROJECT_BYTES, PYPROJECT, TABLE, parse
from zt_gate.policy.preexisting_lines import PreexistingLines
from zt_gate.policy.schema import PolicyError
from zt_gate.policy.waivers import REVIEWED, IncomingWaivers, Waivers
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zt_gate.git.blame import Author
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.model.change import Blob, ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.accepted import Acceptance
    from zt_gate.policy.approvals import Approval
    from zt_gate.policy.baseline import Baseline
    from zt_gate.policy.schema import Policy
    from zt_gate.syntax.document import Document

#: Number of files for which git looks up authors, with one or two processes each.
_MAX_BLAMED = 100
#: Wall seconds for all of these look-ups.  Git takes seconds for a long file with a
#: long history, and a report without authors is still useful.
_MAX_BLAME_SECONDS = 10.0
#: Files with many waivers: git looks up the authors of all lines at once.
_WAIVER_FILES = frozenset((FILE, PYPROJECT, baseline.FILE))


def collect_waivers(
    change: ChangeSet,
    policy: Policy,
    *,
    scanners: Mapping[str, ScannerInfo],
    git: Git | None,
    trusted: str,
    today: str,
    accepted: Sequence[Acceptance],
    record: Path | None,
    approver: str = "",
    approver_reason: str = "",
) -> Waivers:
    """Return the waivers that apply to ``change``.

    ``scanners`` are the registered ones by name.  ``trusted`` is the commit of the
    trusted side, "" for none.  ``accepted`` are the values of ``--accept``.  ``record``
    is the path of the user's approvals, None if approvals do not count.  ``approver``
    is who approved the head commit, "" for none, ``approver_reason`` how.
    Raises BaselineError, ApprovalError, GitError.
    """
    from zt_gate.git.blobs import BlobStore

    store = BlobStore(git) if git is not None else None
    side = _TrustedSide(git, trusted, store)
    valid_approvals = {
        approval.fingerprint: approval
        for approval in approvals.read(record)
        if approval.holds(today)
    }
    counted, not_counted = acceptances_of(accepted, change)
    return Waivers(
        ignores=PolicyIgnores(policy, today),
        today=today,
        accepted=counted,
        not_accepted=not_counted,
        approver=approver,
        approver_reason=approver_reason or REVIEWED,
        approvals=valid_approvals,
        approval_problem=_approval_check(policy, git, change),
        baseline=side.baseline(),
        baseline_path=baseline.FILE,
        preexisting_lines=PreexistingLines(change, side.read, scanners),
        incoming=_incoming(change, scanners, today),
        scanners=scanners,
        is_tree=change.kind == "tree",
        blame=side.blame,
        location_of=side.location_of,
    )


def _incoming(
    change: ChangeSet, scanners: Mapping[str, ScannerInfo], today: str
) -> IncomingWaivers | None:
    """Return the waivers of the change's own policy and baseline, None for none."""
    if change.kind == "tree":
        return None
    contents = {
        file.path: file.new
        for file in change.files
        if file.path in _WAIVER_FILES and file.new is not None
    }
    if not contents:
        return None
    policy_file = FILE if FILE in contents else PYPROJECT
    table = TABLE if policy_file == PYPROJECT else ()
    ignores = None
    data = _content(contents.get(policy_file), MAX_PYPROJECT_BYTES)
    # A policy that is not valid waives nothing, so there is nothing to explain.
    with suppress(PolicyError):
        if data is not None and _names_policy(policy_file, data):
            policy = parse(
                data, policy_file.decode(), table, scanners=scanners, rules=None
            )
            ignores = PolicyIgnores(policy, today)
    entries = None
    data = _content(contents.get(baseline.FILE), baseline.MAX_BYTES)
    with suppress(baseline.BaselineError):
        entries = None if data is None else baseline.parse(data)
    return IncomingWaivers(policy_file.decode(), ignores, entries)


def _names_policy(name: bytes, data: bytes) -> bool:
    """Whether a file can have a policy: most changes of pyproject.toml do not."""
    return name == FILE or TABLE[-1].encode() in data


def _content(blob: Blob | None, limit: int) -> bytes | None:
    """Return the content of a blob, None if it is missing or unreadable."""
    if blob is None:
        return None
    with suppress(ContentUnavailableError):
        return blob.read(limit)
    return None


def _approval_check(
    policy: Policy, git: Git | None, change: ChangeSet
) -> Callable[[Approval, Finding], str]:
    """Return a function that says why an approval does not count for a finding."""

    def problem(approval: Approval, finding: Finding) -> str:
        # Imported and read only if an approval fits a finding: most runs have none.
        from zt_gate.policy.approval_proof import (
            ProofChecker,
            content_of,
            places,
            repository_identity,
            required_proof,
        )

        where = places()
        proof = required_proof(policy.approval_proof, where)
        if proof == "none":
            return ""
        repository = repository_identity("" if git is None else git.common_folder)
        checker = ProofChecker(proof, repository, where)
        return checker.problem(approval, content_of(finding, change))

    return problem


class _TrustedSide:
    """The files of the trusted side and the authors of their lines."""

    def __init__(self, git: Git | None, commit: str, store: BlobStore | None) -> None:
        self._git = git
        self._commit = commit
        self._store = store
        self._file_authors: dict[bytes, Mapping[int, Author]] = {}
        self._blamed_paths: set[bytes] = set()
        self._blame_seconds = 0.0
        self._policy: Document | None = None
        self._policy_file = FILE

    def read(self, path: bytes) -> bytes | None:
        """Return a file; None if it does not exist, is a link or cannot be read."""
        if self._git is None or not self._commit:
            return None
        from zt_gate.git.trusted_files import read_file

        with suppress(GitError):
            return read_file(self._git, self._commit, path, self._store)
        return None

    def baseline(self) -> Baseline | None:
        """Return the baseline, None if there is none.

        Raises BaselineError, or GitError if it cannot be read.
        """
        if self._git is None or not self._commit:
            return None
        from zt_gate.git.trusted_files import read_file

        data = read_file(
            self._git, self._commit, baseline.FILE, self._store, baseline.MAX_BYTES
        )
        return None if data is None else baseline.parse(data)

    def blame(self, path: bytes, line: int) -> tuple[str, str]:
        """Return author and ISO date of a line, empty strings if unknown."""
        author = self._authors(path, line).get(line)
        if author is None:
            return "", ""
        return author.name, author.date

    def _authors(self, path: bytes, line: int) -> Mapping[int, Author]:
        """Return the authors of one line; on the second call for a file, of all lines."""
        from zt_gate.git.blame import blame

        if self._git is None or self._store is None or not self._commit:
            return {}
        if path in self._file_authors:
            return self._file_authors[path]
        whole_file = path in self._blamed_paths or path in _WAIVER_FILES
        if not whole_file and len(self._blamed_paths) >= _MAX_BLAMED:
            return {}
        remaining = _MAX_BLAME_SECONDS - self._blame_seconds
        if remaining <= 0:
            return {}
        self._blamed_paths.add(path)
        git = replace(self._git, seconds=min(self._git.seconds, remaining))
        blamed_line = None if whole_file else line
        authors: Mapping[int, Author] = {}
        began = time.monotonic()
        with suppress(GitError):
            authors = blame(git, self._commit, path, self._store, blamed_line)
        self._blame_seconds += time.monotonic() - began
        if whole_file:
            self._file_authors[path] = authors
        return authors

    def location_of(self, decision: WaiverDecision) -> tuple[bytes, int] | None:
        """Return file and line of a decision's entry in the policy, None if unknown."""
        if not decision.key or self._git is None:
            return None
        if self._policy is None:
            self._policy = self._read_policy()
        key = decision.key
        if self._policy_file == PYPROJECT:
            key = (*TABLE, *key)
        if self._policy.find(key) is None:
            return None
        line = self._policy.line(key)
        return None if line is None else (self._policy_file, line)

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
