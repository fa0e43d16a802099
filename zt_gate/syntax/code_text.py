"""Reader for source text of any language: which characters are code, strings or comments.

Not a parser: one pass of lexemes, by the family of the language.  ``view`` has the length
of the text; comments are blank there, and so are strings, except short ones of plain words
such as ``"/bin/sh"`` or ``"base64"``.  What a pattern finds in the view therefore stands in
executed code, not in a text that the code contains.
"""

from __future__ import annotations

import re
from functools import lru_cache

from zt_gate import lazy_re
from zt_gate.record import dataclass

_HASH_COMMENT = r"\#[^\n]*"
_SLASH_COMMENT = r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
_DASH_COMMENT = r"--[^\n]*"
_SEMICOLON_COMMENT = r";[^\n]*"
_TRIPLE = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?|' + r"'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"
)
_DOUBLE = r'"(?:[^"\\\n]|\\.)*+"'
_SINGLE = r"'(?:[^'\\\n]|\\.)*+'"
_DOUBLE_LINES = r'"(?:[^"\\]|\\.)*+"'
_SINGLE_LINES = r"'(?:[^'\\]|\\.)*+'"
_BACKTICK = r"`(?:[^`\\]|\\.)*+`"
_RAW_BACKTICK = r"`[^`]*+`"
_LUA_LONG = r"\[\[(?:[^\]]|\](?!\]))*+(?:\]\])?"
_REGEX = (
    r"(?<=[=(,:!&|?;\[])[ \t]*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/"
)
_CHAR = r"'(?:[^'\\\n]|\\[^\n]{1,8})'"

#: Lexemes of each family, comments first.
_FAMILIES = {
    "python": (_HASH_COMMENT, f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}"),
    "javascript": (_SLASH_COMMENT, f"{_DOUBLE}|{_SINGLE}|{_BACKTICK}|{_REGEX}"),
    "c": (_SLASH_COMMENT, f"{_TRIPLE}|{_DOUBLE}|{_CHAR}"),
    "go": (_SLASH_COMMENT, f"{_DOUBLE}|{_RAW_BACKTICK}|{_CHAR}"),
    "groovy": (_SLASH_COMMENT, f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}"),
    "php": (f"{_HASH_COMMENT}|{_SLASH_COMMENT}", f"{_DOUBLE_LINES}|{_SINGLE_LINES}"),
    "perl": (rf"(?:^|(?<=\s)){_HASH_COMMENT}", f"{_DOUBLE_LINES}|{_SINGLE_LINES}"),
    "ruby": (_HASH_COMMENT, f"{_DOUBLE_LINES}|{_SINGLE_LINES}"),
    "lua": (_DASH_COMMENT, f"{_LUA_LONG}|{_DOUBLE}|{_SINGLE}"),
    "powershell": (
        r"<\#(?:[^#]|\#(?!>))*+(?:\#>)?|" + _HASH_COMMENT,
        f"{_DOUBLE_LINES}|{_SINGLE_LINES}",
    ),
    "awk": (_HASH_COMMENT, _DOUBLE),
    "lisp": (_SEMICOLON_COMMENT, _DOUBLE_LINES),
}
_OF_LANGUAGE = {
    "Python": "python", "Cython": "python", "Starlark": "python", "Mojo": "python",
    "JavaScript": "javascript", "TypeScript": "javascript", "Vue": "javascript",
    "Svelte": "javascript", "Astro": "javascript", "CoffeeScript": "javascript",
    "Go": "go", "Groovy": "groovy", "Kotlin": "groovy", "Scala": "groovy", "Dart": "groovy",
    "PHP": "php", "Hack": "php", "Perl": "perl", "Raku": "perl", "Ruby": "ruby",
    "Crystal": "ruby", "Elixir": "ruby", "ERB": "ruby", "Lua": "lua", "PowerShell": "powershell",
    "AWK": "awk", "Tcl": "perl", "R": "python", "Julia": "python", "Nim": "python",
}  # fmt: skip
_PLAIN_STRING = lazy_re.compile(r"[\w ./:+@*-]{0,64}")


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """One string of the source: its text as written, and the offsets of its contents."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CodeText:
    """A source text, its view, and its strings in order."""

    text: str
    view: str
    strings: tuple[StringLiteral, ...]


def family(language: str) -> str:
    """Return the family of a language as ``source_languages`` names it."""
    return _OF_LANGUAGE.get(language, "c")


def read(text: str, family_name: str) -> CodeText:
    """Separate code, strings and comments; the time is linear in the length."""
    parts: list[str] = []
    strings: list[StringLiteral] = []
    position = 0
    for match in _lexemes(family_name).finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        lexeme = match[0]
        if match.lastgroup == "comment":
            parts.append(re.sub(r"[^\n]", " ", lexeme))
            continue
        quote = _quote_length(lexeme)
        content = lexeme[quote : len(lexeme) - quote]
        start = match.start() + quote
        strings.append(StringLiteral(content, start, start + len(content)))
        if _PLAIN_STRING.fullmatch(content) is None:
            content = re.sub(r"[^\n]", "\x00", content)
        parts.append(lexeme[:quote] + content + lexeme[len(lexeme) - quote :])
    parts.append(text[position:])
    return CodeText(text, "".join(parts), tuple(strings))


def _quote_length(lexeme: str) -> int:
    stripped = lexeme.lstrip(" \t")
    lead = len(lexeme) - len(stripped)
    if stripped[:3] in {'"""', "'''"}:
        return min(3, len(lexeme) // 2)
    if stripped[:2] == "[[":
        return min(2, len(lexeme) // 2)
    return min(lead + 1, len(lexeme) // 2)


@lru_cache(32)
def _lexemes(family_name: str) -> re.Pattern[str]:
    comment, string = _FAMILIES.get(family_name, _FAMILIES["c"])
    return re.compile(
        f"(?P<comment>{comment})|(?P<string>{string})", re.DOTALL | re.MULTILINE
    )
