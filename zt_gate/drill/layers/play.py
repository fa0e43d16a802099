"""Plays each row with one layer at a time, and with none: then the harm must happen.

The layers do not know of each other.  So what holds with one of them switched off is
what any of the others holds alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.drill.layers.files import TOKEN, VARIABLE
from zt_gate.drill.layers.rows import ROWS
from zt_gate.drill.layers.stand import LayerStand
from zt_gate.errors import GateError
from zt_gate.guard.task import built_in
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.drill.layers.rows import LayerRow
    from zt_gate.guard.task import Task

_SECONDS = 120
_PACKAGE = str(Path(__file__).resolve().parents[3])
#: The row's command in the sandbox, in a process of its own.
_INSIDE = (
    "import sys; sys.path.append(sys.argv[1]);"
    "from zt_gate.drill.layers.play import inside; inside(*sys.argv[2:])"
)


@dataclass(frozen=True, slots=True)
class LayerCell:
    """Whether a layer alone holds a row; ``skipped`` says why it was not tried."""

    row: str
    layer: str
    holds: bool = False
    skipped: str = ""


def play(rows: tuple[LayerRow, ...] = ROWS) -> Iterator[LayerCell]:
    """Try every row with every layer.

    Raises GateError if a harm does not happen without a layer: then it shows nothing.
    """
    for row in rows:
        with _stand() as stand:
            output = _run(stand, stand.text(row.run or row.seen), _environ())
            if not stand.happened(row.happened, output):
                raise GateError(
                    f"{row.name}: nothing happened without a layer: {output}"
                )
        yield LayerCell(row.name, "hooks", _hooks_hold(row))
        yield _sandbox(row)
        yield _account(row)


@contextmanager
def _stand() -> Iterator[LayerStand]:
    """Yield a new stand in a folder that other users can pass through."""
    base = "/var/tmp" if os.path.isdir("/var/tmp") else None  # noqa: S108
    folder = Path(os.path.realpath(tempfile.mkdtemp(dir=base)))
    try:
        folder.chmod(0o755)
        with LayerStand(folder) as stand:
            yield stand
    finally:
        shutil.rmtree(folder)


def _environ() -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": "/nonexistent", VARIABLE: TOKEN}


def _run(
    stand: LayerStand, command: str, environ: Mapping[str, str], **more: Any
) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=stand.project,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
        check=False,
        **more,
    )
    output: bytes = done.stdout
    return output.decode("utf-8", "replace")


def _task() -> Task:
    task = built_in("develop")
    assert task is not None
    return replace(task, restricted=("secrets/",))


def _hooks_hold(row: LayerRow) -> bool:
    """Whether the guard denies the command that a hook is asked about."""
    from zt_gate.guard.action import RunCommand
    from zt_gate.guard.commands import judge_command
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.decision import Answer, decide

    if not row.seen:
        return False
    with _stand() as stand:
        root = str(stand.project)
        context = GuardContext(
            root=root, home=str(stand.home), task=_task(), environ=_environ(),
            own_paths=(), branch="work", asks=False, temporary=(),
        )  # fmt: skip
        action = RunCommand(stand.text(row.seen), root)
        concerns = judge_command(action, context, verifier=lambda *_: ())
    # Nobody is there to be asked.
    return decide(concerns).answer in {Answer.DENY, Answer.ASK}


def _sandbox(row: LayerRow) -> LayerCell:
    with _stand() as stand:
        command = stand.text(row.run or row.seen)
        words = [sys.executable, "-I", "-c", _INSIDE, _PACKAGE]
        done = subprocess.run(
            [*words, str(stand.project), str(stand.home), command],
            env=_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
        output = done.stdout.decode("utf-8", "replace")
        if "nothing was started" in output:
            return LayerCell(row.name, "sandbox", skipped=output.strip())
        return LayerCell(row.name, "sandbox", not stand.happened(row.happened, output))


def inside(root: str, home: str, command: str) -> None:
    """Run a command in the sandbox, as ``guard exec`` does."""
    from zt_gate.guard.sandbox import run
    from zt_gate.guard.sandbox.environment import scrubbed
    from zt_gate.guard.sandbox.rights import rights_of

    passed = scrubbed(
        os.environ, client_variables=frozenset(), is_credential=lambda _value: False
    ).passed
    task = replace(_task(), network=())
    rights = rights_of(task, root, root, {**passed, "PATH": os.defpath}, home)
    try:
        run.run(rights, ["sh", "-c", command], unreadable=[home])
    except run.SandboxError as error:
        print(error)


def _account(row: LayerRow) -> LayerCell:
    from zt_gate.guard.account.apply import AccountError, account_of, apply
    from zt_gate.guard.account.plan import account_plan

    if os.geteuid() != 0:
        return LayerCell(row.name, "account", skipped="only root makes accounts")
    with _stand() as stand:
        plan = account_plan(_task(), str(stand.project))
        try:
            apply(plan)
            user = account_of(plan)
            assert user is not None
            # What sudo leaves of an environment.
            output = _run(
                stand,
                stand.text(row.run or row.seen),
                {"PATH": os.defpath, "HOME": plan.home},
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
            )
            return LayerCell(
                row.name, "account", not stand.happened(row.happened, output)
            )
        except AccountError as error:
            return LayerCell(row.name, "account", skipped=str(error))
        finally:
            subprocess.run(["userdel", plan.name], capture_output=True, check=False)
            shutil.rmtree(plan.home, ignore_errors=True)
