r"""Encoders for untrusted text: one for each output sink.

The author of a change controls its paths, source lines and messages, and each sink
executes some text: a terminal escape sequences, a CI log workflow commands, a web
page Markdown.  Every encoder applies ``visible`` first, which returns one line
without invisible characters.

Escapes are ``\n \r \t``, ``\xNN`` for other ASCII controls and for bytes that are
not UTF-8, ``\u{N}`` for other code points.  A backslash is not escaped: the result
is for reading only, and the JSON report has the exact value.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re

#: Code points that Python calls printable but that display nothing: fillers, the
#: Braille blank, and default-ignorable code points (UAX #44) outside the format
#: category.  Variation selectors can carry hidden text.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
_SELECTORS = range(0xE0100, 0xE01F0)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

#: GitHub's runner executes ``##[command]`` anywhere in a line, Azure's agent
#: ``##vso[command]``, TeamCity ``##teamcity[message]``.
_LOG_COMMAND = lazy_re.compile(r"##(?=[A-Za-z]{0,20}\[)")

#: What has a meaning in HTML and XML; the ampersand first.
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))

#: More combining marks on one letter overlap other lines; no script needs them.
_MAX_MARKS = 4


def decode(path: bytes) -> str:
    """Return a path as text; bytes that are not UTF-8 become lone surrogates (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")


def visible_characters(text: str) -> list[str]:
    """Return the displayed text of each code point of ``text``, in order."""
    shown = [ch if " " <= ch <= "~" else _shown(ch) for ch in text]
    if _needs_tables(text):
        _limit_marks(text, shown)
    for match in _LOG_COMMAND.finditer(text):
        shown[match.start() + 1] = r"\x23"
    return shown


def visible(text: str | bytes) -> str:
    """Return ``text`` as one line without invisible characters and log commands.

    Bytes are a path.
    """
    if isinstance(text, bytes):
        text = decode(text)
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    return "".join(visible_characters(text))


def visible_words(text: str) -> list[str]:
    """Return the words of a text for wrapping, split at spaces and newlines only."""
    return [visible(word) for word in text.replace("\n", " ").split(" ") if word]


def log_start(text: str) -> str:
    """Return a line of a log, escaped where it starts a workflow command.

    The runner executes ``::name::`` at the start of a line, after any white space.
    ``text`` is a result of ``visible``.
    """
    if text.lstrip().startswith("::"):
        return text.replace(":", r"\x3a", 1)
    return text


def columns(text: str) -> int:
    """Return how many terminal columns ``text`` takes (UAX #11: wide ones take two)."""
    if not _needs_tables(text):
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(ch) in "WF" for ch in text)
    marks = sum(unicodedata.category(ch) in {"Mn", "Me"} for ch in text)
    return len(text) + wide - marks


def _needs_tables(text: str) -> bool:
    """Whether ``text`` may have wide characters or combining marks (from U+0300 up)."""
    return not text.isascii() and max(text) >= "\u0300"


def _shown(ch: str) -> str:
    code = ord(ch)
    if ch.isprintable() and ch not in _BLANK and code not in _SELECTORS:
        return ch
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return _SHORT.get(ch, f"\\x{code:02x}")
    return f"\\u{{{code:X}}}"


def _limit_marks(text: str, shown: list[str]) -> None:
    """Escape combining marks without a base, and those beyond _MAX_MARKS on one base."""
    import unicodedata

    marks = _MAX_MARKS
    for index, ch in enumerate(text):
        is_escaped = len(shown[index]) != 1
        if ch >= "\u0300" and unicodedata.category(ch) in {"Mn", "Me"}:
            marks += 1
            if marks > _MAX_MARKS and not is_escaped:
                shown[index] = f"\\u{{{ord(ch):X}}}"
        elif is_escaped:
            marks = _MAX_MARKS
        else:
            marks = 0


# GitHub workflow commands (actions/runner, ActionCommand.cs)


def workflow_data(text: str) -> str:
    """Return text for the data of a workflow command; newlines are preserved."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """Return text for a property of a workflow command."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")


# Markdown (GitHub flavoured)

#: A word of letters, digits and harmless punctuation.
_PLAIN = lazy_re.compile(r"[\w'’\"“”(),.;:/%?+=–—…-]+")
#: What GitHub would link, or show as an emoji, in words that are otherwise plain.
_LINKED = lazy_re.compile(
    r"_|://|www\.|:[\w+-]+:|(?:^|[^0-9A-Za-z])(?:[0-9a-f]{7}|[A-Za-z]{1,10}-[0-9])",
    re.IGNORECASE,
)
#: A code span in the text, or a word; white space follows both.
_WORD = lazy_re.compile(r"([(\"“]{0,2})`([^`]{1,200})`([.,;:)\"”]{0,3})(?=\s|$)|(\S+)")
_BACKTICKS = lazy_re.compile(r"`+")


def markdown_code(text: str | bytes, *, cell: bool = False) -> str:
    """Return a code span, in which GitHub creates no mention, link, image or tag.

    ``cell``: for a table, where a bar ends the cell even in a code span.
    """
    shown = visible(text)
    if cell:
        shown = shown.replace("|", r"\x7c")
    fence = "`" * (_longest_run(shown) + 1)
    # The renderer removes one space on each side, unless the span has only spaces.
    if shown[:1] in "` " or shown[-1:] in "` ":
        return f"{fence} {shown or ' '} {fence}"
    return f"{fence}{shown}{fence}"


def markdown_block(lines: list[str]) -> str:
    """Return a fenced block; ``lines`` are results of ``visible``."""
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join((f"{fence}text", *lines, fence))


def markdown_prose(text: str) -> str:
    """Return a sentence in which every word that is not plain becomes a code span.

    Entities are not enough: GitHub decodes them before it looks for mentions and
    addresses.  Do not put the result at the start of a line.
    """
    parts = []
    for match in _WORD.finditer(" ".join(visible_words(text))):
        before, code, after, word = match.groups()
        if word is None:
            parts.append(f"{before}{markdown_code(code)}{after}")
        elif _PLAIN.fullmatch(word) and not _LINKED.search(word):
            parts.append(word)
        else:
            parts.append(markdown_code(word))
    return " ".join(parts)


def html_text(text: str | bytes) -> str:
    """Return text for an HTML element or a quoted attribute."""
    shown = visible(text)
    for mark, entity in _ENTITIES:
        shown = shown.replace(mark, entity)
    return shown


def html_code(text: str | bytes) -> str:
    """Return a ``<code>`` element for an HTML block, where Markdown does not apply."""
    return f"<code>{html_text(text)}</code>"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


# XML


def xml_text(text: str) -> str:
    """Return text for an element or a quoted attribute; newlines are preserved.

    Code points that XML 1.0 does not allow, even as a reference, become escapes.
    """
    for mark, entity in _ENTITIES:
        text = text.replace(mark, entity)
    return "".join(ch if _in_xml(ch) else _shown(ch) for ch in text)


def _in_xml(ch: str) -> bool:
    """Whether XML 1.0 allows a code point (Char, section 2.2); not a carriage return."""
    code = ord(ch)
    if code < 0x20:
        return ch in "\t\n"
    return not (0xD800 <= code <= 0xDFFF or code in {0xFFFE, 0xFFFF})


# JSON and SARIF


def valid_unicode(text: str) -> str:
    """Return ``text`` with lone surrogates as visible escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_shown(ch) if "\ud800" <= ch <= "\udfff" else ch for ch in text)
    return text


def json_document(data: object) -> bytes:
    """Return ``data`` as JSON in ASCII, safe to print in a terminal or a CI log.

    Characters that a terminal or log would execute are JSON escapes, so a parser
    returns the exact value.
    """
    import json

    document = json.dumps(data, indent=2, allow_nan=False).replace("\x7f", r"\u007f")
    return (_LOG_COMMAND.sub(r"#\\u0023", document) + "\n").encode("ascii")


def json_path(path: bytes | None) -> dict[str, str | None]:
    """Return the fields ``path`` and, for a path that is not UTF-8, ``path_b64``."""
    if path is None:
        return {"path": None}
    shown = decode(path)
    text = valid_unicode(shown)
    if text == shown:
        return {"path": text}
    import base64

    return {"path": text, "path_b64": base64.b64encode(path).decode("ascii")}


def relative_uri(path: bytes) -> str:
    """Return a path as a relative URI reference (RFC 3986, section 4.2).

    Everything but unreserved characters and the slashes between segments is
    percent-encoded, so that it has no scheme, authority, query or fragment.
    """
    from urllib.parse import quote_from_bytes

    segments = []
    for segment in path.split(b"/"):
        if segment in {b".", b".."}:
            segments.append("%2E" * len(segment))
        else:
            segments.append(quote_from_bytes(segment, safe=""))
    first, *others = segments
    if not first:
        # An empty first segment would make the reference absolute.
        return "%2F" + "/".join(others)
    return "/".join(segments)
