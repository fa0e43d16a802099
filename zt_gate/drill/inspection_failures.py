"""What cannot be looked at: never a pass."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box

_GROUP = "failures"
_CLEAN = "x = 1\n"


def _missing(box: Box) -> GateOutcome:
    """Take the object of a staged file away."""
    repository = box.repository()
    repository.write("new.py", _CLEAN + "y = 2\n")
    repository.stage()
    oid = repository.git("rev-parse", ":new.py")
    os.unlink(repository.path / ".git" / "objects" / oid[:2] / oid[2:])
    return box.judge(repository)


def _deadline(box: Box) -> GateOutcome:
    """Give a scanner no time."""
    policy = b"[scanners.secrets]\ndeadline-seconds = 0.000001\n"
    repository = box.repository({b".zt-gate.toml": policy})
    repository.write("big.txt", "some words of text in a line\n" * 200_000)
    repository.stage()
    return box.judge(repository)


def _registry(box: Box) -> GateOutcome:
    """Ask a registry that is not there."""
    repository = box.repository()
    repository.write("requirements.txt", "flask-session-guardian==1.0\n")
    repository.stage()
    nobody = dict.fromkeys(("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
                           "http://127.0.0.1:9/simple/")  # fmt: skip
    return box.judge(repository, only=("dependencies",), env=nobody)


def _trusted(name: str, text: str, box: Box) -> GateOutcome:
    """Leave a file on the trusted side that cannot be read."""
    repository = box.repository({name.encode(): text.encode()})
    repository.write("new.py", _CLEAN)
    repository.stage()
    return box.judge(repository)


def _skipped(box: Box) -> GateOutcome:
    repository = box.repository({b".zt-gate.toml": b'profile = "strict"\n'})
    repository.write("new.py", _CLEAN)
    repository.stage()
    return box.judge(repository, only=(), skip=("code", "dependencies"))


def _unknown_base(box: Box) -> GateOutcome:
    repository = box.repository()
    return box.judge(repository, "range", spec=f"{'1' * 40}..HEAD")


def _patch(box: Box) -> GateOutcome:
    """Give a patch that ends in the middle."""
    text = b"--- a/app.py\n+++ b/app.py\n@@ -1,3 +1,4 @@\n print(1)\n+x = 1\n"
    return box.judge(box.repository(), "patch", patch=text)


def _unreadable(name: str, data: bytes, box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write(name, data)
    repository.stage()
    return box.judge(repository, only=("secrets", "agent_config", "dependencies"))


def _output(box: Box) -> GateOutcome:
    """Write the report through a link."""
    repository = box.repository()
    repository.write("new.py", _CLEAN)
    repository.stage()
    os.symlink(box.folder / "elsewhere", repository.path / "report.json")
    words = ("--scanner", "secrets", "--output", "json=report.json")
    return box.start(repository, *words)


def _nothing_staged(box: Box) -> GateOutcome:
    return box.judge(box.repository(), only=())


def _binary(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("font.woff2", b"wOF2" + bytes(range(256)) * 40)
    repository.stage()
    return box.judge(repository)


def _deleted(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.git("rm", "-q", "app.py")
    return box.judge(repository)


CASES = (
    Case("missing-object", _GROUP, "a staged file that is gone", "error", _missing),
    Case("no-time", _GROUP, "a scanner without time", "error", _deadline),
    Case("no-registry", _GROUP, "a registry that does not answer", "error", _registry),
    Case("broken-policy", _GROUP, "a trusted policy that says nothing", "refused",
         partial(_trusted, ".zt-gate.toml", "profile = \n")),
    Case("misspelt-policy", _GROUP, "a trusted policy with a misspelt key", "refused",
         partial(_trusted, ".zt-gate.toml", "[level]\nsecrets = 'block'\n")),
    Case("broken-baseline", _GROUP, "a trusted baseline that is no baseline", "refused",
         partial(_trusted, ".zt-gate-baseline", "everything\n")),
    Case("scanners-left-out", _GROUP, "a strict run without two scanners", "error", _skipped),
    Case("unknown-base", _GROUP, "a range from a commit that is not there", "refused",
         _unknown_base),
    Case("cut-patch", _GROUP, "a patch that ends in the middle", "refused", _patch),
    Case("line-without-end", _GROUP, "a line of 12 MB", "block gate/unreadable",
         partial(_unreadable, "big.js", b"x" * (12 << 20) + b"\n")),
    Case("settings-nested-too-deep", _GROUP, "settings that no parser can hold",
         "block gate/unreadable",
         partial(_unreadable, ".mcp.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    Case("report-through-a-link", _GROUP, "a report that cannot be written", "error", _output),
    Case("nothing-staged", "honest", "a change without anything", "pass", _nothing_staged),
    Case("font", "honest", "a file that is no text", "pass", _binary),
    Case("file-deleted", "honest", "a file goes away", "pass", _deleted),
)  # fmt: skip
