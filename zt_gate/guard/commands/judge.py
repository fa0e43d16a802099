"""Judges a command: what it would run and touch, against the task of the session."""

from __future__ import annotations

from zt_gate.guard.action import RunCommand, TypeInput
from zt_gate.guard.commands import (
    denials,
    environment,
    files,
    reading,
    variables,
)
from zt_gate.guard.commands.case import CommandCase
from zt_gate.guard.commands.permission import may_run, named_words
from zt_gate.guard.shell.invocation import Input, Invocation
from zt_gate.guard.shell.parse import ShellSyntaxError
from zt_gate.guard.shell.unwrap import written_text
from zt_gate.guard.shell.walk import analyse
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import Verifier
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.decision import Concern
    from zt_gate.guard.shell.invocation import Analysis, Redirect

_NOTHING_WRITTEN = frozenset((":", "true", "false"))


def judge_command(
    action: RunCommand | TypeInput,
    context: GuardContext,
    *,
    verifier: Verifier | None = None,
) -> tuple[Concern, ...]:
    """Return all reasons against a command; none leaves it to the client.

    ``verifier`` judges packages that would be installed, instead of the dependency scanner.
    """
    return judged(action, context, verifier=verifier)[0]


def judged(
    action: RunCommand | TypeInput,
    context: GuardContext,
    *,
    verifier: Verifier | None = None,
) -> tuple[tuple[Concern, ...], tuple[str, ...]]:
    """Return the reasons, and the real paths of the scripts that the command would run."""
    case = examined(action, context, verifier=verifier)
    return tuple(case.concerns.values()), tuple(dict.fromkeys(case.scripts))


def examined(
    action: RunCommand | TypeInput,
    context: GuardContext,
    *,
    verifier: Verifier | None = None,
) -> CommandCase:
    """Return the whole judgement of a command: its ``concerns``, ``scripts`` and ``runs``."""
    case = CommandCase(context, _run_text, _run_command, verifier)
    dialect = "bash"
    if isinstance(action, RunCommand):
        dialect = action.dialect
        if action.is_background:
            case.add("background/started", "the command")
    case.dialect = dialect
    try:
        analysis = analyse(action.text, action.cwd, context.environ, dialect=dialect)
    except ShellSyntaxError as error:
        case.add("command/unreadable", str(error))
    else:
        _judge_analysis(case, analysis, action.cwd)
    if case.packages:
        from zt_gate.guard.commands import packages

        packages.verify_all(case)
    if (case.sends_outside or case.shows_outside) and any(
        control in {"credentials/project-secret", "credentials/environment-listed"}
        for control, _ in case.concerns
    ):
        case.add("exfiltration/upload", "what the command reads")
    if case.sends_outside and case.secret_names:
        case.add("credentials/variable-sent", ", ".join(sorted(case.secret_names)))
    return case


def _run_text(case: CommandCase, text: str, cwd: str | None, host: str) -> None:
    if not text.strip():
        return
    if UNKNOWN in text:
        case.add("run/undecided", text)
    try:
        analysis = analyse(
            text.replace(UNKNOWN, "zt_undecided"),
            cwd or case.context.root,
            case.context.environ,
            dialect=case.dialect,
        )
    except ShellSyntaxError as error:
        case.add("command/unreadable", str(error))
        return
    if host:
        analysis = replace(
            analysis,
            invocations=tuple(replace(one, host=host) for one in analysis.invocations),
        )
    _judge_analysis(case, analysis, cwd or case.context.root)


def _run_command(case: CommandCase, invocation: Invocation) -> None:
    """Judge a command that another starts, with all that it starts itself."""
    from zt_gate.guard.shell.walk import analyse_invocation

    analysis = analyse_invocation(
        invocation, case.context.environ, dialect=case.dialect
    )
    _judge_analysis(case, analysis, invocation.cwd or case.context.root)


def _judge_analysis(case: CommandCase, analysis: Analysis, cwd: str) -> None:
    for problem in analysis.problems:
        case.add("run/undecided", problem)
    shell = Invocation((), cwd)
    for assignment in analysis.assignments:
        variables.judge(case, shell, assignment, stays=True)
        variables.judge_names(case, shell, assignment.value)
    for redirect, folder in analysis.redirects:
        _redirect(case, replace(shell, cwd=folder), redirect, is_alone=True)
    searched = environment.searched(case, analysis.invocations)
    for invocation in analysis.invocations:
        if id(invocation) not in searched:
            _run_words(case, invocation)


def _redirect(
    case: CommandCase, invocation: Invocation, redirect: Redirect, *, is_alone: bool
) -> None:
    target = redirect.target
    is_substitution = target.text == UNKNOWN and not target.names
    if redirect.reads and not is_substitution:
        files.judge(case, invocation, "read", target)
    if not redirect.writes:
        return
    if is_substitution and target.quoted:
        # ``> >(program)``: a substitution, which is judged as what it runs.
        return
    if ">>" in redirect.operator:
        files.judge(case, invocation, "append", target)
    else:
        files.judge(case, invocation, "empty" if is_alone else "write", target)


def _remember_written(case: CommandCase, invocation: Invocation) -> None:
    """Remember what the text itself writes to files: it may run them."""
    targets = [one.target for one in invocation.redirects if one.writes]
    given: Input | None = None
    if invocation.program == "tee":
        targets += [word for word in invocation.arguments if word.text[:1] != "-"]
        given = invocation.input
    if invocation.program in {"cp", "mv", "ln", "install"}:
        names = [word for word in invocation.arguments if word.text[:1] != "-"]
        source = invocation.path(names[0].text) if len(names) == 2 else None
        copied = invocation.path(names[1].text) if source is not None else None
        if source in case.written and copied is not None:
            case.written[copied] = case.written[source]
    for target in targets:
        path = invocation.path(target.text)
        if path is None:
            continue
        text = _text_of(invocation, given)
        before = case.written.get(path, CommandWord("")).text
        appends = any(">>" in one.operator for one in invocation.redirects)
        known = CommandWord(UNKNOWN) if text is None else text
        both = CommandWord(f"{before}\n{known.text}")
        case.written[path] = both if appends and before else known


def _text_of(invocation: Invocation, given: Input | None) -> CommandWord | None:
    if given is not None and given.kind == "text":
        return given.text
    if given is None:
        given = Input("commands", None, (replace(invocation, redirects=()),))
    return written_text(given)


def _run_words(case: CommandCase, invocation: Invocation) -> None:
    if not invocation.words:
        return
    case.runs.append(invocation)
    for redirect in invocation.redirects:
        is_alone = invocation.program in _NOTHING_WRITTEN
        _redirect(case, invocation, redirect, is_alone=is_alone)
    for assignment in invocation.assignments:
        variables.judge(case, invocation, assignment, stays=False)
    given = (invocation.input.text,) if invocation.input.text is not None else ()
    values = (one.value for one in invocation.assignments)
    for word in (*invocation.words, *values, *given):
        variables.judge_names(case, invocation, word)
    _remember_written(case, invocation)
    if invocation.is_background:
        case.add("background/started", invocation.program)
    name = invocation.program
    if not name:
        _undecided_program(case, invocation)
        return
    invocation = _redispatched(invocation)
    name = invocation.program
    found = reading.read(name, invocation.arguments)
    word = invocation.words[0]
    if "/" in word.text and (found is None or _is_own_program(case, invocation)):
        _script(case, invocation, found)
        return
    if found is None:
        _unknown_program(case, invocation)
        return
    _judge_reading(case, invocation, found)


def _is_own_program(case: CommandCase, invocation: Invocation) -> bool:
    """Whether a program with a known name is a file of the project, or of nobody knows where."""
    path = invocation.path(invocation.words[0].text)
    if path is None:
        return True
    parts = path.split("/")
    if case.context.is_in_project(path):
        return not {"bin", "Scripts", ".bin"} & set(parts[:-1]) and parts[-1] not in {
            "gradlew", "mvnw", "manage.py", "configure", "artisan",
        }  # fmt: skip
    return case.context.is_temporary(path)


def _undecided_program(case: CommandCase, invocation: Invocation) -> None:
    word = invocation.words[0]
    if word.is_known and word.pattern:
        case.add("command/undecided-program", word.text)
        return
    known = word.text.rpartition(UNKNOWN)[2]
    if word.text.startswith(("./", "/")) and known == "":
        from zt_gate.guard.commands import specials

        specials.run_undecided(case, invocation)
        return
    name = known.rpartition("/")[2] if "/" in known else ""
    if name:
        # ``$VENV/bin/python``: the name is known, the folder is not.
        plain = replace(invocation, words=(CommandWord(name), *invocation.arguments))
        found = reading.read(name, invocation.arguments)
        if found is not None:
            _judge_reading(case, plain, found)
            if case.context.task.is_narrow:
                case.add("command/undecided-program", word.text)
            return
    case.add("command/undecided-program", word.text)


def _script(case: CommandCase, invocation: Invocation, found: Reading | None) -> None:
    """Judge a program that is called by its path: a script of the project, or a binary."""
    from zt_gate.guard.commands import programs

    word = invocation.words[0]
    programs.run_file(case, invocation, word)
    case.add("project/runs-code", word.text)
    if case.context.task.is_narrow and not may_run(case.context.task, [word.text]):
        case.add("command/not-in-task", word.text)
    read_as = found or reading.unknown_reading(word.text, invocation.arguments)
    for role, _, value in read_as.values:
        if role in {"maybe", "text", "read", "write", "rev"}:
            files.judge_maybe(case, invocation, value, plain=role == "text")


def _unknown_program(case: CommandCase, invocation: Invocation) -> None:
    name = invocation.program
    if not may_run(case.context.task, [name]):
        case.add("command/not-in-task", name)
    case.add("command/unknown-program", name)
    if not case.context.asks and not case.context.task.is_narrow:
        concern = denials.concern(
            "command/unknown-program", replace(case.context, task=_narrowed(case))
        )
        if concern is not None:
            case.concerns[concern.control, concern.effect] = concern
    found = reading.unknown_reading(name, invocation.arguments)
    for _, _, word in found.values:
        files.judge_maybe(case, invocation, word, plain=False)


def _narrowed(case: CommandCase):  # type: ignore[no-untyped-def]
    return replace(case.context.task, is_narrow=True)


def _is_own_package(found: Reading) -> bool:
    """Whether only the project itself is installed: ``go install ./cmd/…``."""
    packages = found.words("package")
    is_local = all(word.text.startswith(".") for word in packages)
    return is_local and bool(packages or found.has("--path"))


#: What sends the words of a command to others.
_SENDS = frozenset(("forge/writes", "forge/asks", "deploy/publishes", "deploy/copies"))


def _redispatched(invocation: Invocation) -> Invocation:
    """Return ``python -m pip …`` as ``pip …``, and ``git-NAME`` as ``git NAME``."""
    if not invocation.program.startswith(("python", "pypy", "git-")):
        return invocation
    from zt_gate.guard.commands import specials

    return specials.redispatched(invocation)


_REMOVALS = frozenset(("uninstall", "remove", "rm", "un"))


def _is_special(found: Reading) -> bool:
    is_archiver = found.path[0] in {"tar", "gtar", "bsdtar", "rsync"}
    drops = any(control == "git/work-dropped" for control, _ in found.marks)
    return (
        "special" in found.table or drops or is_archiver or found.path[-1] in _REMOVALS
    )


def _judge_reading(case: CommandCase, invocation: Invocation, found: Reading) -> None:
    from zt_gate.guard.commands import roles

    task = case.context.task
    words = [*found.path, *(word.text for word in found.arguments)]
    is_wrapper = bool(found.table.get("wrapper"))
    named = named_words(task, words)
    is_named = named > 0
    # "git reflog" names no "git reflog delete".
    permits = task.is_narrow and named >= len(found.path)
    if task.is_narrow and not is_named and not is_wrapper:
        case.add("command/not-in-task", " ".join(found.path))
    for option in found.unknown:
        case.add("command/unknown-option", f"{' '.join(found.path)} {option}")
    for word in found.undecided:
        control = (
            "command/undecided-git-option"
            if found.path[0] == "git"
            else "command/undecided-option"
        )
        case.add(control, f"{' '.join(found.path)} {word.text}")
    for control, option in found.marks:
        if control == "find/delete":
            from zt_gate.guard.commands import specials

            specials.find_delete(case, invocation, found)
        else:
            case.add(control, f"{' '.join(found.path)} {option}".rstrip())
    if _SENDS & set(found.does):
        case.sends_outside = True
    for control in dict.fromkeys(found.does):
        if control == "install/outside" and _is_own_package(found):
            continue
        if not (permits and _is_permitted(case, control)):
            case.add(control, " ".join(found.path))
    roles.judge(case, invocation, found)
    if found.path[0] == "git":
        from zt_gate.guard.commands import git

        git.embedded(case, invocation, found)
    if _is_special(found):
        from zt_gate.guard.commands import specials

        specials.judge(case, invocation, found)


#: What a host of the task's ``network`` with this name permits.
_NETWORKS = {
    "network/registries": "@registries",
    "network/forge": "@forge",
    "network/git-remotes": "@remotes",
    "git/push": "@remotes",
}


def _is_permitted(case: CommandCase, control: str) -> bool:
    """Whether naming a command in a task permits what every run of it does."""
    if denials.is_attack(control):
        return False
    needed = _NETWORKS.get(control)
    if needed is None:
        return True
    network = case.context.task.network
    return needed in network or "*" in network
