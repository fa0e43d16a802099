"""What is tried once more: files that took too long, and what is remembered of the others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.scanners.code.scanning import (
    BAD,
    BAD_JS,
    LimitedEngine,
    Scan,
    found,
    refuse,
    skips,
)
from tests.support.changes import change_of
from zt_gate.scanners.code import inspection, semgrep_engine
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.model.rule import Rule

# A function that the engine gives up unless it may take long.
SLOW = f"def {LimitedEngine.SLOW}():\n    eval(request.args)\n"
FILLER = "    pass\n" * 100
#: More seconds than the first try gives a rule, and more than the second gives it too.
FIRST, BOTH = semgrep_engine.RULE_SECONDS + 1, semgrep_engine.PATIENT_SECONDS + 1


class Counting:
    """Runs processes, and counts those that are scans."""

    def __init__(
        self, runner: Callable[..., process.CompletedProcess] = process.run
    ) -> None:
        self.runner = runner
        self.scans: list[Sequence[str]] = []

    def __call__(self, argv: Sequence[str], **rest: Any) -> Any:
        if "scan" in argv:
            self.scans.append(argv)
        return self.runner(argv, **rest)


@pytest.fixture
def idle_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the engine gave up had a processor to itself."""
    monkeypatch.setattr(semgrep_engine, "BUSY_SHARE", 0.0)


@pytest.mark.usefixtures("idle_machine")
def test_a_file_that_took_too_long_is_tried_alone_with_more_time(scan: Scan) -> None:
    limited = Counting(LimitedEngine(slow_seconds=FIRST))
    run = scan(
        {"slow.py": "from flask import request\n" + SLOW, "quick.py": BAD}, run=limited
    )
    assert skips(run) == []
    assert found(run) == [("python-code-execution", 5), ("python-code-execution", 3)]
    assert len(limited.scans) == 2


def test_what_the_engine_itself_gives_up_is_found_the_second_time(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds for an engine that is fast enough at once, too; semgrep 1.185 is not."""
    monkeypatch.setattr(semgrep_engine, "RULE_SECONDS", 0.05)
    assignments = "".join(
        f"    a{i} = g(a{i - 1}, a{i // 2})\n" for i in range(1, 2000)
    )
    slow = SLOW.replace("\n", "\n" + assignments, 1)
    run = scan({"slow.py": "from flask import request\n" + slow, "quick.py": BAD})
    assert skips(run) == []
    assert found(run) == [("python-code-execution", 5), ("python-code-execution", 2002)]


@pytest.mark.usefixtures("idle_machine")
def test_a_file_that_takes_too_long_again_has_failed(
    scan: Scan, tmp_path: Path
) -> None:
    limited = LimitedEngine(slow_seconds=BOTH)
    for _ in range(2):  # and that is not remembered
        run = scan(
            {"slow.py": SLOW, "quick.py": BAD},
            cache_dir=tmp_path / "cache",
            run=limited,
        )
        assert skips(run) == [(b"slow.py", "failed")]
        assert "did not finish this file" in run.not_inspected[0].reason
        assert (run.status, run.files, found(run)) == (
            "ok",
            1,
            [("python-code-execution", 5)],
        )


@pytest.mark.usefixtures("idle_machine")
@pytest.mark.parametrize(
    ("seconds", "finished"),
    [(None, False), (10.0, False), (120.0, False), (240.0, True), (1200.0, True)],
)
def test_deadline_seconds_raise_the_limits_of_a_single_file(
    seconds: float | None, scan: Scan, *, finished: bool
) -> None:
    settings = {} if seconds is None else {"deadline-seconds": seconds}
    run = scan(
        {"a.py": SLOW, "b.py": BAD},
        run=LimitedEngine(slow_seconds=BOTH),
        settings=settings,
    )
    assert skips(run) == ([] if finished else [(b"a.py", "failed")])
    paths = {finding.location.path for finding in run.findings}
    assert paths == ({b"a.py", b"b.py"} if finished else {b"b.py"})


def test_a_file_that_the_engine_was_ended_for_has_failed_and_is_not_tried_again(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsing and naming have no limit of a rule's: 20,000 entries ate the whole deadline."""
    monkeypatch.setattr(semgrep_engine, "START_SECONDS", 0.0)
    monkeypatch.setattr(semgrep_engine, "FILE_SECONDS", 0.01)
    monkeypatch.setattr(semgrep_engine, "WALL_FACTOR", 1e6)
    monkeypatch.setattr(semgrep_engine, "BYTES_A_SECOND", 1e9)
    counting = Counting()
    run = scan({"slow.py": SLOW}, run=counting)
    assert skips(run) == [(b"slow.py", "failed")]
    assert "it used more than 0.01" in run.not_inspected[0].reason
    assert run.not_inspected[0].reason.endswith("s of CPU time")
    assert len(counting.scans) == 1
    run = scan({"a.py": BAD, "b.py": BAD + "\n"})
    assert (run.status, run.findings) == ("ok", ())
    assert skips(run) == [(b"a.py", "failed"), (b"b.py", "failed")]


class Busy:
    """Runs the engine as on a machine that leaves it little: it gives files up so many times."""

    def __init__(self, times: int, cpu_seconds: float = 0.0) -> None:
        self.timeouts: list[float] = []
        self._times = times
        self._cpu_seconds = cpu_seconds

    def __call__(self, argv: Sequence[str], **rest: Any) -> Any:
        if "scan" not in argv:
            return process.run(argv, **rest)
        self.timeouts.append(float(argv[argv.index("--timeout") + 1]))
        if len(self.timeouts) > self._times:
            return process.run(argv, **rest)
        names = argv[argv.index("--") + 1 :]
        errors = [
            {"type": "Timeout", "rule_id": "python-code-execution", "path": names[0]}
        ]
        answer = {"results": [], "errors": errors, "paths": {"scanned": names}}
        return process.CompletedProcess(
            0, json.dumps(answer).encode(), b"", self._cpu_seconds
        )


def test_what_was_given_up_on_a_busy_machine_is_asked_again_with_more_wall_time(
    scan: Scan,
) -> None:
    busy = Busy(times=2)
    run = scan({"a.py": BAD}, run=busy)
    assert (run.status, skips(run)) == ("ok", [])
    assert found(run) == [("python-code-execution", 5)]
    assert busy.timeouts[0] == semgrep_engine.RULE_SECONDS
    assert busy.timeouts[1] > 2 * semgrep_engine.RULE_SECONDS


def test_a_file_that_had_its_cpu_time_is_given_up(scan: Scan) -> None:
    busy = Busy(times=9, cpu_seconds=1000.0)
    run = scan({"a.py": BAD}, run=busy)
    assert skips(run) == [(b"a.py", "failed")]
    assert busy.timeouts == [
        semgrep_engine.RULE_SECONDS,
        semgrep_engine.PATIENT_SECONDS,
    ]


def test_a_busy_machine_is_not_waited_for_without_end(scan: Scan) -> None:
    busy = Busy(times=99)
    run = scan({"a.py": BAD}, run=busy)
    assert skips(run) == [(b"a.py", "failed")]
    assert len(busy.timeouts) == 2 * (1 + semgrep_engine.MOST_REPEATS)


def test_deadline_seconds_raise_the_limits_of_one_file(scan: Scan) -> None:
    limits: list[float] = []

    def noting(argv: Sequence[str], **rest: Any) -> Any:
        limits.append(rest["cpu_seconds"])
        return busy(argv, **rest)

    for seconds, scale in ((1, 1), (120, 1), (600, 5), (1200, 10)):
        busy = Busy(times=9, cpu_seconds=1e6)
        scan({"a.py": BAD}, run=noting, settings={"deadline-seconds": float(seconds)})
        assert busy.timeouts == [
            scale * semgrep_engine.RULE_SECONDS,
            scale * semgrep_engine.PATIENT_SECONDS,
        ]
    first = limits[::2]
    assert first == pytest.approx([first[0] * scale for scale in (1, 1, 5, 10)])


@pytest.mark.usefixtures("idle_machine")
def test_deadline_seconds_raise_how_many_files_are_tried_again(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_RETRIES", 1)
    files = {f"f{n}.py": f"{SLOW}x = {n}\n" for n in range(4)}
    for seconds, skipped in ((60, 3), (120, 3), (240, 2), (480, 0)):
        limited = LimitedEngine(slow_seconds=FIRST * max(1, seconds / 120))
        settings = {"deadline-seconds": float(seconds)}
        run = scan(files, run=limited, settings=settings)
        assert len(skips(run)) == skipped


@pytest.mark.usefixtures("idle_machine")
def test_of_a_large_file_the_changed_functions_are_enough(scan: Scan) -> None:
    old = "from flask import request\n" + SLOW + FILLER
    added = BAD.removeprefix("from flask import request\n")
    change = change_of({"slow.py": old + added}, {"slow.py": old})
    run = scan(change, run=LimitedEngine(slow_seconds=BOTH))
    assert found(run) == [("python-code-execution", 107)]
    (entry,) = run.not_inspected
    assert entry.kind == "not_applicable"
    assert "functions that were not changed" in entry.reason


def test_a_second_look_at_the_same_content_starts_nothing(
    scan: Scan, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    files = {"a.py": BAD, "b.js": BAD_JS, "c.py": "import os\nos.system('ls')\n"}
    first = scan(files, cache_dir=cache)
    again = scan({"d/other.py": BAD, "b.js": BAD_JS, "c.py": files["c.py"]},
                 cache_dir=cache, run=refuse)  # fmt: skip
    assert sorted(found(again)) == sorted(found(first))
    assert again.findings[0].location == first.findings[1].location
    assert (again.files, again.lines) == (first.files, first.lines)


def test_parsing_problems_are_remembered_too(scan: Scan, tmp_path: Path) -> None:
    files = {"a.py": BAD + "\n<div>{{ x }}</div>\n eval( [\n"}
    first = scan(files, cache_dir=tmp_path / "cache")
    again = scan(files, cache_dir=tmp_path / "cache", run=refuse)
    assert skips(first) == [(b"a.py", "unreadable")]
    assert (again.findings, again.not_inspected) == (
        first.findings,
        first.not_inspected,
    )


def test_what_is_remembered_is_no_text(scan: Scan, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    secret = "hunter" + "2-hunter2-hunter2"
    scan({"a.py": BAD.replace("'q'", f"'{secret}'")}, cache_dir=cache)
    entries = [file for file in cache.rglob("*") if file.is_file()]
    assert entries
    for file in entries:
        data = file.read_bytes()
        assert secret.encode() not in data
        assert b"request.args[" not in data


@pytest.mark.parametrize("other", ["content", "rules", "dialect"])
def test_other_content_rules_or_dialect_are_looked_at(
    scan: Scan, rules: Mapping[str, Rule], tmp_path: Path, other: str
) -> None:
    cache = tmp_path / "cache"
    scan({"a.js": BAD_JS}, cache_dir=cache)
    count = Counting()
    name = "a.tsx" if other == "dialect" else "a.js"
    fewer = {key: rule for key, rule in rules.items() if not key.endswith("xss")}
    scan({name: BAD_JS + ("\n" if other == "content" else "")}, cache_dir=cache, run=count,
         rules=fewer if other == "rules" else rules)  # fmt: skip
    assert len(count.scans) == 1


def test_another_engine_is_asked(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    scan({"a.py": BAD}, cache_dir=cache)
    known = semgrep_engine.identity
    monkeypatch.setattr(semgrep_engine, "identity", lambda ways: known(ways) + "newer")
    count = Counting()
    scan({"a.py": BAD}, cache_dir=cache, run=count)
    assert len(count.scans) == 1


def test_damaged_memory_is_no_memory(scan: Scan, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = scan({"a.py": BAD}, cache_dir=cache)
    for file in cache.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"python", b"pythom"))
    count = Counting()
    again = scan({"a.py": BAD}, cache_dir=cache, run=count)
    assert again.findings == first.findings
    assert len(count.scans) == 1


def test_a_rule_is_loaded_for_the_files_that_it_can_match_in(
    scan: Scan, tmp_path: Path
) -> None:
    scan({"a.py": BAD, "b.py": "import yaml\nyaml.full_load(x)\n", "c.py": "x = 1\n"})
    loaded = json.loads(Path(tmp_path, "rules-1-python.json").read_bytes())["rules"]
    files = {rule["id"]: rule["paths"]["include"] for rule in loaded}
    assert files["python-code-execution"] == ["000001.py"]
    assert files["python-yaml-full-loader"] == ["000002.py"]
    assert "python-weak-password-hash" not in files


def test_two_engines_find_what_one_does(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n}.py": BAD + "\n" * n for n in range(5)} | {"b.js": BAD_JS}
    one, two = Counting(), Counting()
    first = scan(files, run=one)
    monkeypatch.setattr(inspection, "_WORTH_TWO", 0)
    monkeypatch.setattr(inspection, "_cores", lambda: 2)
    second = scan(files, run=two)
    assert (len(one.scans), len(two.scans)) == (1, 2)
    assert second.findings == first.findings
    assert (second.files, second.status) == (6, "ok")


def test_what_goes_wrong_with_one_of_two_engines_is_an_error(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_WORTH_TWO", 0)
    monkeypatch.setattr(inspection, "_cores", lambda: 2)

    def half(argv: Sequence[str], **rest: Any) -> Any:
        if "src/000001.py" in argv:
            raise process.ProcessFailedError("it could not be started")
        return process.run(argv, **rest)

    run = scan({"a.py": BAD, "b.py": BAD + "\n"}, run=half)
    assert run.status == "error"
    assert "could not be started" in run.reason


def test_a_source_on_another_line_is_told(scan: Scan) -> None:
    text = BAD.replace(
        "    return eval(request.args['q'])", "    q = request.args\n    eval(q)"
    )
    (finding,) = scan({"a.py": text}).findings
    assert finding.location.line == 6
    assert finding.message.endswith("; the data comes from line 5")


def test_without_the_engine_itself_the_source_is_not_told(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semgrep_engine, "flows", lambda *_: b"{no JSON")
    text = BAD.replace(
        "    return eval(request.args['q'])", "    q = request.args\n    eval(q)"
    )
    (finding,) = scan({"a.py": text}).findings
    assert (
        finding.message
        == "Code injection: untrusted input evaluated as code or template"
    )


def test_the_identity_is_of_programs_that_are_there(tmp_path: Path) -> None:
    program = tmp_path / "semgrep"
    program.write_text("1")
    ways = [semgrep_engine.EngineCommand(str(program), experimental=True)]
    one = semgrep_engine.identity(ways)
    assert one
    os.utime(program, ns=(1, 1))
    assert semgrep_engine.identity(ways) not in {"", one}
    program.unlink()
    assert semgrep_engine.identity(ways) == ""
    assert semgrep_engine.identity([]) == ""
