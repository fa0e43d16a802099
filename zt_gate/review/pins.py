"""Plans pins: actions to commits, versions to exactly what the lock file has.

An action's commit is what its repository answers (``git ls-remote``); a version is that
of the lock file in the manifest's folder.  What neither says is left as it is, and listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import (
    declaring_formats,
    format_of,
    lock_formats,
    manifests_beside_locks,
)
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.git.errors import GitError
from zt_gate.model.change import ContentUnavailableError
from zt_gate.review.fixes import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.review.fixes import Plan

_COMMIT = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = lazy_re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}")
_VERSION = lazy_re.compile(r"[0-9][A-Za-z0-9.+!_-]{0,100}")
#: What follows a name (PEP 508): extras, version specifiers, then a marker, a comment, an
#: option, the end of a quoted string or of the line.
_SPECIFIER = r"(?:===|[<>=!~]=|[<>])\s{0,5}[^;,#\s\"'\\()]{1,100}"
_SPECIFIERS = lazy_re.compile(
    r"((?:\s{0,20}\[[^\]]{0,200}\])?)"
    rf"(?:\s{{0,20}}({_SPECIFIER}(?:\s{{0,5}},\s{{0,5}}{_SPECIFIER}){{0,20}}))?"
    r"\s{0,20}(?=[;#\"'\\]|--|$)"
)
#: How an exact version is written in a manifest of these ecosystems.
_EXACT = {"pypi": "=={}", "npm": "{}"}
#: The repositories that are asked for an action's commit.
FORGE = "https://github.com"
_MAX_ANSWER = 1 << 20


class CommitLookup:
    """Asks repositories for the commits of tags and branches, each once."""

    def __init__(self, git: Git, forge: str = FORGE) -> None:
        self._git = git.with_environ(
            GIT_TERMINAL_PROMPT="0", GIT_ALLOW_PROTOCOL="https:ssh:file"
        )
        self._forge = forge.rstrip("/")
        self._answers: dict[tuple[str, str], str] = {}

    def commit(self, repository: str, ref: str) -> str:
        """Return the commit that a tag, else a branch, names; "" if neither exists.

        Raises GitError if the repository does not answer.
        """
        key = (repository, ref)
        if key not in self._answers:
            self._answers[key] = self._ask(repository, ref)
        return self._answers[key]

    def _ask(self, repository: str, ref: str) -> str:
        if not _REF.fullmatch(ref) or ".." in ref:
            return ""
        names = [f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}"]
        address = f"{self._forge}/{repository}"
        words = ["ls-remote", "--quiet", "--", address, *names]
        answer = self._git.run(words, max_output=_MAX_ANSWER).decode("ascii", "replace")
        commits = {}
        for line in answer.splitlines():
            oid, _, name = line.partition("\t")
            if _COMMIT.fullmatch(oid):
                commits[name] = oid
        return next((commits[name] for name in names if name in commits), "")


def pin_edits(
    change: ChangeSet, lookup: CommitLookup, plan: Plan, read: Callable[[bytes], bytes]
) -> dict[bytes, list[Edit]]:
    """Return the pins of the added entries, by path; ``read`` reads a file beside them."""
    edits: dict[bytes, list[Edit]] = {}
    for file in change.files:
        if file.is_deletion or file.new is None or file.through_link:
            continue
        reader = reader_for(file.path)
        if reader is None or reader.name in lock_formats():
            continue
        try:
            data = file.new.read()
            entries = reader.read(file.path, data)
            lines = data.decode("utf-8").split("\n")
        except (ContentUnavailableError, ManifestError, UnicodeDecodeError):
            continue  # the scanners report it
        added = {line.number for line in file.added_lines()}
        locked = _Locked(file, read)
        for entry in entries:
            if entry.line not in added or entry.source.kind != "registry":
                continue
            for found in _pins(entry, lines, lookup, locked):
                if isinstance(found, Edit):
                    edits.setdefault(file.path, []).append(found)
                else:
                    plan.skipped.append((file.path, found))
    return edits


def _pins(
    entry: Dependency, lines: list[str], lookup: CommitLookup, locked: _Locked
) -> Iterator[Edit | str]:
    """Yield the edits of an entry, or the reason why it is not pinned."""
    line = lines[entry.line - 1] if entry.line <= len(lines) else ""
    if ecosystem_named(entry.ecosystem).pin_pattern and entry.section == "uses":
        yield from _action(entry, line, lookup)
    elif entry.ecosystem in _EXACT and locked.is_manifest:
        yield from _version(entry, line, locked)


def _action(entry: Dependency, line: str, lookup: CommitLookup) -> Iterator[Edit | str]:
    if _COMMIT.fullmatch(entry.constraint):
        return
    name = f"{entry.name}@{entry.constraint}"
    repository = "/".join(entry.name.split("/")[:2])
    try:
        commit = lookup.commit(repository, entry.constraint)
    except GitError as error:
        yield f"{name} is not pinned: {error}"
        return
    start = entry.column - 1
    if not commit:
        yield f"{name} is not pinned: {repository} has no such tag or branch"
        return
    if line[start : start + len(name)] != name:
        yield f"{name} is not pinned: its place is not certain"
        return
    reason = f"pin {name}"
    at = start + len(entry.name) + 1
    end = at + len(entry.constraint)
    yield Edit(entry.line, at + 1, entry.line, end + 1, commit, reason)
    rest = line[end:].rstrip("\r")
    if rest.strip() in {"", '"', "'"}:
        place = len(line.rstrip("\r")) + 1
        yield Edit(
            entry.line, place, entry.line, place, f" # {entry.constraint}", reason
        )


def _version(entry: Dependency, line: str, locked: _Locked) -> Iterator[Edit | str]:
    wanted = _EXACT[entry.ecosystem]
    name = f"{entry.name} {entry.constraint}".strip()
    if _VERSION.fullmatch(entry.constraint.removeprefix("==").strip()):
        return
    versions = locked.versions(entry.ecosystem, entry.key)
    if len(versions) != 1:
        count = "no version" if not versions else "several versions"
        yield f"{name} is not pinned: the lock file has {count} of it"
        return
    (version,) = versions
    span = _written(entry, line)
    if span is None:
        yield f"{name} is not pinned: its place is not certain"
        return
    text = wanted.format(version)
    yield Edit(entry.line, span[0] + 1, entry.line, span[1] + 1, text, f"pin {name}")


def _written(entry: Dependency, line: str) -> tuple[int, int] | None:
    """Return the offsets of the version part in its line, None if that is not certain."""
    end = entry.end_column - 1
    if entry.ecosystem == "pypi":
        match = _SPECIFIERS.match(line, end)
        if match is None:
            return None
        if match[2] is None:
            return None if entry.constraint else (match.end(1), match.end(1))
        is_same = _parts(match[2]) == _parts(entry.constraint)
        return match.span(2) if is_same else None
    position = line.find(entry.constraint, end) if entry.constraint else -1
    if position < 0 or line.count(entry.constraint, end) != 1:
        return None
    return position, position + len(entry.constraint)


def _parts(specifiers: str) -> set[str]:
    return {"".join(part.split()) for part in specifiers.split(",")}


class _Locked:
    """The versions in the lock files of a manifest's folder; read when first needed."""

    def __init__(self, file: FileChange, read: Callable[[bytes], bytes]) -> None:
        folder, slash, self._name = file.path.rpartition(b"/")
        self._folder = folder + slash
        self._read = read
        self._versions: dict[tuple[str, str], set[str]] | None = None
        self.is_manifest = format_of(file.path) in declaring_formats()

    def versions(self, ecosystem: str, key: str) -> set[str]:
        """Return the versions that the lock files have of a package."""
        if self._versions is None:
            self._versions = {}
            for name, manifest in manifests_beside_locks().items():
                if manifest == self._name or self._name.startswith(b"requirements"):
                    self._add(self._folder + name)
        return self._versions.get((ecosystem, key), set())

    def _add(self, path: bytes) -> None:
        reader = reader_for(path)
        if reader is None:
            return
        try:
            entries = reader.read(path, self._read(path))
        except (OSError, ManifestError):
            return
        for entry in entries:
            version = entry.constraint.removeprefix("==").strip()
            if _VERSION.fullmatch(version) and self._versions is not None:
                self._versions.setdefault((entry.ecosystem, entry.key), set()).add(
                    version
                )
