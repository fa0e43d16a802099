"""The scanner ``scope``: its rules' examples, tasks, trailers and limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import change_of, commit, context, file_change
from tests.support.offenders import each_of
from tests.support.repo import GIT_ENV, Repo
from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.model.change import MODE_EXECUTABLE
from zt_gate.review import run as review
from zt_gate.scanners.base import ScopeSettings, TaskScope
from zt_gate.scanners.scope import SCANNER
from zt_gate.scanners.scope.tasks import built_in_tasks

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet, Commit, SourceKind
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import Report

RULES = rulebook.load("scope")
EXAMPLES = [
    pytest.param(
        rule.id, kind, example, id=f"{rule.id.partition('/')[2]}-{kind}-{number}"
    )
    for rule in rulebook.load_with_examples("scope").values()
    for kind in ("find", "ignore")
    for number, example in enumerate(rule.data["examples"][kind])
]


def found(change: ChangeSet, workdir: Path, **scope: Any) -> tuple[Finding, ...]:
    run = SCANNER.scan(change, context(RULES, workdir, scope=ScopeSettings(**scope)))
    assert run.status == "ok"
    return run.findings


def names(
    change: ChangeSet, workdir: Path, **scope: Any
) -> set[tuple[str, bytes | None]]:
    return {(item.rule, item.location.path) for item in found(change, workdir, **scope)}


def example_change(example: dict[str, Any]) -> ChangeSet:
    made = file_change(example["path"], example.get("after"), example.get("before"))
    if "mode" in example:
        made = replace(made, new_mode=example["mode"])
    if "old-path" in example:
        made = replace(made, status="R", old_path=example["old-path"].encode())
    beside = [
        file_change(path, text) for path, text in example.get("beside", {}).items()
    ]
    named: tuple[Commit, ...] = ()
    if "trailer" in example:
        named = (
            replace(commit("work", made), trailers=(("Zt-Task", example["trailer"]),)),
        )
    return replace(change_of({}), kind="range", files=(made, *beside), commits=named)


@each_of(("rule", "kind", "example"), EXAMPLES)
def test_the_rules_examples(
    rule: str, kind: str, example: dict[str, Any], tmp_path: Path
) -> None:
    scope = {
        key: tuple(example[key]) for key in ("allowed", "restricted") if key in example
    }
    limits = {f"max_{key}": value for key, value in example.get("limits", {}).items()}
    rules = {
        item.rule
        for item in found(
            example_change(example),
            tmp_path,
            task=example.get("task", ""),
            **scope,
            **limits,
        )
    }
    assert (rule in rules) == (kind == "find"), rules


def test_without_scope_and_task_no_path_is_too_far(tmp_path: Path) -> None:
    change = change_of(
        {".env": "A=1\n", ".github/workflows/ci.yml": "on: push\n", "a.tf": "x\n"}
    )
    assert not found(change, tmp_path)


def test_a_tree_is_no_change(tmp_path: Path) -> None:
    change = replace(change_of({"a.py": "x\n"}), kind="tree")
    assert not found(
        change, tmp_path, allowed=("/src/",), task="code-review", max_files=0
    )


def test_both_names_of_a_rename_and_deletions_and_modes_count(tmp_path: Path) -> None:
    moved = file_change("src/a.py", "x\n", "x\n", status="R", old_path=b"infra/a.py")
    back = file_change("infra/b.py", "x\n", "x\n", status="R", old_path=b"src/b.py")
    gone = file_change("infra/c.py", None, "x\n")
    mode = file_change("infra/d.txt", "x\n", "x\n", new_mode=MODE_EXECUTABLE)
    copied = file_change("src/e.py", "x\n", "x\n", status="C", old_path=b"infra/e.py")
    change = replace(change_of({}), files=(moved, back, gone, mode, copied))
    rule = "scope/restricted-path"
    assert names(change, tmp_path, restricted=("/infra/",)) == {
        (rule, b"infra/a.py"), (rule, b"infra/b.py"), (rule, b"infra/c.py"), (rule, b"infra/d.txt"),
    }  # fmt: skip


def test_a_restriction_with_a_capital_letter_beyond_ascii_holds(tmp_path: Path) -> None:
    restricted = ("/Zahlungen/Übersicht/",)
    for name in ("Zahlungen/Übersicht/a.py", "zahlungen/übersicht/a.py"):
        change = change_of({name: "x\n"})
        assert names(change, tmp_path, restricted=restricted) == {
            ("scope/restricted-path", name.encode())
        }


def test_letter_case_is_no_way_around_a_restriction(tmp_path: Path) -> None:
    change = change_of({"Infra/a.py": "x\n"})
    assert names(change, tmp_path, restricted=("/infra/",))
    assert names(change_of({".ENV": "A=1\n"}), tmp_path, task="refactor")


@pytest.mark.parametrize(
    ("scope", "path", "fits"),
    [
        # The policy's own table of a built-in task narrows it, and cannot widen it.
        ({"tasks": {"refactor": TaskScope(("/src/",))}}, "src/a.py", True),
        ({"tasks": {"refactor": TaskScope(("/src/",))}}, "lib/a.py", False),
        ({"tasks": {"refactor": TaskScope(("*",))}}, "README.md", False),
        ({"tasks": {"refactor": TaskScope((), ("x",))}}, "src/.env", False),
        # [scope] and the task both count.
        ({"allowed": ("/src/",)}, "src/a.py", True),
        ({"allowed": ("/src/",)}, "lib/a.py", False),
        ({"restricted": ("/src/core/",)}, "src/core/a.py", False),
    ],
)
def test_a_task_is_only_ever_narrowed(
    scope: dict[str, Any], path: str, fits: bool, tmp_path: Path
) -> None:
    change = change_of({path: "a = 2\n"}, {path: "a = 1\n"})
    assert (not found(change, tmp_path, task="refactor", **scope)) is fits


def test_a_task_of_the_policy_has_the_restricted_paths_unless_it_names_its_own(
    tmp_path: Path,
) -> None:
    change = change_of({"ops/main.tf": "x\n"})
    for own, count in (((), 1), (("/ops/keys/",), 0)):
        tasks = {"ops": TaskScope(("/ops/",), own)}
        assert len(found(change, tmp_path, task="ops", tasks=tasks)) == count


def test_a_commits_trailer_narrows_that_commit_alone(tmp_path: Path) -> None:
    source = file_change("src/a.py", "a = 2\n", "a = 1\n")
    lock = file_change("uv.lock", "b\n", "a\n")
    first = replace(
        commit("one", source, oid="1" * 40), trailers=(("zt-task", "refactor"),)
    )
    second = commit("two", lock, oid="2" * 40)
    change = replace(
        change_of({}), kind="range", files=(source, lock), commits=(first, second)
    )
    assert not found(change, tmp_path)
    both = replace(
        second, trailers=(("Zt-Task", "refactor"), ("Zt-Task", "dependency-audit"))
    )
    places = [
        item.location
        for item in found(replace(change, commits=(first, both)), tmp_path)
    ]
    assert [(place.kind, place.path, place.commit) for place in places] == [
        ("commit", b"uv.lock", "2" * 40)
    ]


def test_many_findings_are_counted_not_listed(tmp_path: Path) -> None:
    change = change_of({f"docs/{number}.md": "x\n" for number in range(150)})
    items = found(change, tmp_path, allowed=("/src/",))
    assert len(items) == 101
    assert "50 more" in items[-1].message


def test_the_finding_is_another_for_another_content(tmp_path: Path) -> None:
    one, two = (
        found(change_of({"a.md": text}), tmp_path, allowed=("/src/",))[0]
        for text in ("1", "2")
    )
    assert one.subject != two.subject


@given(path=st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_any_name_is_judged(
    path: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    change = replace(change_of({}), files=(file_change(path, "x\n"),))
    items = found(change, tmp_path_factory.getbasetemp(), task="code-review")
    assert [item.location.path for item in items] == [path]


# Through the gate, with real git


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("src/a.py", "a = 1\n")
    made.write(".zt-gate.toml", '[scope]\nallowed = ["/src/"]\nmax-files = 1\n')
    made.commit()
    return made


def judged(repo: Repo, kind: SourceKind = "staged", **words: Any) -> Report:
    request = review.Request(kind=kind, folder=repo.path, only=("scope",), **words)
    return review.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})


def test_the_policys_scope_is_enforced(repo: Repo) -> None:
    repo.write("docs/a.md", "x\n")
    repo.write("src/a.py", "a = 2\n")
    repo.git("add", "-A")
    report = judged(repo)
    assert report.verdict.value == "fail"
    assert [(item.finding.rule, item.level.value) for item in report.findings] == [
        ("scope/outside-allowed", "block"), ("scope/many-files", "warn"),
    ]  # fmt: skip


def test_a_task_on_the_command_line_and_in_a_trailer(repo: Repo) -> None:
    repo.write("src/a.py", "a = 2\n")
    repo.git("add", "-A")
    assert judged(repo, task="refactor").verdict.value == "pass"
    assert judged(repo, task="code-review").verdict.value == "fail"
    repo.commit("Change a\n\nZt-Task: code-review")
    report = judged(repo, "range", spec="HEAD~1..HEAD")
    assert [
        (item.finding.rule, item.finding.location.kind) for item in report.findings
    ] == [("scope/outside-allowed", "commit")]


def test_a_task_that_does_not_exist_is_refused(repo: Repo) -> None:
    with pytest.raises(UsageError, match=r"'refactr': unknown task; .*code-review"):
        judged(repo, task="refactr")
    assert set(built_in_tasks(RULES)) == {
        "code-review",
        "refactor",
        "dependency-audit",
        "deploy",
    }


def test_the_groups_hold_what_the_table_of_paths_knows(tmp_path: Path) -> None:
    restricted = (
        "simple-git-hooks.js",
        "husky/check.js",
        "hooks/pre-commit",
        "gems.locked",
    )
    change = change_of(dict.fromkeys((*restricted, "src/hooks/useAuth.ts"), "x\n"))
    by_path = names(change, tmp_path, task="refactor")
    expected = {("scope/restricted-path", name.encode()) for name in restricted}
    assert by_path == expected


def test_a_dependency_audit_may_change_lock_files_alone(tmp_path: Path) -> None:
    change = change_of(
        {"gems.locked": "x\n", "web/bun.lockb": "x\n", "other.lock": "x\n"}
    )
    by_path = names(change, tmp_path, task="dependency-audit")
    assert by_path == {("scope/outside-allowed", b"other.lock")}
