"""Many secrets in one change: the worst are listed, the rest is summarised and masked."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

from tests.scanners.secrets.templates import expand
from tests.support import changes
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.review import serialization
from zt_gate.scanners.secrets import SCANNER, finding_limits
from zt_gate.scanners.secrets.single_text import scan_formats

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("secrets")
LETTERS = string.ascii_letters + string.digits
SUM = "secrets/many-secrets"


def keys(count: int) -> list[str]:
    rng = random.Random(count)
    return ["ghp" + "_" + "".join(rng.choices(LETTERS, k=36)) for _ in range(count)]


def lines(values: list[str]) -> str:
    return "".join(f"k{n} = '{value}'\n" for n, value in enumerate(values))


def scan(change: ChangeSet, tmp_path: Path) -> ScannerRun:
    return SCANNER.scan(change, changes.context(RULES, tmp_path))


def test_findings_of_a_file_are_capped_and_the_rest_summarised(
    tmp_path: Path,
) -> None:
    values = keys(finding_limits.PER_FILE + 50)
    run = scan(changes.change_of({"a.py": lines(values)}), tmp_path)
    *told, last = run.findings
    assert run.status == "ok"
    assert len(told) == finding_limits.PER_FILE
    assert (last.rule, last.level, last.location.kind) == (SUM, Level.BLOCK, "file")
    assert last.location.path == b"a.py"
    assert last.message.startswith("50 more secrets in this file")
    assert last.evidence is None
    assert {value for finding in run.findings for value in finding.secrets} == set(
        values
    )
    assert not any(value in last.message + last.subject for value in values)


def test_the_worst_findings_are_listed_wherever_they_are(tmp_path: Path) -> None:
    weak = "".join(f"password_{n} = '{expand('{12*a-z0-9}x9!')}'\n" for n in range(150))
    (key,) = keys(1)
    run = scan(changes.change_of({"a.py": weak + lines([key])}), tmp_path)
    assert key in [finding.subject for finding in run.findings]
    assert run.findings[-1].rule == SUM
    assert run.findings[-1].level is Level.WARN


def test_findings_of_a_run_are_capped_and_all_of_them_block(tmp_path: Path) -> None:
    files = {f"f{n}.py": lines(keys(finding_limits.PER_FILE)) for n in range(12)}
    run = scan(changes.change_of(files), tmp_path)
    told = [finding for finding in run.findings if finding.rule != SUM]
    sums = [finding for finding in run.findings if finding.rule == SUM]
    assert len(told) == finding_limits.PER_RUN
    assert [finding.location.path for finding in sums] == [b"f10.py", b"f11.py"]
    assert {finding.level for finding in sums} == {Level.BLOCK}


def test_each_level_has_its_own_limit_in_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lesser findings of earlier files must not fold away worse ones of later files."""
    monkeypatch.setattr(finding_limits, "PER_RUN", 2)
    block = "k = '" + keys(1)[0] + "'\n"
    warn = "password = 'Tr0ub4dor" + "&3xQ9z'\n"
    low = {f"tests/a{n}.py": warn for n in range(4)}
    for files, expected in (
        ({**low, "z.py": block}, {Level.BLOCK: 1, Level.INFO: 2}),
        ({**low, "z.py": warn}, {Level.WARN: 1, Level.INFO: 2}),
        ({**{f"a{n}.py": warn for n in range(4)}, "z.py": block},
         {Level.BLOCK: 1, Level.WARN: 2}),
        ({**low, "y.py": warn, "z.py": block},
         {Level.BLOCK: 1, Level.WARN: 1, Level.INFO: 2}),
    ):  # fmt: skip
        run = scan(changes.change_of(files), tmp_path)
        told = [finding.level for finding in run.findings if finding.rule != SUM]
        counted = {level: told.count(level) for level in told if level is not None}
        assert counted == expected, files


def test_files_beyond_the_last_summary_share_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_limits, "PER_RUN", 2)
    monkeypatch.setattr(finding_limits, "SUMMARIES", 1)
    values = keys(5)
    files = {f"f{n}.py": lines([value]) for n, value in enumerate(values)}
    run = scan(changes.change_of(files), tmp_path)
    assert [finding.location.kind for finding in run.findings] == [
        "line",
        "line",
        "file",
        "change",
    ]
    last = run.findings[-1]
    assert last.message.startswith("2 more secrets elsewhere in the change")
    assert last.level is Level.BLOCK
    assert {value for finding in run.findings for value in finding.secrets} == set(
        values
    )


def test_findings_in_names_are_capped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_limits, "PER_RUN", 2)
    values = keys(5)
    run = scan(changes.change_of({f"{value}.txt": "x\n" for value in values}), tmp_path)
    assert [finding.location.kind for finding in run.findings] == [
        "file",
        "file",
        "change",
    ]
    assert set(values) <= {
        value for finding in run.findings for value in finding.secrets
    }


def test_the_result_stays_small_whatever_is_found(tmp_path: Path) -> None:
    begin, end = (
        "-----" + word + " RSA PRIVATE KEY-----\n" for word in ("BEGIN", "END")
    )
    rng = random.Random(1)
    files = {}
    for n in range(6):
        rows = ["".join(rng.choices(LETTERS, k=64)) for _ in range(200)]
        files[f"k{n}"] = (begin + "\n".join(rows) + "\n" + end) * 50
    run = scan(changes.change_of(files), tmp_path)
    assert run.status == "ok"
    assert len(serialization.dump(run)) < 48 << 20


def test_findings_in_a_single_text_are_capped() -> None:
    found = scan_formats(
        lines(keys(finding_limits.PER_FILE + 1)).encode(), b"a.py", RULES
    )
    assert len(found) == finding_limits.PER_FILE + 1
    assert found[-1].message.startswith("1 more secret in this file")


def test_lesser_findings_in_earlier_files_do_not_hide_a_key_that_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_limits, "PER_RUN", 3)
    weak = "".join(f"password_{n} = '{expand('{12*a-z0-9}x9!')}'\n" for n in range(5))
    (key,) = keys(1)
    for last in ("z.py", "zz/a/b.py", "b/key.txt", "~.py"):
        files = {"a.py": weak, "a2.py": weak, last: lines([key])}
        run = scan(changes.change_of(files), tmp_path)
        listed = [item for item in run.findings if item.rule != SUM]
        (found,) = [item for item in listed if item.subject == key]
        assert found.location.path == last.encode()
        assert found.level is Level.BLOCK or found.level is None
        assert len(listed) == 4
