"""Finds the values of Kubernetes secrets.

Uses patterns, not ``zt_gate.syntax.yaml``: added lines are a part of a document,
often of a template, and not valid YAML by themselves.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets.hits import FILE, SecretHit

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/kubernetes-secret"

_SUFFIXES = (b".yaml", b".yml", b".json", b".txt", b".tpl")
_SEALED_PREFIXES = ("ENC[", "Ag", "vault:")

_KIND = lazy_re.compile(
    rb"(?mi)^[ \t]{0,20}(?:-[ \t]+|\{[ \t]{0,4})?[\"']?kind[\"']?:"
    rb"[ \t]{0,4}[\"']?secret[\"']?,?[ \t\r]*$"
)
_DATA = lazy_re.compile(
    rb"(?m)^([ \t]{0,20})[\"']?(?:data|stringData)[\"']?:[ \t]*\{?[ \t\r]*$"
)
_ENTRY = lazy_re.compile(
    rb"(?P<indent>[ \t]{0,40})[\"']?(?P<key>[\w.-]{1,100})[\"']?:[ \t]{0,10}"
    rb"(?:[|>][-+]?[ \t\r]*\n(?P<below>[ \t]{1,60}[^\n]{4,2000})"
    rb"|\"(?P<quoted>[^\"\n]{4,4096})\"|'(?P<single>[^'\n]{4,4096})'"
    rb"|[\"']?(?P<value>[^\s\"'#][^\s\"']{3,4096}))"
)
# The same in JSON, which may be on one line.
_JSON_KIND = lazy_re.compile(rb"\"kind\"\s{0,8}:\s{0,8}\"Secret\"")
_JSON_DATA = lazy_re.compile(
    rb"\"(?:data|stringData)\"\s{0,8}:\s{0,8}\{([^{}]{1,65536})\}"
)
_JSON_ENTRY = lazy_re.compile(
    rb"\"[\w.-]{1,100}\"\s{0,8}:\s{0,8}\"(?P<value>[^\"]{4,8192})\""
)
_DOCUMENT_END = lazy_re.compile(rb"(?m)^---|^\.\.\.")


def find_kubernetes(
    block: TextBlock, classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the values of ``kind: Secret`` manifests; base64 does not protect them."""
    if not is_manifest_name(block.path):
        return
    if b"secret" not in block.lower:
        return
    is_json = _JSON_KIND.search(block.data) is not None
    spans = _json_values(block.data) if is_json else _yaml_values(block.data)
    for start, end in spans:
        hit = _check_value(block, start, end, classifier)
        if hit is not None:
            yield hit


def is_manifest_name(path: bytes) -> bool:
    """Whether the file can be a manifest, or a template of one, by its name."""
    return path.lower().endswith(_SUFFIXES)


def _json_values(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the values in ``data`` and ``stringData`` objects."""
    for section in _JSON_DATA.finditer(data):
        for entry in _JSON_ENTRY.finditer(data, *section.span(1)):
            yield entry.span("value")


def _yaml_values(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the values in the ``data`` sections of secrets."""
    for start, end in _documents(data):
        if not _KIND.search(data, start, end):
            continue
        for section in _DATA.finditer(data, start, end):
            yield from _section_values(data, section, end)


def _documents(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the YAML documents."""
    start = 0
    for separator in _DOCUMENT_END.finditer(data):
        yield start, separator.start()
        start = separator.end()
    yield start, len(data)


def _section_values(
    data: bytes, section: re.Match[bytes], limit: int
) -> Iterator[tuple[int, int]]:
    """Yield the spans of the values that are indented below a section's key."""
    section_indent = _indent(section[1])
    position = section.end() + 1
    while position < limit:
        line_end = data.find(b"\n", position, limit)
        if line_end < 0:
            line_end = limit
        line = data[position:line_end]
        is_content = line.strip() and not line.lstrip().startswith(b"#")
        if is_content and _indent(line) <= section_indent:
            return
        next_position = line_end
        entry = _ENTRY.match(data, position, limit)
        if entry is not None:
            group = str(entry.lastgroup)
            value = entry[group]
            leading_blanks = len(value) - len(value.lstrip())
            start = entry.start(group) + leading_blanks
            yield start, start + len(value.strip())
            next_position = max(line_end, entry.end())
        position = next_position + 1


def _indent(line: bytes) -> int:
    text = line.expandtabs(4)
    return len(text) - len(text.lstrip(b" "))


def _is_template(text: str, classifier: ValueClassifier) -> bool:
    """Whether a template fills in the value; a blank may have cut its closing braces off."""
    return classifier.is_template(text) or text.count("{{") > text.count("}}")


def _check_value(
    block: TextBlock, start: int, end: int, classifier: ValueClassifier
) -> SecretHit | None:
    """Return the hit for a value, unless it is a template, sealed, or absent."""
    raw = block.data[start:end]
    text = raw.decode("utf-8", "replace")
    if _is_template(text, classifier) or text.startswith(_SEALED_PREFIXES):
        return None
    # A plain word may be valid base64 by chance.
    if text.strip().lower() in classifier.absent:
        return None
    try:
        clear = base64.b64decode(raw, validate=True)
    except binascii.Error:
        clear = raw
    clear_text = clear.decode("utf-8", "replace")
    if len(clear_text) < 4 or classifier.is_template(clear_text):
        return None
    if clear_text.strip().lower() in classifier.absent:
        return None
    is_placeholder = classifier.is_placeholder(clear_text)
    return SecretHit(
        RULE,
        start,
        end,
        FILE,
        extra=(clear,) if clear.isascii() else (),
        level=Level.WARN if is_placeholder else None,
        confidence=Confidence.MEDIUM if is_placeholder else None,
        weight=99,
    )
