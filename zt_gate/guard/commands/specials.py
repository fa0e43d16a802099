"""The programs whose table has a ``special``: readers of their own, by its name."""

from __future__ import annotations

from zt_gate.guard.commands import (
    clouds,
    code_text,
    containers,
    files,
    gate_tools,
    git,
    git_settings,
    network,
    programs,
    small_roles,
)
from zt_gate.guard.commands.tables import canonical
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.guard.shell.written import found_names
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

    Special = Callable[[CommandCase, Invocation, Reading], None]

#: Python's modules that are another program.
_MODULES = {
    "zt_gate": "zt-gate",
    "pre_commit": "pre-commit",
    "build": "pyproject-build",
    "pip_audit": "pip-audit",
    "venv": "virtualenv",
}
#: Python's modules that only show something.
_SHOWS = frozenset(
    (
        "json.tool",
        "this",
        "timeit",
        "platform",
        "site",
        "sysconfig",
        "compileall",
        "py_compile",
        "tokenize",
        "ast",
        "dis",
        "calendar",
        "tabnanny",
        "pydoc",
        "zipfile",
        "tarfile",
        "ensurepip",
        "cProfile",
        "trace",
        "pdb",
        "code",
        "profile",
        "asyncio",
    )
)


def redispatched(invocation: Invocation) -> Invocation:
    """Return ``python -m pip …`` as ``pip …``, and an interpreter's options before a script."""
    if invocation.program.startswith("git-"):
        # ``git-credential-store``: a part of git under a name of its own.
        verb = replace(invocation.words[0], text=invocation.program[4:])
        return replace(
            invocation, words=(CommandWord("git"), verb, *invocation.arguments)
        )
    if canonical(invocation.program) not in {"python", "pypy", "python3", "python2"}:
        return invocation
    words = invocation.arguments
    for at, word in enumerate(words):
        text = word.text
        if text in {"-c", "-"} or not text.startswith("-"):
            return invocation
        if text.startswith("-m") or (text[:2] != "--" and text.endswith("m")):
            attached = text[2:] if text.startswith("-m") else ""
            module = attached or (words[at + 1].text if at + 1 < len(words) else "")
            rest = words[at + 1 if attached else at + 2 :]
            if module in _SHOWS:
                return invocation
            name = _MODULES.get(
                module,
                module.partition(".")[0] if module.endswith(".__main__") else module,
            )
            if _has_table(name):
                return replace(invocation, words=(CommandWord(name), *rest))
            return invocation
    return invocation


def _has_table(name: str) -> bool:
    from zt_gate.guard.commands.tables import table_of

    return "." not in name and table_of(name) is not None


def judge(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    """Judge a command by the reader that its table names."""
    if found.path[0] in {"tar", "gtar", "bsdtar"}:
        containers.tar_folders(case, invocation, found)
    elif found.path[0] == "rsync":
        _rsync(case, invocation, found)
    if found.path[-1] in {"uninstall", "remove", "rm", "un"} and len(found.path) > 1:
        gate_tools.uninstalled(case, found)
    special = _SPECIALS.get(found.table.get("special", ""))
    if special is not None:
        special(case, invocation, found)
    if found.path[0] == "git":
        git.outside(case, invocation, found)


def _rsync(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    if any(option.startswith("--del") for option in found.options):
        for word in found.words("remote-to"):
            if ":" not in word.text:
                files.judge(case, invocation, "delete", word)


def _interpreter(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    _module(case, invocation, found)
    programs.interpreter(case, invocation, found)


def _install(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    from zt_gate.guard.commands import packages

    packages.judge(case, invocation, found)


def _scripts_of_package(
    case: CommandCase, invocation: Invocation, found: Reading
) -> None:
    for word in found.arguments:
        name, equals, value = word.text.partition("=")
        if name.startswith("scripts.") and equals:
            case.script(value, invocation, "npm pkg set")


def _makefile(case: CommandCase, invocation: Invocation, _: Reading) -> None:
    """Judge the recipes of a makefile that the same text has written."""
    for name in ("GNUmakefile", "makefile", "Makefile", "justfile"):
        text = case.written.get(invocation.path(name) or "")
        if text is None:
            continue
        if text.text.strip() == UNKNOWN:
            case.add("run/downloaded", "a makefile that the command itself makes")
        for line in text.text.splitlines():
            recipe = line.partition(";")[2] if line[:1] not in {"\t", " "} else line
            if recipe.strip():
                case.script(recipe.lstrip("\t @-+"), invocation, invocation.program)


def _serves(case: CommandCase, _: Invocation, found: Reading) -> None:
    bound = found.option("-a", "--host", "-H", "-l")
    if bound is None or not network.is_loopback(network.host_of(bound.text)):
        case.add("network/serves-files", found.path[0])


def _of_words(judge_words: Callable[[CommandCase, Reading], None]) -> Special:
    return lambda case, _, found: judge_words(case, found)


def _of_start(judge_start: Callable[[CommandCase, Invocation], None]) -> Special:
    return lambda case, invocation, _: judge_start(case, invocation)


_SPECIALS: Mapping[str, Special] = {
    "interpreter": _interpreter,
    "shell": programs.shell,
    "install": _install,
    "install-run": _install,
    "curl": network.curl,
    "nc": network.raw,
    "git-push": _of_words(git.push),
    "git-config-command": git_settings.config_command,
    "git-checkout": _of_words(git.checkout),
    "git-restore": _of_words(git.restore),
    "git-clean": _of_words(git.clean),
    "git-branch": _of_words(git.branch),
    "git-symbolic-ref": _of_words(git.symbolic_ref),
    "git-foreach": git.foreach,
    "git-apply": _of_words(git.apply),
    "gh-api": git.api,
    "zt-gate": _of_words(gate_tools.zt_gate),
    "kill": gate_tools.kill,
    "pgrep": _of_words(gate_tools.pgrep),
    "pkill": _of_words(gate_tools.pkill),
    "agent": _of_start(gate_tools.agent),
    "husky": _of_words(gate_tools.husky),
    "tmux": programs.multiplexer,
    "java": _of_start(programs.java),
    "redis": _of_words(programs.redis),
    "cloud": clouds.cloud,
    "crontab": _of_words(programs.crontab),
    "sysctl": _of_words(programs.sysctl),
    "ip": _of_words(programs.ip),
    "tool-config": _of_words(programs.tool_config),
    "serves": _serves,
    "editor": _of_start(programs.editor),
    "make": _makefile,
    "envsubst": _of_start(small_roles.substituted),
    "npm-pkg": _scripts_of_package,
}


def _module(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    for role, _, word in found.values:
        if role != "python-module":
            continue
        module = word.text
        if UNKNOWN in module:
            case.add("run/undecided", f"-m {module}")
        elif module in {"http.server", "SimpleHTTPServer", "pyftpdlib"}:
            _server(case, invocation, module)
        elif module not in _SHOWS:
            case.add("project/runs-code", f"{invocation.program} -m {module}")
        else:
            case.add("run/code-text", f"{invocation.program} -m {module}")
            _module_code(case, invocation, module)
            for argument in invocation.arguments:
                files.judge_maybe(case, invocation, argument, plain=False)


#: Python's modules that run code from their words or their input.
_RUN_CODE = frozenset(
    ("timeit", "pdb", "code", "trace", "cProfile", "profile", "asyncio")
)


def _module_code(case: CommandCase, invocation: Invocation, module: str) -> None:
    if module not in _RUN_CODE:
        return
    for argument in invocation.arguments:
        if " " in argument.text or "(" in argument.text:
            code_text.judge(case, invocation, argument.text)
    if invocation.input.kind != "none":
        programs.read_input(case, invocation)


def _server(case: CommandCase, invocation: Invocation, module: str) -> None:
    words = [word.text for word in invocation.arguments]
    bound = [
        words[at + 1] for at, word in enumerate(words[:-1]) if word in {"-b", "--bind"}
    ] + [word.partition("=")[2] for word in words if word.startswith("--bind=")]
    is_local = all(
        network.is_loopback(host) and not network.is_all_addresses(host)
        for host in bound
    )
    if not bound or not is_local:
        case.add("network/serves-files", f"python -m {module}")


def find_delete(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    """Judge ``find … -delete``: of all that is below, or of what has a name."""
    words = {word.text for word in invocation.arguments}
    sources = {
        "*.py",
        "*.js",
        "*.ts",
        "*.go",
        "*.rs",
        "*.java",
        "*.rb",
        "*",
        "*.*",
        "*.c",
        "*.tsx",
        "*.php",
    }
    if words & sources:
        case.add("files/much-removed", " ".join(sorted(words & sources)))
    chosen = words & {
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-regex",
        "-iregex",
        "-wholename",
        "-empty",
        "-mtime",
        "-mmin",
        "-size",
        "-newer",
    }
    starts = found.words("list") or [CommandWord(".")]
    for start in starts:
        target = CommandWord(f"{start.text.rstrip('/')}/{UNKNOWN}") if chosen else start
        files.judge(case, invocation, "delete", target)
    for name in found_names(invocation.arguments):
        if UNKNOWN not in name:
            files.judge(case, invocation, "delete", CommandWord(name))
    case.add("find/delete", "-delete")


def run_undecided(case: CommandCase, invocation: Invocation) -> None:
    """Judge ``./scripts/$name``: one of a known folder's programs."""
    programs.run_file(case, invocation, invocation.words[0])
    case.add("project/runs-code", invocation.words[0].text)
