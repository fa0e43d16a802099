"""Finds what is written where a credential belongs, for masking: far more than is a finding.

A report quotes lines of source code.  Masking a harmless word there costs little, showing a
weak password costs much.  So names, calls, options and queries decide, and not how strong
a value looks.  Names, paths and addresses stay, so that a person can follow the finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

#: The shortest value, in characters.
SHORTEST = 4
#: A part of a name that holds a credential.
_STEM = (
    rb"(?:pass|pwd|passwd|pwrd|secret|token|auth|cred|api_?-?key|key|cookie|sess|bearer|jwt"
    rb"|hmac|salt|signature|(?<![a-z])(?:pw|psw|pin|otp|sid|sig|dsn|login|pat|psk)(?![a-z]))"
)
# What stands before the stem in a name does not matter.
_NAME = rb"(?i:" + _STEM + rb"[\w.-]{0,40})"
_LITERAL = lazy_re.compile(
    rb"\"(?P<double>(?:[^\"\\\n]|\\.){0,512})\"|'(?P<single>(?:[^'\\\n]|\\.){0,512})'"
    rb"|`(?P<back>[^`\n]{4,512})`"
)
# ``name = "x"``, ``"name": "x"``, ``name => 'x'``, ``name == 'x'``, ``name["x"] = "y"``.
_NAMED_LITERAL = lazy_re.compile(
    _NAME + rb"[\"'`\])]{0,4}[ \t]{0,8}(?:[!=:]==?|:?=|=>|:|,|\?\?|\|\|)[ \t]{0,8}"
    rb"(?:[\[({]{1,3}[ \t]{0,4})?(?:[a-zA-Z]{1,2})?(?=[\"'`])"
)
# ``auth=(…)``, ``login(…)``, ``jwt.decode(…)``: every literal inside is masked.
_CALL = lazy_re.compile(
    rb"(?i:(?:auth|login|log_?in|sign|cred|pass|pwd|secret|token|jwt|hmac|crypt|cipher"
    rb"|verify|fernet|connect|compare|digest|bind|set_?key|key|hash|md5|sha[0-9]|a?rc4"
    rb"|aes|3?des|blowfish|chacha|ftp|smtp|imap|ssh|ldap)[\w.]{0,24})"
    rb"[\"']?[ \t]{0,4}(?:[=:][ \t]{0,4}(?:new[ \t]{1,4}|[\w.]{1,40}(?=\())?)?[(\[{]"
)
_CALL_LENGTH = 400
# ``name = other or "x"``.
_DEFAULT = lazy_re.compile(
    _NAME
    + rb"[ \t]{0,8}:?=[^\"'`\n]{1,60}?(?:\bor\b|\belse\b|\|\||\?\?|\?:|:)[ \t]{0,4}"
    rb"(?=[\"'`])"
)
# ``NAME=value`` and ``?key=value``, without quotes.
_BARE = lazy_re.compile(
    rb"(?P<name>"
    + _NAME
    + rb")=(?P<value>[^\s\"'`&;,#<>|(){}\[\]$=][^\s\"'`&;,#<>|(){}\[\]]{3,511})"
)
# ``--token=x``, ``--token x``, ``"--token", "x"``.
_OPTION = lazy_re.compile(
    rb"(?<![\w-])--?[\w-]{0,40}?"
    + _NAME
    + rb"(?:=|[ \t]{1,4}|[\"'][ \t]{0,4},[ \t]{0,4}[\"'])[\"']?"
    rb"(?P<value>[^\s\"'`;|&<>(){}$-][^\s\"'`;|&<>(){}]{3,511})"
)
# ``curl -su bob:x``, ``--user=bob:x``, ``--proxy-user bob:x``.
_USER_OPTION = lazy_re.compile(
    rb"(?:(?<![\w-])-[a-zA-Z]{0,6}[uU]|--(?:proxy-)?user|--login)"
    rb"(?:=|[ \t]{0,4}|[\"'][ \t]{0,4},[ \t]{0,4})[\"']?[^\s:\"'/]{0,100}:(?!//)"
    rb"(?P<value>[^\s\"'`|;]{4,512})"
)
# ``-p x``, ``sshpass -px``, ``mysql -px``: only of programs that take a password there.
_SHORT_OPTION = lazy_re.compile(
    rb"(?i:\b(?:sshpass|mysql\w{0,12}|mariadb\w{0,8}|docker|podman|helm|az|redis-cli|mongo\w{0,8}"
    rb"|ldap\w{0,10}|net use|psexec|7z|unzip|zip|openssl|gpg|htpasswd|smbclient))\b"
    rb"[^\n|;]{0,200}?[ \t]-(?:p|P|a|w|pass(?:in|out)?|passin|passout)[ =]{0,2}[\"']?(?:pass:)?"
    rb"(?P<value>[^\s\"'`|;-][^\s\"'`|;]{3,511})"
)
# ``openssl enc -k x`` and ``net use x: … x /user:…``.
_CIPHER_OPTION = lazy_re.compile(
    rb"(?i:\bopenssl\b[^\n|;]{0,200}?[ \t]-(?:k|K|iv|S)[ \t]{1,4}"
    rb"|\bnet[ \t]{1,4}use\b[^\n]{0,200}?[ \t](?=[^\s]{4,256}[ \t]{1,4}/user:))"
    rb"[\"']?(?P<value>[^\s\"'`|;-][^\s\"'`|;]{3,511})"
)
# A word that looks like a strong password, wherever it is quoted or stands alone.
_STRONG = lazy_re.compile(
    rb"(?<![^\s\"'`=:,(])(?=[^\s\"'`]{0,64}[a-z])(?=[^\s\"'`]{0,64}[A-Z])"
    rb"(?=[^\s\"'`]{0,64}[0-9])(?=[^\s\"'`]{0,64}[!@#$%^&*~+?])"
    rb"(?P<value>[A-Za-z0-9!@#$%^&*~+?_.=-]{10,64})(?![^\s\"'`,)])"
)
# ``X-Key: value`` of a header, ``pw: value`` of a comment.
_COLON = lazy_re.compile(
    rb"(?P<name>" + _NAME + rb")[\"'`*]{0,2}[ \t]{0,4}(?::(?!:)|->)[ \t]{1,8}"
    rb"(?P<scheme>(?i:bearer|basic|token|digest|negotiate)[ \t]{1,4})?"
    rb"(?P<value>[^\s\"'`,;<>(){}\[\]$][^\s\"'`,;<>(){}\[\]]{3,511})"
)
_SCHEME = lazy_re.compile(
    rb"(?i:\b(?:bearer|basic))[ \t]{1,4}(?P<value>[\w.~+/=-]{6,512})(?=[\"'`\s]|\Z)"
)
_WORD_IS = lazy_re.compile(
    rb"(?i:\b(?:pw|pwd|pass|passwd|password|passphrase|passcode|secret|token|pin|credentials?"
    rb"|login)\b)[ \t]{0,4}(?:[ \t](?:is|was|to)[ \t]|=)[ \t]{0,4}"
    rb"(?:%s[\"'][ \t]{0,4}[%,][ \t]{0,4}\(?[\"'])?"
    rb"(?P<value>[^\s\"'`,;<>(){}\[\]$][^\s\"'`,;<>(){}\[\]]{3,511})"
)
# ``echo x | docker login --password-stdin``, ``chpasswd <<< root:x``.
_PIPED = lazy_re.compile(
    rb"(?i:\b(?:echo|printf|write-output))[ \t]{1,4}(?:-\w{1,3}[ \t]{1,4}){0,2}"
    rb"(?:[\"'](?P<quoted>[^\"'\n|]{4,256})[\"']|(?P<value>[^\s|\"'$;]{4,256}))"
    rb"(?:[ \t]{1,4}[\"']?[^|\n;]{0,80})?[ \t]{0,4}\|[^\n]{0,200}?"
    rb"(?i:--?pass\w{0,8}|-stdin|passwd|sudo[ \t]{1,4}-\w{0,3}S|\blogin\b|-fd\b|openssl|gpg"
    rb"|kinit|secret)"
)
_HERE_STRING = lazy_re.compile(
    rb"(?i:passwd|login|kinit|sudo|gpg|openssl|cryptsetup|pass)[^\n]{0,200}?<<<[ \t]{0,4}[\"']?"
    rb"(?P<value>[^\s\"'$]{4,256})"
)
# Words that are also ordinary ones count only beside an equals sign.
_QUERY = lazy_re.compile(
    rb"(?i:\b(?:values|identified|grant|insert|alter|create[ \t]user)\b"
    rb"|\b(?:where|set|and|or|having|update)\b[^\n]{0,200}?=)"
)
_QUERY_LITERAL = lazy_re.compile(rb"(?<![\w'])'(?P<value>[^'\n]{4,256})'(?!\w)")
_PLAIN = (
    _BARE, _OPTION, _USER_OPTION, _SHORT_OPTION, _COLON, _SCHEME, _WORD_IS, _HERE_STRING,
    _CIPHER_OPTION, _STRONG,
)  # fmt: skip
#: Addresses and paths stay: their own credentials are found by other means.
_ADDRESS = lazy_re.compile(rb"(?:[a-z][a-z0-9+.-]{1,12}://|\.{0,2}/[\w.-]{1,40}/)")
_IDENTIFIER = lazy_re.compile(rb"[A-Za-z_][\w.]*\Z")
_KEYWORDS = frozenset(
    b"none null true false undefined string required optional self this read write".split()
)
_NAMED = lazy_re.compile(_NAME + rb"=(?P<value>[^\s/&\"'`]{4,255})")


def values(data: bytes, *, is_code: bool, is_prose: bool) -> Iterator[bytes]:
    """Yield what stands in the position of a credential.

    In code a bare word after ``=`` is a name, unless it is in a string.  In prose a word
    of letters after a colon is a word.
    """
    for value in _literals(data):
        if _is_masked(value):
            yield value
    for pattern in _PLAIN:
        for match in pattern.finditer(data):
            value = match["value"]
            is_word = value.isalpha() and pattern in (_COLON, _WORD_IS, _SCHEME)
            if is_prose and is_word:
                continue
            may_be_name = is_code and pattern in (_BARE, _COLON, _WORD_IS)
            if may_be_name and _is_name(data, match, value):
                continue
            if _is_masked(value):
                yield value.rstrip(b"\\,.;")
    for match in _PIPED.finditer(data):
        value = match["quoted"] or match["value"]
        yield value
        # The program chpasswd takes ``user:password``.
        yield value.rpartition(b":")[2]


def in_message(data: bytes) -> Iterator[bytes]:
    """Yield the values in an error line, whose own words may name keys of settings."""
    for pattern in (_BARE, _USER_OPTION, _SCHEME):
        for match in pattern.finditer(data):
            if _is_masked(match["value"]):
                yield match["value"]


def in_name(path: bytes) -> Iterator[bytes]:
    """Yield the values that the name of a file or folder gives to a credential."""
    for match in _NAMED.finditer(path):
        yield match["value"]


def _literals(data: bytes) -> Iterator[bytes]:
    if not any(quote in data for quote in (b'"', b"'", b"`")):
        return
    for before in (_NAMED_LITERAL, _DEFAULT):
        for match in before.finditer(data):
            literal = _LITERAL.match(data, match.end())
            if literal is not None:
                yield literal[literal.lastgroup or 0]
    for match in _CALL.finditer(data):
        end = min(len(data), match.end() + _CALL_LENGTH)
        line_end = data.find(b"\n", match.end(), end)
        for literal in _LITERAL.finditer(
            data, match.end(), end if line_end < 0 else line_end
        ):
            yield literal[literal.lastgroup or 0]
    for line in data.split(b"\n"):
        if b"'" in line and _QUERY.search(line):
            for match in _QUERY_LITERAL.finditer(line):
                yield match["value"]


def _is_masked(value: bytes) -> bool:
    if len(value) < SHORTEST or value.lower() in _KEYWORDS:
        return False
    if value.startswith((b"$", b"{{", b"<", b"%(")) or b"\0" in value:
        return False
    return _ADDRESS.match(value) is None


def _is_name(data: bytes, match: re.Match[bytes], value: bytes) -> bool:
    """Whether the value is a name of the program: no digit shows a value, nor a string."""
    if match["name" if "name" in match.re.groupindex else 0].isupper():
        return False
    if _IDENTIFIER.match(value) is None:
        return False
    start = data.rfind(b"\n", 0, match.start()) + 1
    before = data[max(start, match.start() - 400) : match.start()]
    is_comment = before.lstrip().startswith((b"#", b"//", b"*", b"--", b";"))
    in_string = any(before.count(quote) % 2 for quote in (b'"', b"'", b"`"))
    return not (is_comment or in_string or b" #" in before or b"//" in before)
