"""What keeps reviewers from seeing a change, or from being asked: attributes, owners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.scanners.tampering.comparison import Look, entries, rows_added
from zt_gate.syntax import codeowners
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.syntax.codeowners import Owners

_ATTRIBUTES = "tampering/attributes-hide"
_OWNERS = "tampering/codeowners-weakened"
_OWNERS_AT = frozenset(
    (*codeowners.CODEOWNERS_PATHS, codeowners.GITLAB_CODEOWNERS_PATH)
)
#: Rows that are held against the gate's own files, from the last one on.
_MOST_ROWS = 20_000
#: What decides about the gate; who owns these should not change beside other work.
_PROTECTED = (b".zt-gate.toml", b".zt-gate-baseline", b".github/workflows/gate.yml",
              b".github/CODEOWNERS", b"CODEOWNERS", b".gitlab-ci.yml")  # fmt: skip
_UNSET = frozenset(("=false", "-files"))
_ROW = re.compile(r'("(?:[^"\\]|\\.)*"|\S+)\s*(.*)')
_EVERYTHING = frozenset(("*", "**", "/*", "/**", "**/*", "/"))


def findings(look: Look) -> Iterator[Finding]:
    """Yield what weakens reviews."""
    for file in look.change.files:
        if file.path.rpartition(b"/")[2] == b".gitattributes" and not file.is_deletion:
            yield from _attributes(look, file)
        old_path = file.old_path if file.status != "C" else None
        if file.path in _OWNERS_AT or old_path in _OWNERS_AT:
            yield from _owners(look, file)


def _attributes(look: Look, file: FileChange) -> Iterator[Finding]:
    added = entries(look.new(file)) - entries(look.old(file))
    rules = _Attributes(look.data(_ATTRIBUTES))
    for line in rows_added(file, added):
        row = _ROW.match(line.data.decode("utf-8", "surrogateescape").strip())
        told = rules.told(row[1].strip('"'), row[2].split()) if row else ""
        if told:
            yield look.on_line(_ATTRIBUTES, file.path, line, told)


class _Attributes:
    """Which attributes hide something, on which patterns."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._honest = re.compile(data["honest"])
        self._code = re.compile(data["code"])
        self._broad = re.compile(data["broad"])
        self._merge = re.compile(data["merge-protected"])

    def told(self, pattern: str, words: list[str]) -> str:
        """Say what the attributes of one pattern hide, "" where nothing."""
        named = (
            is_any(pattern.encode("utf-8", "surrogateescape"), "text")
            or pattern[-1:] in "*/"
        )
        # A macro holds for whatever names it, and a set of letters for more than it shows.
        named = (
            named or pattern.startswith("[attr]") or "[" in pattern or "?" in pattern
        )
        hides = named and not self._honest.search(pattern)
        for word in words:
            if (
                hides
                and word.startswith("linguist-generated")
                and word[18:] not in _UNSET
            ):
                return "forges fold these files away in a review, as if a program had made them"
            # -diff for all code is agent_config/git-hidden-diff.
            if (
                hides
                and word in {"-diff", "binary"}
                and not self._broad.fullmatch(pattern)
            ):
                return "git shows no line of what changes in these files"
            if word in {"export-ignore", "export-subst"} and self._code.search(pattern):
                return "archives have these files otherwise: what is published was not reviewed"
            if word == "merge=ours" and self._merge.search(pattern):
                return (
                    "a merge drops the other side's edits of these files without a word"
                )
        return ""


def _owners(look: Look, file: FileChange) -> Iterator[Finding]:
    at = file.path if file.path in _OWNERS_AT else file.old_path or file.path
    if file.path not in _OWNERS_AT or file.is_deletion:
        yield look.on_file(
            _OWNERS, at, "nobody is asked for a review of any path any more"
        )
        return
    old = _encoded(look.old(file)) if file.old_path in _OWNERS_AT else b""
    new = _encoded(look.new(file))
    # What is written for GitHub stays so: a section that arrives makes GitHub read no less.
    forge = codeowners.forge_of(file.path, old or new)
    before, after = codeowners.parse(old, forge), codeowners.parse(new, forge)
    yield from _overlooked(look, file, new)
    if before.lines:
        yield from _handed_over(look, file, before, after)
    yield from _unowned(look, file, before.by_pattern(), after.by_pattern())


def _encoded(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogateescape")


def _unowned(
    look: Look,
    file: FileChange,
    before: Mapping[str, frozenset[str]],
    after: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    """Yield patterns that lose owners, have none, or take all paths from the lines above."""
    for pattern, owners in before.items():
        gone = owners - after.get(pattern, frozenset())
        if gone:
            names = ", ".join(sorted(gone))[:200]
            message = f"{names!a} will not be asked about {pattern[:200]!a} any more"
            yield look.on_file(
                _OWNERS, file.path, message, subject=f"{pattern} {names}"
            )
    for number, (pattern, owners) in enumerate(after.items()):
        if pattern in before:
            continue
        if not owners:
            message = (
                f"nobody is asked about {pattern[:200]!a}, whatever the lines above say"
            )
            yield look.on_file(_OWNERS, file.path, message, subject=pattern)
        elif number and before and pattern in _EVERYTHING:
            message = f"the line {pattern!a} takes every path from the owners above it"
            yield look.on_file(_OWNERS, file.path, message, subject=pattern)


def _overlooked(look: Look, file: FileChange, data: bytes) -> Iterator[Finding]:
    """Yield what makes the forge pass over this file, or over the one that was read before."""
    if len(data) > codeowners.MAX_BYTES:
        message = "the file is larger than 3 MB: GitHub passes over it, and asks nobody"
        yield look.on_file(_OWNERS, file.path, message, subject=message)
    if file.path not in codeowners.CODEOWNERS_PATHS or file.old_path == file.path:
        return
    later = codeowners.CODEOWNERS_PATHS[
        codeowners.CODEOWNERS_PATHS.index(file.path) + 1 :
    ]
    shadowed = [path for path in look.context.trusted_paths() or () if path in later]
    if shadowed and file.old_path not in shadowed:
        message = (
            f"this file counts instead of {shadowed[0].decode()}, which was read before"
        )
        yield look.on_file(_OWNERS, file.path, message, subject=message)


def _handed_over(
    look: Look, file: FileChange, before: Owners, after: Owners
) -> Iterator[Finding]:
    """Yield a file of the gate that others are asked about than before."""
    old = before.of_each(_PROTECTED, most_lines=_MOST_ROWS)
    new = after.of_each(_PROTECTED, most_lines=_MOST_ROWS)
    for path in _PROTECTED:
        was, now = frozenset(old.get(path, ())), frozenset(new.get(path, ()))
        if was - now and now - was:
            names = ", ".join(sorted(now - was))[:200]
            message = f"{names!a} instead of others will be asked about {path.decode()}"
            yield look.on_file(_OWNERS, file.path, message, subject=f"{path!r} {names}")
            return
