"""Scripts that a command runs and that came into being in this session.

A tool that writes a file is judged by what it writes; what runs later is judged by what
is there then.  A file that is older than the session is the project's own.  What was
written since, by whatever tool, needs a verdict on its present content: by the scanners,
and for the commands in it by the judge of commands.  What a program's own code does
beyond that is the sandbox's to limit.
"""

from __future__ import annotations

import json
import os

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
        if content is None:
            yield _unread(path, "it cannot be read, or is larger than 1 MB")
            continue
        if content.startswith(_COMPILED):
            continue  # its code is the sandbox's to limit
        for text in commands_in(path, content, kind):
            concerns, more = judge_text(text, cwd)
            yield from (_in_script(one, path) for one in concerns)
            waiting += _new_scripts(more, context, session)
        if session.scripts.get(path) != sha256(content):
            found = judge_content(path, content)
            yield from (_in_script(one, path) for one in found)
            if not found:
                remember_verdict(session, path, content)


def _new_scripts(
    runs: Sequence[Invocation], context: GuardContext, session: Session
) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and folder of the new scripts that programs would run."""
    for invocation in runs:
        for path, kind in _scripts_of(invocation):
            real = os.path.realpath(path)
            if _is_new(real, session):
                yield real, kind, invocation.cwd or context.root


def commands_in(path: str, content: bytes, kind: str) -> list[str]:
    """Return the texts in a script that a shell runs; none for other languages."""
    text = content.decode("utf-8", "replace")
    name = os.path.basename(path).lower()
    first = text.partition("\n")[0]
    is_shell = kind == "shell" or name.endswith((".sh", ".bash", ".zsh", ".ksh"))
    if first.startswith("#!"):
        program = os.path.basename(first[2:].strip().split(" ")[-1])
        is_shell = is_shell or program in {"sh", "bash", "dash", "zsh", "ksh"}
    if name == "package.json":
        return _package_scripts(text)
    if name in {"makefile", "gnumakefile", "justfile", ".justfile"} or name.endswith(
        ".mk"
    ):
        return _recipes(text)
    if name == "dockerfile":
        return []
    if is_shell:
        return [text]
    if kind == "direct" and not first.startswith("#!") and "\0" not in text:
        return [text]  # the kernel refuses it, and a shell runs it then
    is_hook = "/.husky/" in path or "/.githooks/" in path
    return [text] if is_hook and not first.startswith("#!") else []


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
        yield from _interpreted(invocation, arguments, "")
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
    if invocation.cwd is not None:
        for name in names:
            yield os.path.join(invocation.cwd, name), ""
    if program in table["takes_files"] or module in table["modules"]:
        yield from _named_files(invocation, arguments, table["file_options"])


def _script_argument(
    invocation: Invocation, arguments: list[str], kind: str
) -> Iterator[tuple[str, str]]:
    evaluating = {"-c"} if kind == "shell" else {"-c", "-e", "-m", "--eval"}
    for place, argument in enumerate(arguments):
        if argument in evaluating:
            return
        is_loaded = arguments[place - 1] in _LOADING if place else False
        if not argument.startswith("-"):
            path = invocation.path(argument)
            if path:
                yield path, kind
                yield os.path.join(path, "__main__.py"), ""
            if not is_loaded:
                return


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


def _is_new(path: str, session: Session) -> bool:
    """Whether a file was made or changed in the session.

    The time of its last change is the kernel's: no program can set it.
    """
    if path in session.scripts:
        return True
    if any(folder in path for folder in load("runners.json")["installed"]):
        return False  # packages were judged when they were installed
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


def _package_scripts(text: str) -> list[str]:
    try:
        scripts = json.loads(text).get("scripts", {})
        return [command for command in scripts.values() if isinstance(command, str)]
    except (ValueError, AttributeError, RecursionError):
        return []


def _recipes(text: str) -> list[str]:
    """Return the recipe lines of a makefile, without make's own variables."""
    joined = text.replace("\\\n", " ")
    found = []
    for line in joined.splitlines():
        if line.startswith(("\t", "    ")):
            recipe = line.strip().lstrip("@-+")
            if recipe and not recipe.startswith("#"):
                found.append(recipe.replace("$$", "$"))
    return found


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
