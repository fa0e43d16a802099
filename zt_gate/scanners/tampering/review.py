"""What keeps reviewers from seeing a change, or from being asked: attributes, owners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.model.formats import is_text_name
from zt_gate.scanners.tampering.look import Look, entries, rows_added

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange
    from zt_gate.model.finding import Finding

_ATTRIBUTES = "tampering/attributes-hide"
_OWNERS = "tampering/codeowners-weakened"
#: Where GitHub and GitLab look for it.
_OWNERS_AT = frozenset((b"CODEOWNERS", b".github/CODEOWNERS", b"docs/CODEOWNERS",
                        b".gitlab/CODEOWNERS"))  # fmt: skip
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
        named = is_text_name(pattern.encode("utf-8", "surrogateescape")) or pattern[-1:] in "*/"
        hides = named and not self._honest.search(pattern)
        for word in words:
            if hides and word in {"linguist-generated", "linguist-generated=true"}:
                return "forges fold these files away in a review, as if a program had made them"
            # -diff for all code is agent_config/git-hidden-diff.
            if hides and word in {"-diff", "binary"} and not self._broad.fullmatch(pattern):
                return "git shows no line of what changes in these files"
            if word in {"export-ignore", "export-subst"} and self._code.search(pattern):
                return "archives have these files otherwise: what is published was not reviewed"
            if word == "merge=ours" and self._merge.search(pattern):
                return "a merge drops the other side's edits of these files without a word"
        return ""


def _owners(look: Look, file: FileChange) -> Iterator[Finding]:
    at = file.path if file.path in _OWNERS_AT else file.old_path or file.path
    before = _rows(look.old(file)) if file.old_path in _OWNERS_AT else {}
    if file.path not in _OWNERS_AT or file.is_deletion:
        yield look.on_file(_OWNERS, at, "nobody is asked for a review of any path any more")
        return
    after = _rows(look.new(file))
    for pattern, owners in before.items():
        gone = owners - after.get(pattern, frozenset())
        if gone:
            names = ", ".join(sorted(gone))[:200]
            message = f"{names!a} will not be asked about {pattern[:200]!a} any more"
            yield look.on_file(_OWNERS, file.path, message, subject=f"{pattern} {names}")
    for number, (pattern, owners) in enumerate(after.items()):
        if pattern in before:
            continue
        if not owners:
            message = f"nobody is asked about {pattern[:200]!a}, whatever the lines above say"
            yield look.on_file(_OWNERS, file.path, message, subject=pattern)
        elif number and before and pattern in _EVERYTHING:
            message = f"the line {pattern!a} takes every path from the owners above it"
            yield look.on_file(_OWNERS, file.path, message, subject=pattern)


def _rows(text: str | None) -> dict[str, frozenset[str]]:
    """Return the owners by pattern; the last line of a pattern counts."""
    found: dict[str, frozenset[str]] = {}
    for row in (text or "").split("\n"):
        words = row.partition(" #")[0].split()
        # Sections of GitLab stand in brackets.
        if words and not words[0].startswith(("#", "[", "^[")):
            found.pop(words[0], None)
            found[words[0]] = frozenset(words[1:])
    return found
