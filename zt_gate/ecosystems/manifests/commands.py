"""What the commands in a shell text would install: pip, npm and their kin.

One table says which words begin an installation and how the rest of the
command reads.  What is no valid name, or is not known before the shell runs,
is left out: a command is no manifest, and nobody wants invented names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    normalise,
    valid_name,
)
from zt_gate.ecosystems.manifests.command_words import (
    MESSAGES,
    PLACEHOLDERS,
    PREFIXES,
    RUNNERS,
    STOP_WORDS,
)
from zt_gate.ecosystems.manifests.npm_spec import parse_spec
from zt_gate.ecosystems.manifests.tool_detection import InstallTool, detect_tool
from zt_gate.syntax.shell import Word, commands, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 4
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PROMPT = re.compile(
    r"[$>%#❯»➜]|[>]{3}|[-@]+|C:\\\S{0,100}>|\([\w.-]{1,50}\)|[\w.-]+@[\w.-]+[:$#]\S*"
)
# The name at the start of a word whose rest only the shell knows.
_HEAD_PYPI = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]{0,200}\])?\s*[=<>!~]=?"
)
_HEAD_NPM = re.compile(r"((?:@[A-Za-z0-9~-][\w.~-]*/)?[A-Za-z0-9~-][\w.~-]*)@")
# ``SomePackage1``, ``your_plugin``, ``PACKAGE``, ``pytest-NAME``.
_STAND_IN = re.compile(
    r"(?:some|your|my|other|another|the|this|that|new|any)[-_]?"
    r"(?:package|project|dependency|module|library|plugin|extension|app|tool|server|lib|distribution"
    r"|mcp[-_]server)s?[-_]?\w{0,3}\Z",
    re.IGNORECASE,
)
_WITH_OPTIONS = frozenset(("sudo", "env", "exec", "time"))
_SCREAMING = re.compile(r"(?:[a-z0-9-]{1,30}-)?[A-Z][A-Z_-]{2,}\Z")


@dataclass(frozen=True, slots=True)
class CommandPackage:
    """One package (or index) that a command names, with its span."""

    ecosystem: str
    name: str
    constraint: str
    source: Source
    start: int
    end: int
    section: str

    def to_dependency(self, place: tuple[int, int, int]) -> Dependency:
        """Return it as a dependency."""
        key = normalise(self.ecosystem, self.name)
        return Dependency(
            self.ecosystem,
            self.name,
            key,
            self.constraint,
            self.source,
            *place,
            self.section,
        )


def in_text(
    text: Text, start: int = 0, end: int | None = None, *, prose: bool = False
) -> list[Dependency]:
    """Return what a span of a file installs, each with its own place."""
    hits = in_span(text.content, start, end, prose=prose)
    return [hit.to_dependency(text.place(hit.start, hit.end)) for hit in hits]


def in_string(value: str, place: tuple[int, int, int]) -> list[Dependency]:
    """Return what a string that stands at ``place`` installs when a shell runs it."""
    return [hit.to_dependency(place) for hit in in_span(value)]


def in_words(
    values: Sequence[str | None], place: tuple[int, int, int]
) -> list[Dependency]:
    """Return what a command that is given as a list installs; None for an unknown word."""
    words = [Word(value or "$", 0, 0, literal=value is not None) for value in values]
    return [hit.to_dependency(place) for hit in in_command("", words, 0, prose=False)]


def in_span(
    content: str,
    start: int = 0,
    end: int | None = None,
    *,
    prose: bool = False,
    depth: int = 0,
) -> list[CommandPackage]:
    """Return what the commands in a span of ``content`` install."""
    found: list[CommandPackage] = []
    for command in commands(content, start, end):
        found += in_command(content, command.words, depth, prose=prose)
    return found


def in_command(
    content: str, words: Sequence[Word], depth: int, *, prose: bool
) -> Iterator[CommandPackage]:
    """Yield what one command installs."""
    rest = _without_prefixes(words)
    if not rest:
        return
    head = program(rest[0].text)
    if head in MESSAGES:
        return
    at = 0
    tool = detect_tool(rest)
    if tool is not None and tool.name == "uv run":  # which may itself run an installer
        yield from _installed(tool, rest[tool.name_words :], prose=prose)
        tool = None
    if tool is None and head in RUNNERS:
        if depth < _DEEPEST:
            for word in rest[1:]:
                if word.quoted is not None and " " in word.text:
                    yield from in_span(
                        content, *word.quoted, prose=prose, depth=depth + 1
                    )
                elif (
                    not content and " " in word.text
                ):  # a list: the words have no places
                    yield from in_span(word.text, prose=prose, depth=depth + 1)
        for at in range(1, min(len(rest), 40)):
            tool = detect_tool(rest[at:])
            if tool is not None:
                break
    if tool is not None:
        yield from _installed(tool, rest[at + tool.name_words :], prose=prose)


def _without_prefixes(words: Sequence[Word]) -> list[Word]:
    at = 0
    while at < len(words):
        text = words[at].text
        is_option = at and text.startswith("-") and words[at - 1].text in _WITH_OPTIONS
        if not (
            is_option
            or text in PREFIXES
            or _PROMPT.fullmatch(text)
            or _ASSIGNMENT.match(text)
        ):
            break
        at += 1
    rest = list(words[at:])
    if rest and rest[0].text[:1] in "@-" and len(rest[0].text) > 1:  # make's marks
        first = rest[0]
        text = first.text.lstrip("@-+")
        rest = [Word(text, first.end - len(text), first.end, first.literal), *rest[1:]]
    return rest


def _installed(
    tool: InstallTool, words: Sequence[Word], *, prose: bool
) -> Iterator[CommandPackage]:
    """Read the arguments of an installation."""
    section = f"command {tool.name}"
    taken = 0
    rest = iter(words)
    for word in rest:
        text = word.text
        if text == "--":
            continue
        if text.startswith("-") and len(text) > 1:
            option, mark, value = text.partition("=")
            target = (
                Word(value, word.end - len(value), word.end, word.literal)
                if mark
                else None
            )
            if option in tool.flags:
                continue
            if (
                option in tool.value_options
                or option in tool.package_options
                or option in tool.index_options
            ):
                target = target or next(rest, None)
            if target is None:
                continue
            if option in tool.package_options:
                taken += option in tool.requirement_options
                yield from _named(tool, target, section, prose=prose)
            elif (
                option in tool.index_options and target.literal and "://" in target.text
            ):
                source = Source("index", target.text)
                yield CommandPackage(
                    tool.ecosystem, "", "", source, target.start, target.end, option
                )
            continue
        if prose and (
            text.lower() in STOP_WORDS or program(text) in {"pip", "npm", "conda"}
        ):
            return
        if taken >= tool.max_packages:
            return
        taken += 1
        yield from _named(tool, word, section, prose=prose)
        if taken >= tool.max_packages and not tool.package_options:
            return


def _named(
    tool: InstallTool, word: Word, section: str, *, prose: bool
) -> Iterator[CommandPackage]:
    text = word.text.strip().rstrip(",") if prose else word.text.strip()
    if not text:
        return
    for piece in text.split(",") if tool.comma_separated else [text]:
        parsed = _parsed(tool, piece.strip(), literal=word.literal)
        if parsed is None:
            continue
        name, constraint, source = parsed
        if prose and not is_real_name(name):
            continue
        start, end = word.start, word.end
        inner = start + (1 if word.quoted is not None else 0)
        if name and text.startswith(name) and end - start >= len(name):
            start, end = inner, inner + len(name)
        yield CommandPackage(
            tool.ecosystem, name, constraint, source, start, end, section
        )


def _parsed(
    tool: InstallTool, text: str, *, literal: bool
) -> tuple[str, str, Source] | None:
    if tool.ecosystem == "pypi":
        return _pypi(text, literal=literal, at=tool.accepts_at_version)
    if tool.ecosystem == "npm":
        return _npm(tool, text, literal=literal)
    if not literal:
        return None
    name, _, version = text.partition(ecosystem_named(tool.ecosystem).version_sign)
    return (name, version, Source()) if valid_name(tool.ecosystem, name) else None


def _pypi(text: str, *, literal: bool, at: bool) -> tuple[str, str, Source] | None:
    if not literal:
        head = _HEAD_PYPI.match(text)
        return (head[1], "", Source()) if head and valid_name("pypi", head[1]) else None
    from zt_gate.ecosystems.manifests import pep508

    constraint = ""
    if (
        at and "@" in text and "://" not in text and "git+" not in text
    ):  # ``ruff@latest``
        text, _, constraint = text.partition("@")
    address = "://" in text or text.startswith("git+")
    if not address and (not _REQUIREMENT.match(text) or text.lower().endswith(_FILES)):
        return None
    try:
        name, _, written, source = pep508.parse(text, 0)
    except ManifestError:
        return None
    if source.kind == "path" or (not name and source.kind == "registry"):
        return None
    return name, written or constraint, source


_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?![/\\])")
_FILES = (
    ".txt",
    ".whl",
    ".gz",
    ".zip",
    ".py",
    ".toml",
    ".cfg",
    ".in",
    ".lock",
    ".tgz",
    ".yml",
)


def _npm(
    tool: InstallTool, text: str, *, literal: bool
) -> tuple[str, str, Source] | None:
    if not literal:
        head = _HEAD_NPM.match(text)
        return (head[1], "", Source()) if head and valid_name("npm", head[1]) else None
    if text.lower().startswith("npm:"):
        text = text[4:].lstrip("/")
    elif tool.name.startswith("deno"):
        return None
    at = text.find("@", 1)
    name, version = (text, "") if at < 0 else (text[:at], text[at + 1 :])
    if "/" in name and not name.startswith("@"):
        name, version = "", text
    if tool.name.startswith("deno") or tool.max_packages == 1:
        name = (
            "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
            if name
            else name
        )
    real, constraint, source = parse_spec(name, version)
    if source.kind == "path" or (
        source.kind == "registry" and not valid_name("npm", real)
    ):
        return None
    if tool.is_create:
        real = _created(real)
    return real, constraint, source


def _created(name: str) -> str:
    """Return the package that ``npm create NAME`` runs."""
    scope, slash, rest = name.rpartition("/")
    if name.startswith("@") and not slash:
        return f"{name}/create"
    return f"{scope}{slash}create-{rest}"


def is_real_name(name: str) -> bool:
    """Say whether a name in prose is meant as one, and not as a stand-in for one."""
    if name.lower() in PLACEHOLDERS:
        return False
    return not _SCREAMING.match(name) and not _STAND_IN.match(name)
