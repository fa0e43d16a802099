from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scanners.code.scanning import Scan, found
from tests.support.changes import change_of
from zt_gate import rulebook
from zt_gate.model.finding import Confidence, Severity
from zt_gate.model.rule import Rule
from zt_gate.scanners.code.suggested_fixes import LIMIT, fix_of, steps_of_semgrep

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding

FOLDER = rulebook.rules_folder() / "code"
RULES = rulebook.load("code")
FIXING = {
    name.removeprefix("code/"): rule
    for name, rule in RULES.items()
    if rule.data.get("fix")
}


def _examples() -> dict[str, str]:
    """The examples of the rules that suggest something, by path."""
    texts = {}
    for name in FIXING:
        language, _, stem = name.partition("-")
        for file in sorted((FOLDER / language).glob(f"{stem}.*")):
            if file.suffix != ".yaml":
                texts[f"{language}/{file.name}"] = file.read_text("utf-8")
    return texts


def _applied(text: str, findings: list[Finding]) -> str:
    """Put every suggestion in its place, from the end, as a reader's editor would."""
    lines = text.split("\n")
    for finding in sorted(findings, key=lambda f: -(f.location.line or 0)):
        place = finding.location
        assert place.line
        assert place.end_line
        assert place.column
        assert place.end_column
        head = lines[place.line - 1][: place.column - 1]
        tail = lines[place.end_line - 1][place.end_column - 1 :]
        lines[place.line - 1 : place.end_line] = [head + (finding.fix or "") + tail]
    return "\n".join(lines)


def test_what_is_suggested_parses_and_takes_the_finding_away(scan: Scan) -> None:
    texts = _examples()
    before = scan(change_of(dict(texts)))
    by_path: dict[str, list[Finding]] = {path: [] for path in texts}
    for finding in before.findings:
        if finding.fix is not None:
            by_path[(finding.location.path or b"").decode()].append(finding)
    suggested = {
        f.rule.removeprefix("code/") for found in by_path.values() for f in found
    }
    assert FIXING.keys() == suggested
    mended = {path: _applied(texts[path], found) for path, found in by_path.items()}
    for path, text in mended.items():
        if path.endswith(".py"):
            ast.parse(text)
    after = scan(change_of(dict(mended)))
    assert (after.status, after.not_inspected) == ("ok", ())
    left = {(f.rule, f.location.path, f.location.line) for f in after.findings}
    gone = {
        (f.rule, f.location.path, f.location.line)
        for found in by_path.values()
        for f in found
    }
    assert not left & gone


def _rule(*steps: tuple[str, str]) -> Rule:
    fix = [{"find": find, "put": put} for find, put in steps]
    return Rule(
        "code/x", "t", "w", "r", Severity.LOW, Confidence.LOW, data={"fix": fix}
    )


@pytest.mark.parametrize(
    ("name", "code", "fixed"),
    [
        ("python-tls-verification-off", "requests.get(u, verify=False)",
         "requests.get(u, verify=True)"),
        ("python-yaml-unsafe-load", "yaml.load(f)", "yaml.safe_load(f)"),
        ("python-yaml-unsafe-load", "yaml.load(f, Loader=yaml.UnsafeLoader)",
         "yaml.load(f, Loader=yaml.SafeLoader)"),
        # Two places, one of them perhaps a text: nothing is sure.
        ("python-tls-verification-off", 'requests.get("verify=False", verify=False)', None),
        ("python-html-escaping-off", "jinja2.Environment(\n    loader=x,\n)",
         "jinja2.Environment(\n    loader=x, autoescape=True)"),
        ("python-html-escaping-off", "jinja2.Environment(\n    loader=x,  # )\n)", None),
        ("python-insecure-cookie", "r.set_cookie('a', b)",
         "r.set_cookie('a', b, secure=True, httponly=True)"),
        ("javascript-insecure-cookie", "res.cookie('a', b, { secure: false, httpOnly: false })",
         "res.cookie('a', b, { secure: true, httpOnly: true })"),
        ("go-loose-permissions", "os.WriteFile(p, d, 0o666)", "os.WriteFile(p, d, 0o644)"),
    ],
)  # fmt: skip
def test_what_is_suggested(name: str, code: str, fixed: str | None) -> None:
    assert fix_of(FIXING[name], code) == fixed


@given(st.text(max_size=200))
def test_every_suggestion_differs_from_what_it_replaces(code: str) -> None:
    for rule in FIXING.values():
        assert fix_of(rule, code) != code


def test_nothing_is_suggested_for_very_long_code() -> None:
    rule = _rule(("a", "b"))
    assert fix_of(rule, "a") == "b"
    assert fix_of(rule, "a" + " " * LIMIT) is None
    assert fix_of(_rule(), "a") is None


def test_nothing_is_suggested_for_a_match_that_was_added_in_part(scan: Scan) -> None:
    old = "import requests\nrequests.get(\n    u,\n    timeout=3,\n)\n"
    new = "import requests\nrequests.get(\n    u,\n    verify=False,\n)\n"
    run = scan(change_of({"a.py": new}, {"a.py": old}))
    assert found(run) == [("python-tls-verification-off", 4)]
    assert run.findings[0].fix is None


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ({"fix": "safe()"}, [{"find": r"(?s)\A.*\Z", "put": "safe()"}]),
        ({"fix": "safe($X)"}, []),
        ({"fix-regex": {"regex": "(a)b", "replacement": r"\1c"}},
         [{"find": "(a)b", "put": r"\1c"}]),
        ({"fix-regex": {"regex": "(", "replacement": ""}}, []),
        ({"fix-regex": {"regex": "a", "replacement": r"\1"}}, []),
        ({"fix-regex": {"regex": "a", "replacement": r"\q"}}, []),
        ({"fix-regex": "a"}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_the_suggestions_of_own_rules(body: object, steps: object) -> None:
    assert isinstance(body, dict)
    assert steps_of_semgrep(body) == steps
