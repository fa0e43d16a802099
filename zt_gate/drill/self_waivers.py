"""Cases in which a change tries to allow itself, or leaves the allowed paths."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted
from zt_gate.system.ci import with_ci_marker

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_GROUP = "exceptions"
_KEY = "block secrets/anthropic-api-key"
_POLICY = ".zt-gate.toml"
_IGNORE = '[[ignore]]\nrule = "*"\npath = "**"\nreason = "because"\n'


def _with_policy(
    policy: str, workspace: CaseWorkspace, **more: bytes
) -> DrillRepository:
    before = {b"app.py": b"print(1)\n", _POLICY.encode(): policy.encode()}
    return workspace.repository(
        before | {name.encode(): data for name, data in more.items()}
    )


def _with_new_files(files: dict[str, str], workspace: CaseWorkspace) -> GateOutcome:
    """Add a key together with files that allow it."""
    repository = workspace.repository()
    repository.write("new.py", planted())
    for name, text in files.items():
        repository.write(name, text)
    repository.stage()
    return workspace.scan(repository)


def _new_policy_in_range(workspace: CaseWorkspace) -> GateOutcome:
    """Add the policy in the first commit of a range, and the key in the second."""
    repository = workspace.repository()
    base = repository.head()
    repository.write(_POLICY, _IGNORE)
    repository.commit()
    repository.write("new.py", planted())
    repository.commit()
    return workspace.scan(
        repository, "range", spec=f"{base}..HEAD", env=with_ci_marker({})
    )


def _new_baseline(workspace: CaseWorkspace) -> GateOutcome:
    """Add a baseline with the correct fingerprint of the key."""
    from zt_gate.policy.baseline import Baseline, BaselineEntry, new_salt, render
    from zt_gate.review import run

    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    salt = new_salt()
    request = run.Request(folder=repository.path, only=("secrets",), salt=salt)
    report = run.run(request, workspace.environ)
    entries = frozenset(
        BaselineEntry(
            item.fingerprint, item.finding.rule, item.finding.location.path or b""
        )
        for item in report.findings
    )
    repository.write(".zt-gate-baseline", render(Baseline(salt, entries)))
    repository.stage()
    return workspace.scan(repository)


def _under(policy: str, workspace: CaseWorkspace) -> GateOutcome:
    """Add a key under a policy on the trusted side."""
    repository = _with_policy(policy, workspace)
    repository.write("new.py", planted())
    repository.stage()
    return workspace.scan(repository)


def _branched_before(workspace: CaseWorkspace) -> GateOutcome:
    """Branch off before the policy became stricter."""
    repository = _with_policy(_IGNORE, workspace)
    repository.git("checkout", "-q", "-b", "side")
    repository.write("new.py", planted())
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write(_POLICY, 'profile = "standard"\n')
    repository.commit()
    return workspace.scan(
        repository, "range", spec="main..side", env=with_ci_marker({})
    )


def _line_copied(workspace: CaseWorkspace) -> GateOutcome:
    """Copy a line that has a trusted inline ignore."""
    line = (
        planted().rstrip("\n") + '  # zt-gate: ignore[secrets/*] reason="an example"\n'
    )
    repository = workspace.repository({b"old.py": line.encode()})
    repository.write("old.py", line + "x = 1\n" + line)
    repository.stage()
    return workspace.scan(repository)


def _loosened(profile: str, workspace: CaseWorkspace) -> GateOutcome:
    repository = _with_policy(f'profile = "{profile}"\n', workspace)
    repository.write(_POLICY, 'profile = "advisory"\n')
    repository.stage()
    return workspace.scan(repository)


def _two_policies(workspace: CaseWorkspace) -> GateOutcome:
    repository = _with_policy("", workspace)
    repository.write("pyproject.toml", '[tool.zt-gate]\nprofile = "advisory"\n')
    repository.commit()
    repository.write("new.py", planted())
    repository.stage()
    return workspace.scan(repository)


_SCOPE = '[scope]\nallowed = ["/src/"]\nrestricted = ["/src/billing/"]\n'


def _scope(name: str, workspace: CaseWorkspace) -> GateOutcome:
    repository = _with_policy(_SCOPE, workspace)
    repository.write(name, "x = 1\n")
    repository.stage()
    return workspace.scan(repository, only=("scope",))


def _renamed(workspace: CaseWorkspace) -> GateOutcome:
    """Move a file out of a restricted path whose name differs in case."""
    repository = workspace.repository(
        {_POLICY.encode(): _SCOPE.encode(), b"src/Billing/pay.py": b"x = 1\n" * 20}
    )
    repository.git("mv", "src/Billing/pay.py", "src/pay.py")
    return workspace.scan(repository, only=("scope",))


def _trailer(name: str, workspace: CaseWorkspace) -> GateOutcome:
    repository = _with_policy("", workspace)
    base = repository.head()
    repository.write(".github/workflows/new.yml", "on: push\n")
    repository.commit(f"Work on it\n\nZt-Task: {name}\n")
    return workspace.scan(repository, "range", spec=f"{base}..HEAD", only=("scope",))


def _line_moved(workspace: CaseWorkspace) -> GateOutcome:
    """Move a line that has a trusted inline ignore."""
    line = (
        planted().rstrip("\n") + '  # zt-gate: ignore[secrets/*] reason="an example"\n'
    )
    repository = workspace.repository({b"old.py": line.encode()})
    repository.write("old.py", "x = 1\nif x:\n    " + line)
    repository.stage()
    return workspace.scan(repository)


def _trusted_ignore(workspace: CaseWorkspace) -> GateOutcome:
    return _under(
        '[[ignore]]\nrule = "secrets/*"\npath = "*.py"\nreason = "an example"\n',
        workspace,
    )


CASES = (
    Case(
        "new-policy",
        _GROUP,
        "a key, and a policy that allows it",
        _KEY,
        partial(_with_new_files, {_POLICY: _IGNORE}),
    ),
    Case(
        "new-policy-in-pyproject",
        _GROUP,
        "a key, and a policy in pyproject.toml that allows it",
        _KEY,
        partial(
            _with_new_files,
            {"pyproject.toml": '[tool.zt-gate.levels]\nsecrets = "info"\n'},
        ),
    ),
    Case(
        "new-policy-one-commit-earlier",
        _GROUP,
        "a key, and a policy in the commit before",
        _KEY,
        _new_policy_in_range,
    ),
    Case(
        "new-baseline",
        _GROUP,
        "a key, and a baseline that contains it",
        _KEY,
        _new_baseline,
    ),
    Case(
        "new-foreign-ignore-lists",
        _GROUP,
        "a key, and ignore lists of other scanners",
        _KEY,
        partial(
            _with_new_files,
            {
                ".gitleaksignore": "new.py:anthropic:1\n",
                ".secrets.baseline": '{"results": {}}\n',
            },
        ),
    ),
    Case(
        "expired-ignore",
        _GROUP,
        "a key under an expired ignore",
        _KEY,
        partial(
            _under, _IGNORE.replace('"*"', '"secrets/*"') + "expires = 2020-01-31\n"
        ),
    ),
    Case(
        "ignored-line-copied",
        _GROUP,
        "a second copy of an ignored line",
        _KEY,
        _line_copied,
    ),
    Case(
        "branch-before-policy",
        _GROUP,
        "a branch from before the present policy",
        _KEY,
        _branched_before,
    ),
    Case(
        "policy-loosened",
        _GROUP,
        "a change that loosens the policy",
        "warn gate/policy-changed",
        partial(_loosened, "standard"),
    ),
    Case(
        "strict-policy-loosened",
        _GROUP,
        "a change that loosens a strict policy",
        "block gate/policy-changed",
        partial(_loosened, "strict"),
    ),
    Case(
        "two-policies",
        _GROUP,
        "two policies, one of them loose",
        "refused",
        _two_policies,
    ),
    Case(
        "outside-scope",
        _GROUP,
        "a file outside the allowed paths",
        "block scope/outside-allowed",
        partial(_scope, "infra/main.tf"),
    ),
    Case(
        "in-restricted-path",
        _GROUP,
        "a file in a restricted path",
        "block scope/restricted-path",
        partial(_scope, "src/billing/pay.py"),
    ),
    Case(
        "moved-out-of-restricted-path",
        _GROUP,
        "a file moved out of a restricted path",
        "block scope/restricted-path",
        _renamed,
    ),
    Case(
        "unknown-task",
        _GROUP,
        "a task that the policy does not define",
        "block scope/unknown-task",
        partial(_trailer, "anything-goes"),
    ),
    Case(
        "wrong-task",
        _GROUP,
        "a workflow in a change for a source code task",
        "block scope/*",
        partial(_trailer, "refactor"),
    ),
    Case(
        "ignored-line-moved",
        "honest",
        "an ignored line that is moved",
        "pass",
        _line_moved,
    ),
    Case(
        "trusted-ignore",
        "honest",
        "a key that the trusted policy allows",
        "pass",
        _trusted_ignore,
    ),
    Case(
        "inside-scope",
        "honest",
        "a file in an allowed path",
        "pass",
        partial(_scope, "src/app.py"),
    ),
)
