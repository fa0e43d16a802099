"""Finds the values of Kubernetes secrets.

Uses patterns, not ``zt_gate.syntax.yaml``: added lines are a part of a document,
often of a template, and not valid YAML by themselves.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets.hits import FILE, SecretHit
from zt_gate.scanners.secrets.sample_paths import is_sample
from zt_gate.scanners.secrets.variable_names import NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier
    from zt_gate.scanners.secrets.variable_names import VariableNames

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
    rb"(?:(?P<scalar>[|>][-+0-9]{0,2})[ \t\r]*\n"
    rb"|\"(?P<quoted>(?:[^\"\\\n]|\\.){4,4096})\"|'(?P<single>[^'\n]{4,4096})'"
    rb"|[\"']?(?P<value>[^\s\"'#](?:[^\"'\n#]|(?<![ \t])#){3,4096}))"
)
# The same in JSON, which may be on one line.
_JSON_KIND = lazy_re.compile(rb"\"kind\"\s{0,8}:\s{0,8}\"Secret\"")
_JSON_DATA = lazy_re.compile(
    rb"\"(?:data|stringData)\"\s{0,8}:\s{0,8}\{([^{}]{1,65536})\}"
)
_JSON_ENTRY = lazy_re.compile(
    rb"\"(?P<key>[\w.-]{1,100})\"\s{0,8}:\s{0,8}\"(?P<value>[^\"]{4,8192})\""
)
_SHORTEST_BINARY = 24
# Keys of values that are files.
_FILE_KEY = lazy_re.compile(
    r"\.(?:ya?ml|json|toml|ini|conf|cfg|properties|xml|env|crt|pem|cert|config|sh)$"
    r"|known_hosts|(?:^|[-_.])(?:ca|cert|certificate)$",
    re.IGNORECASE,
)
_DOCKER_LOGIN = lazy_re.compile(
    r"\"(?:auth|password|identitytoken)\"\s*:\s*\"[^\"*$<{]"
)
_KEY_WORDS = lazy_re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Last words of the keys of settings that a log-in needs and that are no secret.
_PLAIN_WORDS = frozenset((
    "username", "user", "login", "email", "mail", "host", "hostname", "port", "name", "url",
    "uri", "endpoint", "address", "addr", "region", "zone", "bucket", "database", "db",
    "type", "provider", "scheme", "protocol", "driver", "dialect", "namespace", "project",
    "tenant", "realm", "issuer", "audience", "owner", "org", "organization", "version",
    "mode", "enabled", "cn", "domain", "proxy", "timeout", "path", "prefix", "dn", "id",
    "subject", "format", "level", "environment", "env", "public", "pub", "schema", "role",
))  # fmt: skip
# A word, a number, an address without a password, a path.
_PLAIN_VALUE = lazy_re.compile(
    r"[A-Za-z]{1,20}|[\d.:,]{1,20}|[a-z][a-z0-9+.-]*://[^\s@]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?:[a-z0-9-]+\.)+[a-z]{2,12}(?::\d{1,5})?(?:/[\w./-]*)?|/[\w./-]*"
)
_PUBLIC = lazy_re.compile(
    r"ssh-|ecdsa-|AAAA[BCE]3|SHA256:|https?://[^@]*$|[\w.-]+@[\w.-]+$|-{5}BEGIN (?:CERT|PUBLIC)"
)
_DOCUMENT_END = lazy_re.compile(rb"(?m)^---|^\.\.\.")


def find_kubernetes(
    block: TextBlock,
    classifier: ValueClassifier,
    names: VariableNames,
    find_in_text: Callable[[bytes], bool],
) -> Iterator[SecretHit]:
    """Find the values of ``kind: Secret`` manifests; base64 does not protect them.

    ``find_in_text`` says whether a text of several lines holds a secret: such a value is
    a file, most lines of which are plain settings.
    """
    if not is_manifest_name(block.path):
        return
    if b"secret" not in block.lower:
        return
    is_json = _JSON_KIND.search(block.data) is not None
    entries = _json_values(block.data) if is_json else _yaml_values(block.data)
    check = _Check(classifier, names, find_in_text, is_sample(block.path))
    for entry in entries:
        hit = check.hit(block, entry)
        if hit is not None:
            yield hit


def is_manifest_name(path: bytes) -> bool:
    """Whether the file can be a manifest, or a template of one, by its name."""
    return path.lower().endswith(_SUFFIXES)


class _Entry(NamedTuple):
    """The key of one entry of ``data`` or ``stringData``, and the span of its value."""

    key: bytes
    start: int
    end: int


def _json_values(data: bytes) -> Iterator[_Entry]:
    """Yield the entries of ``data`` and ``stringData`` objects."""
    for section in _JSON_DATA.finditer(data):
        for entry in _JSON_ENTRY.finditer(data, *section.span(1)):
            yield _Entry(entry["key"], *entry.span("value"))


def _yaml_values(data: bytes) -> Iterator[_Entry]:
    """Yield the entries of the ``data`` sections of secrets."""
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
) -> Iterator[_Entry]:
    """Yield the entries that are indented below a section's key."""
    section_indent = _indent(section[1])
    position = section.end() + 1
    while position < limit:
        line_end = _line_end(data, position, limit)
        line = data[position:line_end]
        is_content = line.strip() and not line.lstrip().startswith(b"#")
        if is_content and _indent(line) <= section_indent:
            return
        entry = _ENTRY.match(data, position, limit)
        if entry is not None and entry["scalar"] is not None:
            line_end = _end_of_scalar(data, entry, limit)
            yield _Entry(entry["key"], *_stripped(data, entry.end(), line_end))
        elif entry is not None:
            yield _Entry(
                entry["key"], *_stripped(data, *entry.span(entry.lastgroup or 0))
            )
            line_end = max(line_end, entry.end())
        position = line_end + 1


def _line_end(data: bytes, position: int, limit: int) -> int:
    end = data.find(b"\n", position, limit)
    return limit if end < 0 else end


def _end_of_scalar(data: bytes, entry: re.Match[bytes], limit: int) -> int:
    """Return the end of a block scalar: the lines that are indented deeper than its key."""
    indent = _indent(entry["indent"])
    end = entry.end() - 1
    while end < limit:
        next_end = _line_end(data, end + 1, limit)
        line = data[end + 1 : next_end]
        if (line.strip() and _indent(line) <= indent) or next_end <= end:
            break
        end = next_end
    return max(end, entry.end() - 1)


def _stripped(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a span without the white space around it."""
    value = data[start:end]
    start += len(value) - len(value.lstrip())
    return start, start + len(value.strip())


def _indent(line: bytes) -> int:
    text = line.expandtabs(4)
    return len(text) - len(text.lstrip(b" "))


def _is_template(text: str, classifier: ValueClassifier) -> bool:
    """Whether a template fills in the value; a blank may have cut its closing braces off."""
    return classifier.is_template(text) or text.count("{{") > text.count("}}")


class _Check(NamedTuple):
    classifier: ValueClassifier
    names: VariableNames
    find_in_text: Callable[[bytes], bool]
    is_sample: bool

    def hit(self, block: TextBlock, entry: _Entry) -> SecretHit | None:
        """Return the hit for a value, unless it is a template, sealed, absent or plain."""
        raw = block.data[entry.start : entry.end]
        text = raw.decode("utf-8", "replace")
        if _is_template(text, self.classifier) or text.startswith(_SEALED_PREFIXES):
            return None
        # A plain word may be valid base64 by chance.
        if text.strip().lower() in self.classifier.absent:
            return None
        clear = _decoded(raw)
        clear_text = clear.decode("utf-8", "replace").strip()
        if len(clear_text) < 4 or self.classifier.is_template(clear_text):
            return None
        if clear_text.lower() in self.classifier.absent or "***" in clear_text[:3]:
            return None
        if b"**" in clear and not clear.strip(b"*").strip(b"SOPS*"):
            return None
        if not self._may_be_secret(entry.key.decode("ascii", "replace"), clear_text):
            return None
        is_placeholder = self.classifier.is_placeholder(clear_text)
        is_invented = is_placeholder or (
            self.is_sample and not self.classifier.is_random(clear_text, shortest=10)
        )
        lowered = Level.INFO if self.is_sample else Level.WARN
        return SecretHit(
            RULE,
            entry.start,
            entry.end,
            FILE,
            extra=(clear,) if clear.isascii() else (),
            level=lowered if is_invented else None,
            confidence=Confidence.MEDIUM if is_invented else None,
            weight=99,
        )

    def _may_be_secret(self, key: str, text: str) -> bool:
        """Whether key and value say that this is not one of the plain settings."""
        is_text = text.startswith("-----BEGIN") or "\n" in text
        if is_text and not key.startswith(".docker"):
            return self.find_in_text(text.encode("utf-8", "replace"))
        if key.startswith(".docker"):
            return _DOCKER_LOGIN.search(text) is not None
        if _FILE_KEY.search(key):
            return self.find_in_text(text.encode("utf-8", "replace"))
        words = [word.lower() for word in _KEY_WORDS.findall(key)]
        is_plain = bool(words) and words[-1] in _PLAIN_WORDS
        strength = NONE if is_plain else self.names.strength(key)
        if strength != NONE:
            return not _is_public_part(text)
        if is_plain:
            return self.find_in_text(text.encode("utf-8", "replace"))
        return _PLAIN_VALUE.fullmatch(text) is None


def _is_public_part(text: str) -> bool:
    """Whether this is a public key, a fingerprint, or an address without a password."""
    return _PUBLIC.match(text) is not None


def _decoded(raw: bytes) -> bytes:
    """Return the bytes of a value in base64, other values as they are.

    A short word may be valid base64 by chance: then it stands for no text.
    """
    try:
        clear = base64.b64decode(b"".join(raw.split()), validate=True)
        if len(raw) < _SHORTEST_BINARY:
            clear.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return raw
    return clear
