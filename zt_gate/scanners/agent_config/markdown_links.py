"""Finds images and links in Markdown that would send data to another host when rendered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts
from zt_gate.scanners.agent_config.line_hits import LineHit
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.change import Line
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

_IMAGE = lazy_re.compile(
    r"!\[[^\]\n]{0,300}\]\(\s*<?(https?://[^\s>)]{4,3000})|<img\b[^>\n]{0,400}?\bsrc\s*=\s*[\"']?(https?://[^\s\"'>]{4,3000})",
    re.IGNORECASE,
)
_REFERENCE = lazy_re.compile(
    r"^\s{0,3}\[[^\]\n]{1,200}\]:\s*<?(https?://[^\s>]{4,3000})", re.IGNORECASE
)
_LINK = lazy_re.compile(
    r"(?<!!)\[[^\]\n]{0,300}\]\(\s*<?(https?://[^\s>)]{4,3000})", re.IGNORECASE
)
#: Each pattern, and whether a renderer fetches the URL by itself.
_PATTERNS = ((_IMAGE, True), (_REFERENCE, True), (_LINK, False))
#: A placeholder that a model would fill in: braces, angles, a variable, a word in capitals.
_PLACEHOLDER = lazy_re.compile(
    r"[?&#][\w.-]{1,40}=(?:[^&#\s]{0,80}?)"
    r"(?:\{\{?[^}&]{1,80}\}|<[^>&]{1,80}|%7B|%3C|\$\(|\$\{?[A-Za-z_]|\[[A-Za-z_ -]{2,60}\]|"
    r"(?:BASE64|YOUR|INSERT|SECRET|TOKEN|DATA|CONTENTS?|API_?KEY)[A-Z0-9_]{0,40}(?:&|$))"
)
_EMPTY_PARAMETER = lazy_re.compile(
    r"[?&](?:q|d|data|s|secret|token|t|content|msg|message|text|leak|exfil|payload|info|summary|key|env|c|p|x|value|body)=(?:&|$)",
    re.IGNORECASE,
)
_LONG_VALUE = lazy_re.compile(r"=[A-Za-z0-9+/_%-]{120,}")
_FENCE = lazy_re.compile(rb"^\s{0,3}(?:```|~~~)")
_LINE_BYTES = 16_000


class _LinkIssue(NamedTuple):
    level: Level
    message: str


def find_hits(
    lines: Sequence[Line], all_lines: bytes, rules: RuleIndex, *, read_by_agents: bool
) -> Iterator[LineHit]:
    """Yield images, references and (to data drops) links that carry data.

    ``all_lines`` are the lines joined.  Fenced code blocks count only in files
    that agents read as instructions.
    """
    if b"://" not in all_lines or b"=" not in all_lines:
        return
    fenced = False
    for line in lines:
        if _FENCE.match(line.data):
            fenced = not fenced
        if fenced and not read_by_agents:
            continue
        if b"://" in line.data and b"?" in line.data:
            yield from _line_hits(line, rules)


def _line_hits(line: Line, rules: RuleIndex) -> Iterator[LineHit]:
    text = decode_lossy(line.data[:_LINE_BYTES])
    for pattern, is_image in _PATTERNS:
        for match in pattern.finditer(text):
            url = next(group for group in match.groups() if group)
            issue = _check(url, rules, is_image=is_image)
            if issue is None:
                continue
            start = match.start() + match[0].find(url)
            yield LineHit(
                "agent_config/markdown-data-link",
                issue.level,
                line.number,
                text,
                start,
                start + len(url),
                issue.message,
            )


def _check(url: str, rules: RuleIndex, *, is_image: bool) -> _LinkIssue | None:
    destination = url_hosts.destination(url, rules)
    if destination in {"local", "private", "none"}:
        return None
    query = url.partition("?")[2]
    if destination == "drop" and query:
        link = "image from" if is_image else "link to"
        service = url_hosts.DESCRIPTIONS["drop"]
        return _LinkIssue(Level.BLOCK, f"{link} {service}, with data in its query")
    host = url_hosts.host_of(url)
    if not is_image or url_hosts.is_host_or_below(host, rules.listed("image-hosts")):
        return None
    if _PLACEHOLDER.search(url) or _EMPTY_PARAMETER.search(url):
        message = (
            "image URL with a placeholder in its query: a model that fills it in sends"
            " the data when the image is rendered"
        )
        return _LinkIssue(Level.BLOCK, message)
    if destination == "address" and query:
        message = "image from a public IP address, with data in its query"
        return _LinkIssue(Level.BLOCK, message)
    if _LONG_VALUE.search(query):
        message = "image from another host, with a long opaque value in its query"
        return _LinkIssue(Level.WARN, message)
    return None
