"""Splits a part of a page into sentences of words and special tokens, with their places.

Special tokens are recognized by their form in every language: addresses, files that hold
secrets, names of variables that do, scripts and commands.  Names of code are no words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection.act_words import fold
from zt_gate.scanners.injection.tokenize import CJK

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words of a sentence; what follows is another one.
_MAX_WORDS = 70
_URL = (
    r"https?://(?!localhost|127\.|0\.0\.0\.0|\[::1)[A-Za-z0-9$%{}\[\]._~:/?#@!&+,;=*-]+"
)
_STORE = (
    r"(?:[A-Za-z0-9_~$.-]*/)*\.env(?:\.(?:local|production|prod|development))?"
    r"(?![A-Za-z0-9_-]|\.(?:example|sample|template|dist|test))"
    r"|(?:~|\$HOME|/root|/home/\w+|%USERPROFILE%)?[/\\]?\.(?:ssh|aws|kube|gnupg)(?![A-Za-z0-9])(?:[/\\][A-Za-z0-9_.-]*)?"
    r"|\bid_(?:rsa|ed25519|ecdsa)\b(?!\.pub)|[~/\w.]{0,40}\.(?:npmrc|netrc|pypirc|git-credentials|pgpass)\b"
    r"|/etc/(?:passwd|shadow)\b|\b(?:secrets?|credentials)\.(?:ya?ml|json|toml|txt|env)\b"
    r"|[~/\w.-]{0,40}hosts\.yml|\bprintenv\b|(?:~|\.)[/\w.]{0,40}/mcp\.json"
    r"|(?<=[\s|;`'\"])env\s\||\bprocess\.env\b|\bos\.environ\b"
)
#: What announces a special token, its role, and its form.
_SPECIALS = (
    (("http",), "outside", lazy_re.compile(_URL)),
    (
        ("@",),
        "outside",
        lazy_re.compile(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    ),
    (
        ("0x", "bc1", "dns.", "+1", "+4"),
        "outside",
        lazy_re.compile(
            r"\b0x[0-9A-Fa-f]{8,}\b|\bbc1[a-z0-9]{6,}\b|\bdns\.[\w-]+\.\w+|\+[0-9]{10,13}\b"
        ),
    ),
    (
        (".env", ".ssh", ".aws", ".kube", ".gnupg", "id_", "rc", "git-cred", "/etc/",
         "secret", "credentials.", "hosts.yml", "printenv", "mcp.json", "env |", "environ"),
        "file",
        lazy_re.compile(_STORE),
    ),
    (
        ("_TOKEN", "_KEY", "_SECRET", "_PASS", "_CRED", "_PAT"),
        "named",
        lazy_re.compile(
            r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PAT)(?![A-Za-z0-9])"
        ),
    ),
    (
        ("_token", "_key", "_secret", "_password", "_credential"),
        "secret",
        lazy_re.compile(
            r"(?<![A-Za-z0-9_])(?:access|auth|api|refresh|integration|session|bot|deploy|user|private)"
            r"_(?:tokens?|keys?)|(?<![A-Za-z0-9_])[a-z_]{2,40}_(?:secrets?|passwords?|credentials)\b"
        ),
    ),
    (
        ("curl", "wget", "npm i", "npx", "pip install"),
        "remote",
        lazy_re.compile(
            r"\b(?:curl|wget)\b[^`\n|]{3,160}\|\s?(?:sudo )?(?:ba|z)?sh\b"
            r"|\b(?:npm i(?:nstall)?|npx)\s[^`\n]{0,40}(?:github:|git\+|https?:)[^`\s]+"
            r"|\bpip3? install [^`\n]{0,40}(?:git\+|https?:)[^`\s]+"
        ),
    ),
    (
        (".sh", ".ps1", ".bat", ".cmd", ".exe", ".bash", "scripts/", "<script"),
        "program",
        lazy_re.compile(
            r"(?<![\w/.-])[A-Za-z0-9_./~-]{1,80}\.(?:sh|bash|ps1|bat|cmd|exe)(?![A-Za-z0-9])"
            r"|<script\b[^>\n]{0,160}>|\bscripts/[\w./-]+"
        ),
    ),
    (
        ("`",),
        "program",
        lazy_re.compile(
            r"(?<=`)(?:curl|wget|npm|npx|pip|pipx|uvx|bash|sh|python3?|node|sudo|git|chmod"
            r"|rm|cat|gh|docker|aws)\s[^`\n]{2,160}(?=`)"
        ),
    ),
    (
        ("utoApprove", "ypassPermissions", "skip-permissions", "--yolo"),
        "approval",
        lazy_re.compile(
            r"[\w.]*[aA]utoApprove\w*|[bB]ypassPermissions|--dangerously-skip-permissions|--yolo"
        ),
    ),
)  # fmt: skip
_HARD = (
    r"(?P<hard>[.!?;](?=[\s\"')\]*_<]|$)|[。！？]|\n[^\w\n]*\n|[{}=]|\",|\"[ \t]*\n|->|\)[:;]"
    # Keys of YAML, cells of a table and the targets of links begin something else.
    r"|\]\("
    r"|\n[ \t]*(?:- )?(?=[A-Za-z][\w-]{0,40}:(?:[ \t\n]|$))"
    r"|(?:(?<=\n)|(?<=[ \t]))\|(?=[ \t\n])|</\w+>\s*\n|\\n\\n)"
)
_SOFT = (
    r"(?P<escape>\\[nrt])|(?P<comma>[，、,])"
    r"|(?P<soft>[:;（）\"“”«»`>|]|'(?!\w)|(?<!\w)'"
    r"|\n[ \t]*(?:[#/*]*[ \t]*)?(?:[-*+•]|[0-9]{1,2}[.)])[ \t]| [-–—] )"
)
#: A name of code: joined with "_" or ".", or called.  It is no word.
_CODE = (
    r"(?P<code>[A-Za-z0-9]*_\w+|[A-Za-z]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z]\w*(?=[(\[]))"
)
_ASCII = lazy_re.compile(rf"{_CODE}|(?P<word>[A-Za-z0-9]+(?:'t\b)?)|{_HARD}|{_SOFT}")
_ANY = lazy_re.compile(
    rf"(?P<cjk>[{CJK}])|{_CODE.replace(chr(92) + 'w', '[A-Za-z0-9_]')}"
    rf"|(?P<word>[^\W_{CJK}]+(?:['’]t\b)?)|{_HARD}|{_SOFT}"
)


_WORDS = frozenset(("word", "cjk"))
_OPENING = frozenset(("soft", "comma"))
_ROLES = frozenset(role for _, role, _ in _SPECIALS)


class Token(NamedTuple):
    """A word, or a special token with its role.

    ``opens`` says that a clause begins here.
    """

    text: str
    role: str
    start: int
    end: int
    opens: bool


class Sentence(NamedTuple):
    """The tokens of one sentence, and whether it is a question."""

    tokens: list[Token]
    is_question: bool


def sentences(text: str, offset: int = 0) -> Iterator[Sentence]:
    """Yield the sentences of a text; ``offset`` is added to the places of their tokens."""
    tokens: list[Token] = []
    opens = True
    for kind, start, end in _pieces(text):
        if kind == "hard" or len(tokens) >= _MAX_WORDS:
            if tokens:
                yield Sentence(tokens, is_question=text[start] in "?？")
            tokens = []
            opens = True
        if kind in _WORDS:
            word = _folded(text[start:end])
            tokens.append(Token(word, "", start + offset, end + offset, opens))
            opens = False
        elif kind in _OPENING:
            if text[start] == "、":
                tokens.append(Token("、", "", start + offset, end + offset, True))  # noqa: FBT003
            opens = True
        elif kind == "code":
            opens = False
        elif kind in _ROLES:
            special = Token(text[start:end], kind, start + offset, end + offset, opens)
            tokens.append(special)
            opens = False
    if tokens:
        yield Sentence(tokens, is_question=False)


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of the pieces of a text; a special token has its role."""
    pattern = _ASCII if text.isascii() else _ANY
    position = 0
    for start, end, role in (*_specials(text), (len(text), len(text), "")):
        for match in pattern.finditer(text, position, start):
            yield match.lastgroup or "", match.start(), match.end()
        if role:
            yield role, start, end
        position = end


def _specials(text: str) -> list[tuple[int, int, str]]:
    """Return the special tokens of a text, in order, without overlaps."""
    found: list[tuple[int, int, str]] = []
    for hints, role, pattern in _SPECIALS:
        if any(hint in text for hint in hints):
            found += [(*match.span(), role) for match in pattern.finditer(text)]
    if len(found) < 2:
        return found
    found.sort()
    kept = found[:1]
    for one in found[1:]:
        if one[0] >= kept[-1][1]:
            kept.append(one)
    return kept


def _folded(text: str) -> str:
    word = text.lower()
    if word.isascii() and word.isalnum():
        return word
    return fold(word).replace("'", "")
