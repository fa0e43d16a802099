"""Cases with programs, modules and variables that attack zt-gate's environment.

Most run zt-gate in its own process, as a user or a hook does.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace

_GROUP = "environment"
_KEY = "block secrets/anthropic-api-key"
_UNSAFE = """\
from flask import Flask, request
app = Flask(__name__)
@app.get("/calc")
def calc():
    return str(eval(request.args["x"]))
"""


def _programs(workspace: CaseWorkspace) -> GateOutcome:
    """Add programs with the names of those that zt-gate runs, and put the tree on the PATH."""
    repository = workspace.repository()
    for name in (
        "git",
        "semgrep",
        "semgrep-core",
        "osemgrep",
        "pysemgrep",
        "pip-audit",
    ):
        mark = workspace.mark(name)
        repository.write(name, f"#!/bin/sh\ntouch '{mark}'\n", 0o755)
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    path = f".:{repository.path}:{workspace.environ['PATH']}"
    return workspace.scan_in_process(
        repository, "--scanner", "code", env={"PATH": path}
    )


def _modules(workspace: CaseWorkspace) -> GateOutcome:
    """Add modules with the names of those that zt-gate imports."""
    repository = workspace.repository()
    names = ("zt_gate/__init__", "zt_gate/__main__", "sitecustomize", "usercustomize", "yaml",
             "git", "detect_secrets/__init__", "rich/__init__", "json", "encodings")  # fmt: skip
    for name in names:
        mark = workspace.mark(name.replace("/", "-"))
        repository.write(f"{name}.py", f"open({mark!r}, 'w').close()\n")
    repository.write("new.py", planted())
    repository.stage()
    return workspace.scan_in_process(
        repository, "--scanner", "secrets",
        env={"PYTHONPATH": str(repository.path), "PYTHONSTARTUP": "sitecustomize.py"},
    )  # fmt: skip


def _git_variables(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    program = workspace.tool()
    hostile = {
        "GIT_EXTERNAL_DIFF": program, "GIT_PAGER": program, "GIT_SSH_COMMAND": program,
        "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": program, "GIT_CONFIG_KEY_1": "diff.external",
        "GIT_CONFIG_VALUE_1": program, "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={program}'",
        "GIT_DIFF_OPTS": "-u0", "GIT_EXEC_PATH": str(workspace.folder), "GIT_TRACE": "1",
        "GIT_LITERAL_PATHSPECS": "0", "GIT_GRAFT_FILE": program, "GIT_ATTR_SOURCE": "HEAD",
    }  # fmt: skip
    return workspace.scan_in_process(repository, "--scanner", "secrets", env=hostile)


def _engine_variables(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    hostile = {
        "SEMGREP_RULES": "p/none", "SEMGREP_SETTINGS_FILE": str(repository.path / "s.yml"),
        "SEMGREP_ENABLE_VERSION_CHECK": "1", "SEMGREP_BASELINE_COMMIT": "HEAD",
        "SEMGREP_SEND_METRICS": "on", "SEMGREP_TIMEOUT": "0.001", "SEMGREP_EXCLUDE": "*.py",
        "ZT_GATE_RULES": str(repository.path), "ZT_GATE_SKIP": "code", "SKIP": "zt-gate",
        "SEMGREP_SRC_DIRECTORY": str(workspace.folder), "EIO_BACKEND": "none",
    }  # fmt: skip
    return workspace.scan_in_process(repository, "--scanner", "code", env=hostile)


def _cache_inside(workspace: CaseWorkspace) -> GateOutcome:
    """Add a cache of compiled rules that lacks a rule, sealed with the user's own key."""
    from zt_gate.system.sealed_cache import SealedCache, open_cache

    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    workspace.scan(repository)  # writes the real cache, outside the work tree
    os.mkdir(repository.path / "cache", 0o700)
    own = open_cache(workspace.environ)
    assert own is not None
    for file in own.folder.glob("rules-secrets-*"):
        rules = json.loads(own.read(file.name) or b"[]")
        without_rule = [rule for rule in rules if "anthropic" not in rule["id"]]
        SealedCache(repository.path / "cache", own.key).write(
            file.name, json.dumps(without_rule).encode()
        )
    inside = {"ZT_GATE_CACHE_DIR": str(repository.path / "cache")}
    return workspace.scan(repository, env=inside)


def _approvals_inside(workspace: CaseWorkspace) -> GateOutcome:
    """Add a record of approvals at the path of the user's own."""
    from zt_gate.policy.approvals import record_path
    from zt_gate.review import run

    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    report = run.run(
        run.Request(folder=repository.path, only=("secrets",)), workspace.environ
    )
    state = {"XDG_STATE_HOME": str(repository.path / "state")}
    record = record_path(state, str(repository.path / ".git"), ())
    approval = {
        "fingerprint": report.findings[0].fingerprint, "rule": "secrets/x", "path": "new.py",
        "reason": "because", "by": "a", "since": "2020-01-01", "expires": "2999-01-01",
    }  # fmt: skip
    assert record is not None
    text = json.dumps({"version": 1, "approvals": [approval]})
    repository.write(str(record.relative_to(repository.path)), text)
    repository.stage()
    return workspace.scan(repository, env=state)


CASES = (
    Case(
        "programs-in-work-tree",
        _GROUP,
        "git, semgrep and other programs in the work tree",
        "block code/*",
        _programs,
    ),
    Case(
        "modules-in-work-tree",
        _GROUP,
        "Python modules with zt-gate's names in the work tree",
        _KEY,
        _modules,
    ),
    Case(
        "git-variables",
        _GROUP,
        "environment variables that make git run programs",
        _KEY,
        _git_variables,
    ),
    Case(
        "engine-variables",
        _GROUP,
        "environment variables that weaken the engine",
        "block code/*",
        _engine_variables,
    ),
    Case("cache-in-work-tree", _GROUP, "a cache in the work tree", _KEY, _cache_inside),
    Case(
        "approvals-in-work-tree",
        _GROUP,
        "approvals in the work tree",
        _KEY,
        _approvals_inside,
    ),
)
