"""Programs that start other programs: what they would start is read as a command, too."""

from __future__ import annotations

from functools import cache

from zt_gate.guard.data import load
from zt_gate.guard.shell.invocation import Input, Invocation, VariableAssignment
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    class _Walker(Protocol):
        """The part of the walker in ``walk`` that is used here."""

        wrappers: tuple[str, ...]
        cwd: str | None
        host: str
        variables: dict[str, str]
        script_arguments: tuple[str, ...]
        aliases: dict[str, str]
        mounts: dict[str, str]

        def run(self, invocation: Invocation) -> None: ...
        def nested_script(self, text: CommandWord, why: str) -> None: ...
        def problem(self, text: str) -> None: ...


_MOST_INPUT_WORDS = 64
SHELLS = frozenset(
    ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash", "fish", "csh", "tcsh")
)
_SCRIPT_READERS = frozenset(("source", ".", "eval"))


@cache
def _data() -> dict[str, Any]:
    """Return the programs that start others.

    ``valued`` are options that take the next word; ``leading`` is the number of words of
    a program's own before the command (``timeout 10 …``); ``assigns`` reads ``A=b`` words;
    ``takes_more``: arguments follow that the text does not decide.
    """
    return load("wrappers.json")


@cache
def _subcommand_valued() -> frozenset[str]:
    return frozenset(_data()["subcommand_valued"].split())


@cache
def _container_valued() -> frozenset[str]:
    return frozenset(_data()["container_valued"].split())


_CONTAINERS = frozenset(("docker", "podman", "nerdctl", "kubectl", "docker-compose"))


def unwrap(walker: _Walker, invocation: Invocation) -> None:
    """Read what an invocation would itself start."""
    name = invocation.program
    if name in SHELLS or name in _SCRIPT_READERS:
        _shell(walker, invocation)
    elif name in {"find", "fd", "fdfind"}:
        _find(walker, invocation)
    elif name in {"ssh", "mosh", "rsh"}:
        _ssh(walker, invocation)
    elif name in {"scp", "sftp"}:
        _ssh_settings(walker, invocation)
    elif name == "su":
        _su(walker, invocation)
    elif name == "trap" and invocation.arguments:
        words = [
            word for word in invocation.arguments if word.text not in {"-l", "-p", "--"}
        ]
        if len(words) > 1 and words[0].text not in {"", "-"}:
            walker.nested_script(words[0], "trap")
    elif name == "alias":
        _alias(walker, invocation)
    elif name in _data()["wrappers"]:
        _wrapper(walker, invocation, _data()["wrappers"][name])
    elif name == "just":
        _just(walker, invocation)
    elif name in {"npx", "bunx", "pnpx"}:
        _call_option(walker, invocation)
    else:
        _subcommand(walker, invocation)


def _just(walker: _Walker, invocation: Invocation) -> None:
    """Read the command of ``just --command PROGRAM …``."""
    for at, word in enumerate(invocation.arguments):
        if word.text in {"-c", "--command"}:
            _start(walker, invocation, invocation.arguments[at + 1 :])
            return


def _start(
    walker: _Walker,
    invocation: Invocation,
    words: Sequence[CommandWord],
    **changes: object,
) -> None:
    """Read words as a command that ``invocation``'s program starts."""
    if not words:
        return
    inner = replace(
        invocation,
        words=tuple(words),
        redirects=(),
        wrappers=(*invocation.wrappers, invocation.program),
        **changes,  # type: ignore[arg-type]
    )
    walker.run(inner)


def _script(
    walker: _Walker, invocation: Invocation, text: CommandWord, why: str
) -> None:
    """Read a text that a program hands to a shell."""
    saved = walker.wrappers, walker.cwd, walker.host
    walker.wrappers = (*invocation.wrappers, invocation.program)
    walker.cwd, walker.host = invocation.cwd, invocation.host
    walker.nested_script(text, why)
    walker.wrappers, walker.cwd, walker.host = saved


def _shell(walker: _Walker, invocation: Invocation) -> None:
    """Read ``bash -c TEXT``, ``eval WORDS``, a here-document, a pipe into a shell."""
    name = invocation.program
    arguments = list(invocation.arguments)
    if name == "eval":
        words = [word for word in arguments if word.text != "--"]
        joined = CommandWord(" ".join(word.text for word in words))
        walker.nested_script(joined, "eval")
        return
    if name in {"source", "."}:
        return
    index = 0
    while index < len(arguments):
        text = arguments[index].text
        if text in {"-o", "-O", "+o", "+O", "--rcfile", "--init-file"}:
            index += 2
            continue
        if text == "--command" or (
            text[:1] == "-" and text[:2] != "--" and "c" in text[1:]
        ):
            following = _after_shell_options(text, arguments[index + 1 :])
            if following:
                walker.script_arguments = tuple(word.text for word in following[1:])
                _script(walker, invocation, following[0], f"{name} -c")
                walker.script_arguments = ()
            return
        if text[:1] in {"-", "+"} and text not in {"-", "--"}:
            # The letters o and O take the next word: ``-euo pipefail``.
            takes_next = text[:2] != "--" and text[-1] in "oO"
            index += 2 if takes_next else 1
            continue
        break
    rest = [word for word in arguments[index:] if word.text not in {"-", "--"}]
    reads_input = not rest or any(
        word.text[:1] == "-" and "s" in word.text[1:2] for word in arguments[:index]
    )
    if reads_input:
        _input_script(walker, invocation)


def _after_shell_options(first: str, words: Sequence[CommandWord]) -> list[CommandWord]:
    """Return the text of ``bash -co errexit -O extglob TEXT``, and what follows it."""
    following = list(words)
    del following[: 0 if first[:2] == "--" else sum(map(first.count, "oO"))]
    while following and following[0].text[:1] in {"-", "+"}:
        option = following.pop(0).text
        if option in {"-", "--"}:
            break
        if option[:2] != "--":
            del following[: sum(map(option.count, "oO"))]
    return following


def _input_script(walker: _Walker, invocation: Invocation) -> None:
    given = invocation.input
    name = invocation.program
    if given.kind == "text" and given.text is not None:
        _script(walker, invocation, given.text, f"{name} from its input")
    elif given.kind == "commands":
        text = written_text(given)
        if text is None:
            walker.problem(f"{name} runs what other commands write")
        else:
            _script(walker, invocation, text, f"{name} from a pipe")


def written_text(given: Input) -> CommandWord | None:
    """Return what ``echo``, ``printf`` or ``cat <<EOF`` writes into a pipe, else None."""
    if len(given.commands) != 1:
        return None
    writer = given.commands[0]
    words = [word.text for word in writer.arguments]
    if writer.program == "cat" and not words and writer.input.kind == "text":
        return writer.input.text
    if writer.program == "echo":
        while words and words[0] in {"-n", "-e", "-E", "-ne", "-en"}:
            words.pop(0)
        text = " ".join(words)
    elif writer.program == "printf" and words:
        text = words[0].replace("\\n", "\n")
        for word in words[1:]:
            text = text.replace("%s", word, 1).replace("%b", word, 1)
        if "%" in text:
            return None
    else:
        return None
    return None if "\\" in text else CommandWord(text)


def _find(walker: _Walker, invocation: Invocation) -> None:
    arguments = invocation.arguments
    starters = {
        "-exec",
        "-execdir",
        "-ok",
        "-okdir",
        "-x",
        "--exec",
        "-X",
        "--exec-batch",
    }
    index = 0
    while index < len(arguments):
        if arguments[index].text not in starters:
            index += 1
            continue
        end = index + 1
        while end < len(arguments) and arguments[end].text not in {";", "+"}:
            end += 1
        from zt_gate.guard.shell.written import found_names

        command: Sequence[CommandWord] = arguments[index + 1 : end]
        if invocation.program in {"fd", "fdfind"} and not any(
            "{}" in word.text for word in command
        ):
            chooses = any(
                word.text not in {".", ""}
                for word in arguments[:index]
                if word.text[:1] != "-"
            )
            folders = [word for word in arguments[:index] if word.text[:1] != "-"][1:]
            names = [f"{word.text.rstrip('/')}/{UNKNOWN}" for word in folders]
            for name in names or [f"./{UNKNOWN}" if chooses else "."]:
                _start(walker, invocation, [*command, CommandWord(name)], input=Input())
            index = end + 1
            continue
        for found in found_names(arguments):
            words = [
                replace(word, text=word.text.replace("{}", found)) for word in command
            ]
            _start(walker, invocation, words, input=Input())
        index = end + 1


_SSH_VALUED = frozenset(
    (
        "-B",
        "-b",
        "-c",
        "-D",
        "-E",
        "-e",
        "-F",
        "-I",
        "-i",
        "-J",
        "-L",
        "-l",
        "-m",
        "-O",
        "-o",
        "-p",
        "-Q",
        "-R",
        "-S",
        "-W",
        "-w",
    )
)


def _ssh(walker: _Walker, invocation: Invocation) -> None:
    arguments = list(invocation.arguments)
    while arguments and arguments[0].text.startswith("-"):
        option = arguments.pop(0).text
        if option[:2] == "-o" and len(option) > 2:
            _ssh_setting(walker, invocation, option[2:])
        elif option in _SSH_VALUED and arguments:
            value = arguments.pop(0)
            if option == "-o":
                _ssh_setting(walker, invocation, value.text)
    if not arguments:
        return
    host = arguments.pop(0).text
    if arguments:
        outside = replace(invocation, host=host, cwd=None)
        text = CommandWord(" ".join(word.text for word in arguments))
        _script(walker, outside, text, "ssh")
    elif invocation.input.kind in {"text", "commands"}:
        _input_script(walker, replace(invocation, host=host, cwd=None))


def _ssh_setting(walker: _Walker, invocation: Invocation, setting: str) -> None:
    """Read a setting of ``ssh -o`` that names a command."""
    name, _, command = setting.strip().replace("=", " ", 1).partition(" ")
    if name.lower() in {"proxycommand", "localcommand", "knownhostscommand"}:
        _script(walker, invocation, CommandWord(command), "ssh")


def _ssh_settings(walker: _Walker, invocation: Invocation) -> None:
    """Read the settings of ``scp`` and ``sftp``, which they hand to ``ssh``."""
    words = [word.text for word in invocation.arguments]
    for index, text in enumerate(words):
        if text == "-o" and index + 1 < len(words):
            _ssh_setting(walker, invocation, words[index + 1])
        elif text.startswith("-o"):
            _ssh_setting(walker, invocation, text[2:])


def _su(walker: _Walker, invocation: Invocation) -> None:
    arguments = invocation.arguments
    for index, word in enumerate(arguments):
        name, equals, value = word.text.partition("=")
        is_letters = word.text[:1] == "-" and word.text[1:2] != "-"
        if len(name) > 4 and "--command".startswith(name):
            given = [replace(word, text=value)] if equals else arguments[index + 1 :]
            for text in given[:1]:
                _script(walker, invocation, text, "su -c")
        elif is_letters and word.text.endswith("c"):
            for text in arguments[index + 1 : index + 2]:
                _script(walker, invocation, text, "su -c")


def _alias(walker: _Walker, invocation: Invocation) -> None:
    """Read an alias as if it was used: its name may be that of a usual program."""
    for word in invocation.arguments:
        name, equals, value = word.text.partition("=")
        if equals:
            walker.nested_script(CommandWord(value), "an alias")
            walker.aliases[name] = value


def _wrapper(walker: _Walker, invocation: Invocation, wrapper: dict[str, Any]) -> None:
    arguments = list(invocation.arguments)
    name = invocation.program
    assignments = list(invocation.assignments)
    cwd = invocation.cwd
    valued = frozenset(wrapper.get("valued", "").split())
    while arguments and arguments[0].text.startswith("-"):
        word = arguments.pop(0)
        if word.text == "--" or (word.text == "-" and name != "env"):
            break
        if name == "command" and {"v", "V"} & set(word.text):
            return
        option, value = _wrapper_option(word, arguments, valued)
        if name == "env" and option in {"-S", "--split-string"} and value is not None:
            arguments = [*_env_split(value), *arguments]
        elif option in {"-C", "--chdir", "-D"} and name in {"env", "sudo"}:
            cwd = None if value is None else invocation.path(value.text)
    while wrapper.get("assigns") and arguments and _is_assignment(arguments[0].text):
        variable, _, value_text = arguments.pop(0).text.partition("=")
        assignments.append(VariableAssignment(variable, CommandWord(value_text)))
    del arguments[: wrapper.get("leading", 0)]
    if _runs_text(walker, invocation, arguments):
        return
    if not arguments or arguments[0].text.startswith(":::"):
        if name == "parallel":
            walker.problem("parallel runs what it reads")
        return
    if name in {"xargs", "parallel"}:
        arguments = _with_input_words(walker, invocation, arguments)
    _start(
        walker,
        invocation,
        arguments,
        assignments=tuple(assignments),
        cwd=cwd,
        takes_more=invocation.takes_more or bool(wrapper.get("takes_more")),
        input=Input() if name == "xargs" else invocation.input,
    )


def _wrapper_option(
    word: CommandWord, rest: list[CommandWord], valued: frozenset[str]
) -> tuple[str, CommandWord | None]:
    """Return a wrapper's option with its value: ``-iS TEXT``, ``-CDIR``, ``--chd=DIR``."""
    name, equals, value = word.text.partition("=")
    if name.startswith("--"):
        found = [one for one in valued if one.startswith(name)] if name[2:] else []
        if not found:
            return name, None
        if equals:
            return found[0], replace(word, text=value)
        return found[0], rest.pop(0) if rest else None
    for at, letter in enumerate(word.text[1:], 2):
        if f"-{letter}" in valued:
            if word.text[at:]:
                return f"-{letter}", replace(word, text=word.text[at:])
            return f"-{letter}", rest.pop(0) if rest else None
    return word.text, None


def _runs_text(
    walker: _Walker, invocation: Invocation, arguments: Sequence[CommandWord]
) -> bool:
    """Read the text that ``script -c``, ``flock -c`` and ``watch`` hand to a shell."""
    name = invocation.program
    if name == "script":
        _typescript(walker, invocation)
        return True
    if name == "flock" and arguments and arguments[0].text in {"-c", "--command"}:
        for word in arguments[1:2]:
            _script(walker, invocation, word, "flock -c")
        return True
    has_text = bool(arguments) and " " in arguments[0].text
    if name in {"watch", "parallel", "hyperfine"} and has_text:
        for word in arguments if name == "hyperfine" else arguments[:1]:
            _script(walker, invocation, word, name)
        return True
    return False


def _typescript(walker: _Walker, invocation: Invocation) -> None:
    for index, word in enumerate(invocation.arguments):
        text = word.text
        is_letters = text[:1] == "-" and text[1:2] != "-"
        if text.startswith("--command="):
            _script(walker, invocation, CommandWord(text[10:]), "script -c")
        elif text == "--command" or (is_letters and text.endswith("c")):
            for following in invocation.arguments[index + 1 : index + 2]:
                _script(walker, invocation, following, "script -c")
        elif is_letters and "c" in text:
            _script(
                walker, invocation, CommandWord(text.partition("c")[2]), "script -c"
            )


def _with_input_words(
    walker: _Walker, invocation: Invocation, arguments: Sequence[CommandWord]
) -> list[CommandWord]:
    """Return the command of ``xargs`` with the words that its input gives it."""
    from zt_gate.guard.shell.written import output_text

    given = None
    if invocation.input.kind == "commands":
        given = output_text(invocation.input.commands, names=True)
    elif invocation.input.text is not None:
        given = invocation.input.text.text
    has_file = any(
        word.text.startswith(("-a", "--arg-file")) for word in invocation.arguments
    )
    if given is None and _mentions_home(walker, invocation.input.commands):
        given = f"{walker.variables.get('HOME', '/')}/{UNKNOWN}"
    if given is None or has_file:
        given = UNKNOWN
    marker = _xargs_marker(invocation)
    if invocation.program == "xargs" and not _has_marker(invocation):
        names = given.split() if len(given.split()) < _MOST_INPUT_WORDS else [UNKNOWN]
        return [*arguments, *(CommandWord(name, splits=True) for name in names)]
    if invocation.program == "parallel" and not any(
        "{" in one.text for one in arguments
    ):
        return [*arguments, CommandWord(given)]
    return [
        replace(word, text=word.text.replace(marker, given))
        if marker in word.text
        else word
        for word in arguments
    ]


def _mentions_home(walker: _Walker, commands: Sequence[Invocation]) -> bool:
    home = walker.variables.get("HOME", "")
    return any(
        word.text.rstrip("/") in {home, ""} and word.text
        for command in commands
        for word in command.arguments
    ) or any(
        _mentions_home(walker, command.input.commands)
        for command in commands
        if command.input.commands
    )


def _has_marker(invocation: Invocation) -> bool:
    return any(
        word.text.startswith(("-I", "-i", "--replace")) for word in invocation.arguments
    )


def _xargs_marker(invocation: Invocation) -> str:
    words = [word.text for word in invocation.arguments]
    for index, word in enumerate(words):
        if word.startswith(("--replace=", "-i")):
            return word.removeprefix("--replace=").removeprefix("-i") or "{}"
        if word.startswith("-I"):
            return word[2:] or (words[index + 1] if index + 1 < len(words) else "{}")
    return "{}"


def _env_split(value: CommandWord) -> list[CommandWord]:
    """Return the words of ``env -S TEXT``."""
    import shlex

    try:
        return [CommandWord(part) for part in shlex.split(value.text)]
    except ValueError:
        return [CommandWord(UNKNOWN)]


def _is_assignment(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def _call_option(walker: _Walker, invocation: Invocation) -> None:
    """``npx -c TEXT`` runs a text; a package's program is no program of the system."""
    arguments = invocation.arguments
    for index, word in enumerate(arguments[:-1]):
        if word.text in {"-c", "--call"}:
            _script(walker, invocation, arguments[index + 1], invocation.program)


def _subcommand(walker: _Walker, invocation: Invocation) -> None:
    """Read ``poetry run …``, ``docker exec …``, ``git -c alias…`` and their like."""
    arguments = list(invocation.arguments)
    name = invocation.program
    while arguments and arguments[0].text.startswith("-"):
        option = arguments.pop(0).text
        if option in _subcommand_valued() and arguments:
            arguments.pop(0)
    if not arguments:
        return
    first = arguments.pop(0).text
    if name in _CONTAINERS:
        _container(walker, invocation, first, arguments)
        return
    if f"{name} {first}" not in _data()["subcommands"]:
        return
    while arguments and arguments[0].text.startswith("-"):
        option = arguments.pop(0).text
        if option == "--":
            break
        if option in {"-c", "--call"} and arguments:
            _script(walker, invocation, arguments[0], f"{name} {first}")
            return
        if option in _subcommand_valued() and arguments:
            arguments.pop(0)
    _start(walker, invocation, arguments)


def _container(  # noqa: C901
    walker: _Walker, invocation: Invocation, first: str, arguments: list[CommandWord]
) -> None:
    """Read the command that runs in a container: another system, but with its mounts."""
    if first == "compose" and arguments:
        while arguments and arguments[0].text.startswith("-"):
            option = arguments.pop(0).text
            if option in _container_valued() and arguments:
                arguments.pop(0)
        first = arguments.pop(0).text if arguments else ""
    if first not in {"exec", "run"}:
        return
    folder, entry, mounts = None, None, {}
    while arguments and arguments[0].text.startswith("-"):
        option, equals, value = arguments.pop(0).text.partition("=")
        if option == "--":
            break
        if option in _container_valued() and not equals and arguments:
            value = arguments.pop(0).text
        if option in {"-w", "--workdir"}:
            folder = value.rstrip("/")
        elif option == "--entrypoint":
            entry = value
        elif option in {"-v", "--volume", "--mount"}:
            mounts.update(_mounted(invocation, value))
    image = arguments.pop(0).text if arguments else ""
    if arguments and arguments[0].text == "--":
        arguments.pop(0)
    name = image.rpartition("/")[2].partition(":")[0]
    if entry or name == "git":
        arguments.insert(0, CommandWord(entry or name))
    saved, walker.mounts = walker.mounts, mounts
    _start(walker, invocation, arguments, host=f"container {image}", cwd=folder)
    walker.mounts = saved


def _mounted(invocation: Invocation, text: str) -> dict[str, str]:
    """Return a container's folder and this machine's, of ``-v`` or ``--mount``."""
    source, _, rest = text.partition(":")
    target = rest.partition(":")[0]
    if "=" in text:
        keys = dict(part.partition("=")[::2] for part in text.split(","))
        source = keys.get("source") or keys.get("src") or ""
        target = keys.get("target") or keys.get("dst") or keys.get("destination") or ""
    path = invocation.path(source) if source[:1] in {"/", "."} else None
    return {target.rstrip("/"): path} if path is not None and target else {}
