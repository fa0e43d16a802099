"""Finds secrets by their context: in a connection string, after ``-u``, in a call."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import KEYWORD, URL, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

CONNECTION, COMMAND = "secrets/connection-string", "secrets/command-credentials"

_PASSWORD = lazy_re.compile(
    rb"(?:password|pwd|accountkey|sharedaccesskey)[ ]{0,2}="
    rb"[ ]{0,2}([^;\"'\s<>]{3,200})"
)
_OTHER_PART = lazy_re.compile(
    rb"(?:server|data source|datasource|host|hostname|address|addr|endpoint|initial catalog|"
    rb"database|databasename|user id|userid|uid|username|user|dbname)[ ]{0,2}="
)
# libpq separates the pairs with blanks, clients of Redis with commas.
_LIBPQ_PAIR = lazy_re.compile(rb"\b(?:host|hostaddr|user|dbname|port|sslmode)=\S")
_REDIS_PART = lazy_re.compile(
    rb":\d{2,5},(?:[^,\s]{1,60},){0,8}password=|,(?:ssl|abortconnect)="
)
_LOCAL_SERVER = lazy_re.compile(
    rb"(?:server|data source|host|hostname|address)[ ]{0,2}="
    rb"[ ]{0,2}(?:localhost|127\.|\(local|\.[\\;])"
)
_GO_DSN = lazy_re.compile(
    rb"[\w.-]{1,64}:([^\s@:'\"`/]{3,128})@(?:tcp|udp|unix)\(([^)\s]{1,128})\)"
)
_USER_OPTION = lazy_re.compile(
    rb"-(?:u|U|-user|-proxy-user|-basic)(?:[\"'],)?[ \t=]{0,4}\\?[\"']?"
    rb"([\w.@+\\-]{0,64}):(?:'|\\?\")?([^\s\"'`:]{3,128}(?::[^\s\"'`]{0,64})?)"
)
# A key in the user's place, with an empty password.
_USER_KEY = lazy_re.compile(
    rb"-(?:u|-user)[ =]{1,4}[\"']?([^\s:\"'/$<{@]{12,256}):[\"']?(?=\s|$|\\)"
)
_BEFORE_OPTION = frozenset((b"", b" ", b"\t", b'"', b"'", b"\n", b"("))
_PASSWORD_OPTION = lazy_re.compile(
    rb"(?:\b(?:mysql|mysqldump|mariadb|mysqladmin|mongo|mongosh|mongodump|sshpass|psql)\b"
    rb"[^\n|;&]{0,200}?[ \t](?:-p[ ]?|--password[= ])"
    rb"|\b(?:docker|podman|buildah|helm registry|az|oc) login\b"
    rb"[^\n|;&]{0,200}?[ \t](?:-p[ =]?|--password[= ])"
    rb"|\bldap\w{1,10} [^\n|;&]{0,200}?-w[ ]?|\bredis-cli [^\n|;&]{0,200}?-a[ ]"
    rb"|\b(?:smbclient|rpcclient|mount\.cifs) [^\n|;&]{0,200}?-U[ ]?[\w.-]{1,64}%"
    rb"|\bopenssl [^\n|;&]{0,200}?-pass(?:in|out)?[ ]pass:|\bsqlplus [\w.-]{1,64}/)"
    rb"[\"']?([^\s\"'`;|&@-][^\s\"'`;|&@]{3,128})"
)
# One of these is part of every such command; a substring search is faster than a pattern.
_COMMANDS = (
    b"mysql", b"mariadb", b"mongo", b"sshpass", b"psql", b" login", b"ldap", b"redis-cli",
    b"smbclient", b"rpcclient", b"mount.cifs", b"openssl", b"sqlplus",
)  # fmt: skip
_LOGIN_CALLS = (
    b"login(",
    b"authenticate(",
    b"auth(",
    b"logon(",
    b"sign_in(",
    b"signin(",
)
_BASIC_AUTHORIZATION = lazy_re.compile(
    rb"(?i:authorization)[\"']?\s{0,4}[:=,]\s{0,4}[\"']?Basic[ ]([A-Za-z0-9+/]{8,512}={0,2})"
)
# conn.login("user", "password"), in most languages.
_LOGIN_CALL = lazy_re.compile(
    rb"[.>:](?:login|authenticate|auth|logon|sign_?in)\(\s{0,20}[\"'][^\"'\n]{1,100}[\"'],\s{0,20}"
    rb"[\"']([^\"'\n]{5,128})[\"']",
    re.IGNORECASE,
)
# Bytes around the password of a connection string that are searched.
_CONNECTION_REACH = 600


def find_connections(
    block: TextBlock, classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the password of ``Server=…;User Id=…;Password=…`` and of ``user:pass@tcp(…)``."""
    lower = block.lower
    for match in _PASSWORD.finditer(lower):
        line_start, line_end = block.line_at(match.start())
        start = max(line_start, match.start() - _CONNECTION_REACH)
        end = min(line_end, match.end() + _CONNECTION_REACH)
        if not _is_connection_string(lower, start, end):
            continue
        hit = _check_password(block, match.span(1), classifier, CONNECTION)
        if hit is not None and not _LOCAL_SERVER.search(lower, start, end):
            yield hit
    if b"@tcp(" not in lower and b"@unix(" not in lower:
        return
    for match in _GO_DSN.finditer(block.data):
        if match[2].startswith((b"localhost", b"127.")):
            continue
        hit = _check_password(block, match.span(1), classifier, CONNECTION)
        if hit is not None:
            yield hit


def _is_connection_string(lower: bytes, start: int, end: int) -> bool:
    """Whether the text around a password has the other parts of a connection string."""
    if lower.find(b";", start, end) >= 0 and _OTHER_PART.search(lower, start, end):
        return True
    libpq_pairs = {match[0] for match in _LIBPQ_PAIR.finditer(lower, start, end)}
    if len(libpq_pairs) >= 2:
        return True
    return _REDIS_PART.search(lower, start, end) is not None


def find_commands(block: TextBlock, classifier: ValueClassifier) -> Iterator[SecretHit]:
    """Find the password in ``curl -u user:password``, ``mysql -ppassword`` and ``login(…)``."""
    data = block.data
    for match in _USER_KEY.finditer(data):
        value = match[1].decode("utf-8", "replace")
        if classifier.is_placeholder(value):
            continue
        if classifier.is_random(value) or _is_symbolic(value, classifier):
            yield SecretHit(COMMAND, *match.span(1), KEYWORD, weight=1)
    spans = [*_user_option_passwords(data), *_option_and_call_passwords(block)]
    for span in spans:
        hit = _check_password(block, span, classifier, COMMAND)
        if hit is not None:
            yield hit
    if b"Basic " not in data:
        return
    for match in _BASIC_AUTHORIZATION.finditer(data):
        password = _basic_password(match[1])
        is_chosen = classifier.is_password_like(
            password
        ) and not classifier.is_placeholder(password)
        if is_chosen or classifier.is_random(password, shortest=10):
            start, end = match.span(1)
            extra = (password.encode(),)
            yield SecretHit(COMMAND, start, end, KEYWORD, extra=extra, weight=1)


def _is_symbolic(value: str, classifier: ValueClassifier) -> bool:
    """Whether a value has characters that no user's name has, and looks chosen."""
    has_symbol = any(not char.isalnum() and char not in "._-+\\" for char in value)
    return has_symbol and classifier.is_password_like(value)


def _user_option_passwords(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the passwords in ``-u user:password``."""
    for match in _USER_OPTION.finditer(data):
        byte_before = data[max(0, match.start() - 1) : match.start()]
        if byte_before in _BEFORE_OPTION:
            yield match.span(2)


def _option_and_call_passwords(block: TextBlock) -> Iterator[tuple[int, int]]:
    """Yield the spans of passwords in commands' options and in login calls.

    Calls in tests and documentation are left out.
    """
    if any(command in block.data for command in _COMMANDS):
        for match in _PASSWORD_OPTION.finditer(block.data):
            yield match.span(1)
    has_login_call = any(call in block.lower for call in _LOGIN_CALLS)
    if has_login_call and not sample_paths.is_sample(block.path):
        for match in _LOGIN_CALL.finditer(block.data):
            yield match.span(1)


def _basic_password(text: bytes) -> str:
    """Return the password of an ``Authorization: Basic`` value (RFC 7617), "" for none."""
    try:
        clear = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return clear.partition(":")[2]


def _check_password(
    block: TextBlock, span: tuple[int, int], classifier: ValueClassifier, rule: str
) -> SecretHit | None:
    """Return the hit for a password, unless it is a placeholder or probably a word.

    In a connection string outside tests and documentation a word counts too.
    """
    start, end = span
    value = block.data[start:end].decode("utf-8", "replace").rstrip(",;)\\")
    end = start + len(value.encode("utf-8", "replace"))
    if classifier.is_placeholder(value) or value.startswith(("$", "%", "{", "<", "@")):
        return None
    is_connection = rule == CONNECTION
    may_be_word = is_connection and not sample_paths.is_sample(block.path)
    if (
        may_be_word
        or classifier.is_password_like(value)
        or classifier.is_random(value, shortest=10)
    ):
        rank = URL if is_connection else KEYWORD
        return SecretHit(rule, start, end, rank, weight=1)
    return None
