"""Judges programs whose words need a reader of their own."""

from __future__ import annotations

from zt_gate.guard.commands import code_text, network, places
from zt_gate.guard.commands.secret_names import is_secret_name
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.commands.spot import Spot
    from zt_gate.guard.shell.invocation import Invocation

_CODE_SUFFIXES = (".py", ".js", ".rb", ".pl", ".so")


def run_role(spot: Spot) -> None:
    """Judge a word that names a file, or a module, which a program runs."""
    is_module = spot.role == "run-module"
    if is_module and "/" not in spot.text and not spot.text.endswith(_CODE_SUFFIXES):
        return
    run_file(spot.case, spot.invocation, spot.word)


def run_file(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge a file that a program runs or loads."""
    text = word.text
    if "://" in text:
        case.add("run/foreign-code", text)
        network.url(case, invocation, word)
        return
    if text.startswith(("npm:", "jsr:")):
        case.add("run/foreign-code", text)
        return
    if text in {"-", "/dev/stdin"} or text.startswith(("/dev/fd/", "/proc/self/fd/")):
        read_input(case, invocation)
        return
    if not word.is_known:
        _undecided_file(case, invocation, word)
        return
    if invocation.host.startswith("container"):
        return
    place = places.place(invocation, text, case.context)
    if place.path is None:
        case.add("run/undecided", text)
        return
    case.scripts.append(place.path)
    lexical = invocation.path(text)
    if place.path in case.downloads or lexical in case.downloads:
        case.add("run/downloaded", text)
    written = case.written.get(lexical or "")
    if written is not None:
        _written_code(case, invocation, written)
    if place.kind == "credential":
        case.add("credentials/file-read", text)
    if place.zone == "home":
        case.add("run/outside", text)
    case.add("run/script", text)


def _written_code(case: CommandCase, invocation: Invocation, text: CommandWord) -> None:
    """Judge a file that the same text has written."""
    if text.text.strip() == UNKNOWN:
        case.add("run/downloaded", "a file that the command itself makes")
    elif _is_interpreter(invocation.program, text.text):
        code_text.judge(case, invocation, text.text)
    else:
        case.script(text.text, invocation, invocation.program)


_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "source", ".", "ash", "mksh"))


def _is_interpreter(program: str, text: str) -> bool:
    from zt_gate.guard.commands.tables import table_of

    if program in _SHELLS:
        return False
    table = table_of(program)
    if table is not None and table.get("special") == "interpreter":
        return True
    first = text.partition("\n")[0]
    return first.startswith("#!") and not first.rstrip().endswith("sh")


def _undecided_file(
    case: CommandCase, invocation: Invocation, word: CommandWord
) -> None:
    """Judge a script of which only the folder is known."""
    place = places.place(invocation, word.text, case.context)
    if word.text == UNKNOWN and word.quoted and not word.names:
        # ``bash <(curl …)``: the shell gives a substitution's output as a file.
        case.add("run/undecided", invocation.program)
    elif place.zone in {"project", "system", "cache"}:
        case.add("run/script", word.text)
    else:
        case.add("run/undecided", word.text)


def read_input(case: CommandCase, invocation: Invocation) -> None:
    """Judge a program whose code comes from its standard input."""
    from zt_gate.guard.shell.unwrap import written_text

    given = invocation.input
    text: CommandWord | None = None
    if given.kind == "text":
        text = given.text
    elif given.kind == "commands":
        text = written_text(given)
        if text is None:
            case.add(
                "run/undecided", f"{invocation.program} runs what other commands write"
            )
            return
    elif given.kind == "file":
        for redirect in invocation.redirects:
            if redirect.reads:
                run_file(case, invocation, redirect.target)
        return
    if text is None:
        return
    if invocation.program in _SHELLS:
        case.script(text.text, invocation, invocation.program)
    elif invocation.program in {"make", "gmake"}:
        case.add("run/undecided", "a makefile from the input")
    else:
        code_text.judge(case, invocation, text.text)


def interpreter(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge an interpreter without a script: it reads its code from its input."""
    has_code = any(role.startswith("code:") for role, _, _ in reading.values)
    if (
        not reading.arguments
        and not has_code
        and not reading.has(
            "-m", "-v", "--version", "-V", "-h", "--help", "--test", "--ini", "-S"
        )
    ):
        read_input(case, invocation)


def shell(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge a shell; texts of ``-c`` and from its input are read where it is walked."""
    if reading.has("-c", "--command"):
        return
    if not reading.arguments and invocation.input.kind == "file":
        read_input(case, invocation)


def editor(case: CommandCase, invocation: Invocation) -> None:
    """Judge the commands that an editor reads from its input."""
    reads = invocation.program in {"ed", "ex"}
    if reads and invocation.input.kind in {"commands", "file"}:
        case.add("run/undecided", f"{invocation.program} runs what it reads")
    if invocation.input.text is not None:
        for line in invocation.input.text.text.splitlines():
            if line.startswith(("!", "r !", "w !")):
                case.script(line.partition("!")[2], invocation, invocation.program)


def multiplexer(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge what ``tmux`` and ``screen`` would start."""
    words = [word.text for word in reading.arguments]
    for text in words:
        if " " in text:
            case.script(text, invocation, invocation.program)
    starts = {
        "new-session",
        "new",
        "new-window",
        "neww",
        "split-window",
        "splitw",
        "run-shell",
        "run",
        "respawn-pane",
    }
    if words and words[0] in starts and len(words) > 1:
        rest = [word for word in reading.arguments[1:] if " " not in word.text]
        _rest_as_command(case, invocation, rest)
    if words[:1] in (["send-keys"], ["send"]):
        typed = " ".join(
            word for word in words[1:] if word not in {"Enter", "C-m", "-t"}
        )
        case.script(typed, invocation, "tmux send-keys")


def _rest_as_command(
    case: CommandCase, invocation: Invocation, words: list[CommandWord]
) -> None:
    from zt_gate.record import replace

    if words:
        case.command(
            replace(invocation, words=tuple(words), redirects=(), assignments=())
        )


def java(case: CommandCase, invocation: Invocation) -> None:
    """Judge ``java -javaagent:…``: it loads code into the program."""
    for word in invocation.arguments:
        if word.text.startswith(("-javaagent:", "-agentpath:", "-agentlib:")):
            case.add("variables/loads-code", word.text)


def redis(case: CommandCase, reading: Reading) -> None:
    """Judge ``redis-cli``: what drops all data, or writes files of the server."""
    words = [word.text.lower() for word in reading.arguments]
    if words[:1] in (["flushall"], ["flushdb"], ["shutdown"]):
        case.add("data/dropped", " ".join(words))
    elif words[:1] in (["config"], ["module"], ["slaveof"], ["replicaof"], ["debug"]):
        case.add("run/undecided", " ".join(words))


def crontab(case: CommandCase, reading: Reading) -> None:
    """Judge ``crontab``: listing is free, all else schedules."""
    if not reading.has("-l"):
        case.add("persistence/scheduled", "crontab")


def sysctl(case: CommandCase, reading: Reading) -> None:
    """Judge ``sysctl``: with a value it sets one."""
    if reading.has("-w", "-p", "--system") or any(
        "=" in word.text for word in reading.arguments
    ):
        case.add("system/settings", "sysctl")


def ip(case: CommandCase, reading: Reading) -> None:
    """Judge ``ip``: showing is free."""
    words = {word.text for word in reading.arguments}
    if words & {
        "add",
        "del",
        "delete",
        "set",
        "flush",
        "replace",
        "change",
        "exec",
        "netns",
    }:
        case.add("system/settings", "ip")


def tool_config(case: CommandCase, reading: Reading) -> None:
    """Judge ``npm config set`` and its like: sources and programs must not change."""
    words = [word.text.lower() for word in reading.arguments]
    text = " ".join(words)
    if words[:1] in (["get"], ["list"], ["ls"], []) or reading.has("--list", "-l"):
        if any(
            is_secret_name(word.replace("-", "_").rpartition(":")[2])
            or "_authtoken" in word
            for word in words[1:]
        ):
            case.add("credentials/tool", text)
        return
    guarded = (
        "registry",
        "index",
        "source",
        "script-shell",
        "proxy",
        "cafile",
        "strict-ssl",
        "repositor",
        "mirror",
        "token",
        "node-options",
        "git",
        "prefix",
        "userconfig",
        "ignore-scripts",
        "shell",
        "http-basic",
        "certificates",
        "ssl",
    )
    if any(part in text for part in guarded):
        case.add("install/source-changed", text)
