"""A change that says yes to itself, and changes that go where they may not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted
from zt_gate.system.ci import with_ci_marker

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box, DrillRepository

_GROUP = "exceptions"
_KEY = "block secrets/anthropic-api-key"
_POLICY = ".zt-gate.toml"
_IGNORE = '[[ignore]]\nrule = "*"\npath = "**"\nreason = "because"\n'


def _with_policy(policy: str, box: Box, **more: bytes) -> DrillRepository:
    before = {b"app.py": b"print(1)\n", _POLICY.encode(): policy.encode()}
    return box.repository(before | {name.encode(): data for name, data in more.items()})


def _arriving(files: dict[str, str], box: Box) -> GateOutcome:
    """Bring a key together with the permission for it."""
    repository = box.repository()
    repository.write("new.py", planted())
    for name, text in files.items():
        repository.write(name, text)
    repository.stage()
    return box.judge(repository)


def _arriving_in_range(box: Box) -> GateOutcome:
    """Bring the permission in the first commit of a range, and the key in the second."""
    repository = box.repository()
    base = repository.head()
    repository.write(_POLICY, _IGNORE)
    repository.commit()
    repository.write("new.py", planted())
    repository.commit()
    return box.judge(repository, "range", spec=f"{base}..HEAD", env=with_ci_marker({}))


def _arriving_baseline(box: Box) -> GateOutcome:
    """Bring the baseline that knows the key: its fingerprint is right."""
    from zt_gate.policy.baseline import Baseline, BaselineEntry, new_salt, render
    from zt_gate.review import run

    repository = box.repository()
    repository.write("new.py", planted())
    repository.stage()
    salt = new_salt()
    asked = run.Request(folder=repository.path, only=("secrets",), salt=salt)
    report = run.run(asked, box.environ)
    known = frozenset(
        BaselineEntry(
            one.fingerprint, one.finding.rule, one.finding.location.path or b""
        )
        for one in report.findings
    )
    repository.write(".zt-gate-baseline", render(Baseline(salt, known)))
    repository.stage()
    return box.judge(repository)


def _under(policy: str, box: Box) -> GateOutcome:
    """Bring a key under a policy of the trusted side."""
    repository = _with_policy(policy, box)
    repository.write("new.py", planted())
    repository.stage()
    return box.judge(repository)


def _branched_before(box: Box) -> GateOutcome:
    """Branch off before the policy that allows nothing was made stricter."""
    repository = _with_policy(_IGNORE, box)
    repository.git("checkout", "-q", "-b", "side")
    repository.write("new.py", planted())
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write(_POLICY, 'profile = "standard"\n')
    repository.commit()
    return box.judge(repository, "range", spec="main..side", env=with_ci_marker({}))


def _once_more(box: Box) -> GateOutcome:
    """Write a line again that a trusted mark allows in another place."""
    line = (
        planted().rstrip("\n") + '  # zt-gate: ignore[secrets/*] reason="an example"\n'
    )
    repository = box.repository({b"old.py": line.encode()})
    repository.write("old.py", line + "x = 1\n" + line)
    repository.stage()
    return box.judge(repository)


def _loosened(profile: str, box: Box) -> GateOutcome:
    repository = _with_policy(f'profile = "{profile}"\n', box)
    repository.write(_POLICY, 'profile = "advisory"\n')
    repository.stage()
    return box.judge(repository)


def _two_policies(box: Box) -> GateOutcome:
    repository = _with_policy("", box)
    repository.write("pyproject.toml", '[tool.zt-gate]\nprofile = "advisory"\n')
    repository.commit()
    repository.write("new.py", planted())
    repository.stage()
    return box.judge(repository)


_SCOPE = '[scope]\nallowed = ["/src/"]\nrestricted = ["/src/billing/"]\n'


def _scope(name: str, box: Box) -> GateOutcome:
    repository = _with_policy(_SCOPE, box)
    repository.write(name, "x = 1\n")
    repository.stage()
    return box.judge(repository, only=("scope",))


def _renamed(box: Box) -> GateOutcome:
    """Move a file out of a place that is restricted, in other letters."""
    repository = box.repository(
        {_POLICY.encode(): _SCOPE.encode(), b"src/Billing/pay.py": b"x = 1\n" * 20}
    )
    repository.git("mv", "src/Billing/pay.py", "src/pay.py")
    return box.judge(repository, only=("scope",))


def _trailer(name: str, box: Box) -> GateOutcome:
    repository = _with_policy("", box)
    base = repository.head()
    repository.write(".github/workflows/new.yml", "on: push\n")
    repository.commit(f"Work on it\n\nZt-Task: {name}\n")
    return box.judge(repository, "range", spec=f"{base}..HEAD", only=("scope",))


def _trusted_mark(box: Box) -> GateOutcome:
    """Move a line that a person allowed long ago."""
    line = (
        planted().rstrip("\n") + '  # zt-gate: ignore[secrets/*] reason="an example"\n'
    )
    repository = box.repository({b"old.py": line.encode()})
    repository.write("old.py", "x = 1\nif x:\n    " + line)
    repository.stage()
    return box.judge(repository)


def _trusted_ignore(box: Box) -> GateOutcome:
    return _under(
        '[[ignore]]\nrule = "secrets/*"\npath = "*.py"\nreason = "an example"\n', box
    )


CASES = (
    Case("policy-arrives", _GROUP, "a key, and a policy that allows it", _KEY,
         partial(_arriving, {_POLICY: _IGNORE})),
    Case("policy-arrives-in-pyproject", _GROUP, "the same in pyproject.toml", _KEY,
         partial(_arriving, {"pyproject.toml": '[tool.zt-gate.levels]\nsecrets = "info"\n'})),
    Case("policy-arrives-one-commit-before", _GROUP, "the same, one commit earlier", _KEY,
         _arriving_in_range),
    Case("baseline-arrives", _GROUP, "a key, and a baseline that knows it", _KEY,
         _arriving_baseline),
    Case("other-ignores-arrive", _GROUP, "a key, and other scanners' lists of exceptions", _KEY,
         partial(_arriving, {".gitleaksignore": "new.py:anthropic:1\n",
                             ".secrets.baseline": '{"results": {}}\n'})),
    Case("expired-ignore", _GROUP, "an ignore whose time is over", _KEY,
         partial(_under, _IGNORE.replace('"*"', '"secrets/*"') + "expires = 2020-01-31\n")),
    Case("allowed-line-once-more", _GROUP, "a line that is allowed elsewhere", _KEY, _once_more),
    Case("branched-before-the-policy", _GROUP, "a branch from before the policy", _KEY,
         _branched_before),
    Case("policy-loosened", _GROUP, "a policy that loosens itself", "warn gate/policy-changed",
         partial(_loosened, "standard")),
    Case("strict-policy-loosened", _GROUP, "a strict policy that loosens itself",
         "block gate/policy-changed", partial(_loosened, "strict")),
    Case("two-policies", _GROUP, "two policies, of which one is loose", "refused", _two_policies),
    Case("outside-the-scope", _GROUP, "a file outside of what may change",
         "block scope/outside-allowed", partial(_scope, "infra/main.tf")),
    Case("inside-the-restricted", _GROUP, "a file in a place that may not change",
         "block scope/restricted-path", partial(_scope, "src/billing/pay.py")),
    Case("moved-out-of-the-restricted", _GROUP, "a file is moved out of such a place",
         "block scope/restricted-path", _renamed),
    Case("invented-task", _GROUP, "a task that there is not", "block scope/unknown-task",
         partial(_trailer, "anything-goes")),
    Case("wrong-task", _GROUP, "a workflow under a task for source code", "block scope/*",
         partial(_trailer, "refactor")),
    Case("allowed-line-moved", "honest", "a line that is allowed, moved", "pass", _trusted_mark),
    Case("trusted-ignore", "honest", "a key that the trusted policy allows", "pass",
         _trusted_ignore),
    Case("inside-the-scope", "honest", "a file where it may change", "pass",
         partial(_scope, "src/app.py")),
)  # fmt: skip
