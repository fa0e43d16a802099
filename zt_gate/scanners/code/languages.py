"""Languages that have rules: their files, and how the engine parses them."""

from __future__ import annotations

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.syntax.text import script_head


@dataclass(frozen=True, slots=True)
class Language:
    """A family of files that share one set of rules.

    ``engine_names`` are the names of the language in a rule's ``languages``.
    ``extensions`` maps the extension of a file to the extension of its private copy:
    semgrep selects its parser by it, and skips files with unknown ones, such as ``.mts``.
    ``interpreters`` are the programs of ``#!`` lines.
    """

    name: str
    engine_names: frozenset[str]
    extensions: dict[bytes, str]
    interpreters: tuple[bytes, ...]


LANGUAGES = (
    Language(
        "python",
        frozenset(("python", "py", "python2", "python3")),
        {b"py": "py", b"pyw": "py", b"pyi": "py", b"py3": "py", b"wsgi": "py"},
        (b"python", b"pypy", b"uv", b"pipx"),
    ),
    Language("go", frozenset(("go", "golang")), {b"go": "go"}, ()),
    Language(
        "javascript",
        frozenset(("javascript", "js", "typescript", "ts")),
        {
            b"js": "js", b"jsx": "jsx", b"mjs": "js", b"cjs": "js", b"es6": "js",
            b"ts": "ts", b"tsx": "tsx", b"mts": "ts", b"cts": "ts",
        },
        (b"node", b"nodejs", b"bun", b"deno", b"tsx", b"ts-node", b"zx"),
    ),
)  # fmt: skip

# bun.lockb begins with a #! line so that running it prints it.  As a script it ends in its
# second line: that is an expression of names that are not defined.
_BINARY_LOCK = lazy_re.compile(rb"#![^\n]{1,100}\n[a-z]+-lockfile-format-v\d+\n")
_TYPESCRIPT_RUNNERS = (b"deno", b"tsx", b"ts-node")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is parsed: its language, and the extension of its private copy."""

    language: Language
    extension: str

    @property
    def title(self) -> str:
        """The name of the language for people."""
        if self.language.name == "javascript":
            return "TypeScript" if self.core_name == "ts" else "JavaScript"
        return self.language.name.capitalize()

    @property
    def core_name(self) -> str:
        """The name of the language for the option ``-l`` of the engine."""
        typescript = self.extension in {"ts", "tsx"}
        return "ts" if typescript else self.language.name


def by_name(path: bytes) -> Dialect | None:
    """Return the dialect of a file's extension, in upper or lower case, or None."""
    extension = _extension(path)
    for language in LANGUAGES:
        if extension in language.extensions:
            return Dialect(language, language.extensions[extension])
    return None


def by_likely_name(path: bytes, language: str | None) -> Dialect | None:
    """Return the dialect of a file that is judged only if it parses, or None.

    ``language`` is its name in ``syntax.source_languages``.  The file is a template, has
    an extension or a name of a tool, or only a line for an editor.
    """
    if by_name(path) is not None or _extension(path) in {b"pth", b"bzl"}:
        return None
    known = {"Python": "python", "Go": "go", "JavaScript": "javascript"}
    if language == "TypeScript":
        return Dialect(dialect_named("javascript").language, "ts")
    return dialect_named(known[language]) if language in known else None


def dialect_named(language: str) -> Dialect:
    """Return the dialect of the first extension of a language."""
    for candidate in LANGUAGES:
        if candidate.name == language:
            return _first_dialect(candidate)
    raise KeyError(language)


def _first_dialect(language: Language) -> Dialect:
    return Dialect(language, next(iter(language.extensions.values())))


def by_first_line(head: bytes) -> Dialect | None:
    """Return the dialect of the interpreter in a ``#!`` line, or None."""
    head = script_head(head[:1024])
    if not head or _BINARY_LOCK.match(head):
        return None
    words = head[2:512].split(b"\n", 1)[0].split()
    for word in words:
        program = word.rsplit(b"/", 1)[-1].rstrip(b"0123456789.")
        for language in LANGUAGES:
            if program not in language.interpreters:
                continue
            if program in _TYPESCRIPT_RUNNERS:
                return Dialect(language, "ts")
            return _first_dialect(language)
    return None


def may_hide_code(path: bytes) -> bool:
    """Whether the name has no extension, so that only the first line shows the language."""
    return not _extension(path)


def _extension(path: bytes) -> bytes:
    name = path.rsplit(b"/", 1)[-1]
    stem, dot, extension = name.rpartition(b".")
    return extension.lower() if dot and stem else b""
