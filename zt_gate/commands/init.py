"""``zt-gate init``: a first policy, and the gate wired up.  Nothing is overwritten."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate import __version__
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

POLICY = ".zt-gate.toml"
PRE_COMMIT = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/zt-gate.yml"

POLICY_TEXT = """\
# The policy of zt-gate: what blocks, what warns, what is expected. It counts once
# it is committed, and never for the change that brings it.

# "standard": what the rules block, blocks. "strict": for changes that nobody has
# read yet; agents' changes are judged like this anyway. "advisory": warnings only.
profile = "standard"

# [levels]                       # by scanner or rule; the rule wins
# code = "warn"
# "code/python-sql-injection" = "block"

# [paths]                        # findings that are expected at a place
# "tests/attacks/**" = { allow = ["injection/*"], reason = "we test what we block" }

# [[ignore]]                     # a finding that is known, for a while
# rule = "code/*"
# path = "legacy/**"
# reason = "to be rewritten"
# expires = 2030-01-31

# [dependencies]                 # for every package that a change adds
# min-age-days = 30
# min-weekly-downloads = 100
# on-unverified = "error"

# [scope]                        # where a change may go at all
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
# Judges every pull request by the policy of its base. Make the check "zt-gate"
# required, and let CODEOWNERS cover this file: zt-gate doctor looks at both.
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
      pull-requests: write # its one comment
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
        "--pre-commit", action="store_true", help=f"name the hooks in {PRE_COMMIT}"
    )
    parser.add_argument("--github", action="store_true", help=f"write {WORKFLOW}")


def main(options: Namespace) -> int:
    """Write what is missing, and say what comes next; returns 0.  Raises GateError."""
    from zt_gate.git.run import Git

    root = Git.open(Path.cwd(), os.environ).root
    written = [_policy(root)]
    if options.pre_commit:
        written.append(_pre_commit(root))
    if options.github:
        written.append(_new(root, WORKFLOW, WORKFLOW_TEXT))
    _next([name for name in written if name], options)
    return 0


def _policy(root: Path) -> str:
    from zt_gate.doctor.repository_files import of_work_tree
    from zt_gate.policy.load import PYPROJECT, project_table

    project = of_work_tree(root, os.fsdecode(PYPROJECT))
    if project is not None and project_table(project) is not None:
        print(
            f"{os.fsdecode(PYPROJECT)} has the table [tool.zt-gate], which is the policy"
        )
        return ""
    return _new(root, POLICY, POLICY_TEXT)


def _pre_commit(root: Path) -> str:
    """Add the hooks to the configuration, or say what to add; returns the file if it changed."""
    from zt_gate.doctor.repository_files import UnreadableError, of_work_tree

    try:
        old = of_work_tree(root, PRE_COMMIT)
    except UnreadableError as error:
        raise GateError(str(error)) from error
    if old is None:
        return _new(root, PRE_COMMIT, "repos:\n" + PRE_COMMIT_BLOCK)
    new = with_hooks(old)
    if new == old:
        print(f"{PRE_COMMIT} names zt-gate already")
        return ""
    if new is None:
        print(
            f"{PRE_COMMIT} is not changed; add to its list repos:\n\n{PRE_COMMIT_BLOCK}"
        )
        return ""
    _replace(root / PRE_COMMIT, new)
    print(f"{PRE_COMMIT}: the hooks of zt-gate were added")
    return PRE_COMMIT


def with_hooks(old: bytes) -> bytes | None:
    """Return a configuration with the gate's hooks at the end of its repositories.

    Unchanged where it names them; None where they cannot be added without
    touching anything else: the result is read again and compared.
    """
    from zt_gate.doctor.repository_files import UnreadableError, tables, yaml_table

    try:
        before = yaml_table(old, PRE_COMMIT, version="1.1")
        repos = tables(before.get("repos"))
        if any(
            str(repo.get("repo", "")).rstrip("/").endswith("/zt-gate") for repo in repos
        ):
            return old
        new = _inserted(old)
        after = yaml_table(new, PRE_COMMIT, version="1.1")
        block = tables(
            yaml_table(f"repos:\n{PRE_COMMIT_BLOCK}".encode(), PRE_COMMIT)["repos"]
        )
    except UnreadableError:
        return None
    return new if after == {**before, "repos": [*repos, *block]} else None


def _inserted(old: bytes) -> bytes:
    """Put the block behind the last line of the top-level list ``repos``, indented as that is."""
    lines = old.splitlines(keepends=True)
    start = next(
        (n for n, line in enumerate(lines) if line.startswith(b"repos:")), len(lines)
    )
    indent, end = b"", start
    for number, line in enumerate(lines[start + 1 :], start + 1):
        bare = line.strip()
        if bare and not line.startswith((b" ", b"-", b"#")):
            break
        if bare and not bare.startswith(b"#"):
            if end == start:
                indent = line[: len(line) - len(line.lstrip())]
            end = number
    block = [
        indent + line for line in PRE_COMMIT_BLOCK.encode().splitlines(keepends=True)
    ]
    head = lines[: end + 1]
    if head and not head[-1].endswith(b"\n"):
        head[-1] += b"\n"
    return b"".join([*head, *block, *lines[end + 1 :]])


def _new(root: Path, name: str, text: str) -> str:
    """Write a file that is not there yet, through no link; returns its name if it was written."""
    *folders, last = name.split("/")
    try:
        with ExitStack() as opened:
            handle = os.open(root, _FOLDER)
            opened.callback(os.close, handle)
            for folder in folders:
                if not _there(handle, folder):
                    os.mkdir(folder, dir_fd=handle)
                handle = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
                opened.callback(os.close, handle)
            if _there(handle, last):
                print(f"{name} is there already and stays as it is")
                return ""
            with os.fdopen(os.open(last, _NEW, 0o666, dir_fd=handle), "wb") as file:
                file.write(text.encode())
    except OSError as error:
        raise GateError(f"{name} cannot be written: {error.strerror}") from error
    print(f"{name} was written")
    return name


def _there(handle: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=handle)
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


def _next(written: list[str], options: Namespace) -> None:
    """Say on stderr what comes next."""
    steps = []
    if PRE_COMMIT in written or WORKFLOW in written:
        steps.append("put the owner's name, and in the workflow the commit's id, for OWNER and "
                     "FULL_COMMIT_SHA")  # fmt: skip
    steps.append(
        "zt-gate baseline          # write down what is there, so that only new counts"
    )
    if written:
        steps.append(f"git add {' '.join(written)} .zt-gate-baseline && git commit")
    if options.pre_commit:
        steps.append("pre-commit install -t pre-commit -t commit-msg -t pre-push")
    else:
        steps.append("zt-gate hook install      # or zt-gate init --pre-commit")
    if not options.github:
        steps.append("zt-gate init --github     # local hooks advise, CI enforces")
    steps.append("zt-gate doctor            # is it enforced?")
    print("\nNext:", *steps, sep="\n  ", file=sys.stderr)
