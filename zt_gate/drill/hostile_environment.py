"""Programs and variables that wait for the gate where it works.

These start the gate in a process of its own, as a user or a hook does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box

_GROUP = "surroundings"
_KEY = "block secrets/anthropic-api-key"
_UNSAFE = """\
from flask import Flask, request
app = Flask(__name__)
@app.get("/calc")
def calc():
    return str(eval(request.args["x"]))
"""


def _programs(box: Box) -> GateOutcome:
    """Put programs of the gate's own helpers' names into the tree, and the tree into PATH."""
    repository = box.repository()
    for name in (
        "git",
        "semgrep",
        "semgrep-core",
        "osemgrep",
        "pysemgrep",
        "pip-audit",
    ):
        mark = box.mark(name)
        repository.write(name, f"#!/bin/sh\ntouch '{mark}'\n", 0o755)
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    path = f".:{repository.path}:{box.environ['PATH']}"
    return box.start(repository, "--scanner", "code", env={"PATH": path})


def _modules(box: Box) -> GateOutcome:
    """Put modules of the gate's own names into the tree."""
    repository = box.repository()
    names = ("zt_gate/__init__", "zt_gate/__main__", "sitecustomize", "usercustomize", "yaml",
             "git", "detect_secrets/__init__", "rich/__init__", "json", "encodings")  # fmt: skip
    for name in names:
        mark = box.mark(name.replace("/", "-"))
        repository.write(f"{name}.py", f"open({mark!r}, 'w').close()\n")
    repository.write("new.py", planted())
    repository.stage()
    return box.start(
        repository, "--scanner", "secrets",
        env={"PYTHONPATH": str(repository.path), "PYTHONSTARTUP": "sitecustomize.py"},
    )  # fmt: skip


def _git_variables(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("new.py", planted())
    repository.stage()
    program = box.tool()
    hostile = {
        "GIT_EXTERNAL_DIFF": program, "GIT_PAGER": program, "GIT_SSH_COMMAND": program,
        "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": program, "GIT_CONFIG_KEY_1": "diff.external",
        "GIT_CONFIG_VALUE_1": program, "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={program}'",
        "GIT_DIFF_OPTS": "-u0", "GIT_EXEC_PATH": str(box.folder), "GIT_TRACE": "1",
        "GIT_LITERAL_PATHSPECS": "0", "GIT_GRAFT_FILE": program, "GIT_ATTR_SOURCE": "HEAD",
    }  # fmt: skip
    return box.start(repository, "--scanner", "secrets", env=hostile)


def _engine_variables(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    hostile = {
        "SEMGREP_RULES": "p/none", "SEMGREP_SETTINGS_FILE": str(repository.path / "s.yml"),
        "SEMGREP_ENABLE_VERSION_CHECK": "1", "SEMGREP_BASELINE_COMMIT": "HEAD",
        "SEMGREP_SEND_METRICS": "on", "SEMGREP_TIMEOUT": "0.001", "SEMGREP_EXCLUDE": "*.py",
        "ZT_GATE_RULES": str(repository.path), "ZT_GATE_SKIP": "code", "SKIP": "zt-gate",
        "SEMGREP_SRC_DIRECTORY": str(box.folder), "EIO_BACKEND": "none",
    }  # fmt: skip
    return box.start(repository, "--scanner", "code", env=hostile)


def _cache_inside(box: Box) -> GateOutcome:
    """Bring a cache of compiled rules, with the right hash and without the rule."""
    from zt_gate.system.cache import sha256

    repository = box.repository()
    repository.write("new.py", planted())
    repository.stage()
    box.judge(repository)  # writes the real cache, outside
    os.mkdir(repository.path / "cache", 0o700)
    for file in Path(box.environ["ZT_GATE_CACHE_DIR"]).glob("rules-secrets-*"):
        rules = json.loads(file.read_bytes().partition(b"\n")[2])
        blind = json.dumps(
            [rule for rule in rules if "anthropic" not in rule["id"]]
        ).encode()
        repository.write(f"cache/{file.name}", sha256(blind).encode() + b"\n" + blind)
    inside = {"ZT_GATE_CACHE_DIR": str(repository.path / "cache")}
    return box.judge(repository, env=inside)


def _approvals_inside(box: Box) -> GateOutcome:
    """Bring a record of approvals, in the place where the user's would be."""
    from zt_gate.policy.approvals import record_path
    from zt_gate.review import run

    repository = box.repository()
    repository.write("new.py", planted())
    repository.stage()
    found = run.run(run.Request(folder=repository.path, only=("secrets",)), box.environ)
    state = {"XDG_STATE_HOME": str(repository.path / "state")}
    record = record_path(state, str(repository.path / ".git"), ())
    approval = {
        "fingerprint": found.findings[0].fingerprint, "rule": "secrets/x", "path": "new.py",
        "reason": "because", "by": "a", "since": "2020-01-01", "expires": "2999-01-01",
    }  # fmt: skip
    assert record is not None
    text = json.dumps({"version": 1, "approvals": [approval]})
    repository.write(str(record.relative_to(repository.path)), text)
    repository.stage()
    return box.judge(repository, env=state)


CASES = (
    Case("programs-in-the-tree", _GROUP, "git, semgrep and others among the files",
         "block code/*", _programs),
    Case("modules-in-the-tree", _GROUP, "modules of the gate among the files", _KEY, _modules),
    Case("variables-of-git", _GROUP, "variables that make git run programs", _KEY, _git_variables),
    Case("variables-of-the-engine", _GROUP, "variables that make the engine blind",
         "block code/*", _engine_variables),
    Case("cache-in-the-tree", _GROUP, "a cache among the files", _KEY, _cache_inside),
    Case("approvals-in-the-tree", _GROUP, "approvals among the files", _KEY, _approvals_inside),
)  # fmt: skip
