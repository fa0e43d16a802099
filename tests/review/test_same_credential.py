"""One credential is one finding, also if two scanners report it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.offenders import check_each
from tests.support.repo import GIT_ENV, Repo
from zt_gate.model.finding import Confidence, Evidence, Finding, Location, Severity
from zt_gate.review import run as review
from zt_gate.review.same_credential import repeated

if TYPE_CHECKING:
    from pathlib import Path

KEY = "-".join(("sk", "ant", "api03", ("kQ7vR2xT9mZp4LwB8nYc" * 5)[:93] + "AA"))
TOKEN = "gl" + "pat-" + "Zk3xQ9vB7nMw2LpR8sTy"
LINE = f'password = "{TOKEN}"'
WEAK, BAD = (1, 1, 1), (2, 3, 3)


def secret(
    start: int = 12, end: int = 38, line: int = 1, path: bytes = b"a.py"
) -> Finding:
    return Finding(
        "secrets/x",
        Location("line", path, line, start, line, end),
        "",
        Severity.HIGH,
        Confidence.HIGH,
        cwe=("CWE-798",),
        evidence=Evidence(LINE, start - 1, end - 1),
        secrets=(TOKEN,),
    )


def other(
    start: int = 1,
    end: int = 39,
    line: int = 1,
    *,
    end_line: int = 0,
    path: bytes = b"a.py",
    cwe: str = "CWE-798",
    rule: str = "code/y",
) -> Finding:
    return Finding(
        rule,
        Location("line", path, line, start, end_line or line, end),
        "",
        Severity.HIGH,
        Confidence.MEDIUM,
        cwe=(cwe,),
        evidence=Evidence(LINE, start - 1, end - 1),
    )


def test_a_finding_of_the_same_value_is_left_out() -> None:
    for finding in (
        other(),
        other(end_line=3),
        other(line=0 + 1, start=12, end=13),
        other(start=30, end=60),
    ):
        assert repeated([finding, secret()], [WEAK, BAD]) == {0}
        assert repeated([secret(), finding], [BAD, BAD]) == {1}
    twice = [secret(), other(), other(rule="agent_config/z")]
    assert repeated(twice, [BAD, WEAK, WEAK]) == {1, 2}


def test_the_worse_one_stays() -> None:
    assert repeated([other(), secret()], [BAD, WEAK]) == {1}
    # The value stands at two places of the line; the code marks one of them.
    assert repeated([other(), secret(start=80, end=106)], [WEAK, BAD]) == {0}


def test_findings_of_something_else_stay() -> None:
    for finding in (
        other(cwe="CWE-89"),
        other(path=b"b.py"),
        other(line=2),
        other(start=39, end=60),
        other(rule="secrets/y"),
    ):
        assert repeated([finding, secret()], [WEAK, BAD]) == frozenset(), finding
    assert repeated([other(), other(rule="tampering/z")], [WEAK, BAD]) == frozenset()
    assert repeated([], []) == frozenset()


def rules_in(repo: Repo, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        repo.write(name, text)
    repo.git("add", "-A")
    request = review.Request(
        folder=repo.path, only=("code", "secrets"), offline=True, log=False
    )
    environ = {**GIT_ENV, "HOME": str(repo.path.parent)}
    return [item.finding.rule for item in review.run(request, environ).findings]


def test_real_scanners_report_a_credential_once(tmp_path: Path) -> None:
    cases = {
        "a.py": f'API_KEY = "{KEY}"\n',
        "b.js": f'const token = "{TOKEN}";\n',
        "c.go": f'package main\n\nvar apiKey = "{KEY}"\n',
        "d.py": f'c = connect(user="app", password="{TOKEN}")  # {TOKEN}\n',
    }

    def wrong(case: tuple[str, str]) -> str:
        name, text = case
        repo = Repo.create(tmp_path / name)
        repo.commit("first")
        rules = rules_in(repo, {name: text})
        is_right = len(rules) == 1 and rules[0].startswith("secrets/")
        return "" if is_right else str(rules)

    check_each(cases.items(), wrong, name=lambda case: case[0])


def test_a_baseline_of_the_one_covers_the_other(tmp_path: Path) -> None:
    """The finding that is left out is in no baseline, so it must not come back."""
    repo = Repo.create(tmp_path / "repository")
    ignore = 'rule = "secrets/*"\npath = "a.py"\nreason = "an example"\n'
    repo.write(".zt-gate.toml", f"[[ignore]]\n{ignore}")
    repo.commit("first")
    assert rules_in(repo, {"a.py": f'API_KEY = "{KEY}"\n'}) == [
        "secrets/anthropic-api-key"
    ]
