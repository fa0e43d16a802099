"""``zt-gate init``: create a policy and set up pre-commit and GitHub.

It overwrites no file, and writes no value that it does not know: see
``installed_from``.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.commands.init_files import (
    JUDGE_WORKFLOW,
    POLICY,
    PRE_COMMIT,
    WORKFLOW,
    action_of,
    judge_workflow_text,
    policy_text,
    pre_commit_block,
    workflow_text,
)
from zt_gate.errors import GateError, UsageError
from zt_gate.record import replace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

    from zt_gate.commands.installed_from import InstallSource
    from zt_gate.git.run import Git

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--pre-commit", action="store_true", help=f"add the hooks to {PRE_COMMIT}"
    )
    parser.add_argument(
        "--github", action="store_true", help=f"create {WORKFLOW} and {JUDGE_WORKFLOW}"
    )
    parser.add_argument(
        "--repository",
        metavar="URL",
        help="address of zt-gate's repository; default: where it was installed from",
    )
    parser.add_argument(
        "--commit",
        metavar="ID",
        help="full commit id of zt-gate; default: the one that is installed",
    )
    parser.add_argument(
        "--print-source",
        action="store_true",
        help="print the installed zt-gate as a requirement for pip, and write nothing",
    )


def main(options: Namespace) -> int:
    """Create the missing files and print the next steps; returns 0.  Raises GateError."""
    from zt_gate.git.run import Git

    origin = _origin(options)
    if options.print_source:
        return _print_source(origin)
    git = Git.open(Path.cwd(), os.environ)
    if (options.pre_commit or options.github) and _is_incomplete(origin):
        origin = _ask(origin)
    written = [_policy(git.root, origin)]
    if options.pre_commit:
        written.append(_pre_commit(git.root, origin))
    if options.github:
        written += _workflows(git, origin)
    _print_next_steps([name for name in written if name], options)
    return 0


def _origin(options: Namespace) -> InstallSource:
    """Return where zt-gate comes from, as the options or its installation say."""
    from zt_gate.commands.installed_from import (
        InstallSource,
        as_address,
        is_commit,
        read_source,
    )

    if options.commit and not is_commit(options.commit):
        raise UsageError("--commit takes a full commit id: 40 hexadecimal digits")
    if not options.repository:
        origin = read_source(os.environ)
        if options.commit and options.commit != origin.commit:
            origin = replace(origin, commit=options.commit, tag="")
        return origin
    address = as_address(options.repository)
    if not address:
        raise UsageError(
            "--repository takes the https or ssh address of a git repository"
        )
    if options.commit:
        return InstallSource(address, options.commit)
    return InstallSource(address, doubt="--repository was given without --commit")


def _is_incomplete(origin: InstallSource) -> bool:
    return not origin.address or not origin.commit


def _print_source(origin: InstallSource) -> int:
    if not origin.requirement:
        raise GateError(
            f"where zt-gate was installed from is not known: {origin.doubt}"
        )
    print(origin.requirement)
    return 0


def _ask(origin: InstallSource) -> InstallSource:
    """Ask a person for what is not known; without a terminal or an answer it stays so."""
    from zt_gate.commands.installed_from import as_address, is_commit

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return origin
    print(
        f"Where to get zt-gate from is not fully known: {origin.doubt}.\n"
        "Press Enter to leave out the files that name it.",
        file=sys.stderr,
    )
    if not origin.address:
        address = as_address(_answer("Address of its git repository (https or ssh): "))
        if not address:
            return origin
        origin = replace(origin, address=address)
    commit = _answer(f"Full id of the commit of {origin.address}: ").lower()
    return replace(origin, commit=commit, tag="") if is_commit(commit) else origin


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(4096).strip()


def _policy(root: Path, origin: InstallSource) -> str:
    """Create the policy; return its name, or "" if the project already has one."""
    from zt_gate.doctor.repository_files import of_work_tree
    from zt_gate.policy.load import PYPROJECT, project_table

    pyproject = os.fsdecode(PYPROJECT)
    data = of_work_tree(root, pyproject)
    if data is not None and project_table(data) is not None:
        print(f"{pyproject} already contains the policy, in the table [tool.zt-gate]")
        return ""
    return _create(root, POLICY, policy_text(origin))


def _pre_commit(root: Path, origin: InstallSource) -> str:
    """Add the hooks to the configuration, or print what to add.

    Returns the name of the file, or "" if it was not changed.
    """
    from zt_gate.doctor.repository_files import UnreadableError, of_work_tree

    try:
        old = of_work_tree(root, PRE_COMMIT)
    except UnreadableError as error:
        raise GateError(str(error)) from error
    if old is not None and has_hooks(old):
        print(f"{PRE_COMMIT} already contains zt-gate")
        return ""
    block = pre_commit_block(origin)
    if not block:
        _print_left_out(PRE_COMMIT, origin.doubt)
        return ""
    if old is None:
        return _create(root, PRE_COMMIT, f"repos:\n{block}")
    new = with_hooks(old, block)
    if new is None:
        print(f"{PRE_COMMIT} was not changed. Add this to its list repos:\n")
        print(block)
        return ""
    _replace(root / PRE_COMMIT, new)
    print(f"{PRE_COMMIT}: added the zt-gate hooks")
    return PRE_COMMIT


def _workflows(git: Git, origin: InstallSource) -> list[str]:
    """Create both workflows; return their names, "" for one that exists already."""
    from zt_gate.commands.installed_from import forge_host

    action = action_of(origin, forge_host(git))
    if not action:
        doubt = origin.doubt
        if not _is_incomplete(origin):
            doubt = f"GitHub cannot use an action from {origin.address}"
        _print_left_out(f"{WORKFLOW} and {JUDGE_WORKFLOW}", doubt)
        return []
    return [
        _create(git.root, WORKFLOW, workflow_text(action)),
        _create(git.root, JUDGE_WORKFLOW, judge_workflow_text(action)),
    ]


def _print_left_out(names: str, doubt: str) -> None:
    """Say that files are missing because a value in them is unknown, and what to do."""
    print(
        f"{names} left out: where to get zt-gate from is not known ({doubt}). "
        "Run again with --repository URL --commit ID"
    )


def has_hooks(data: bytes) -> bool:
    """Whether a pre-commit configuration already has zt-gate's hooks."""
    from zt_gate.doctor.repository_files import UnreadableError, tables, yaml_table

    try:
        table = yaml_table(data, PRE_COMMIT, version="1.1")
    except UnreadableError:
        return False
    return any(_is_zt_gate(repo) for repo in tables(table.get("repos")))


def with_hooks(old: bytes, block: str) -> bytes | None:
    """Return a configuration with zt-gate's entry at the end of its repositories.

    None if it cannot be added without changing anything else: the result is parsed
    and compared.
    """
    from zt_gate.doctor.repository_files import UnreadableError, tables, yaml_table

    try:
        before = yaml_table(old, PRE_COMMIT, version="1.1")
        repos = tables(before.get("repos"))
        new = _inserted(old, block)
        after = yaml_table(new, PRE_COMMIT, version="1.1")
    except UnreadableError:
        return None
    added = yaml_table(f"repos:\n{block}".encode(), PRE_COMMIT)
    expected = {**before, "repos": [*repos, *tables(added["repos"])]}
    return new if after == expected else None


def _is_zt_gate(repo: Mapping[str, Any]) -> bool:
    from zt_gate.doctor.repository_files import tables

    address = str(repo.get("repo", "")).rstrip("/").removesuffix(".git")
    if address.endswith("/zt-gate"):
        return True
    # A fork may have any name; the hook's name stays.
    return any(hook.get("id") == "zt-gate" for hook in tables(repo.get("hooks")))


def _inserted(old: bytes, block: str) -> bytes:
    """Insert the block after the last entry of ``repos``, with the indentation of the list."""
    lines = old.splitlines(keepends=True)
    start = _line_of_repos(lines)
    indent = b""
    last_entry_line = start
    for number, line in enumerate(lines[start + 1 :], start + 1):
        text = line.strip()
        if not text:
            continue
        if not line.startswith((b" ", b"-", b"#")):
            break  # the next top-level key
        if text.startswith(b"#"):
            continue
        if last_entry_line == start:
            indent = line[: len(line) - len(line.lstrip())]
        last_entry_line = number
    block_lines = [indent + line for line in block.encode().splitlines(keepends=True)]
    head = lines[: last_entry_line + 1]
    if head and not head[-1].endswith(b"\n"):
        head[-1] += b"\n"
    return b"".join([*head, *block_lines, *lines[last_entry_line + 1 :]])


def _line_of_repos(lines: Sequence[bytes]) -> int:
    """Return the index of the line with the top-level key ``repos``, or the number of lines."""
    for number, line in enumerate(lines):
        if line.startswith(b"repos:"):
            return number
    return len(lines)


def _create(root: Path, name: str, text: str) -> str:
    """Create a file without following links.

    Returns its name, or "" if it exists already.  Raises GateError.
    """
    *folders, file_name = name.split("/")
    try:
        with ExitStack() as open_folders:
            handle = os.open(root, _FOLDER_FLAGS)
            open_folders.callback(os.close, handle)
            for folder in folders:
                if not _exists(handle, folder):
                    os.mkdir(folder, dir_fd=handle)
                handle = os.open(folder, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=handle)
                open_folders.callback(os.close, handle)
            if _exists(handle, file_name):
                print(f"{name} already exists and was not changed")
                return ""
            target = os.open(file_name, _NEW_FILE_FLAGS, 0o666, dir_fd=handle)
            with os.fdopen(target, "wb") as file:
                file.write(text.encode())
    except OSError as error:
        raise GateError(f"{name} cannot be written: {error.strerror}") from error
    print(f"{name} created")
    return name


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _replace(target: Path, data: bytes) -> None:
    from zt_gate.system.cache import write_atomically

    try:
        mode = stat.S_IMODE(os.lstat(target).st_mode)
        write_atomically(target, data)
        os.chmod(target, mode)
    except OSError as error:
        raise GateError(f"{target.name} cannot be written: {error.strerror}") from error


def _print_next_steps(written: list[str], options: Namespace) -> None:
    steps = [
        "zt-gate baseline          # record existing findings so that only new ones fail"
    ]
    if written:
        steps.append(f"git add {' '.join(written)} .zt-gate-baseline && git commit")
    if PRE_COMMIT in written:
        steps.append("pre-commit install -t pre-commit -t commit-msg -t pre-push")
    else:
        alternative = (
            "" if options.pre_commit else "      # or zt-gate init --pre-commit"
        )
        steps.append(f"zt-gate hook install{alternative}")
    if not options.github:
        steps.append(
            "zt-gate init --github     # local hooks are advisory, CI enforces"
        )
    steps.append("zt-gate doctor            # check installation and enforcement")
    print("\nNext:", *steps, sep="\n  ", file=sys.stderr)
