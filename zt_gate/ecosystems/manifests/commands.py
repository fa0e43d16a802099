"""Packages that shell commands install, with pip, npm and similar tools.

The ecosystems' tables define which words start an installation and how the arguments
are read.  A variable is replaced by the values that the same text assigns it; other
names that only the shell can compute are listed as computed.  Invalid names are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    Text,
    normalise,
    quoted,
)
from zt_gate.ecosystems.manifests.command_arguments import is_real_name, parse_argument
from zt_gate.ecosystems.manifests.command_variables import (
    CommandText,
    holds_options,
    program_words,
    replaced,
)
from zt_gate.ecosystems.manifests.command_words import (
    MESSAGES,
    PREFIXES,
    RUNNERS,
    STOP_WORDS,
)
from zt_gate.ecosystems.manifests.tool_detection import detect_tool, programs
from zt_gate.record import dataclass
from zt_gate.syntax.shell import Word, commands, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.install_tool import InstallTool
    from zt_gate.ecosystems.manifests.base import Place

_DEEPEST = 4
#: Tools that give all words after the program's name to the program.
_STOPS_AT_PROGRAM = frozenset(("npx", "pnpx", "bunx", "uvx"))
_ASSIGNMENT = lazy_re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PROMPT = lazy_re.compile(
    r"[$>%#❯»➜]|[>]{3}|[-@]+|C:\\\S{0,100}>|\([\w.-]{1,50}\)|[\w.-]+@[\w.-]+[:$#]\S*"
)
_PREFIXES_WITH_OPTIONS = frozenset(("sudo", "env", "exec", "time"))
_OTHER_COMMANDS = frozenset(("pip", "npm", "conda"))
_MAX_RUNNER_WORDS = 40
_LONGEST_SHOWN = 40
_VERBS = frozenset(("install", "add"))
# Parts of the names of variables whose programs install no packages of a language.
_OTHER_TOOLS = frozenset(
    ("make", "cmake", "ninja", "meson", "sudo", "install", "git", "helm", "kubectl", "apt", "apk",
     "yum", "dnf", "brew", "rustup", "docker", "ansible", "pre", "commit", "adb", "xcrun", "ctl")
)  # fmt: skip


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
    packages = in_command(CommandText(), words, 0)
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
    text = CommandText(content, prose)
    for command in commands(content, start, end):
        packages += in_command(text, command.words, depth)
    return packages


def in_command(
    text: CommandText, words: Sequence[Word], depth: int
) -> Iterator[CommandPackage]:
    """Yield what one command installs, ``depth`` levels below the file's own text."""
    words = _without_prefixes(text, words)
    if not words:
        return
    head = program(words[0].text)
    if head in MESSAGES:
        return
    words = _with_program(text, words)
    tool_at = 0
    tool = detect_tool(words)
    if tool is not None and tool.name == "uv run":
        # ``uv run`` installs packages itself and may run another installer.
        yield from _arguments(tool, words[tool.name_words :], text)
        tool = None
    if tool is None and (head in RUNNERS or not words[0].literal):
        if depth < _DEEPEST:
            yield from _quoted_commands(text, words[1:], depth)
        for tool_at in range(1, min(len(words), _MAX_RUNNER_WORDS)):
            tool = detect_tool(words[tool_at:])
            if tool is not None:
                break
    if tool is None:
        yield from _computed_program(text, words)
        return
    arguments = words[tool_at + tool.name_words :]
    if head == "xargs" and tool.max_packages and not text.prose:
        yield _computed(tool, text, words[tool_at], "words that xargs passes")
    yield from _arguments(tool, arguments, text)


def _with_program(text: CommandText, words: list[Word]) -> list[Word]:
    """Return a command with the program that a variable at its start stands for."""
    name = text.variable(words[0])
    if not name:
        return words
    assigned = text.values(words[0])
    if assigned and program(assigned[0]) in programs() | {"python", "python3"}:
        return [*replaced(words[0], assigned), *words[1:]]
    named = program_words(name, programs())
    return [*replaced(words[0], named), *words[1:]] if named else words


def _computed_program(
    text: CommandText, words: Sequence[Word]
) -> Iterator[CommandPackage]:
    """Yield an entry for ``$TOOL install NAME``, whose tool is not known."""
    name = text.variable(words[0])
    if not name or text.prose or len(words) < 3 or words[1].text not in _VERBS:
        return
    if _OTHER_TOOLS.isdisjoint(name.lower().split("_")):
        source = Source("computed", f"${name} {words[1].text}: the program is computed")
        start, end = words[0].start, words[0].end
        yield CommandPackage("pypi", "", "", source, start, end, "command")


def _computed(
    tool: InstallTool, text: CommandText, word: Word, what: str = ""
) -> CommandPackage:
    """Return the entry of packages that only the shell can compute."""
    written = what or quoted(
        text.content[word.start :][:_LONGEST_SHOWN].split()[0].rstrip(";)&|")
    )
    source = Source("computed", f"{tool.name} of computed packages: {written}")
    section = f"command {tool.name}"
    return CommandPackage(tool.ecosystem, "", "", source, word.start, word.end, section)


def _quoted_commands(
    text: CommandText, words: Sequence[Word], depth: int
) -> Iterator[CommandPackage]:
    """Yield what commands in quoted arguments install, as in ``bash -c "…"``."""
    content, prose = text.content, text.prose
    for word in words:
        if " " not in word.text:
            continue
        if word.quoted is not None:
            yield from in_span(content, *word.quoted, prose=prose, depth=depth + 1)
        elif not content:  # the words of a list have no offsets
            yield from in_span(word.text, prose=prose, depth=depth + 1)


def _without_prefixes(text: CommandText, words: Sequence[Word]) -> list[Word]:
    """Return a command without prompts, assignments, ``sudo`` and the like before it."""
    first = 0
    while first < len(words) and _is_prefix(text, words, first):
        first += 2 if words[first].text == "function" else 1
    command = list(words[first:])
    if not command:
        return command
    program_word = command[0]
    if program_word.text[:1] in "@-" and len(program_word.text) > 1:  # make's prefixes
        stripped = program_word.text.lstrip("@-+")
        start, end = program_word.start, program_word.end
        if program_word.literal:
            start = end - len(stripped)
        command[0] = Word(stripped, start, end, program_word.literal)
    return command


def _is_prefix(text: CommandText, words: Sequence[Word], position: int) -> bool:
    word = words[position]
    if word.text in PREFIXES or _ASSIGNMENT.match(word.text):
        return True
    if _PROMPT.fullmatch(word.text):
        # A computed word has the text ``$``, too.
        return word.text == text.content[word.start : word.end]
    previous = words[position - 1].text if position else ""
    return word.text.startswith("-") and previous in _PREFIXES_WITH_OPTIONS


def _arguments(
    tool: InstallTool, words: Sequence[Word], context: CommandText
) -> Iterator[CommandPackage]:
    """Yield the packages and indexes among the arguments of an installation."""
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
                yield from _packages(tool, value, context)
            elif option in tool.index_options:
                yield from _index(tool, value, option)
            continue
        if context.prose and _ends_command(text):
            return
        if package_count >= tool.max_packages:
            return
        package_count += 1
        yield from _packages(tool, word, context)
        is_done = package_count >= tool.max_packages
        if is_done and (not tool.package_options or tool.name in _STOPS_AT_PROGRAM):
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
    tool: InstallTool, word: Word, context: CommandText
) -> Iterator[CommandPackage]:
    """Yield the packages of one argument; a variable counts with each of its values."""
    assigned = context.values(word)
    for value in replaced(word, assigned) if assigned else [word]:
        packages = list(_literal_packages(tool, value, context))
        yield from packages
        if not packages and _is_computed(value, context):
            yield _computed(tool, context, value)


def _is_computed(word: Word, context: CommandText) -> bool:
    """Return whether only the shell can tell the package that a word names."""
    if word.literal or context.prose or not context.content:
        return False
    if "$" not in word.text or word.text.startswith((".", "/", "*")):
        return False
    is_path = "/" in context.content[word.start : word.start + 200].split(None, 1)[0]
    return not is_path and not holds_options(context.variable(word))


def _literal_packages(
    tool: InstallTool, word: Word, context: CommandText
) -> Iterator[CommandPackage]:
    """Yield the packages of one argument; some tools take several, with commas."""
    text = word.text.strip()
    if context.prose:
        text = text.rstrip(",")
    if not text:
        return
    section = f"command {tool.name}"
    specs = text.split(",") if tool.comma_separated else [text]
    for spec in specs:
        parsed = parse_argument(tool, spec.strip(), literal=word.literal)
        if parsed is None:
            continue
        name, constraint, source = parsed
        if context.prose and not is_real_name(name):
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
