"""Packages that shell commands install, with pip, npm and similar tools.

The ecosystems' tables define which words start an installation and how the arguments
are read.  Invalid names, and names that only the shell can compute, are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate import lazy_re
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
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, split_version
from zt_gate.ecosystems.manifests.tool_detection import detect_tool
from zt_gate.syntax.shell import Word, commands, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.install_tool import InstallTool
    from zt_gate.ecosystems.manifests.base import Place

_DEEPEST = 4
_ASSIGNMENT = lazy_re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PROMPT = lazy_re.compile(
    r"[$>%#❯»➜]|[>]{3}|[-@]+|C:\\\S{0,100}>|\([\w.-]{1,50}\)|[\w.-]+@[\w.-]+[:$#]\S*"
)
# The name at the start of a word whose remainder only the shell can compute.
_HEAD_PYPI = lazy_re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]{0,200}\])?\s*[=<>!~]=?"
)
_HEAD_NPM = lazy_re.compile(r"((?:@[A-Za-z0-9~-][\w.~-]*/)?[A-Za-z0-9~-][\w.~-]*)@")
# ``SomePackage1``, ``your_plugin``, ``PACKAGE``, ``pytest-NAME``.
_GENERIC_NAME = lazy_re.compile(
    r"(?:some|your|my|other|another|the|this|that|new|any)[-_]?"
    r"(?:package|project|dependency|module|library|plugin|extension|app|tool|server|lib|distribution"
    r"|mcp[-_]server)s?[-_]?\w{0,3}\Z",
    re.IGNORECASE,
)
_PREFIXES_WITH_OPTIONS = frozenset(("sudo", "env", "exec", "time"))
_OTHER_COMMANDS = frozenset(("pip", "npm", "conda"))
_MAX_RUNNER_WORDS = 40
_PYPI_NAME = lazy_re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?![/\\])")
_FILE_SUFFIXES = (
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
_UPPER_CASE_PLACEHOLDER = lazy_re.compile(r"(?:[a-z0-9-]{1,30}-)?[A-Z][A-Z_-]{2,}\Z")


@dataclass(frozen=True, slots=True)
class CommandPackage:
    """A package or an index that a command names, with the offsets of its word."""

    ecosystem: str
    name: str
    constraint: str
    source: Source
    start: int
    end: int
    section: str

    def to_dependency(self, place: Place) -> Dependency:
        """Return the package as a dependency at ``place``."""
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
    """Return what the commands in a span of a file install, each with its own place.

    ``prose``: the span is documentation, so placeholders and English text are skipped.
    """
    packages = in_span(text.content, start, end, prose=prose)
    return [
        package.to_dependency(text.place(package.start, package.end))
        for package in packages
    ]


def in_string(value: str, place: Place) -> list[Dependency]:
    """Return what a string at ``place`` installs when a shell runs it."""
    return [package.to_dependency(place) for package in in_span(value)]


def in_words(values: Sequence[str | None], place: Place) -> list[Dependency]:
    """Return what a command given as a list of words installs; None is an unknown word."""
    words = [Word(value or "$", 0, 0, literal=value is not None) for value in values]
    packages = in_command("", words, 0, prose=False)
    return [package.to_dependency(place) for package in packages]


def in_span(
    content: str,
    start: int = 0,
    end: int | None = None,
    *,
    prose: bool = False,
    depth: int = 0,
) -> list[CommandPackage]:
    """Return what the commands in a span of ``content`` install."""
    packages: list[CommandPackage] = []
    for command in commands(content, start, end):
        packages += in_command(content, command.words, depth, prose=prose)
    return packages


def in_command(
    content: str, words: Sequence[Word], depth: int, *, prose: bool
) -> Iterator[CommandPackage]:
    """Yield what one command installs, ``depth`` levels below the file's own text."""
    words = _without_prefixes(words)
    if not words:
        return
    head = program(words[0].text)
    if head in MESSAGES:
        return
    tool_at = 0
    tool = detect_tool(words)
    if tool is not None and tool.name == "uv run":
        # ``uv run`` installs packages itself and may run another installer.
        yield from _arguments(tool, words[tool.name_words :], prose=prose)
        tool = None
    if tool is None and head in RUNNERS:
        if depth < _DEEPEST:
            yield from _quoted_commands(content, words[1:], depth, prose=prose)
        for tool_at in range(1, min(len(words), _MAX_RUNNER_WORDS)):
            tool = detect_tool(words[tool_at:])
            if tool is not None:
                break
    if tool is not None:
        yield from _arguments(tool, words[tool_at + tool.name_words :], prose=prose)


def _quoted_commands(
    content: str, words: Sequence[Word], depth: int, *, prose: bool
) -> Iterator[CommandPackage]:
    """Yield what commands in quoted arguments install, as in ``bash -c "…"``."""
    for word in words:
        if " " not in word.text:
            continue
        if word.quoted is not None:
            yield from in_span(content, *word.quoted, prose=prose, depth=depth + 1)
        elif not content:  # the words of a list have no offsets
            yield from in_span(word.text, prose=prose, depth=depth + 1)


def _without_prefixes(words: Sequence[Word]) -> list[Word]:
    """Return a command without prompts, assignments, ``sudo`` and the like before it."""
    first = 0
    while first < len(words) and _is_prefix(words, first):
        first += 1
    command = list(words[first:])
    if not command:
        return command
    program_word = command[0]
    if program_word.text[:1] in "@-" and len(program_word.text) > 1:  # make's prefixes
        text = program_word.text.lstrip("@-+")
        start = program_word.end - len(text)
        command[0] = Word(text, start, program_word.end, program_word.literal)
    return command


def _is_prefix(words: Sequence[Word], position: int) -> bool:
    text = words[position].text
    if text in PREFIXES or _PROMPT.fullmatch(text) or _ASSIGNMENT.match(text):
        return True
    previous = words[position - 1].text if position else ""
    return text.startswith("-") and previous in _PREFIXES_WITH_OPTIONS


def _arguments(
    tool: InstallTool, words: Sequence[Word], *, prose: bool
) -> Iterator[CommandPackage]:
    """Yield the packages and indexes among the arguments of an installation."""
    section = f"command {tool.name}"
    package_count = 0
    remaining = iter(words)
    for word in remaining:
        text = word.text
        if text == "--":
            continue
        if text.startswith("-") and len(text) > 1:
            option, value = _option(tool, word, remaining)
            if value is None:
                continue
            if option in tool.package_options:
                # ``--from NAME`` takes the place of the first argument.
                package_count += option in tool.requirement_options
                yield from _packages(tool, value, section, prose=prose)
            elif option in tool.index_options:
                yield from _index(tool, value, option)
            continue
        if prose and _ends_command(text):
            return
        if package_count >= tool.max_packages:
            return
        package_count += 1
        yield from _packages(tool, word, section, prose=prose)
        if package_count >= tool.max_packages and not tool.package_options:
            return


def _option(
    tool: InstallTool, word: Word, remaining: Iterator[Word]
) -> tuple[str, Word | None]:
    """Return an option and its value, None for a flag; takes the value from ``remaining``."""
    option, equals, value = word.text.partition("=")
    if option in tool.flags:
        return option, None
    if equals:
        return option, Word(value, word.end - len(value), word.end, word.literal)
    takes_value = (
        option in tool.value_options
        or option in tool.package_options
        or option in tool.index_options
    )
    return option, next(remaining, None) if takes_value else None


def _index(tool: InstallTool, value: Word, option: str) -> Iterator[CommandPackage]:
    if value.literal and "://" in value.text:
        source = Source("index", value.text)
        yield CommandPackage(
            tool.ecosystem, "", "", source, value.start, value.end, option
        )


def _ends_command(text: str) -> bool:
    """Return whether a word in prose belongs to the text after a command."""
    return text.lower() in STOP_WORDS or program(text) in _OTHER_COMMANDS


def _packages(
    tool: InstallTool, word: Word, section: str, *, prose: bool
) -> Iterator[CommandPackage]:
    """Yield the packages of one argument; some tools take several, with commas."""
    text = word.text.strip()
    if prose:
        text = text.rstrip(",")
    if not text:
        return
    specs = text.split(",") if tool.comma_separated else [text]
    for spec in specs:
        parsed = _parsed(tool, spec.strip(), literal=word.literal)
        if parsed is None:
            continue
        name, constraint, source = parsed
        if prose and not is_real_name(name):
            continue
        start, end = _name_span(word, text, name)
        yield CommandPackage(
            tool.ecosystem, name, constraint, source, start, end, section
        )


def _name_span(word: Word, text: str, name: str) -> tuple[int, int]:
    """Return the offsets of a name in its word, of the whole word if it is elsewhere."""
    is_at_start = bool(name) and text.startswith(name)
    if not is_at_start or word.end - word.start < len(name):
        return word.start, word.end
    quote_width = 1 if word.quoted is not None else 0
    start = word.start + quote_width
    return start, start + len(name)


def _parsed(
    tool: InstallTool, text: str, *, literal: bool
) -> tuple[str, str, Source] | None:
    """Return name, constraint and source of a package argument, None for any other."""
    if tool.ecosystem == "pypi":
        return _pypi(tool, text) if literal else _computed("pypi", _HEAD_PYPI, text)
    if tool.ecosystem == "npm":
        return _npm(tool, text) if literal else _computed("npm", _HEAD_NPM, text)
    version_sign = ecosystem_named(tool.ecosystem).version_sign
    name, sign, version = text.partition(version_sign)
    if not literal:
        if not sign:
            return None
        version = ""  # computed, as in NAME@$(VERSION)
    elif tool.needs_version and not version:
        return None
    return (name, version, Source()) if valid_name(tool.ecosystem, name) else None


def _computed(
    ecosystem: str, name_pattern: re.Pattern[str], text: str
) -> tuple[str, str, Source] | None:
    """Return the literal name at the start of a word whose version is computed."""
    head = name_pattern.match(text)
    if head is None or not valid_name(ecosystem, head[1]):
        return None
    return head[1], "", Source()


def _pypi(tool: InstallTool, text: str) -> tuple[str, str, Source] | None:
    from zt_gate.ecosystems.manifests import pep508

    at_version = ""
    is_address = "://" in text or "git+" in text
    if tool.accepts_at_version and "@" in text and not is_address:  # ``ruff@latest``
        text, _, at_version = text.partition("@")
    if "://" not in text and not text.startswith("git+"):
        is_file = text.lower().endswith(_FILE_SUFFIXES)
        if is_file or not _PYPI_NAME.match(text):
            return None
    try:
        name, _, constraint, source = pep508.parse(text, 0)
    except ManifestError:
        return None
    if source.kind == "path" or (not name and source.kind == "registry"):
        return None
    return name, constraint or at_version, source


def _npm(tool: InstallTool, text: str) -> tuple[str, str, Source] | None:
    is_deno = tool.name.startswith("deno")
    if text.lower().startswith("npm:"):
        text = text[4:].lstrip("/")
    elif is_deno:
        return None
    name, version = split_version(text)
    if "/" in name and not name.startswith("@"):
        name, version = "", text
    runs_package = is_deno or tool.max_packages == 1
    if runs_package:
        name = _without_path(name)
    package, constraint, source = parse_spec(name, version)
    if source.kind == "path":
        return None
    if source.kind == "registry" and not valid_name("npm", package):
        return None
    if tool.is_create:
        package = _create_package(package)
    return package, constraint, source


def _without_path(name: str) -> str:
    """Return the package of a name with a path in the package: ``@scope/name/path``."""
    name_parts = 2 if name.startswith("@") else 1
    return "/".join(name.split("/")[:name_parts])


def _create_package(name: str) -> str:
    """Return the package that ``npm create NAME`` runs."""
    scope, slash, base_name = name.rpartition("/")
    if name.startswith("@") and not slash:
        return f"{name}/create"
    return f"{scope}{slash}create-{base_name}"


def is_real_name(name: str) -> bool:
    """Return whether a name in documentation is meant, and is not a placeholder."""
    if name.lower() in PLACEHOLDERS:
        return False
    return not _UPPER_CASE_PLACEHOLDER.match(name) and not _GENERIC_NAME.match(name)
