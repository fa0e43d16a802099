"""Selects the files that can hold a payload, before anything expensive is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange

NEW_HOST = "agent_config/download-from-new-host"

# A payload needs a word that gets a text, and a word that runs it.
_SOURCES = re.compile(
    rb"(?i)curl|wget|/dev/(?:tcp|udp)|/inet/|\b(?:nc|ncat|netcat|socat|telnet|ztcp|fetch|iwr|irm|xxd|rev|aria2c|lynx|xterm)\b|base64|b64|base32|b85|a85"
    rb"|atob|fromhex|unhexlify|hexlify|rot_?13|N-ZA-M|fromCharCode|fromCodePoint|FromBase64|hex2bin|uudecode|marshal\.loads|decompress|inflate"
    rb"|\bpack\b|unpack|chr\(|chr,|\[char\]|bytes\(\[|bytearray\(\[|unescape|urlopen|urlretrieve|requests|httpx|aiohttp|axios|https?\.get|urllib|webclient|webrequest|restmethod|Net::HTTP|file_get_contents"
    rb"|socket|fsockopen|Dial\(|TCPClient|TcpStream|openssl|\\x[0-9a-f]{2}\\x|\\[0-7]{3}\\[0-7]{3}|-e(?:nc|c|ncodedcommand)?\s+[A-Za-z0-9+/=]{16}|codecs|getDecoder|DecodeString|'hex'|\"hex\"|DOWNLOAD"
)
_RUNNERS = re.compile(
    rb"(?i)\b(?:exec\w*|eval|iex|invoke-expression|function|functiontype|system|popen|spawn\w*|subprocess|child_process|shell_exec|passthru|proc_open|assert|load|loadstring"
    rb"|instance_eval|runin\w+|command|process\w*|dup2|sh|bash|zsh|ksh|dash|fish|source|python\w*|node|perl|ruby|php|powershell|pwsh|cmd|getline|run|script|chmod|defineclass|settimeout|constructor|getattr|globals|create_function|nc|ncat|netcat|socat|xterm|xargs|scriptblock|at|crontab)\b|(?:^|[\s;&|])\.\s|\$\(|`|\./"
)
_CHUNK = 1 << 20
_OVERLAP = 256
_HEAD = 8000
#: Text and data that nothing runs.
_PROSE = (
    b".md", b".mdx", b".markdown", b".rst", b".txt", b".adoc", b".html", b".htm", b".css", b".svg",
    b".csv", b".lock", b".po", b".pot", b".map", b".snap",
)  # fmt: skip


def of(file: FileChange) -> str | None:
    """Return the new content of a file that may hold a payload, otherwise None.

    What is not available or no text is reported by other checks and scanners.
    """
    is_renamed = file.old_path is not None and file.old_path != file.path
    if file.path.lower().endswith(_PROSE) and not file.path.lower().endswith(
        b"cmakelists.txt"
    ):
        return None
    if not is_renamed and not _adds_half(file):
        return None
    try:
        data = file.new.read() if file.new is not None else b""
    except ContentUnavailableError:
        return None
    text = _text(data)
    if text is None or not may_hold(text.encode("utf-8", "surrogateescape")):
        return None
    return text


def may_hold(data: bytes) -> bool:
    """Whether a content has both halves of a payload: most files have neither."""
    return _SOURCES.search(data) is not None and _RUNNERS.search(data) is not None


def _adds_half(file: FileChange) -> bool:
    """Whether the added bytes have one half; the other one may stand there already."""
    for hunk in file.hunks:
        body = hunk.added
        for offset in range(0, body.length, _CHUNK):
            size = min(_CHUNK + _OVERLAP, body.length - offset)
            chunk = body.store.read(body.offset + offset, size)
            if (
                b"\0" in chunk[:_HEAD]
                or _SOURCES.search(chunk)
                or _RUNNERS.search(chunk)
            ):
                return True
    return False


def _text(data: bytes) -> str | None:
    """Return the text of a file, None for binary content."""
    from zt_gate.syntax.text import binary_kind, bom_codec

    codec = bom_codec(data)
    if codec is not None:
        return data.decode(codec, "replace")
    if b"\0" in data[:_HEAD] or binary_kind(data[:_HEAD]):
        return None
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
