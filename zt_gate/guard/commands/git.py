"""Judges git's commands: what they do to branches, remotes and work that is not committed."""

from __future__ import annotations

import os

from zt_gate.guard.commands import files, network
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation


def push(case: CommandCase, reading: Reading) -> None:
    """Judge ``git push``: only the session's own branch may be rewritten, after asking."""
    case.sends_outside = True
    words = [word.text for word in reading.arguments]
    repo = reading.option("--repo")
    refs = words if repo is not None else words[1:]
    forced = any(
        option in {"-f", "--force", "--mirror", "--prune"}
        or option.startswith(("--force", "--mirr", "--prun", "--forc"))
        for option in reading.options
    )
    deletes = reading.has("-d", "--delete") or any(
        option.startswith("--del") for option in reading.options
    )
    if any(option.startswith(("--mir", "--prun")) for option in reading.options):
        case.add("push/forced", "all branches")
        return
    if forced and any(option in {"--all", "--branches"} for option in reading.options):
        case.add("push/forced", "all branches")
    if forced and any(
        option in {"--tags", "--follow-tags"} for option in reading.options
    ):
        case.add("push/forced", "tags")
    if forced and not refs:
        _rewritten(case, case.context.branch, "push/forced")
    for ref in refs:
        rewrites = forced or ref.startswith("+")
        source, colon, target = ref.removeprefix("+").partition(":")
        name = _branch(target if colon else source, case)
        if deletes or (colon and not source):
            _rewritten(case, name, "push/branch-deleted")
        elif rewrites:
            _rewritten(case, name, "push/forced")
        elif UNKNOWN in ref:
            case.add("push/undecided", ref)
        elif target.startswith("refs/") and not target.startswith(
            ("refs/heads/", "refs/tags/", "refs/for/")
        ):
            case.add("push/forced", target)


def embedded(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge git in a folder that is a repository itself, with settings like any file.

    Its ``config`` can start programs, and none of this repository's hooks run.
    """
    folder = reading.option("-C")
    path = invocation.path(folder.text if folder is not None else ".")
    if path is None:
        return
    place = os.path.realpath(path)
    while case.context.is_in_project(place) and place != case.context.root:
        if os.path.basename(place) != ".git" and _is_repository(place):
            case.add("gate/git-folder", path)
            return
        if os.path.lexists(os.path.join(place, ".git")):
            return
        place = os.path.dirname(place)


def _is_repository(folder: str) -> bool:
    return all(
        os.path.exists(os.path.join(folder, name))
        for name in ("HEAD", "objects", "refs")
    )


def outside(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge work that is dropped in another repository than the project's."""
    if not any(control == "git/work-dropped" for control, _ in case.concerns):
        return
    folder = reading.option("-C")
    path = invocation.path(folder.text if folder is not None else ".")
    if path is None:
        return
    real = os.path.realpath(path)
    if not case.context.is_in_project(real) and not case.context.is_temporary(real):
        case.add("files/destroyed-outside", path)


def _branch(name: str, case: CommandCase) -> str:
    plain = name.removeprefix("refs/heads/")
    return case.context.branch if plain in {"HEAD", "@"} else plain


def _rewritten(case: CommandCase, name: str, control: str) -> None:
    own = case.context.branch
    is_own = (
        bool(own) and name == own and name not in {"main", "master", "trunk", "develop"}
    )
    case.add("push/own-rewritten" if is_own else control, name or "an unknown branch")


def checkout(case: CommandCase, reading: Reading) -> None:
    """Judge ``git checkout`` of paths, which drops what is not committed."""
    words = [word.text for word in reading.arguments]
    _restored(case, words)
    if "." in words or "--" in words or ":/" in words or "*" in words:
        case.add("git/work-dropped", " ".join(["checkout", *words]))


def restore(case: CommandCase, reading: Reading) -> None:
    """Judge ``git restore``: of the whole tree it drops what is not committed."""
    words = [word.text for word in reading.arguments]
    if reading.has("-S", "--staged") and not reading.has("-W", "--worktree"):
        return
    _restored(case, words)
    if {".", ":/", "*", ":"} & set(words):
        case.add("git/work-dropped", " ".join(["restore", *words]))


def _restored(case: CommandCase, words: list[str]) -> None:
    """Judge paths that get the content of another commit."""
    from zt_gate.guard.commands.places import kind_of_text

    for word in words:
        if kind_of_text(f"/{word}") in {"hooks", "client"}:
            case.add("gate/hook-files", word)


def clean(case: CommandCase, reading: Reading) -> None:
    """Judge ``git clean``, unless it only shows what it would remove."""
    if reading.has("-n", "--dry-run") or not (
        reading.has("-f", "--force")
        or any(option.startswith("--for") for option in reading.options)
    ):
        return
    case.add("git/work-dropped", "clean")
    if reading.has("-x", "-X") and case.context.task.is_narrow:
        case.add("files/root", "clean -x")


def branch(case: CommandCase, reading: Reading) -> None:
    """Judge ``git branch`` and ``git tag``: with a name they make one."""
    names = {word.text for word in reading.arguments}
    if reading.has("-D", "-f") and names & {"main", "master", "trunk", "develop"}:
        case.add("git/work-dropped", f"branch -D {' '.join(sorted(names))}")
    if reading.arguments and not reading.has(
        "-l",
        "--list",
        "--contains",
        "--merged",
        "--no-merged",
        "-v",
        "--points-at",
        "--show-current",
        "-n",
        "--sort",
    ):
        case.add("git/local-change", reading.path[1])


def symbolic_ref(case: CommandCase, reading: Reading) -> None:
    """Judge ``git symbolic-ref``: with a second word it moves a ref."""
    if len(reading.arguments) > 1 or reading.has("-d", "--delete"):
        case.add("gate/plumbing", "symbolic-ref")


def strategy(case: CommandCase, word: CommandWord) -> None:
    """Judge a merge strategy: any other name than git's own is a program."""
    if word.text not in {"ort", "recursive", "resolve", "octopus", "ours", "subtree"}:
        case.add("gate/git-runs-program", word.text)


def address(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge the address of a repository; ``ext::`` and options in it run programs."""
    text = word.text
    if "::" in text or text.startswith("-"):
        case.add("gate/git-runs-program", text)
    elif "://" in text:
        if text.lower().startswith("file://"):
            files.judge(case, invocation, "read", word)
        else:
            network.judge_host(case, network.host_of(text), text, "network/git-address")
    elif ":" in text and "/" not in text.partition(":")[0]:
        network.judge_host(
            case, network.host_of(text.partition(":")[0]), text, "network/git-address"
        )
    elif UNKNOWN in text:
        case.add("network/git-address", text)
    else:
        files.judge(case, invocation, "read", word)


def remote(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge the first word of ``push`` and ``fetch``: a remote's name or an address."""
    text = word.text
    if "://" in text or "::" in text or ":" in text or text.startswith(("/", ".", "-")):
        address(case, invocation, word)
        if invocation.arguments and any(
            one.text == "push" for one in invocation.arguments
        ):
            if "://" in text or (":" in text and not text.startswith("/")):
                case.add("exfiltration/pushed", text)
            path = invocation.path(text)
            if path and case.context.is_in_project(os.path.realpath(path)):
                # A clone of the project has none of its hooks.
                case.add("gate/plumbing", f"push {text}")
    elif UNKNOWN in text:
        case.add("network/git-address", text)


def symbolic_fetch(case: CommandCase, word: CommandWord) -> None:
    """Judge a ref that is fetched: it must not move a branch or a remote's ref by force."""
    source, colon, target = word.text.partition(":")
    if colon and source.startswith("+") and target:
        case.add("gate/plumbing", f"fetch {word.text}")


def foreach(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge the command of ``submodule foreach`` and ``bisect run``."""
    words = reading.arguments
    if len(words) == 1:
        case.script(words[0].text, invocation, "foreach")
    elif words:
        from zt_gate.record import replace

        case.command(replace(invocation, words=tuple(words), redirects=()))
    if case.context.task.is_narrow:
        case.add("run/command-option", " ".join(reading.path))


def apply(case: CommandCase, reading: Reading) -> None:
    """Judge ``git apply``: outside the tree only with ``--unsafe-paths``."""
    if any(option.startswith("--unsafe") for option in reading.options):
        case.add("files/write-outside", "--unsafe-paths")


def api(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge ``gh api``: GET is reading; what deletes, moves refs or lowers rules is not."""
    path = reading.arguments[0].text.lower() if reading.arguments else ""
    method = (reading.option("-X", "--method") or CommandWord("")).text.upper()
    has_fields = reading.has("-f", "-F", "--field", "--raw-field", "--input")
    if not method:
        method = "POST" if has_fields else "GET"
    for word in reading.words("gh-field"):
        value = word.text.partition("=")[2]
        if value.startswith("@"):
            files.judge(case, invocation, "upload", CommandWord(value[1:]))
    for word in reading.words("read"):
        files.judge(case, invocation, "upload", word)
    if path.endswith(("graphql",)):
        query = " ".join(word.text for _, _, word in reading.values).lower()
        if "mutation" in query or UNKNOWN in query:
            case.add("forge/api-changes", "a GraphQL mutation")
        return
    if method == "GET":
        return
    guarded = (
        "/git/refs",
        "/protection",
        "/rulesets",
        "/hooks",
        "/keys",
        "/collaborators",
        "/actions/permissions",
        "/branches/",
        "/actions/secrets",
        "/environments",
        "/merges",
        "/contents",
        "/invitations",
        "/deployments",
        "/statuses",
        "/check-runs",
        "/pulls/",
        "/actions/workflows",
    )
    if method == "DELETE" or (
        any(part in path for part in guarded) and "/comments" not in path
    ):
        case.add("forge/api-guarded", f"{method} {path}")
    else:
        case.add("forge/api-changes", f"{method} {path}")
