"""The scanner against a real server: what is found, and that no fault reads as an answer."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.changes import change_of, context, file_change
from tests.support.offenders import check_each
from tests.support.registry import FAULTS, Fault, Part, Registry
from zt_gate import rulebook
from zt_gate.model.change import MODE_SYMLINK, Blob, ChangeSet, ContentUnavailableError
from zt_gate.model.finding import Level, Severity
from zt_gate.scanners.base import DependencySettings
from zt_gate.scanners.dependencies import SCANNER, name_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
Files = dict[str, "str | bytes | None"]


@contextmanager
def filled_registry() -> Iterator[Registry]:
    with Registry() as server:
        server.pypi("Tidepool_Kit", days=4000)
        server.npm("tidepool-box", days=3000)
        server.npm("@scope/kit", days=300)
        yield server


@pytest.fixture
def registry() -> Iterator[Registry]:
    with filled_registry() as server:
        yield server


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the registry more time: a busy machine is no fault of its."""
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._TOTAL_SECONDS", 50.0)


def scan(
    change: ChangeSet, registry: Registry | None, tmp_path: Path, **fields: Any
) -> ScannerRun:
    environ = registry.environment() if registry is not None else {}
    values = {"environ": environ, "cache_dir": tmp_path, **fields}
    run = SCANNER.scan(change, context(RULES, tmp_path, **values))
    assert run.status == "ok"
    return run


def said(run: ScannerRun) -> list[tuple[str, str]]:
    return [
        (finding.rule.partition("/")[2], finding.message.partition(" ")[0])
        for finding in run.findings
    ]


def package_json(*names: str) -> str:
    return json.dumps({"dependencies": dict.fromkeys(names, "1")})


@pytest.mark.usefixtures("patient")
def test_good_packages_pass(registry: Registry, tmp_path: Path) -> None:
    change = change_of(
        {
            "requirements.txt": "tidepool-kit\n",
            "package.json": package_json("tidepool-box", "@scope/kit"),
        }
    )
    run = scan(change, registry, tmp_path)
    assert (said(run), run.not_inspected, run.files) == ([], (), 2)
    assert "/simple/tidepool-kit/" in registry.asked()


@pytest.mark.usefixtures("patient")
def test_each_rule_reports_its_problem(registry: Registry, tmp_path: Path) -> None:
    registry.pypi("tidepool-young", days=3)
    registry.pypi("unused", weekly=5)
    registry.pypi("held", status="quarantined", reason="\x1b[2Jbad")
    registry.pypi("hollow", files=0)
    registry.pypi("pulled", yanked=True)
    registry.pypi("shelf", status="archived")
    registry.npm("uncounted", weekly=None)
    registry.npm("held-place", placeholder=True)
    registry.npm("gone", unpublished=True)
    registry.npm("old-fashioned", deprecated="use new-fashioned")
    run = scan(
        change_of(
            {
                "requirements.txt": "tidepool-kit\nmade-up\ntidepool-young\nunused\n"
                "held\nhollow\npulled\nshelf\n",
                "package.json": package_json(
                    "tidepool-box",
                    "invented",
                    "uncounted",
                    "held-place",
                    "gone",
                    "old-fashioned",
                ),
            }
        ),
        registry,
        tmp_path,
    )
    assert said(run) == [
        ("missing", "made-up"),
        ("too-new", "tidepool-young"),
        ("few-downloads", "unused"),
        ("withdrawn", "held"),
        ("withdrawn", "hollow"),
        ("withdrawn", "pulled"),
        ("withdrawn", "shelf"),
        ("missing", "invented"),
        ("few-downloads", "uncounted"),
        ("withdrawn", "held-place"),
        ("withdrawn", "gone"),
        ("withdrawn", "old-fashioned"),
    ]
    missing, *_, deprecated = run.findings
    assert (missing.severity, missing.level, missing.location.line) == (
        Severity.CRITICAL, Level.BLOCK, 2,
    )  # fmt: skip
    assert missing.evidence is not None
    assert (
        missing.evidence.text[missing.evidence.start : missing.evidence.end]
        == "made-up"
    )
    assert deprecated.level is Level.WARN
    assert all(finding.message.isprintable() for finding in run.findings)
    assert registry.url not in str(run)


def test_thresholds_are_policy(registry: Registry, tmp_path: Path) -> None:
    registry.pypi("young", days=40, weekly=150)
    change = change_of({"requirements.txt": "young\n"})
    strict = DependencySettings(min_age_days=60, min_weekly_downloads=200)
    lax = DependencySettings(min_age_days=0, min_weekly_downloads=0)
    assert said(scan(change, registry, tmp_path)) == []
    assert [rule for rule, _ in said(scan(change, registry, tmp_path, dependencies=strict))] == [
        "too-new", "few-downloads",
    ]  # fmt: skip
    assert said(scan(change, registry, tmp_path, dependencies=lax)) == []


EACH_FAULT = [
    (ecosystem, fault, part)
    for ecosystem in ("pypi", "npm")
    for fault in FAULTS
    for part in ("index", "downloads")
]


@pytest.mark.usefixtures("patient")
def test_a_server_error_is_never_an_answer(tmp_path: Path) -> None:
    folders = {case: tmp_path / "-".join(case) for case in EACH_FAULT}

    def under(case: tuple[str, Fault, Part]) -> str:
        folders[case].mkdir()
        with filled_registry() as registry:
            try:
                check_fault(registry, folders[case], *case)
            except AssertionError as error:
                return str(error) or "it was an answer"
        return ""

    with ThreadPoolExecutor(4) as pool:  # most of the time is waited
        wrong = dict(zip(EACH_FAULT, pool.map(under, EACH_FAULT), strict=True))
    check_each(EACH_FAULT, wrong.__getitem__)


def check_fault(
    registry: Registry, tmp_path: Path, ecosystem: str, fault: Fault, part: Part
) -> None:
    registry.npm("tidepool-box", days=3000, modified_days=2)
    registry.fault(fault, part=part)
    files: Files = {"requirements.txt": "tidepool-kit\n"}
    if ecosystem == "npm":
        files = {"package.json": package_json("tidepool-box")}
    run = scan(change_of(files), registry, tmp_path, deadline=time.monotonic() + 1.4)
    if (fault, part) == ("no-date", "downloads"):
        assert said(run) == []  # counts have no dates to lose
        return
    assert [rule for rule, _ in said(run)] == ["unverified"]
    assert [item.kind for item in run.not_inspected] == ["unverified"]
    assert run.findings[0].location.line == 1
    registry.heal()  # and nothing of it was kept
    assert said(scan(change_of(files), registry, tmp_path)) == []


@pytest.mark.parametrize("fault", ["429", "500", "reset"])
def test_a_temporary_error_is_retried(
    registry: Registry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault(fault, part="index", lasts=1)
    assert (
        said(
            scan(change_of({"requirements.txt": "tidepool-kit\n"}), registry, tmp_path)
        )
        == []
    )
    assert registry.asked().count("/simple/tidepool-kit/") == 2


def test_a_long_retry_after_is_not_waited_for(
    registry: Registry, tmp_path: Path
) -> None:
    registry.fault("429", part="index")
    registry.behaviour.retry_after = "30"
    run = scan(change_of({"requirements.txt": "tidepool-kit\n"}), registry, tmp_path)
    assert [rule for rule, _ in said(run)] == ["unverified"]
    assert registry.asked().count("/simple/tidepool-kit/") == 1


def test_no_server_at_all(tmp_path: Path) -> None:
    with Registry() as registry:
        environ = registry.environment()
    change = change_of(
        {
            "requirements.txt": "tidepool-kit\n",
            "package.json": package_json("tidepool-box"),
        }
    )
    run = scan(change, None, tmp_path, environ=environ)
    assert [rule for rule, _ in said(run)] == ["unverified", "unverified"]


def test_the_deadline_is_kept(registry: Registry, tmp_path: Path) -> None:
    registry.fault("slow")
    run = scan(change_of({"requirements.txt": "tidepool-kit\n"}), registry, tmp_path)
    (skip,) = run.not_inspected
    assert skip.reason.endswith("did not answer before the deadline")


def test_a_404_beside_an_answer_needs_no_canary(
    registry: Registry, tmp_path: Path
) -> None:
    run = scan(
        change_of({"requirements.txt": "tidepool-kit\nmade-up\n"}), registry, tmp_path
    )
    assert said(run) == [("missing", "made-up")]
    assert "/simple/requests/" not in registry.asked()


def test_the_canary_itself_may_be_asked_for(registry: Registry, tmp_path: Path) -> None:
    registry.packages.pop(("pypi", "requests"))
    older = DependencySettings(min_age_days=1000)  # than the snapshot proves
    change = change_of({"requirements.txt": "requests\n"})
    run = scan(change, registry, tmp_path, dependencies=older)
    assert said(run) == [("unverified", "requests")]


def test_offline_sends_no_request(registry: Registry, tmp_path: Path) -> None:
    change = change_of(
        {"requirements.txt": "tidepool-kit\n-e .\n", "package.json": package_json("x")}
    )
    run = scan(change, registry, tmp_path, offline=True)
    assert said(run) == [("unverified", "tidepool-kit"), ("unverified", "x")]
    assert all(item.reason.endswith("offline") for item in run.not_inspected)
    assert registry.asked() == []


def test_only_new_names_are_looked_up(registry: Registry, tmp_path: Path) -> None:
    change = change_of(
        {"requirements.txt": "known==2\ntidepool-kit\n", "pyproject.toml": None},
        {
            "requirements.txt": "known==1\n",
            "pyproject.toml": '[project]\ndependencies = ["Moved_Name"]\n',
        },
    )
    assert said(scan(change, registry, tmp_path)) == []
    assert [path for path in registry.asked() if "simple" in path] == [
        "/simple/tidepool-kit/"
    ]


def test_after_an_unreadable_old_side_all_entries_are_new(
    registry: Registry, tmp_path: Path
) -> None:
    change = change_of(
        {"package.json": package_json("nope")}, {"package.json": '{"nope'}
    )
    assert said(scan(change, registry, tmp_path)) == [("missing", "nope")]


@pytest.mark.parametrize(
    ("path", "text"),
    [("package.json", "{"), ("pyproject.toml", "["), ("requirements.txt", "a b c\n"),
     ("requirements.txt", b"\xff\xfe\x00")],
)  # fmt: skip
def test_a_manifest_that_does_not_parse_is_unreadable(
    registry: Registry, tmp_path: Path, path: str, text: str | bytes
) -> None:
    run = scan(change_of({path: text}), registry, tmp_path)
    assert [(item.path, item.kind) for item in run.not_inspected] == [
        (path.encode(), "unreadable")
    ]


def test_unavailable_content_is_failed(registry: Registry, tmp_path: Path) -> None:
    def fail(_limit: int) -> bytes:
        raise ContentUnavailableError("blob is missing")

    file = dataclasses.replace(file_change("package.json", "{}"), new=Blob("", fail))
    change = ChangeSet("staged", "", "", "", (file,))
    assert [item.kind for item in scan(change, registry, tmp_path).not_inspected] == [
        "failed"
    ]


@pytest.mark.parametrize(("target", "kinds"), [("elsewhere.lst", ["unreadable"]),
                                               ("requirements-dev.txt", [])])  # fmt: skip
def test_a_link_to_something_else_is_unreadable(
    registry: Registry, tmp_path: Path, target: str, kinds: list[str]
) -> None:
    file = file_change("requirements.txt", target, new_mode=MODE_SYMLINK)
    change = ChangeSet("staged", "", "", "", (file,))
    assert [
        item.kind for item in scan(change, registry, tmp_path).not_inspected
    ] == kinds


def test_sources_outside_the_registry(registry: Registry, tmp_path: Path) -> None:
    password = "pass" + "word-of-a-test"
    text = (
        f"--extra-index-url https://u:{password}@x.example/simple\nz @ git+https://h.example/x\n"
        "https://h.example/y.zip\n../out\n./in\n-r https://h.example/more.txt\n"
    )
    run = scan(change_of({"requirements.txt": text}), registry, tmp_path)
    assert [(finding.level, finding.location.line) for finding in run.findings] == [
        (Level.BLOCK, 1), (Level.WARN, 2), (Level.WARN, 3), (Level.WARN, 4), (Level.BLOCK, 6),
    ]  # fmt: skip
    assert {finding.rule for finding in run.findings} == {
        "dependencies/outside-registry"
    }
    assert run.findings[0].secrets == (password,)
    assert password not in run.findings[0].message
    assert registry.asked() == []


def test_the_users_own_index_is_trusted(registry: Registry, tmp_path: Path) -> None:
    text = f"--index-url {registry.pypi_url}/\ntidepool-kit\n"
    assert said(scan(change_of({"requirements.txt": text}), registry, tmp_path)) == []


def test_included_files_are_read_under_any_name(
    registry: Registry, tmp_path: Path
) -> None:
    trusted = {b"old.lst": b"made-up-old\n"}
    change = change_of(
        {
            "requirements.txt": "-r new.lst\n-r old.lst\n-r gone.lst\n",
            "new.lst": "made-up-new\n",
        }
    )
    run = scan(change, registry, tmp_path, trusted_file=trusted.get)
    assert sorted(said(run)) == [("missing", "made-up-new"), ("missing", "made-up-old")]
    assert [item.kind for item in run.not_inspected] == ["failed"]


def test_utf16_requirements_are_read(registry: Registry, tmp_path: Path) -> None:
    run = scan(
        change_of({"requirements.txt": "made-up\n".encode("utf-16")}),
        registry,
        tmp_path,
    )
    assert said(run) == [("missing", "made-up")]
    assert run.findings[0].location.kind == "file"
    assert run.findings[0].evidence is not None
    assert run.findings[0].evidence.text == "made-up"


def test_a_dependency_whose_line_is_not_added_is_a_finding_of_the_file(
    registry: Registry, tmp_path: Path
) -> None:
    old = "[tool.other]\nmade-up = '1'\n"
    change = change_of({"pyproject.toml": old.replace("other", "poetry.dependencies")},
                       {"pyproject.toml": old})  # fmt: skip
    (finding,) = scan(change, registry, tmp_path).findings
    assert (finding.location.kind, finding.location.line) == ("file", 2)


def test_mirrors_that_answer_html(registry: Registry, tmp_path: Path) -> None:
    registry.behaviour.html = True
    registry.pypi("tidepool-young", days=2)
    registry.pypi("held", status="quarantined")
    run = scan(
        change_of({"requirements.txt": "tidepool-kit\ntidepool-young\nheld\n"}),
        registry,
        tmp_path,
    )
    assert said(run) == [("too-new", "tidepool-young"), ("withdrawn", "held")]


def test_dates_come_from_the_json_api_where_the_index_has_none(
    registry: Registry, tmp_path: Path
) -> None:
    registry.behaviour.dates = False
    registry.pypi("tidepool-young", days=2)
    run = scan(
        change_of({"requirements.txt": "tidepool-kit\ntidepool-young\n"}),
        registry,
        tmp_path,
    )
    assert said(run) == [("too-new", "tidepool-young")]
    assert "/pypi/tidepool-kit/json" in registry.asked()


def test_npm_asks_for_the_long_form_only_where_it_must(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-busy", days=900, modified_days=1)
    registry.npm("tidepool-young", days=5, modified_days=1)
    change = change_of(
        {
            "package.json": package_json(
                "tidepool-box", "tidepool-busy", "tidepool-young"
            )
        }
    )
    assert said(scan(change, registry, tmp_path)) == [("too-new", "tidepool-young")]
    counted = {
        name: registry.asked().count(f"/npm/{name}")
        for name in ("tidepool-box", "tidepool-busy")
    }
    assert counted == {"tidepool-box": 1, "tidepool-busy": 2}


def test_a_record_too_large_to_read_is_dated_by_its_downloads(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-old", days=900, modified_days=1, padding=9 << 20)
    registry.npm("tidepool-new", days=2, modified_days=1, padding=9 << 20)
    run = scan(
        change_of({"package.json": package_json("tidepool-old", "tidepool-new")}),
        registry,
        tmp_path,
    )
    assert said(run) == [("unverified", "tidepool-new")]


def test_a_second_run_sends_no_request(registry: Registry, tmp_path: Path) -> None:
    files: Files = {
        "requirements.txt": "tidepool-kit\nnope\n",
        "package.json": package_json("tidepool-box"),
    }
    change = change_of(files)
    first = scan(change, registry, tmp_path)
    registry.requests.clear()
    assert (
        said(scan(change, registry, tmp_path)) == said(first) == [("missing", "nope")]
    )
    assert registry.asked() == []


@pytest.mark.parametrize("damage", ["garbage", "directory", "read-only"])
def test_a_broken_cache_changes_nothing(
    registry: Registry, tmp_path: Path, damage: str
) -> None:
    change = change_of({"requirements.txt": "tidepool-kit\nnope\n"})
    scan(change, registry, tmp_path)
    (file,) = tmp_path.glob("*.sqlite3")
    if damage == "garbage":
        file.write_bytes(b"\x00garbage" * 5000)
    elif damage == "directory":
        file.unlink()
        file.mkdir()
    else:
        file.chmod(0o400)
    assert said(scan(change, registry, tmp_path)) == [("missing", "nope")]


def test_a_warm_run_imports_no_network(registry: Registry, tmp_path: Path) -> None:
    scan(change_of({"requirements.txt": "tidepool-kit\n"}), registry, tmp_path)
    code = (
        "import json, sys, pathlib; from zt_gate import rulebook\n"
        "from tests.support.changes import change_of, context\n"
        "from zt_gate.scanners.dependencies import SCANNER\n"
        "folder, environ = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])\n"
        "here = context(rulebook.load('dependencies'), folder, cache_dir=folder, environ=environ)\n"
        "run = SCANNER.scan(change_of({'requirements.txt': 'tidepool-kit\\n'}), here)\n"
        "assert not run.findings and not {'ssl', 'http.client'} & set(sys.modules)\n"
    )
    environ = json.dumps(registry.environment())
    root = Path(__file__).resolve().parents[3]
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), environ], check=True, cwd=root
    )


@pytest.mark.usefixtures("patient")
def test_many_at_once_share_one_cache(registry: Registry, tmp_path: Path) -> None:
    for n in range(20):
        registry.pypi(f"package-{n}")
    names = "\n".join(f"package-{n}" for n in range(20))
    change = change_of({"requirements.txt": f"{names}\nnope\n"})
    results: list[list[tuple[str, str]]] = []

    def work() -> None:
        results.append(said(scan(change, registry, tmp_path)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[("missing", "nope")]] * 8


def test_nothing_is_imported_where_no_manifest_changed() -> None:
    code = (
        "import sys, types; from zt_gate.model.change import ChangeSet, FileChange\n"
        "from zt_gate.scanners import base\n"
        "here = types.SimpleNamespace(audit_all=False, audit_only=False)\n"
        "before = set(sys.modules)\n"
        "from zt_gate.scanners.dependencies import SCANNER\n"
        "change = ChangeSet('staged', '', '', '', (FileChange(b'a.py', 'A', 0, 0o100644),))\n"
        "print(SCANNER.scan(change, here).status)\n"
        "new = set(sys.modules) - before\n"
        "assert not [n for n in new if 'manifests' in n or 'registries' in n or 'http' in n], new\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout == "ok\n"


def test_a_change_without_new_names_imports_no_network(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from tests.support.changes import change_of, context\n"
        "from zt_gate.scanners.dependencies import SCANNER\n"
        "old, new = {'requirements.txt': 'a==1\\nb\\n'}, {'requirements.txt': 'b\\na==1\\n'}\n"
        "change = change_of(new, old)\n"
        "SCANNER.scan(change, context({}, pathlib.Path('.')))\n"
        "assert not {'ssl', 'http.client', 'sqlite3'} & set(sys.modules)\n"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_rules_are_complete() -> None:
    statuses: Mapping[str, Any] = RULES["dependencies/withdrawn"].data["statuses"]
    assert set(statuses) == {
        "quarantined", "placeholder", "unpublished", "empty", "yanked", "deprecated", "archived",
    }  # fmt: skip
    sources = RULES["dependencies/outside-registry"].data["sources"]
    for case in (*statuses.values(), *sources.values()):
        assert Severity(case["severity"])
        assert Level(case["level"])


def test_names_over_the_limit_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._MOST_NAMES", 100)
    names = [
        *name_snapshot.bundled_snapshot("pypi").names[:300],
        *(f"zz{n}kit" for n in range(150)),
    ]
    run = scan(
        change_of({"requirements.txt": "\n".join(names)}), None, tmp_path, offline=True
    )
    assert len([one for one in run.findings if one.rule.endswith("unverified")]) == 100
    assert any(
        one.reason.startswith("50 further new names") for one in run.not_inspected
    )


def test_an_approval_covers_one_address_and_version(tmp_path: Path) -> None:
    subjects = {
        finding.subject
        for line in (
            "kit @ https://a.example/kit.whl",
            "kit @ https://b.example/kit.whl",
        )
        for finding in scan(
            change_of({"requirements.txt": f"{line}\n"}), None, tmp_path, offline=True
        ).findings
        if finding.rule == "dependencies/outside-registry"
    }
    assert len(subjects) == 2
    unverified = {
        finding.subject
        for version in ("1.0", "2.0")
        for finding in scan(
            change_of({"requirements.txt": f"tidepool-kit=={version}\n"}),
            None,
            tmp_path,
            offline=True,
        ).findings
        if finding.rule == "dependencies/unverified"
    }
    assert len(unverified) == 2
