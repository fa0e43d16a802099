"""Recognises code that no person wrote in this form: minified, bundled or generated.

Following data through such a file takes minutes, and nobody could act on a finding: the
place to fix is its source.  What the file is decides, not its name.  A comment that says
"generated" counts only where the change did not write it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from zt_gate.scanners.code.targets import LineRanges

#: Shorter files cost little, so they are always inspected in full.
MIN_BYTES = 30_000
# A line of more bytes is not written by hand.
_LONG_LINE = 500
# The share of a minified file in long lines, and of white space in it.
_LONG_SHARE = 0.8
_SPACE_SHARE = 0.15
# Bytes in which the start of a bundle and the marker of a generator are searched for.
_HEAD = 4000
#: Modules of a bundle that its bundler names.
_MIN_MODULES = 3

# The first statements that bundlers write, each at the start of a line.
_PROLOGUE = lazy_re.compile(
    rb"^[ \t;!]*(?:/\*{6}/|"
    rb"var __(?:webpack_modules__|defProp|getOwnPropNames|commonJS|create) ?=|"
    rb"\(?(?:\(\) ?=> ?\{|function ?\(\w*\) ?\{)[ \t]*(?:// webpackBootstrap|/\*{6}/)|"
    rb"parcelRequire ?=|\$parcel\$|"
    rb"\(function\(\)\{function \w\(\w,\w,\w\)\{function \w\(\w,\w\)\{if\(!\w\[\w\]\))",
    re.MULTILINE,
)
_MODULE = lazy_re.compile(
    rb"^[ \t]*(?:// (?:\S{0,200}/)?node_modules/\S|/\*{3}/ (?:\d+|\"\.\.?/[^\"\n]{1,300}\"):|"
    rb"\d+: ?\[?function ?\(|__d\(function)",
    re.MULTILINE,
)
_MARKER = lazy_re.compile(
    rb"@generated\b|code generated .{0,120}do not edit|"
    rb"(?:auto-?(?:matically )?|this file (?:is|was) )generated",
    re.IGNORECASE,
)


def kind_of(text: bytes, added: LineRanges) -> str:
    """Return why a text is no hand-written code, "" if it may be.

    ``added`` are the lines of the change.
    """
    if len(text) < MIN_BYTES:
        return ""
    if _is_minified(text):
        return "minified code"
    head = text[:_HEAD]
    modules = _MODULE.finditer(text)
    if _PROLOGUE.search(head) and sum(1 for _ in modules) >= _MIN_MODULES:
        return "a bundle"
    for number, line in enumerate(head.split(b"\n"), 1):
        if not _MARKER.search(line[:400]):
            continue
        if added.first_within(number, number) is None:
            return "generated code"
    return ""


def _is_minified(text: bytes) -> bool:
    long = [line for line in text.split(b"\n") if len(line) > _LONG_LINE]
    size = sum(map(len, long))
    if size < _LONG_SHARE * len(text):
        return False
    spaces = sum(line.count(b" ") + line.count(b"\t") for line in long)
    return spaces < _SPACE_SHARE * size
