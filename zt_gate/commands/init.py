"""``zt-gate init``: create a policy and set up pre-commit and GitHub.

It overwrites no file.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

POLICY = ".zt-gate.toml"
PRE_COMMIT = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/zt-gate.yml"

POLICY_TEXT = """\
# zt-gate policy: what blocks, what warns, what is allowed. It takes effect after
# it is committed, and never for the change that adds it.

# "standard": blocking rules block. "strict": for changes that nobody has reviewed
# yet; zt-gate always uses it for changes by AI agents. "advisory": warnings only.
profile = "standard"

# [levels]                       # by scanner or rule; a rule takes precedence
# code = "warn"
# "code/python-sql-injection" = "block"

# [paths]                        # findings that are expected in some files
# "tests/attacks/**" = { allow = ["injection/*"], reason = "test data for the rules" }

# [[ignore]]                     # a finding that is accepted until a date
# rule = "code/*"
# path = "legacy/**"
# reason = "to be rewritten"
# expires = 2030-01-31

# [dependencies]                 # for every package that a change adds
# min-age-days = 30
# min-weekly-downloads = 100
# on-unverified = "error"

# [scope]                        # paths that a change may touch
# allowed = ["/src/", "/tests/", "/docs/"]
# restricted = ["/infra/"]
"""

PRE_COMMIT_BLOCK = f"""\
- repo: https://github.com/OWNER/zt-gate
  rev: v{__version__}
  hooks:
    - id: zt-gate
    - id: zt-gate-commit-msg
    - id: zt-gate-push
"""

WORKFLOW_TEXT = f"""\
# Scans every pull request with the policy of its base branch. Make the check
# "zt-gate" required, and cover this file in CODEOWNERS; zt-gate doctor checks both.
name: zt-gate

on:
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled, ready_for_review]
  merge_group:

permissions: {{}}

jobs:
  zt-gate:
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
      pull-requests: write # to write its comment
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: OWNER/zt-gate@FULL_COMMIT_SHA # v{__version__}
"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--pre-commit", action="store_true", help=f"add the hooks to {PRE_COMMIT}"
    )
    parser.add_argument("--github", action="store_true", help=f"create {WORKFLOW}")


def main(options: Namespace) -> int:
    """Create the missing files and print the next steps; returns 0.  Raises GateError."""
    from zt_gate.git.run import Git

    root = Git.open(Path.cwd(), os.environ).root
    written = [_policy(root)]
    if options.pre_commit:
        written.append(_pre_commit(root))
    if options.github:
        written.append(_create(root, WORKFLOW, WORKFLOW_TEXT))
    _print_next_steps([name for name in written if name], options)
    return 0


def _policy(root: Path) -> str:
    """Create the policy; return its name, or "" if the project already has one."""
    from zt_gate.doctor.repository_files import of_work_tree
    from zt_gate.policy.load import PYPROJECT, project_table

    pyproject = os.fsdecode(PYPROJECT)
    data = of_work_tree(root, pyproject)
    if data is not None and project_table(data) is not None:
        print(f"{pyproject} already contains the policy, in the table [tool.zt-gate]")
        return ""
    return _create(root, POLICY, POLICY_TEXT)


def _pre_commit(root: Path) -> str:
    """Add the hooks to the configuration, or print what to add.

    Returns the name of the file, or "" if it was not changed.
    """
    from zt_gate.doctor.repository_files import UnreadableError, of_work_tree

    try:
        old = of_work_tree(root, PRE_COMMIT)
    except UnreadableError as error:
        raise GateError(str(error)) from error
    if old is None:
        return _create(root, PRE_COMMIT, "repos:\n" + PRE_COMMIT_BLOCK)
    new = with_hooks(old)
    if new == old:
        print(f"{PRE_COMMIT} already contains zt-gate")
        return ""
    if new is None:
        print(f"{PRE_COMMIT} was not changed. Add this to its list repos:\n")
        print(PRE_COMMIT_BLOCK)
        return ""
    _replace(root / PRE_COMMIT, new)
    print(f"{PRE_COMMIT}: added the zt-gate hooks")
    return PRE_COMMIT


def with_hooks(old: bytes) -> bytes | None:
    """Return a configuration with zt-gate's hooks at the end of its repositories.

    Returns ``old`` if it already has them, None if they cannot be added without
    changing anything else: the result is parsed and compared.
    """
    from zt_gate.doctor.repository_files import UnreadableError, tables, yaml_table

    try:
        before = yaml_table(old, PRE_COMMIT, version="1.1")
        repos = tables(before.get("repos"))
        if any(_is_zt_gate(repo) for repo in repos):
            return old
        new = _inserted(old)
        after = yaml_table(new, PRE_COMMIT, version="1.1")
    except UnreadableError:
        return None
    block = yaml_table(f"repos:\n{PRE_COMMIT_BLOCK}".encode(), PRE_COMMIT)
    expected = {**before, "repos": [*repos, *tables(block["repos"])]}
    return new if after == expected else None


def _is_zt_gate(repo: Mapping[str, Any]) -> bool:
    return str(repo.get("repo", "")).rstrip("/").endswith("/zt-gate")


def _inserted(old: bytes) -> bytes:
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
    block_lines = PRE_COMMIT_BLOCK.encode().splitlines(keepends=True)
    block = [indent + line for line in block_lines]
    head = lines[: last_entry_line + 1]
    if head and not head[-1].endswith(b"\n"):
        head[-1] += b"\n"
    return b"".join([*head, *block, *lines[last_entry_line + 1 :]])


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
    steps = []
    if PRE_COMMIT in written or WORKFLOW in written:
        steps.append(
            "replace OWNER with the owner of the zt-gate repository and, in the "
            "workflow, FULL_COMMIT_SHA with the commit to use"
        )
    steps.append(
        "zt-gate baseline          # record existing findings so that only new ones fail"
    )
    if written:
        steps.append(f"git add {' '.join(written)} .zt-gate-baseline && git commit")
    if options.pre_commit:
        steps.append("pre-commit install -t pre-commit -t commit-msg -t pre-push")
    else:
        steps.append("zt-gate hook install      # or zt-gate init --pre-commit")
    if not options.github:
        steps.append(
            "zt-gate init --github     # local hooks are advisory, CI enforces"
        )
    steps.append("zt-gate doctor            # check installation and enforcement")
    print("\nNext:", *steps, sep="\n  ", file=sys.stderr)
