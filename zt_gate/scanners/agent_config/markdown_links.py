"""Images and links of Markdown that would carry data to another host when they are drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts
from zt_gate.scanners.agent_config.line_hits import LineHit
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.change import Line
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

_IMAGE = re.compile(
    r"!\[[^\]\n]{0,300}\]\(\s*<?(https?://[^\s>)]{4,3000})|<img\b[^>\n]{0,400}?\bsrc\s*=\s*[\"']?(https?://[^\s\"'>]{4,3000})",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^\s{0,3}\[[^\]\n]{1,200}\]:\s*<?(https?://[^\s>]{4,3000})", re.IGNORECASE
)
_LINK = re.compile(
    r"(?<!!)\[[^\]\n]{0,300}\]\(\s*<?(https?://[^\s>)]{4,3000})", re.IGNORECASE
)
#: Something that a reader is to fill in: a brace, an angle, a variable, a word in capitals.
_HOLE = re.compile(
    r"[?&#][\w.-]{1,40}=(?:[^&#\s]{0,80}?)"
    r"(?:\{\{?[^}&]{1,80}\}|<[^>&]{1,80}|%7B|%3C|\$\(|\$\{?[A-Za-z_]|\[[A-Za-z_ -]{2,60}\]|"
    r"(?:BASE64|YOUR|INSERT|SECRET|TOKEN|DATA|CONTENTS?|API_?KEY)[A-Z0-9_]{0,40}(?:&|$))"
)
_EMPTY = re.compile(
    r"[?&](?:q|d|data|s|secret|token|t|content|msg|message|text|leak|exfil|payload|info|summary|key|env|c|p|x|value|body)=(?:&|$)",
    re.IGNORECASE,
)
_FENCE = re.compile(rb"^\s{0,3}(?:```|~~~)")


class _Found(NamedTuple):
    level: Level
    says: str


def read(
    lines: Sequence[Line], whole: bytes, book: RuleIndex, *, agent: bool
) -> Iterator[LineHit]:
    """Yield the images, references and (for drops) links that carry data."""
    if b"://" not in whole or b"=" not in whole:
        return
    fenced = False
    for line in lines:
        if _FENCE.match(line.data):
            fenced = not fenced
        if b"://" not in line.data or b"?" not in line.data or (fenced and not agent):
            continue
        text = decode_lossy(line.data[:16000])
        for pattern, drawn in ((_IMAGE, True), (_REFERENCE, True), (_LINK, False)):
            for match in pattern.finditer(text):
                url = next(group for group in match.groups() if group)
                found = _judge(url, book, drawn=drawn)
                if found is not None:
                    start = match.start() + match[0].find(url)
                    yield LineHit(
                        "agent_config/markdown-data-link",
                        found.level,
                        line.number,
                        text,
                        start,
                        start + len(url),
                        found.says,
                    )


def _judge(url: str, book: RuleIndex, *, drawn: bool) -> _Found | None:
    where = url_hosts.destination(url, book)
    if where in {"local", "private", "none"}:
        return None
    query = url.partition("?")[2]
    host = url_hosts.host_of(url)
    what = "an image" if drawn else "a link"
    if where == "drop" and query:
        return _Found(
            Level.BLOCK,
            f"{what} of {url_hosts.DESCRIPTIONS['drop']}, with data in its query",
        )
    if not drawn or url_hosts.is_host_or_below(host, book.listed("image-hosts")):
        return None
    if _HOLE.search(url) or _EMPTY.search(url):
        return _Found(
            Level.BLOCK,
            "an address with a gap in its query: a model that fills it in sends the data"
            " when it is drawn",
        )
    if where == "address" and query:
        return _Found(
            Level.BLOCK, "an address of a bare public host, with data in its query"
        )
    if re.search(r"=[A-Za-z0-9+/_%-]{120,}", query):
        return _Found(
            Level.WARN,
            "an address of another host with a long opaque value in its query",
        )
    return None
