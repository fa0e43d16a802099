"""Kubernetes secrets and values that stand on the lines after their key.

Found by patterns, not with ``zt_gate.syntax.yaml``: what a change adds are some
lines of a document, often of a template, and no YAML by themselves.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets.hits import FILE, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/kubernetes-secret"

_KIND = re.compile(
    rb"(?mi)^[ \t]{0,20}(?:-[ \t]+|\{[ \t]{0,4})?[\"']?kind[\"']?:"
    rb"[ \t]{0,4}[\"']?secret[\"']?,?[ \t\r]*$"
)
_DATA = re.compile(
    rb"(?m)^([ \t]{0,20})[\"']?(?:data|stringData)[\"']?:[ \t]*\{?[ \t\r]*$"
)
_ENTRY = re.compile(
    rb"(?P<indent>[ \t]{0,40})[\"']?(?P<key>[\w.-]{1,100})[\"']?:[ \t]{0,10}"
    rb"(?:[|>][-+]?[ \t\r]*\n(?P<below>[ \t]{1,60}[^\n]{4,2000})"
    rb"|[\"']?(?P<value>[^\s\"'#][^\s\"']{3,4096}))"
)
# The same in JSON, which may stand on one line.
_JSON_KIND = re.compile(rb"\"kind\"\s{0,8}:\s{0,8}\"Secret\"")
_JSON_DATA = re.compile(rb"\"(?:data|stringData)\"\s{0,8}:\s{0,8}\{([^{}]{1,65536})\}")
_JSON_ENTRY = re.compile(
    rb"\"[\w.-]{1,100}\"\s{0,8}:\s{0,8}\"(?P<value>[^\"]{4,8192})\""
)
_END = re.compile(rb"(?m)^---|^\.\.\.")


def find_kubernetes(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    """Find the values of ``kind: Secret`` manifests: base64 hides nothing."""
    if not block.path.lower().endswith((b".yaml", b".yml", b".json", b".txt", b".tpl")):
        return
    if b"secret" not in block.lower:
        return
    if _JSON_KIND.search(block.data):
        for section in _JSON_DATA.finditer(block.data):
            for entry in _JSON_ENTRY.finditer(block.data, *section.span(1)):
                hit = _judge(block, *entry.span("value"), judge)
                if hit is not None:
                    yield hit
        return
    for part_start, part_end in _documents(block.data):
        if not _KIND.search(block.data, part_start, part_end):
            continue
        for section in _DATA.finditer(block.data, part_start, part_end):
            yield from _section(block, section, part_end, judge)


def _documents(data: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    for mark in _END.finditer(data):
        yield start, mark.start()
        start = mark.end()
    yield start, len(data)


def _section(
    block: TextBlock, section: re.Match[bytes], limit: int, judge: ValueClassifier
) -> Iterator[SecretHit]:
    depth = _width(section[1])
    position = section.end() + 1
    while position < limit:
        end = block.data.find(b"\n", position, limit)
        end = end if end >= 0 else limit
        line = block.data[position:end]
        if (
            line.strip()
            and not line.lstrip().startswith(b"#")
            and _width(line) <= depth
        ):
            return
        entry = _ENTRY.match(block.data, position, limit)
        if entry is not None:
            group = "below" if entry["below"] is not None else "value"
            start = entry.start(group) + len(entry[group]) - len(entry[group].lstrip())
            hit = _judge(block, start, start + len(entry[group].strip()), judge)
            if hit is not None:
                yield hit
            end = max(end, entry.end())
        position = end + 1


def _width(line: bytes) -> int:
    text = line.expandtabs(4)
    return len(text) - len(text.lstrip(b" "))


def _judge(
    block: TextBlock, start: int, end: int, judge: ValueClassifier
) -> SecretHit | None:
    raw = block.data[start:end]
    text = raw.decode("utf-8", "replace")
    if judge.template(text) or text.startswith(("ENC[", "Ag", "vault:")):
        return None
    try:
        clear = base64.b64decode(raw, validate=True)
    except binascii.Error:
        clear = raw
    shown = clear.decode("utf-8", "replace")
    if len(shown) < 4 or judge.template(shown) or shown.strip().lower() in judge.absent:
        return None
    weak = judge.placeholder(shown)
    return SecretHit(
        RULE,
        start,
        end,
        FILE,
        extra=(clear,) if clear.isascii() else (),
        level=Level.WARN if weak else None,
        confidence=Confidence.MEDIUM if weak else None,
        weight=99,
    )
