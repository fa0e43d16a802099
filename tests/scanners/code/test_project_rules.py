"""The project's own rules, from the trusted side or pinned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scanners.code.scanning import BAD, Scan, found, refuse
from tests.support.changes import context
from zt_gate.errors import GateError
from zt_gate.model.finding import Severity
from zt_gate.rulebook.rule_files import _ID as RULE_ID
from zt_gate.scanners.code.project_rules import own_rules
from zt_gate.scanners.code.result_cache import ResultCache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = b"""rules:
  - id: company.python.No-Print
    languages: [python]
    severity: WARNING
    message: Do not print. Use the log instead.
    pattern: print(...)
    paths: {include: ["src/only/here/*"]}
    metadata:
      cwe: "CWE-532: Insertion of Sensitive Information into Log File"
      references: [https://example.org/log, "javascript:x"]
  - id: other
    languages: [java]
    severity: ERROR
    message: m
    pattern: foo()
"""
CODE = {"a.py": "def f(x):\n    print(x)\n"}


def scan_with(
    scan: Scan, files: Mapping[str, bytes], change: Any = None, **settings: Any
) -> ScannerRun:
    def trusted(path: bytes) -> bytes | None:
        return files.get(path.decode())

    fields = {key: settings.pop(key) for key in ("run", "cache_dir") if key in settings}
    return scan(change or CODE, trusted_file=trusted, settings=settings, **fields)


def test_a_rule_of_the_projects_own(scan: Scan) -> None:
    run = scan_with(scan, {"r.yaml": RULES}, rules=("r.yaml",))
    (finding,) = run.findings
    assert finding.rule == "code/own-company-python-no-print"
    assert (finding.location.line, finding.message) == (2, "Do not print")
    assert (finding.severity, finding.confidence) == ("medium", "medium")
    assert finding.why == "Do not print. Use the log instead."
    assert finding.cwe == ("CWE-532",)
    assert finding.references == ("https://example.org/log",)
    assert "company.python.No-Print in r.yaml" in finding.remedy
    (other,) = run.not_inspected
    assert (other.path, other.kind) == (b"r.yaml", "not_applicable")
    assert other.reason.startswith("1 of its rules")
    assert run.status == "ok"


def test_own_rules_stand_beside_the_gates(scan: Scan) -> None:
    change = {"a.py": BAD, "b.py": CODE["a.py"]}
    run = scan_with(scan, {"r.yaml": RULES}, change, rules=("r.yaml",))
    assert found(run) == [
        ("python-code-execution", 5),
        ("own-company-python-no-print", 2),
    ]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "no such file on the trusted side"),
        (b"rules: [", "is not a semgrep rule file"),
        (b"\xff\xfe\x00", "is not a semgrep rule file"),
        (b"x: 1\n", 'no list "rules"'),
        (b"rules: []\n", 'no list "rules"'),
        (b"rules: [{id: 3}]\n", "rule 1 has no id"),
        (b"rules: [{id: x}]\n", "has no languages"),
        (b"rules: [{id: x, languages: [python]}]\n", "no valid severity"),
        (b"rules: [{id: x, languages: [python], severity: ERROR, pattern: 'f(('}]\n",
         "rejects the rule code/own-x"),
        (b"rules: [{id: x, languages: [python], severity: ERROR}]\n",
         "rejects the rule code/own-x"),
        (b"rules: [{id: x, languages: [python], severity: ERROR, pattern-regex: '(('}]\n",
         "rejects the rule code/own-x"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_an_error(
    scan: Scan, content: bytes | None, word: str
) -> None:
    files = {} if content is None else {"r.yaml": content}
    run = scan_with(scan, files, {"a.py": BAD}, rules=("r.yaml",))
    assert run.status == "error"
    assert word in run.reason
    assert found(run) == [("python-code-execution", 5)]


@pytest.mark.parametrize("language", ["go", "javascript", "python"])
def test_an_invalid_rule_of_any_language_is_an_error_where_no_rule_can_match(
    scan: Scan, language: str
) -> None:
    """The names of the rules were a generator, which the first language used up."""
    rule = f"id: x, languages: [{language}], severity: ERROR, pattern: 'f(('"
    rules = f"rules: [{{{rule}}}]\n".encode()
    run = scan_with(scan, {"r.yaml": rules}, {"a.txt": "hello\n"}, rules=("r.yaml",))
    assert run.status == "error"
    assert "rejects the rule code/own-x" in run.reason


def test_a_file_that_git_cannot_give_is_an_error(scan: Scan) -> None:
    def broken(_: bytes) -> bytes | None:
        raise GateError("it is a symbolic link")

    run = scan(CODE, trusted_file=broken, settings={"rules": ("r.yaml",)})
    assert run.status == "error"
    assert "symbolic link" in run.reason


def test_a_pack_is_pinned(scan: Scan, tmp_path: Path) -> None:
    file = tmp_path / "pack.yaml"
    file.write_bytes(RULES)
    digest = hashlib.sha256(RULES).hexdigest()
    for path in (str(file), "r.yaml"):
        pack = {"path": path, "sha256": digest.upper()}
        run = scan_with(scan, {"r.yaml": RULES}, packs=(pack,))
        assert found(run) == [("own-company-python-no-print", 2)]
        run = scan_with(scan, {"r.yaml": RULES}, packs=({**pack, "sha256": "0" * 64},))
        assert run.status == "error"
        assert f"has the SHA-256 {digest}" in run.reason


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/nowhere/at/all.yaml"])
def test_a_pack_is_a_regular_file(scan: Scan, path: str) -> None:
    run = scan_with(scan, {}, packs=({"path": path, "sha256": "0" * 64},))
    assert run.status == "error"
    assert "cannot be read" in run.reason


def test_own_rules_without_a_pin_are_never_read_from_the_disk(
    scan: Scan, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(RULES)
    run = scan_with(scan, {}, rules=(str(file),))
    assert "no such file on the trusted side" in run.reason


def test_a_second_run_starts_nothing(scan: Scan, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = scan_with(scan, {"r.yaml": RULES}, rules=("r.yaml",), cache_dir=cache)
    again = scan_with(
        scan, {"r.yaml": RULES}, rules=("r.yaml",), cache_dir=cache, run=refuse
    )
    assert again.findings == first.findings


def test_rules_of_one_name_get_numbers(tmp_path: Path) -> None:
    text = b"rules:\n" + b"".join(
        b"  - {id: '%s', languages: [python], severity: INFO, pattern: f()}\n" % name
        for name in (b"a.b", b"a-b", b"A_B", b"\xc3\xa9", b"!")
    )
    given = context(
        {}, tmp_path, trusted_file=lambda _: text, settings={"rules": ("r",)}
    )
    assert list(own_rules(given, ResultCache(None)).rules) == [
        "code/own-a-b", "code/own-a-b-2", "code/own-a-b-3", "code/own-rule", "code/own-rule-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ("ERROR", "high"),
        ("WARNING", "medium"),
        ("info", "low"),
        ("CRITICAL", "critical"),
    ],
)
def test_severities_are_mapped(tmp_path: Path, said: str, severity: str) -> None:
    text = f"rules: [{{id: a, languages: [js], severity: {said}, metadata: {{confidence: HIGH}}}}]"
    given = context({}, tmp_path, trusted_file=lambda _: text.encode(),
                    settings={"rules": ("r",)})  # fmt: skip
    (rule,) = own_rules(given, ResultCache(None)).rules.values()
    assert (rule.severity, rule.confidence) == (Severity(severity), "high")
    assert rule.title == "a"


@given(st.dictionaries(
    st.sampled_from(["id", "languages", "severity", "message", "metadata", "pattern"]),
    st.sampled_from(["python", ["python"], ["java"], "ERROR", None, 3, {"cwe": [1, "CWE-1"]},
                     "x.y z", {"confidence": []}, [[]], ""])))  # fmt: skip
def test_any_rule_is_taken_or_refused(table: dict[str, Any]) -> None:
    import json
    from pathlib import Path

    text = json.dumps({"rules": [table]}).encode()
    given = context(
        {}, Path("/nowhere"), trusted_file=lambda _: text, settings={"rules": ("r",)}
    )
    own = own_rules(given, ResultCache(None))
    assert len(own.rules) + len(own.problems) + len(own.other_languages) == 1
    assert all(RULE_ID.fullmatch(name) for name in own.rules)
