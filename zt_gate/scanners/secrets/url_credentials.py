"""Finds passwords and tokens in URLs (RFC 3986, section 3.2.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import URL, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/url-credentials"

# What follows "://".  A password should be percent-encoded, but people write
# "@" and "#" in it, so the last "@" before the host's end decides.
_USER_INFO = lazy_re.compile(
    rb"([^\s:/?#@\"'<>`\\,]{0,128}(?:@[^\s:/?#@\"'<>`\\,]{1,128}(?=:))?):([^\s\"'<>`/@]{1,256}(?:@[^\s\"'<>`/@:]{1,64}(?=@))?)@"
    rb"(\[[0-9a-fA-F:.]+\]|[\w.%${}()*-]+)"
)
# A token in the user's place; the password is missing, or a word such as x-oauth-basic.
_TOKEN = lazy_re.compile(
    rb"(?P<secret>[A-Za-z0-9_~.=-]{20,256})(?P<word>:(?:x-oauth-basic|x-token-auth|x|))?@"
    rb"(?P<host>[\w.-]{1,128})(?P<path>[^\s\"']{0,20})"
)
# The public half of a Sentry project's address: 32 hexadecimal digits, a host, a number.
_SENTRY_PUBLIC_KEY = lazy_re.compile(
    rb"[0-9a-f]{32}(?::x?)?@[^/]{1,128}/(?:[\w-]{1,9}/){0,2}\d{1,18}"
)
# jdbc:postgresql://host/db?user=…&password=… and jdbc:oracle:thin:user/…@host.
_QUERY = lazy_re.compile(
    rb"[^\s\"'<>`?]{1,256}\?(?=[^\s\"'<>`]{0,256}\buser(?:name)?=)[^\s\"'<>`]{0,256}?"
    rb"\b(?:password|pwd)=([^\s\"'<>`&]{3,256})",
    re.IGNORECASE,
)
_ORACLE = lazy_re.compile(
    rb"jdbc:oracle:\w{1,8}:([\w.-]{1,64})/([^\s@\"'<>`]{3,128})@/{0,2}([\w.-]{1,128})"
)
_LOCAL_HOST = lazy_re.compile(
    r"localhost|127\.|0\.0\.0\.0|\[::1\]|::1|host\.docker\.internal|host(?:name)?$|server$|domain|.*your"
    r"|(?:foo|bar|baz|qux|[a-z]\d?)(?:\.(?:com|org|net|bar))?$",
    re.IGNORECASE,
)
# Reserved for documentation (RFC 2606), but also used beside real passwords.
_SAMPLE_HOST = lazy_re.compile(
    r"(?:.*\.)?example(?:\.|$)|(?:.*\.)?(?:test|invalid|localhost)$", re.IGNORECASE
)
# A password that says what it is, as people invent it for a test.
_NAMES_ITSELF = lazy_re.compile(
    r"s[e3]cr[e3]t|p[a@4]ss|pwd|passw|hunter|token|cred|redact|mask|leak|plaintext",
    re.IGNORECASE,
)


_COMMENT = lazy_re.compile(rb"[ \t]{0,40}(?:#|;|//|--|/?\*|<!--|%|REM |rem )")
# A variable or an expression in brackets, or brackets around everything.
_NAME_IN_BRACKETS = lazy_re.compile(
    r"\$[{(\[]|\{\{|\[\[|\{[A-Za-z_][\w.:]{2,40}\}|[\[({][a-z_.]{3,40}[\])}]|^[\[({].*[\])}]$|\(\)"
)
_PATTERN_SYNTAX = lazy_re.compile(
    r"\(\?|\[\^|\[[a-zA-Z0-9]-[a-zA-Z0-9]|[\])][*+?{]|\|\w*\)"
)


def find_urls(block: TextBlock, classifier: ValueClassifier) -> Iterator[SecretHit]:
    """Find ``scheme://user:password@host`` whose password is not a placeholder.

    In tests and documentation a plain word, and a password that calls itself one,
    only warn; in a comment they are the form of an address, which nobody logs in with.
    """
    data = block.data
    is_sample = sample_paths.is_sample(block.path)
    position = data.find(b"://")
    while position >= 0:
        hit = _find_at(data, position + 3, classifier, is_sample=is_sample)
        is_invented = hit is not None and _is_invented(data, hit, classifier)
        if is_invented and _is_commented(data, position):
            hit = None
        if hit is not None:
            yield hit
        position = data.find(b"://", position + 3)
    if b"jdbc:oracle:" in data:
        for match in _ORACLE.finditer(data):
            hit = _check_user_info(match, classifier, is_sample=is_sample)
            if hit is not None:
                yield hit


def _find_at(
    data: bytes, position: int, classifier: ValueClassifier, *, is_sample: bool
) -> SecretHit | None:
    """Return the password or token in what follows one ``://``."""
    user_info = _USER_INFO.match(data, position)
    if user_info is not None:
        hit = _check_user_info(user_info, classifier, is_sample=is_sample)
        if hit is not None:
            return hit
    token = _TOKEN.match(data, position)
    if token is not None and _SENTRY_PUBLIC_KEY.match(data, position) is None:
        return _check_token(token, classifier)
    query = _QUERY.match(data, position)
    if query is None:
        return None
    host = data[position : position + 64].decode("utf-8", "replace")
    if _LOCAL_HOST.match(host):
        return None
    password = unquote(query[1].decode("utf-8", "replace"))
    if classifier.is_placeholder(password) or _is_template_part(password, classifier):
        return None
    level = Level.WARN if is_sample else None
    return SecretHit(RULE, *query.span(1), URL, level=level)


def _check_token(
    match: re.Match[bytes], classifier: ValueClassifier
) -> SecretHit | None:
    """Check a token in the user's place; alone it only warns, because it may be a name."""
    value = match["secret"].decode("ascii")
    if classifier.is_placeholder(value) or not classifier.is_random(value, shortest=20):
        return None
    level = None if match["word"] else Level.WARN
    return SecretHit(RULE, *match.span("secret"), URL, level=level)


def _check_user_info(
    match: re.Match[bytes], classifier: ValueClassifier, *, is_sample: bool
) -> SecretHit | None:
    """Check a password with its user and host."""
    groups = [group.decode("utf-8", "replace") for group in match.groups()]
    user, password, host = groups
    if _is_template_part(password, classifier):
        return None
    if classifier.is_placeholder(unquote(password)):
        return None
    if _repeats_user(user, password, classifier):
        return None
    start, end = match.span(2)
    is_random = classifier.is_random(password, shortest=10)
    is_local = _LOCAL_HOST.match(host) is not None
    if is_local and not is_random:
        return None
    is_invented = not is_random and _is_word(password, classifier)
    is_sample_host = _SAMPLE_HOST.match(host) is not None and not is_random
    if is_local or is_sample_host or (is_sample and is_invented):
        return SecretHit(
            RULE, start, end, URL, level=Level.WARN, confidence=Confidence.MEDIUM
        )
    return SecretHit(RULE, start, end, URL)


def _is_word(password: str, classifier: ValueClassifier) -> bool:
    """Whether this is a plain word, or says itself what it is."""
    if not classifier.is_password_like(password):
        return True
    return _NAMES_ITSELF.search(password) is not None


def _is_invented(data: bytes, hit: SecretHit, classifier: ValueClassifier) -> bool:
    password = data[hit.start : hit.end].decode("utf-8", "replace")
    if classifier.is_random(password, shortest=10):
        return False
    return _is_word(password, classifier)


def _is_commented(data: bytes, position: int) -> bool:
    """Whether the line before ``position`` begins like a comment."""
    line_start = data.rfind(b"\n", 0, position) + 1
    return _COMMENT.match(data, line_start, position) is not None


def _is_template_part(password: str, classifier: ValueClassifier) -> bool:
    """Whether brackets show that a template or a pattern replaces the password.

    A generated password may have brackets, too: digits and letters are around them, and
    what stands inside is no name.
    """
    if not any(char in password for char in "{}[]()|"):
        return False
    if _NAME_IN_BRACKETS.search(password) or _PATTERN_SYNTAX.search(password):
        return True
    has_digit = any(char.isdigit() for char in password)
    plain = "".join(char for char in password if char.isalnum())
    return not has_digit or not classifier.is_random(plain, shortest=8)


def _repeats_user(user: str, password: str, classifier: ValueClassifier) -> bool:
    """Whether the password is the user's name, perhaps with up to three characters added."""
    user, lower_password = user.lower(), password.lower()
    if not user:
        return False
    if user == lower_password:
        return True
    if not lower_password.startswith(user):
        return False
    added = len(lower_password) - len(user)
    return added <= 3 and not classifier.is_random(password, shortest=12)
