"""Secrets that their surroundings give away: beside an id, in a connection string, after -u."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import KEYWORD, NEAR, URL, SecretHit
from zt_gate.scanners.secrets.value_classifier import entropy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

AWS_ID, AWS_SECRET = "secrets/aws-access-key-id", "secrets/aws-secret-key"
CONNECTION, COMMAND = "secrets/connection-string", "secrets/command-credentials"

_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_PASSWORD = re.compile(
    rb"(?:password|pwd|accountkey|sharedaccesskey)[ ]{0,2}="
    rb"[ ]{0,2}([^;\"'\s<>]{3,200})"
)
_SERVER = re.compile(
    rb"(?:server|data source|datasource|host|hostname|address|addr|endpoint|initial catalog|"
    rb"database|databasename|user id|userid|uid|username|user|dbname)[ ]{0,2}="
)
# libpq writes blanks between the pairs, clients of Redis commas.
_BLANKS = re.compile(rb"\b(?:host|hostaddr|user|dbname|port|sslmode)=\S")
_COMMAS = re.compile(
    rb":\d{2,5},(?:[^,\s]{1,60},){0,8}password=|,(?:ssl|abortconnect)="
)
_LOCAL = re.compile(
    rb"(?:server|data source|host|hostname|address)[ ]{0,2}="
    rb"[ ]{0,2}(?:localhost|127\.|\(local|\.[\\;])"
)
_DSN = re.compile(
    rb"[\w.-]{1,64}:([^\s@:'\"`/]{3,128})@(?:tcp|udp|unix)\(([^)\s]{1,128})\)"
)
_USER = re.compile(
    rb"-(?:u|U|-user|-proxy-user|-basic)(?:[\"'],)?[ \t=]{0,4}\\?[\"']?"
    rb"([\w.@+\\-]{0,64}):(?:'|\\?\")?([^\s\"'`:]{3,128}(?::[^\s\"'`]{0,64})?)"
)
_BEFORE = frozenset((b"", b" ", b"\t", b'"', b"'", b"\n", b"("))
_FLAG = re.compile(
    rb"(?:\b(?:mysql|mysqldump|mariadb|mysqladmin|mongo|mongosh|mongodump|sshpass|psql)\b"
    rb"[^\n|;&]{0,200}?[ \t](?:-p[ ]?|--password[= ])"
    rb"|\b(?:docker|podman|buildah|helm registry|az|oc) login\b"
    rb"[^\n|;&]{0,200}?[ \t](?:-p[ =]?|--password[= ])"
    rb"|\bldap\w{1,10} [^\n|;&]{0,200}?-w[ ]?|\bredis-cli [^\n|;&]{0,200}?-a[ ]"
    rb"|\b(?:smbclient|rpcclient|mount\.cifs) [^\n|;&]{0,200}?-U[ ]?[\w.-]{1,64}%"
    rb"|\bopenssl [^\n|;&]{0,200}?-pass(?:in|out)?[ ]pass:|\bsqlplus [\w.-]{1,64}/)"
    rb"[\"']?([^\s\"'`;|&@-][^\s\"'`;|&@]{3,128})"
)
# Without one of these there is no such command: a substring is found quicker than a pattern.
_COMMANDS = (
    b"mysql", b"mariadb", b"mongo", b"sshpass", b"psql", b" login", b"ldap", b"redis-cli",
    b"smbclient", b"rpcclient", b"mount.cifs", b"openssl", b"sqlplus",
)  # fmt: skip
_CALLS = (b"login(", b"authenticate(", b"auth(", b"logon(", b"sign_in(", b"signin(")
_BASIC = re.compile(
    rb"(?i:authorization)[\"']?\s{0,4}[:=,]\s{0,4}[\"']?Basic[ ]([A-Za-z0-9+/]{8,512}={0,2})"
)
# conn.login("user", "password"), in about every language.
_LOGIN = re.compile(
    rb"[.>:](?:login|authenticate|auth|logon|sign_?in)\(\s{0,20}[\"'][^\"'\n]{1,100}[\"'],\s{0,20}"
    rb"[\"']([^\"'\n]{5,128})[\"']",
    re.IGNORECASE,
)


def find_aws_pairs(
    block: TextBlock, hits: Iterable[SecretHit], judge: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the 40 characters that stand within some lines of an AWS access key id."""
    for hit in hits:
        if hit.rule != AWS_ID:
            continue
        low, high = max(0, hit.start - 400), hit.end + 400
        for match in _AWS_SECRET.finditer(block.data, low, high):
            value = match[0].decode("ascii")
            if (
                entropy(value) >= 4.2
                and judge.random(value)
                and not judge.placeholder(value)
            ):
                yield SecretHit(
                    AWS_SECRET, *match.span(), NEAR, level=Level.BLOCK, weight=9
                )


def find_connections(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    """Find the password of ``Server=…;User Id=…;Password=…`` and of ``user:pass@tcp(…)``."""
    lower = block.lower
    for match in _PASSWORD.finditer(lower):
        low, high = block.line_at(match.start())
        low, high = max(low, match.start() - 600), min(high, match.end() + 600)
        if not _connects(lower, low, high):
            continue
        hit = _judged(block, *match.span(1), judge, CONNECTION)
        if hit is not None and not _LOCAL.search(lower, low, high):
            yield hit
    if b"@tcp(" in lower or b"@unix(" in lower:
        for match in _DSN.finditer(block.data):
            if not match[2].startswith((b"localhost", b"127.")):
                hit = _judged(block, *match.span(1), judge, CONNECTION)
                if hit is not None:
                    yield hit


def _connects(lower: bytes, low: int, high: int) -> bool:
    """Whether what stands around a password are the other parts of a connection string."""
    if lower.find(b";", low, high) >= 0 and _SERVER.search(lower, low, high):
        return True
    if len({found[0] for found in _BLANKS.finditer(lower, low, high)}) >= 2:
        return True
    return _COMMAS.search(lower, low, high) is not None


def find_commands(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    """Find the password in ``curl -u user:password``, ``mysql -ppassword`` and ``login(…)``."""
    data = block.data
    for match in _USER.finditer(data):
        if data[max(0, match.start() - 1) : match.start()] not in _BEFORE:
            continue
        hit = _judged(block, *match.span(2), judge, COMMAND)
        if hit is not None:
            yield hit
    for match in _spans(block):
        hit = _judged(block, *match.span(1), judge, COMMAND)
        if hit is not None:
            yield hit
    for match in _BASIC.finditer(data) if b"Basic " in data else ():
        password = _after_colon(match[1])
        if judge.random(password, shortest=10) or (
            judge.passwordlike(password) and not judge.placeholder(password)
        ):
            yield SecretHit(
                COMMAND, *match.span(1), KEYWORD, extra=(password.encode(),), weight=1
            )


def _spans(block: TextBlock) -> Iterator[re.Match[bytes]]:
    """Yield the options of commands and the calls that log in; the latter not in tests."""
    if any(word in block.data for word in _COMMANDS):
        yield from _FLAG.finditer(block.data)
    if any(call in block.lower for call in _CALLS) and not sample_paths.is_sample(
        block.path
    ):
        yield from _LOGIN.finditer(block.data)


def _after_colon(text: bytes) -> str:
    """Return the password of an ``Authorization: Basic`` value (RFC 7617), empty for none."""
    try:
        clear = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return clear.partition(":")[2]


def _judged(
    block: TextBlock, start: int, end: int, judge: ValueClassifier, rule: str
) -> SecretHit | None:
    value = block.data[start:end].decode("utf-8", "replace").rstrip(",;)\\")
    end = start + len(value.encode("utf-8", "replace"))
    if judge.placeholder(value) or value.startswith(("$", "%", "{", "<", "@")):
        return None
    weak = not (judge.passwordlike(value) or judge.random(value, shortest=10))
    if weak and (rule != CONNECTION or sample_paths.is_sample(block.path)):
        return None
    return SecretHit(rule, start, end, URL if rule == CONNECTION else KEYWORD, weight=1)
