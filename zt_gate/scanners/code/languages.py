"""Which files hold code that there are rules for, and how the engine is to take them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A family of files that share one set of rules.

    ``engine_names`` are what a rule's ``languages`` may say to belong to it.
    ``extensions`` maps a file's extension to the one that the private copy
    gets: semgrep chooses its parser by it and passes over those that it does
    not know (``.mts``, say).
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

_TYPESCRIPT_RUNNERS = (b"deno", b"tsx", b"ts-node")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is taken: its language, and the extension of its private copy."""

    language: Language
    extension: str

    @property
    def core_name(self) -> str:
        """The name that the engine itself gives the language."""
        typescript = self.extension in {"ts", "tsx"}
        return "ts" if typescript else self.language.name


def by_name(path: bytes) -> Dialect | None:
    """Return the dialect that the file's extension names, in upper or lower case, or None."""
    extension = _extension(path)
    for language in LANGUAGES:
        if extension in language.extensions:
            return Dialect(language, language.extensions[extension])
    return None


def dialect_named(language: str) -> Dialect:
    """Return the plainest dialect of a language of that name."""
    found = next(known for known in LANGUAGES if known.name == language)
    return Dialect(found, next(iter(found.extensions.values())))


def by_first_line(head: bytes) -> Dialect | None:
    """Return the dialect of the interpreter that a ``#!`` line starts, or None."""
    if not head.startswith(b"#!"):
        return None
    words = head[2:512].split(b"\n", 1)[0].split()
    for word in words:
        program = word.rsplit(b"/", 1)[-1].rstrip(b"0123456789.")
        for language in LANGUAGES:
            if program in language.interpreters:
                kind = language.name == "javascript" and program in _TYPESCRIPT_RUNNERS
                return Dialect(
                    language, "ts" if kind else next(iter(language.extensions.values()))
                )
    return None


def may_hide_code(path: bytes) -> bool:
    """Whether the name says so little that only the first line can tell what the file is."""
    return not _extension(path)


def _extension(path: bytes) -> bytes:
    name = path.rsplit(b"/", 1)[-1]
    stem, dot, extension = name.rpartition(b".")
    return extension.lower() if dot and stem else b""
