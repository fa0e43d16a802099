"""Scripts that a command runs and that came into being in this session.

A tool that writes a file is judged by what it writes; what runs later is judged by what
is there then.  A file that is older than the session is the project's own.  What was
written since, by whatever tool, needs a verdict on its present content: by the scanners,
and for the commands in it by the judge of commands.  What a program's own code does
beyond that is the sandbox's to limit.
"""

from __future__ import annotations

import os

from zt_gate import lazy_re
from zt_gate.guard.data import load
from zt_gate.guard.decision import Answer, Concern
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.shell.invocation import Invocation

_LONGEST = 1 << 20
_MOST_SCRIPTS = 12
#: How ELF, Mach-O and PE programs begin, and Java's and WebAssembly's.
_COMPILED = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ", b"\0asm")
#: Options of interpreters whose value is a file that is run first.
_LOADING = frozenset(("-r", "--require", "--import", "--loader", "-W", "-X", "-I"))
#: Attacks that count where a text is only likely what runs, or came with a package: an
#: ``activate`` sets PATH.
_CLEAR = ("gate/", "guard/", "credentials/", "exfiltration/", "push/", "files/")
_MAKES = frozenset(("make", "gmake"))
_MAKE_OPTION = lazy_re.compile(
    r"(?:(?P<long>--(?:di\w*|fi\w*|mak\w*))(?:=(?P<long_value>.+))?"
    r"|-[a-zA-Z]*?(?P<short>[Cf])(?P<value>.*))",
)
#: ``bash -eo pipefail FILE``: the word after it is the name of an option.
_SETS_OPTION = lazy_re.compile(r"[-+][A-Za-z]*[oO]")


def remember_verdict(session: Session, path: str, content: bytes) -> None:
    """Keep that the scanners had nothing against this content of a file."""
    session.scripts.pop(path, None)
    session.scripts[path] = sha256(content)


def judge_scripts(
    runs: Sequence[Invocation],
    context: GuardContext,
    session: Session,
    judge_text: Callable[[str, str], tuple[Iterable[Concern], Sequence[Invocation]]],
    judge_content: Callable[[str, bytes], tuple[Concern, ...]],
) -> Iterator[Concern]:
    """Yield what speaks against the scripts that a command would run.

    ``runs`` are the programs that it starts.  ``judge_text`` judges a text for a shell in
    a folder, and returns what that would start; ``judge_content`` judges the content of a
    file by the scanners.
    """
    waiting = list(_new_scripts(runs, context, session))
    if not waiting:
        return
    from zt_gate.guard.session.script_texts import is_shell_script, texts_in

    seen: set[str] = set()
    while waiting:
        path, kind, cwd = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > _MOST_SCRIPTS:
            yield _unread(path, "the command runs too many new scripts at once")
            return
        content = _content(path)
        is_installed = _is_installed(path)
        if content is None:
            if not is_installed or is_shell_script(path, kind):
                yield _unread(path, "it cannot be read, or is larger than 1 MB")
            continue
        if content.startswith(_COMPILED):
            continue  # its code is the sandbox's to limit
        for text in texts_in(path, content, kind):
            concerns, more = judge_text(text.text, cwd)
            is_sure = text.is_sure and not is_installed
            yield from (
                _in_script(one, path) for one in concerns if _counts(one, is_sure)
            )
            waiting += _new_scripts(more, context, session) if is_sure else ()
        waiting += _included(content, kind, cwd, session)
        # Packages were judged when they were installed.
        if not is_installed and session.scripts.get(path) != sha256(content):
            found = judge_content(path, content)
            yield from (_in_script(one, path) for one in found)
            if not found:
                remember_verdict(session, path, content)


def _counts(concern: Concern, is_sure: bool) -> bool:  # noqa: FBT001
    return is_sure or (concern.is_attack and concern.control.startswith(_CLEAR))


def _included(
    content: bytes, kind: str, cwd: str, session: Session
) -> Iterator[tuple[str, str, str]]:
    """Yield the new files that a makefile includes."""
    if kind != "make":
        return
    from zt_gate.guard.session.script_texts import includes

    for name in includes(content):
        real = os.path.realpath(os.path.join(cwd, name))
        if _is_new(real, session, kind):
            yield real, kind, cwd


def _new_scripts(
    runs: Sequence[Invocation], context: GuardContext, session: Session
) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and folder of the new scripts that programs would run."""
    for invocation in runs:
        for path, kind in _scripts_of(invocation):
            real = os.path.realpath(path)
            if _is_new(real, session, kind):
                folder = os.path.dirname(path) if kind == "make" else invocation.cwd
                yield real, kind, folder or context.root


def _scripts_of(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """Yield paths of scripts that one program would run, and "shell", "direct" or ""."""
    if invocation.host:
        return
    if invocation.words and "/" in invocation.words[0].text:
        path = invocation.path(invocation.words[0].text)
        if path:
            yield path, "direct"
    table = load("runners.json")
    program = invocation.program
    arguments = [item.text for item in invocation.arguments if item.is_known]
    if program in table["shells"]:
        yield from _interpreted(invocation, arguments, "shell")
    elif {program, program.rstrip("0123456789.")} & set(table["interpreters"]):
        yield from _interpreted(invocation, arguments, "code")
    elif program in {"sed", "gsed"}:
        yield from _sed_files(invocation, arguments)
    yield from _built(invocation, arguments, table)


def _interpreted(
    invocation: Invocation, arguments: list[str], kind: str
) -> Iterator[tuple[str, str]]:
    """Yield what an interpreter reads: its argument, or standard input."""
    yield from _script_argument(invocation, arguments, kind)
    words = [redirect.target for redirect in invocation.redirects if redirect.reads]
    for word in words:
        path = invocation.path(word.text)
        if path:
            yield path, kind
    for source in invocation.input.commands:
        for word in source.arguments:
            path = source.path(word.text) if word.is_known else None
            if path:
                yield path, kind


def _built(
    invocation: Invocation, arguments: list[str], table: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield the files that build and test tools, and Python's ``-m``, run by their names."""
    program, module = invocation.program, _module_of(arguments)
    names = [*table["builders"].get(program, ()), *table["modules"].get(module, ())]
    if module and program.startswith(("python", "pypy")):
        names += [f"{module}.py", f"{module}/__main__.py", f"{module}/__init__.py"]
    if program in _MAKES:
        yield from _makefiles(invocation, arguments)
        return
    if program in {"node", "nodejs"} and any(
        word.startswith("--run") for word in arguments
    ):
        names.append("package.json")
    if invocation.cwd is not None:
        for name in names:
            yield os.path.join(invocation.cwd, name), ""
    if program in table["takes_files"] or module in table["modules"]:
        yield from _named_files(invocation, arguments, table["file_options"])


def _sed_files(
    invocation: Invocation, arguments: list[str]
) -> Iterator[tuple[str, str]]:
    for place, argument in enumerate(arguments):
        name = ""
        if argument in {"-f", "--file"}:
            name = "".join(arguments[place + 1 : place + 2])
        elif argument.startswith(("-f", "--file=")):
            name = argument.removeprefix("--file=").removeprefix("-f")
        path = invocation.path(name) if name else None
        if path:
            yield path, "sed"


def _script_argument(
    invocation: Invocation, arguments: list[str], kind: str
) -> Iterator[tuple[str, str]]:
    evaluating = {"-c"} if kind == "shell" else {"-c", "-e", "-m", "--eval"}
    for place, argument in enumerate(arguments):
        if argument in evaluating:
            return
        before = arguments[place - 1] if place else ""
        is_loaded = before in _LOADING
        if kind == "shell" and _SETS_OPTION.fullmatch(before):
            continue
        if not argument.startswith("-"):
            path = invocation.path(argument)
            if path:
                yield path, kind
                yield os.path.join(path, "__main__.py"), ""
            if not is_loaded:
                return


def _makefiles(
    invocation: Invocation, arguments: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield the makefiles of ``make -C FOLDER -f FILE``, in each spelling of both."""
    folder, files = "", []
    for place, argument in enumerate(arguments):
        match = _MAKE_OPTION.fullmatch(argument)
        if match is None:
            continue
        value = match["long_value"] or match["value"]
        if not value:
            value = "".join(arguments[place + 1 : place + 2])
        if (match["long"] or match["short"]).lstrip("-").startswith(("C", "d")):
            folder = os.path.join(folder, value)
        else:
            files.append(value)
    for name in files or ("GNUmakefile", "makefile", "Makefile"):
        path = invocation.path(os.path.join(folder, name))
        if path:
            yield path, "make"


def _named_files(
    invocation: Invocation, arguments: list[str], options: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield files that are arguments: ``make -f F``, ``pytest tests/test_a.py``."""
    for place, argument in enumerate(arguments):
        value = argument.rpartition("=")[2] if argument.startswith("--") else argument
        if value.startswith("-") and value not in options:
            continue
        path = invocation.path(value.partition("::")[0])
        if not path:
            continue
        if os.path.isfile(path):
            yield path, ""
        elif place and arguments[place - 1] == "-C" and os.path.isdir(path):
            for name in ("GNUmakefile", "makefile", "Makefile"):
                yield os.path.join(path, name), ""
        elif os.path.isdir(path):
            yield os.path.join(path, "conftest.py"), ""


def _module_of(arguments: list[str]) -> str:
    for place, argument in enumerate(arguments[:-1]):
        if argument == "-m":
            return arguments[place + 1].partition(".")[0]
    return ""


def _is_installed(path: str) -> bool:
    return any(folder in path for folder in load("runners.json")["installed"])


def _is_new(path: str, session: Session, kind: str) -> bool:
    """Whether a file was made or changed in the session.

    The time of its last change is the kernel's: no program can set it.
    """
    if path in session.scripts:
        return True
    if _is_installed(path) and kind not in {"shell", "direct"}:
        return False
    try:
        info = os.stat(path)
    except OSError:
        return False
    return os.path.isfile(path) and info.st_ctime >= session.started


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError:
        return None
    is_small = len(content) <= _LONGEST or content.startswith(_COMPILED)
    return content if is_small else None


def _in_script(concern: Concern, path: str) -> Concern:
    return Concern(
        concern.control,
        concern.answer,
        f"In {os.path.basename(path)}, which the command runs: {concern.reason}",
        concern.next_step,
        concern.effect,
        concern.is_attack,
    )


def _unread(path: str, reason: str) -> Concern:
    return Concern(
        "execution/unread-script",
        Answer.DENY,
        f"The script {os.path.basename(path)} was not judged: {reason}.",
        "Run the commands in it one by one.",
        f"run {path}",
    )
