"""The scanner on real changes with the real engine."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
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
    stand_in,
)
from tests.support.changes import blob, body, change_of, commit, file_change
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_SYMLINK,
    Blob,
    ChangeSet,
    ContentUnavailableError,
    Hunk,
)
from zt_gate.scanners.code import semgrep_engine
from zt_gate.system.process import ProcessFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.model.rule import Rule


def test_a_finding_says_everything(scan: Scan) -> None:
    run = scan({"app/views.py": BAD})
    assert (run.status, run.files, run.lines) == ("ok", 1, 5)
    (finding,) = run.findings
    assert finding.rule == "code/python-code-execution"
    place = finding.location
    assert (place.kind, place.path) == ("line", b"app/views.py")
    assert (place.line, place.column, place.end_line, place.end_column) == (
        5,
        17,
        5,
        34,
    )
    assert finding.evidence is not None
    evidence = finding.evidence
    assert evidence.text == "    return eval(request.args['q'])"
    assert evidence.text[evidence.start : evidence.end] == "request.args['q']"
    assert finding.subject == "request.args['q']"
    assert (
        finding.message
        == "Code injection: untrusted input evaluated as code or template"
    )
    assert (finding.severity, finding.confidence) == ("critical", "high")
    assert finding.cwe[0] == "CWE-94"
    assert finding.why
    assert finding.remedy
    assert finding.references


def test_every_language_with_rules_in_one_start(scan: Scan) -> None:
    names = ["a.py", "b.js", "c.mts", "d.tsx", "e.cjs", "F.PY"]
    run = scan({name: BAD if name.lower().endswith("py") else BAD_JS for name in names})
    assert sorted((f.location.path or b"").decode() for f in run.findings) == sorted(
        names
    )
    assert run.files == 6


def test_a_file_without_extension_is_known_by_its_first_line(scan: Scan) -> None:
    run = scan(
        {"bin/tool": "#!/usr/bin/env python3\n" + BAD, "notes": BAD, "n.txt": BAD}
    )
    assert found(run) == [("python-code-execution", 6)]


def test_an_old_first_line_counts_too(scan: Scan) -> None:
    old = "#!/usr/bin/env python3\nx = 1\n"
    script = file_change("run.sh", old + BAD, old, new_mode=MODE_EXECUTABLE)
    change = ChangeSet("staged", "", "", "", (script,))
    assert found(scan(change)) == [("python-code-execution", 7)]


@pytest.mark.parametrize(
    "change",
    [
        change_of({"a.md": BAD, "b.txt": "fn main() {}\n", "c.json": "{}"}),
        change_of({"a.py": None}, {"a.py": BAD}),
        change_of({}),
        ChangeSet(
            "staged", "", "", "", (file_change("l.py", "t.py", new_mode=MODE_SYMLINK),)
        ),
        ChangeSet("range", "", "", "", (), (commit("m", file_change("a.py", BAD)),)),
    ],
    ids=["no language", "deleted", "empty", "link", "only in history"],
)
def test_semgrep_is_not_started_for_nothing(scan: Scan, change: ChangeSet) -> None:
    run = scan(change, run=refuse)
    assert (run.status, run.files, run.findings, run.not_inspected) == ("ok", 0, (), ())


@pytest.mark.parametrize(
    "change",
    [
        change_of({"a.py": "x = 1\n"}, {"a.py": "x = 1\n" + BAD}),
        change_of({"a.py": "def f(x):\n    return x + 1\n"}),
        change_of({"a.js": "export const f = (x) => x + 1;\n"}),
        change_of({"a.go": "package a\n\nfunc f(x int) int {\n\treturn x + 1\n}\n"}),
        change_of({"a.py": "<<<<<<< no Python at all\n"}),
    ],
    ids=[
        "only removed lines",
        "harmless",
        "harmless JavaScript",
        "harmless Go",
        "not even code",
    ],
)
def test_nor_where_no_rule_could_match(scan: Scan, change: ChangeSet) -> None:
    run = scan(change, run=refuse)
    assert (run.status, run.files, run.findings, run.not_inspected) == ("ok", 1, (), ())


def test_nor_without_rules_for_the_language(
    scan: Scan, rules: Mapping[str, Rule]
) -> None:
    python = {name: rule for name, rule in rules.items() if "python" in name}
    assert scan({"a.js": BAD_JS}, rules=python, run=refuse).files == 0


def test_only_added_lines_count(scan: Scan) -> None:
    other = BAD.replace("def f", "def g").removeprefix("from flask import request\n")
    run = scan(change_of({"a.py": BAD + other}, {"a.py": BAD}))
    assert found(run) == [("python-code-execution", 9)]
    assert (run.files, run.lines) == (1, 4)


def test_a_place_of_several_lines_is_cut_to_the_added_ones(scan: Scan) -> None:
    old = "import requests\nrequests.get(\n    url,\n    timeout=3,\n)\n"
    new = old.replace(
        "    timeout=3,\n", "    timeout=3,\n    verify=False,\n    stream=True,\n"
    )
    (finding,) = scan(change_of({"a.py": new}, {"a.py": old})).findings
    place = finding.location
    assert (place.line, place.column, place.end_line, place.end_column) == (5, 5, 6, 17)
    assert finding.evidence is not None
    assert finding.evidence.text == "    verify=False,"
    assert finding.subject.startswith("requests.get( url, timeout=3, verify=False,")


def test_a_stronger_finding_silences_the_weaker_one(scan: Scan) -> None:
    text = "from flask import request\ndef f(cursor):\n    q = request.args['q']\n"
    run = scan(
        {"a.py": text + "    cursor.execute(f\"SELECT * FROM t WHERE q = '{q}'\")\n"}
    )
    assert found(run) == [("python-sql-injection", 4)]
    run = scan(
        {"a.py": "def f(c, q):\n    c.execute(f\"SELECT * FROM t WHERE q = '{q}'\")\n"}
    )
    assert found(run) == [("python-sql-value-concatenation", 2)]


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (BAD.replace("    return", "    'é𝒳'; return").encode(), 23),
        (b"\xef\xbb\xbf" + BAD.encode(), 17),
        (BAD.replace("\n", "\r\n").encode(), 17),
        (BAD.replace("    return", "    'é𝒳'; return").encode("utf-16"), 23),
        (b"# coding: latin-1\n" + BAD[1:].replace("rom", "from", 1).encode()
         .replace(b"    return", b"    '\xe9\xe9'; return"), 23),
        (BAD.encode().replace(b"    return", b"    b'\xff\xfe'; return"), 24),
    ],
    ids=["wide characters", "byte-order mark", "CRLF", "UTF-16", "latin-1", "no UTF-8"],
)  # fmt: skip
def test_columns_count_code_points_in_every_encoding(
    scan: Scan, data: bytes, column: int
) -> None:
    (finding,) = scan({"a.py": data}).findings
    assert finding.location.column == column
    assert finding.evidence is not None
    span = finding.evidence.text[finding.evidence.start : finding.evidence.end]
    assert span == "request.args['q']"
    assert "\r" not in finding.evidence.text


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: utf-7\n" + BAD.encode(),
        b"# coding: unicode_escape\n" + BAD.encode(),
        b"# c\r" + BAD.encode(),
        BAD.encode() + b"\x00",
        b"PK\x03\x04" + BAD.encode(),
        b"# " + b"x" * (10 * 1024 * 1024) + b"\n" + BAD.encode(),
    ],
    ids=["utf-7", "unicode_escape", "lone CR", "NUL", "archive", "over 10 MB"],
)
def test_what_could_be_read_in_two_ways_is_unreadable(scan: Scan, data: bytes) -> None:
    run = scan({"a.py": data}, run=refuse)
    assert (run.status, skips(run)) == ("ok", [(b"a.py", "unreadable")])


def test_content_that_is_not_there_has_failed(scan: Scan) -> None:
    def gone(limit: int) -> bytes:
        raise ContentUnavailableError("object 123 is missing")

    file = replace(file_change("a.py", BAD), new=Blob("", gone))
    run = scan(ChangeSet("staged", "", "", "", (file,)), run=refuse)
    (entry,) = run.not_inspected
    assert (entry.kind, entry.reason) == ("failed", "object 123 is missing")


def test_a_file_too_large_for_its_small_change_is_unreadable(scan: Scan) -> None:
    big = b"x = 1\n" * 2_000_000
    hunks = (Hunk(1, 1, body([]), body([b"x = 1"])),)
    file = replace(file_change("a.py", "x = 1\n"), new=blob(big), hunks=hunks)
    run = scan(ChangeSet("staged", "", "", "", (file,)), run=refuse)
    assert skips(run) == [(b"a.py", "unreadable")]


def test_a_file_over_one_megabyte_is_scanned(scan: Scan) -> None:
    run = scan({"a.py": "# filler\n" * 150_000 + BAD})
    assert found(run) == [("python-code-execution", 150_005)]


def test_what_the_tree_says_about_scanning_is_not_heard(scan: Scan) -> None:
    marked = BAD.replace("['q'])", "['q'])  # nosemgrep")
    run = scan(
        {
            ".semgrepignore": "*\n",
            ".gitignore": "*\n",
            "tests/node_modules/a.py": marked,
        }
    )
    assert found(run) == [("python-code-execution", 5)]


def test_hostile_names_stay_outside(scan: Scan, tmp_path: Path) -> None:
    names = [b"--config=evil.py", b"-e.py", b"a\nb.py", b"\xff\xfe.py", b"../../up.py",
             b"$(touch x).py", b"::error::.py", b"a b'\".js"]  # fmt: skip
    files = tuple(
        file_change(name, BAD_JS if name.endswith(b"js") else BAD) for name in names
    )  # fmt: skip
    run = scan(ChangeSet("staged", "", "", "", files))
    assert sorted(f.location.path or b"" for f in run.findings) == sorted(names)
    copies = sorted(entry.name for entry in (tmp_path / "src").iterdir())
    assert copies == [*(f"{n:06}.py" for n in range(1, 8)), "000008.js"]
    assert not (tmp_path.parent / "up.py").exists()


def test_nothing_of_the_users_is_read_or_written(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def spy(
        argv: Sequence[str], *, env: Mapping[str, str] | None = None, **rest: Any
    ) -> Any:
        seen.update(env or {})
        from zt_gate.system import process

        return process.run(argv, env=env, **rest)

    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SEMGREP_RULES", "p/default")
    monkeypatch.setenv("SEMGREP_APP_TOKEN", "x")
    assert found(scan({"a.py": BAD}, run=spy)) == [("python-code-execution", 5)]
    assert list(home.iterdir()) == []
    inside = [
        name
        for name in seen
        if name.startswith(("HOME", "XDG_", "TMPDIR", "SEMGREP_S"))
    ]
    assert len(inside) >= 6
    for name in inside:
        assert seen[name].startswith(str(tmp_path)) or seen[name] == "off"


def broken(rules: Mapping[str, Rule], **engine_part: Any) -> dict[str, Rule]:
    name = "code/python-yaml-full-loader"
    body = {
        "id": "python-yaml-full-loader",
        "languages": ["python"],
        "severity": "ERROR",
    }
    return {
        **rules,
        name: replace(rules[name], data={"engine": {**body, **engine_part}}),
    }


@pytest.mark.parametrize(
    "part", [{"pattern": "f(("}, {"patern": "f()"}, {"min-version": "99.0.0"}]
)
def test_a_rule_that_the_engine_does_not_accept_is_an_error(
    scan: Scan, rules: Mapping[str, Rule], part: dict[str, str]
) -> None:
    extra = {"pattern": "f()"} if "min-version" in part else {}
    run = scan({"a.py": BAD}, rules=broken(rules, **part, **extra))
    assert run.status == "error"
    assert "python-yaml-full-loader" in run.reason


def test_added_lines_that_cannot_be_parsed_are_unreadable(scan: Scan) -> None:
    run = scan({"a.py": BAD + "\n<div>{{ x }}</div>\n eval( [\n"})
    assert skips(run) == [(b"a.py", "unreadable")]
    assert "cannot parse" in run.not_inspected[0].reason
    run = scan(
        {"a.py": f"z = 1\n{LimitedEngine.SKIPPED}()\n{BAD}"}, run=LimitedEngine()
    )
    (entry,) = run.not_inspected  # Python accepts it
    assert entry.kind == "unsupported_syntax"
    assert "parser does not support this syntax, line 2" in entry.reason
    assert found(run) == [("python-code-execution", 7)]


# Valid Python, of which the engine parses nothing.
UNKNOWN = f"def f(name):\n    {LimitedEngine.UNKNOWN} = name\n    return name\n"


def test_the_rest_of_a_file_is_scanned_without_what_the_engine_cannot_parse(
    scan: Scan,
) -> None:
    compile(UNKNOWN, "b.py", "exec")
    text = UNKNOWN + "def g(code):\n    return eval(code)\n"
    run = scan({"b.py": text}, run=LimitedEngine())
    assert found(run) == [("python-eval-of-argument", 5)]
    (entry,) = run.not_inspected
    assert entry.kind == "unsupported_syntax"
    assert entry.reason.endswith("this syntax, lines 1, 2, 3; the rest was scanned")
    assert run.files == 1


def test_a_wrong_line_of_the_engine_does_not_block_valid_code(scan: Scan) -> None:
    """It names line 1 for a pattern such as ``case {"a": 1, **rest}`` in a function."""
    unsafe = "def g(code):\n    return eval(code)\n"
    for text, named, line, listed in (
        ("import os\n" + UNKNOWN + unsafe, 1, 6, "lines 2, 3, 4"),
        ("import os\n\n" + UNKNOWN + unsafe, 2, 7, "lines 3, 4, 5"),
        (unsafe + "import os\n" + UNKNOWN, 1, 2, "lines 4, 5, 6"),
        ("import os\n" + UNKNOWN + unsafe + UNKNOWN, 9, 6, "lines 2, 3, 4, 7, 8, …"),
    ):
        run = scan({"b.py": text}, run=LimitedEngine(named_line=named))
        assert found(run) == [("python-eval-of-argument", line)], text
        (entry,) = run.not_inspected
        assert entry.kind == "unsupported_syntax"
        assert entry.reason.endswith(f"this syntax, {listed}; the rest was scanned")


@pytest.mark.parametrize(
    "line",
    ["    eval(request.args['q'])", "    run(name, shell=True)"],
    ids=["plain", "under another name"],
)
def test_nothing_can_be_hidden_in_what_the_engine_cannot_parse(
    scan: Scan, line: str
) -> None:
    imports = "from flask import request\nfrom subprocess import call as run\n"
    hidden = UNKNOWN.replace("    return", f"{line}\n    return")
    run = scan({"b.py": imports + hidden}, run=LimitedEngine())
    # A warning; in the strict profile an error, because of the word.
    assert skips(run) == [(b"b.py", "unsupported_syntax")]
    assert run.not_inspected[0].has_rule_words
    assert "lines 3, 4, 5, 6" in run.not_inspected[0].reason


def test_what_python_does_not_parse_either_is_unreadable_as_a_whole(scan: Scan) -> None:
    run = scan({"b.py": UNKNOWN + BAD + "print 'x'\n"}, run=LimitedEngine())
    assert skips(run) == [(b"b.py", "unreadable")]
    assert "(line 2), so none of it was inspected" in run.not_inspected[0].reason


def test_lines_removed_from_what_cannot_be_parsed_do_not_block(scan: Scan) -> None:
    old = UNKNOWN + BAD + "print 'x'\nprint 'y'\n"
    change = change_of({"b.py": old.replace("print 'y'\n", "")}, {"b.py": old})
    run = scan(change, run=LimitedEngine())
    assert skips(run) == [(b"b.py", "not_applicable")]


def test_old_lines_that_cannot_be_parsed_do_not_matter(scan: Scan) -> None:
    old = f"z = 1\n{LimitedEngine.SKIPPED}()\n"
    run = scan(change_of({"a.py": old + BAD}, {"a.py": old}), run=LimitedEngine())
    assert (found(run), run.not_inspected) == ([("python-code-execution", 7)], ())


def test_a_translation_is_no_typescript(scan: Scan) -> None:
    run = scan({"de.ts": '<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS/>\n'}, run=refuse)
    assert skips(run) == [(b"de.ts", "not_applicable")]


def test_a_video_is_no_typescript_unless_it_could_be_a_program(scan: Scan) -> None:
    packet = b"G" + bytes(range(1, 32)) * 6 + b"\0"
    run = scan({"clip.ts": packet * 40}, run=refuse)
    assert skips(run) == [(b"clip.ts", "not_applicable")]
    program = b"G:/*" + packet[4:] + b"G*/eval(req.query.q)//" + b"\0" * 166
    run = scan({"clip.ts": program}, run=refuse)
    assert skips(run) == [(b"clip.ts", "unreadable")]


_UNASKED = """{"results": [{"check_id": "other", "path": "src/000001.py",
"start": {"line": 1, "col": 1}, "end": {"line": 1, "col": 2}}],
"errors": [], "paths": {"scanned": ["src/000001.py"]}}"""


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("print('hello')", "no usable output"),
        ("print('{}')", "no usable output"),
        ("sys.exit(2)", "exit code 2"),
        ("os.abort()", "exit code -6"),
        (
            'print(\'{"results": [], "errors": [], "paths": {"scanned": []}}\'); sys.exit(7)',
            "7",
        ),
        ("while True: print('x' * 65536)", "printed more than"),
        ("print('['*1000000)", "no usable output"),
        (
            "print(" + repr(_UNASKED) + ")",
            "an unknown file or rule",
        ),
    ],
)
def test_a_semgrep_that_answers_nonsense_is_an_error(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, word: str
) -> None:
    ways = stand_in(tmp_path, script)
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(ways))
    run = scan({"a.py": BAD})
    assert run.status == "error"
    assert word in run.reason


def test_a_file_that_semgrep_passes_over_has_failed(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = '{"results": [], "errors": [], "paths": {"scanned": []}}'
    ways = stand_in(tmp_path, f"print('{answer}')")
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(ways))
    run = scan({"a.py": BAD})
    assert (skips(run), run.files) == ([(b"a.py", "failed")], 0)


def test_the_next_way_is_tried(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [
        *stand_in(tmp_path, "sys.exit('unknown option')"),
        *semgrep_engine.engine_commands(tmp_path),
    ]
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(ways))
    assert found(scan({"a.py": BAD})) == [("python-code-execution", 5)]


@pytest.mark.slow
@pytest.mark.parametrize("experimental", [True, False])
def test_the_console_script_gives_the_same_answer(
    scan: Scan, monkeypatch: pytest.MonkeyPatch, *, experimental: bool
) -> None:
    script = os.path.join(os.path.dirname(sys.executable), "semgrep")
    ways = [semgrep_engine.EngineCommand(script, experimental=experimental)]
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(ways))
    wide = BAD.replace("    return", "    'é𝒳'; return")
    (finding,) = scan({"a.py": wide, "b.js": "const x = 1;\n"}).findings
    assert (finding.rule, finding.location.column) == ("code/python-code-execution", 23)


def test_without_semgrep_there_is_an_error_that_says_what_to_do(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(()))
    run = scan({"a.py": BAD})
    assert run.status == "error"
    assert "install" in run.reason


def test_programs_from_the_scanned_folder_are_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    for folder in (tree / "bin", tree / "semgrep" / "bin", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
    (tree / "semgrep" / "__init__.py").write_text("")
    stand_in(tree / "bin", "pass")
    core = tree / "semgrep" / "bin" / "semgrep-core"
    core.write_text("#!/bin/sh\n")
    core.chmod(0o755)
    (tmp_path / "elsewhere" / "semgrep").symlink_to(tree / "bin" / "semgrep")
    monkeypatch.chdir(tree)
    monkeypatch.setattr(sys, "path", ["", ".", str(tree)])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none" / "python"))
    monkeypatch.setenv("PATH", f":.:bin:{tree / 'bin'}:{tmp_path / 'elsewhere'}")
    work = tmp_path / "work"
    work.mkdir()
    assert list(semgrep_engine.engine_commands(work)) == []


def test_a_program_from_an_absolute_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "tree").mkdir()
    stand_in(tmp_path / "bin", "pass")
    monkeypatch.chdir(tmp_path / "tree")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program = str(tmp_path / "bin" / "semgrep")
    assert list(semgrep_engine.engine_commands(tmp_path)) == [
        semgrep_engine.EngineCommand(program, experimental=True),
        semgrep_engine.EngineCommand(program, experimental=False),
    ]


def test_the_deadline_ends_semgrep_and_says_so(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = stand_in(
        tmp_path, "open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    )
    monkeypatch.setattr(semgrep_engine, "engine_commands", lambda _workdir: iter(ways))
    run = scan({"a.py": BAD}, deadline=time.monotonic() + 8)
    (skip,) = run.not_inspected
    assert (run.status, skip.path, skip.kind) == ("ok", b"a.py", "failed")
    assert "did not finish" in skip.reason
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_that_cannot_be_started_is_an_error(scan: Scan) -> None:
    def unable(argv: Sequence[str], **_: Any) -> Any:
        raise ProcessFailedError("osemgrep could not be started: Exec format error")

    run = scan({"a.py": BAD}, run=unable)
    assert run.status == "error"
    assert "could not be started" in run.reason


def test_several_batches(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zt_gate.scanners.code.scan.BATCH", 2)
    run = scan({f"{n}.py": BAD for n in range(5)})
    assert (run.files, len(run.findings)) == (5, 5)


def test_a_rename_does_not_change_which_of_two_equal_findings_stays(scan: Scan) -> None:
    """The rule whose first id comes first: html-built-from-text, before html-from-variable."""
    text = 'function f(a){ el.innerHTML = "<b>" + a; }\n'
    assert found(scan({"m.js": text})) == [("javascript-html-string-concatenation", 1)]
