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
        (".env",),
        "file",
        lazy_re.compile(
            r"(?:[A-Za-z0-9_~$.-]{1,40}/){0,6}\.env(?:\.(?:local|production|prod|development))?"
            r"(?![A-Za-z0-9_-]|\.(?:example|sample|template|dist|test))"
        ),
    ),
    (
        (".ssh", ".aws", ".kube", ".gnupg"),
        "file",
        lazy_re.compile(
            r"(?:~|\$HOME|/root|/home/\w{1,40}|%USERPROFILE%)?[/\\]?\.(?:ssh|aws|kube|gnupg)"
            r"(?![A-Za-z0-9])(?:[/\\][A-Za-z0-9_.-]*)?"
        ),
    ),
    (
        ("id_rsa", "id_ed25519", "id_ecdsa"),
        "file",
        lazy_re.compile(r"\bid_(?:rsa|ed25519|ecdsa)\b(?!\.pub)"),
    ),
    (
        (".npmrc", ".netrc", ".pypirc", ".git-credentials", ".pgpass"),
        "file",
        lazy_re.compile(
            r"(?:[~\w.]{1,40}/){0,4}\.(?:npmrc|netrc|pypirc|git-credentials|pgpass)\b"
        ),
    ),
    (
        ("/etc/", "secret.", "secrets.", "credentials.", "hosts.yml", "printenv", "env |",
         "mcp.json"),
        "file",
        lazy_re.compile(
            r"/etc/(?:passwd|shadow)\b|\b(?:secrets?|credentials)\.(?:ya?ml|json|toml|txt|env)\b"
            r"|(?:[~\w.-]{1,40}/){0,4}hosts\.yml|\bprintenv\b|(?<=[\s|;`'\"])env\s\|"
            r"|(?:~|\.)[/\w.]{0,40}/mcp\.json"
        ),
    ),
    (
        ("process.env", "os.environ"),
        "named",
        lazy_re.compile(r"\b(?:process\.env|os\.environ)\b(?![.\[])"),
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
        ("ettings.json", "mcp.json", "bashrc", "zshrc", ".git/hooks"),
        "config",
        lazy_re.compile(
            r"[~/\w.-]{0,60}\.(?:vscode|claude|cursor|gemini|copilot)/[\w./-]{0,40}\.json"
            r"|~/\.(?:bash|zsh)rc|\.git/hooks(?:/[\w-]+)?"
        ),
    ),
    (
        ("nslookup", "ping -", "dig ", "<img src", "![", "subdomain"),
        "beacon",
        lazy_re.compile(
            r"\b(?:nslookup|ping -c ?\d|dig)\s[^\n`]{0,60}[<>$)(}{][^\n`]{0,20}\.[\w.-]+"
            r"|<img src=\\?[\"']{0,2}https?:[^>\n]{0,200}|!\[[^\]\n]{0,60}\]\(https?:[^)\n]{0,200}"
        ),
    ),
    (
        ("<script",),
        "planted",
        lazy_re.compile(r"<script[^>\n]{0,60}src=\\?[\"']https?:[^>\n]{0,160}"),
    ),
    (
        ("http",),
        "slot",
        lazy_re.compile(
            r"https?://[^\s\"'`<>)]{4,120}(?:[?&/=](?:[{<][a-z_. ]{2,30}[}>]|[A-Z]{3,12}\b|\.{3}|…)"
            r"|[?&][a-z]{1,9}=(?=[\s\"'`,.;)。，]|$))"
        ),
    ),
    (
        ("base64",),
        "remote",
        lazy_re.compile(r"base64 -+[dD]\w*\s*\|\s*(?:sudo )?(?:ba|z)?sh\b"),
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
    r"(?P<hard>[.!?;](?=[\s\"')\]*_<]|$)|[。！？]|\n[^\w\n]*\n|[{}=\0]|\",|\"[ \t]*\n|->|\)[:;]"
    # Keys of YAML, cells of a table and the targets of links begin something else.
    r"|\]\("
    r"|\n[ \t]*(?:- )?(?=[A-Za-z][\w-]{0,40}:(?:[ \t\n]|$))"
    r"|(?:(?<=\n)|(?<=[ \t]))\|(?=[ \t\n])|</\w+>\s*\n|\\n\\n"
    # So does each item of a list.
    r"|\n[ \t]{0,80}(?:[#/*]{1,8}[ \t]{0,8})?(?:[-*+•]|[0-9]{1,2}[.)])[ \t])"
)
_SOFT = (
    r"(?P<escape>\\[nrt])|(?P<comma>[，、,])"
    r"|(?P<soft>[:;（）\"“”«»`>|]|'(?!\w)|(?<!\w)'"
    r"| [-–—] )"
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


#: What a clause begins after.
AFTER_COMMA = 1
AFTER_MARK = 2
_WORDS = frozenset(("word", "cjk"))
_OPENING = frozenset(("soft", "comma"))
_STRONG = frozenset(("remote", "slot", "beacon", "config", "planted"))
_ROLES = frozenset(role for _, role, _ in _SPECIALS)


class Token(NamedTuple):
    """A word, or a special token with its role.

    ``opens`` says that a clause begins here: 1 after a comma, 2 elsewhere.
    """

    text: str
    role: str
    start: int
    end: int
    opens: int


class Sentence(NamedTuple):
    """The tokens of one sentence, and whether it is a question."""

    tokens: list[Token]
    is_question: bool


def sentences(text: str, offset: int = 0) -> Iterator[Sentence]:
    """Yield the sentences of a text; ``offset`` is added to the places of their tokens."""
    tokens: list[Token] = []
    opens = AFTER_MARK
    for kind, start, end in _pieces(text):
        if kind == "hard" or len(tokens) >= _MAX_WORDS:
            if tokens:
                yield Sentence(tokens, is_question=text[start] in "?？")
            tokens = []
            opens = AFTER_MARK
        if kind in _WORDS:
            if (
                opens
                and text[end : end + 1] == "-"
                and text[end + 1 : end + 2].isalnum()
            ):
                opens = 0
            word = _folded(text[start:end])
            tokens.append(Token(word, "", start + offset, end + offset, opens))
            opens = 0
        elif kind in _OPENING:
            if text[start] == "、":
                tokens.append(Token("、", "", start + offset, end + offset, AFTER_MARK))
            opens = max(opens, AFTER_COMMA if kind == "comma" else AFTER_MARK)
        elif kind == "code":
            opens = 0
        elif kind in _ROLES:
            special = Token(text[start:end], kind, start + offset, end + offset, opens)
            tokens.append(special)
            opens = 0
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
    found.sort(key=_preferred)
    kept = found[:1]
    for one in found[1:]:
        if one[0] >= kept[-1][1]:
            kept.append(one)
    return kept


def _preferred(special: tuple[int, int, str]) -> tuple[int, bool, int, str]:
    """Order special tokens by place; of several there, the one that says most is first."""
    start, end, role = special
    return start, role not in _STRONG, end, role


def _folded(text: str) -> str:
    word = text.lower()
    if word.isascii() and word.isalnum():
        return word
    return fold(word).replace("'", "")
