"""Settings that hide changes from reviewers or request fewer reviews."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.tampering.comparison import (
    Comparison,
    added_entry_lines,
    count_entries,
)
from zt_gate.syntax import codeowners
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.syntax.codeowners import Owners

    _OwnersByPattern = Mapping[str, frozenset[str]]

_ATTRIBUTES = "tampering/attributes-hide"
_OWNERS = "tampering/codeowners-weakened"
_OWNERS_PATHS = frozenset(
    (*codeowners.CODEOWNERS_PATHS, codeowners.GITLAB_CODEOWNERS_PATH)
)
#: Lines of CODEOWNERS, from the last one on, that are matched with the gate's own files.
_MAX_OWNERS_LINES = 20_000
#: Files that control the gate; their owners should not change together with other work.
_PROTECTED = (
    b".zt-gate.toml",
    b".zt-gate-baseline",
    b".github/workflows/gate.yml",
    b".github/CODEOWNERS",
    b"CODEOWNERS",
    b".gitlab-ci.yml",
)
_GENERATED = "linguist-generated"
_GENERATED_UNSET = frozenset((f"{_GENERATED}=false", f"{_GENERATED}-files"))
_ROW = lazy_re.compile(r'("(?:[^"\\]|\\.)*"|\S+)\s*(.*)')
_EVERYTHING = frozenset(("*", "**", "/*", "/**", "**/*", "/"))


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield changes that weaken reviews."""
    for file in comparison.change.files:
        name = file.path.rpartition(b"/")[2]
        if name == b".gitattributes" and not file.is_deletion:
            yield from _attributes(comparison, file)
        old_path = file.old_path if file.status != "C" else None
        if file.path in _OWNERS_PATHS or old_path in _OWNERS_PATHS:
            yield from _owners(comparison, file)


def _attributes(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    new_entries = count_entries(comparison.new(file))
    added = new_entries - count_entries(comparison.old(file))
    patterns = _AttributePatterns(comparison.data(_ATTRIBUTES))
    for line in added_entry_lines(file, added):
        row = _ROW.match(line.data.decode("utf-8", "surrogateescape").strip())
        if row is None:
            continue
        effect = patterns.effect(row[1].strip('"'), row[2].split())
        if effect:
            yield comparison.on_line(_ATTRIBUTES, file.path, line, effect)


class _AttributePatterns:
    """Decides which attributes hide changes, and for which patterns."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._honest = re.compile(data["honest"])
        self._code = re.compile(data["code"])
        self._broad = re.compile(data["broad"])
        self._merge = re.compile(data["merge-protected"])

    def effect(self, pattern: str, attributes: list[str]) -> str:
        """Return how the attributes of a pattern hide changes, "" if they do not."""
        hides_text = self._covers_text(pattern)
        for attribute in attributes:
            is_generated = attribute.startswith(_GENERATED)
            if hides_text and is_generated and attribute not in _GENERATED_UNSET:
                return "forges collapse these files in reviews as generated files"
            # agent_config/git-hidden-diff reports -diff for all code.
            is_binary = attribute in {"-diff", "binary"}
            if hides_text and is_binary and not self._broad.fullmatch(pattern):
                return "git shows no changed lines of these files"
            is_export = attribute in {"export-ignore", "export-subst"}
            if is_export and self._code.search(pattern):
                return "archives contain other content of these files than was reviewed"
            if attribute == "merge=ours" and self._merge.search(pattern):
                return "merges silently drop the other side's edits of these files"
        return ""

    def _covers_text(self, pattern: str) -> bool:
        """Whether a pattern may match text files that people review."""
        if self._honest.search(pattern):
            return False
        # A macro applies to any pattern that uses it; wildcards match more than they show.
        if pattern.startswith("[attr]") or "[" in pattern or "?" in pattern:
            return True
        if pattern[-1:] in "*/":
            return True
        return is_any(pattern.encode("utf-8", "surrogateescape"), "text")


def _owners(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    if file.path not in _OWNERS_PATHS or file.is_deletion:
        path = file.path if file.path in _OWNERS_PATHS else file.old_path or file.path
        message = "CODEOWNERS was removed: no owner is asked to review any path"
        yield comparison.on_file(_OWNERS, path, message)
        return
    old = _encoded(comparison.old(file)) if file.old_path in _OWNERS_PATHS else b""
    new = _encoded(comparison.new(file))
    # The old content decides on the forge: GitHub still reads a file with new sections.
    forge = codeowners.forge_of(file.path, old or new)
    before, after = codeowners.parse(old, forge), codeowners.parse(new, forge)
    yield from _unread(comparison, file, new)
    if before.lines:
        yield from _reassigned(comparison, file, before, after)
    old_owners, new_owners = before.by_pattern(), after.by_pattern()
    yield from _lost_owners(comparison, file, old_owners, new_owners)
    yield from _overridden(comparison, file, old_owners, new_owners)


def _encoded(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogateescape")


def _lost_owners(
    comparison: Comparison,
    file: FileChange,
    before: _OwnersByPattern,
    after: _OwnersByPattern,
) -> Iterator[Finding]:
    """Yield patterns that lose owners."""
    for pattern, owners in before.items():
        lost = owners - after.get(pattern, frozenset())
        if lost:
            names = ", ".join(sorted(lost))[:200]
            message = f"{names!a} will no longer be asked to review {pattern[:200]!a}"
            yield comparison.on_file(
                _OWNERS, file.path, message, subject=f"{pattern} {names}"
            )


def _overridden(
    comparison: Comparison,
    file: FileChange,
    before: _OwnersByPattern,
    after: _OwnersByPattern,
) -> Iterator[Finding]:
    """Yield new patterns that take paths from the owners in earlier lines."""
    for number, (pattern, owners) in enumerate(after.items()):
        if pattern in before:
            continue
        if not owners:
            message = f"{pattern[:200]!a} has no owner and overrides the owners in lines above"
            yield comparison.on_file(_OWNERS, file.path, message, subject=pattern)
        elif number and before and pattern in _EVERYTHING:
            message = f"the pattern {pattern!a} overrides all owners in the lines above"
            yield comparison.on_file(_OWNERS, file.path, message, subject=pattern)


def _unread(comparison: Comparison, file: FileChange, data: bytes) -> Iterator[Finding]:
    """Yield why the forge ignores this file, or the one that it read before."""
    if len(data) > codeowners.MAX_BYTES:
        message = "the file is larger than 3 MB: GitHub ignores it and asks no owner"
        yield comparison.on_file(_OWNERS, file.path, message, subject=message)
    if file.path not in codeowners.CODEOWNERS_PATHS or file.old_path == file.path:
        return
    position = codeowners.CODEOWNERS_PATHS.index(file.path)
    later = codeowners.CODEOWNERS_PATHS[position + 1 :]
    trusted_paths = comparison.context.trusted_paths() or ()
    overridden = [path for path in trusted_paths if path in later]
    if overridden and file.old_path not in overridden:
        message = f"the forge reads this file instead of {overridden[0].decode()}"
        yield comparison.on_file(_OWNERS, file.path, message, subject=message)


def _reassigned(
    comparison: Comparison, file: FileChange, before: Owners, after: Owners
) -> Iterator[Finding]:
    """Yield the first of the gate's files that gets other owners than before."""
    old = before.of_each(_PROTECTED, most_lines=_MAX_OWNERS_LINES)
    new = after.of_each(_PROTECTED, most_lines=_MAX_OWNERS_LINES)
    for path in _PROTECTED:
        old_owners = frozenset(old.get(path, ()))
        new_owners = frozenset(new.get(path, ()))
        added = new_owners - old_owners
        if added and old_owners - new_owners:
            names = ", ".join(sorted(added))[:200]
            message = f"{names!a} replace the owners of {path.decode()}"
            yield comparison.on_file(
                _OWNERS, file.path, message, subject=f"{path!r} {names}"
            )
            return
