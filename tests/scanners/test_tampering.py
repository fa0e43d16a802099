"""The scanner ``tampering``: its rules' examples, and what would get past them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.changes import blob, change_of, context, file_change
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from tests.support.repo import GIT_ENV, Repo
from zt_gate import rulebook
from zt_gate.errors import GateError
from zt_gate.model.change import MODE_SUBMODULE, MODE_SYMLINK
from zt_gate.review import run as review
from zt_gate.scanners.tampering import SCANNER
from zt_gate.scanners.tampering.indented_blocks import CodeLines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import Report

RULES = rulebook.load("tampering")
EXAMPLES = [
    pytest.param(
        rule.id, kind, example, id=f"{rule.id.partition('/')[2]}-{kind}-{number}"
    )
    for rule in rulebook.load_with_examples("tampering").values()
    for kind in ("find", "ignore")
    for number, example in enumerate(rule.data.get("examples", {}).get(kind, ()))
]


def found(change: ChangeSet, workdir: Path, **words: Any) -> tuple[Finding, ...]:
    run = SCANNER.scan(change, context(RULES, workdir, **words))
    assert run.status == "ok"
    assert all(item.kind == "not_applicable" for item in run.not_inspected)
    return run.findings


def rules_of(
    new: Mapping[str, str | bytes | None],
    old: Mapping[str, str | bytes] | None,
    workdir: Path,
    **words: Any,
) -> set[str]:
    """Return the rules found, without those of test_gate_jobs.py: they cover any difference."""
    rules = {item.rule for item in found(change_of(new, old), workdir, **words)}
    return rules - {"tampering/gate-job-changed", "tampering/gate-job-added"}


def example_file(example: dict[str, Any]) -> FileChange:
    made = file_change(example["path"], example.get("after"), example.get("before"))
    if example.get("mode", example.get("old-mode")) == MODE_SUBMODULE:
        made = replace(made, old=None, new=None)
    if "mode" in example:
        made = replace(made, new_mode=example["mode"])
    return replace(made, old_mode=example.get("old-mode", made.old_mode))


@each_of(("rule", "kind", "example"), EXAMPLES)
def test_the_rules_examples(
    rule: str, kind: str, example: dict[str, Any], tmp_path: Path
) -> None:
    beside = [
        file_change(path, text) for path, text in example.get("beside", {}).items()
    ]
    change = replace(change_of({}), files=(example_file(example), *beside))
    own = tuple(example.get("own-rules", ()))
    rules = {item.rule for item in found(change, tmp_path, own_rules=own)}
    assert (rule in rules) == (kind == "find"), rules


def test_every_rule_says_what_it_weakens_and_has_examples() -> None:
    for rule in rulebook.load_with_examples("tampering").values():
        assert rule.data["examples"].keys() == {"find", "ignore"}, rule.id
        assert rule.level is not None


# The gate itself

WORKFLOW = """\
on:
  pull_request:
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Judge
        uses: example/zt-gate@v1
        with:
          profile: strict
  other:
    runs-on: ubuntu-latest
    steps:
      - run: make
"""
AT = ".github/workflows/gate.yml"


@each_of(
    ("before", "after", "rule"),
    [
        (
            "      - name: Judge\n",
            "      - name: Judge\n        if: false\n",
            "disabled",
        ),
        ("  gate:\n", "  gate:\n    continue-on-error: true\n", "disabled"),
        ("  gate:\n", '  gate:\n    "continue-on-error" : ${{ true }}\n', "disabled"),
        (
            "        uses: example/zt-gate@v1\n",
            "        # uses: example/zt-gate@v1\n",
            "disabled",
        ),
        ("  gate:\n", "  gate:\n    if: github.actor != 'me'\n", "loosened"),
        ("          profile: strict\n", "          profile: advisory\n", "loosened"),
        ("  pull_request:\n", "  workflow_dispatch:\n", "loosened"),
        ("  pull_request:\n", "  pull_request:\n    branches: [main]\n", "loosened"),
        # Not the gate's step, not the gate's job.
        (
            "      - run: make\n",
            "      - run: make\n        continue-on-error: true\n",
            "",
        ),
        ("  other:\n", "  other:\n    if: false\n", ""),
        ("      - run: make\n", "      - run: make all\n", ""),
        ("example/zt-gate@v1", "example/zt-gate@v2", ""),
    ],
)
def test_a_workflow_that_runs_the_gate(
    before: str, after: str, rule: str, tmp_path: Path
) -> None:
    assert before in WORKFLOW
    rules = rules_of({AT: WORKFLOW.replace(before, after, 1)}, {AT: WORKFLOW}, tmp_path)
    assert rules == ({f"tampering/gate-{rule}"} if rule else set())


SCRIPT = """on: pull_request
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - name: Judge
        run: zt-gate scan --base main
"""
RUN = "        run: zt-gate scan --base main\n"
BODY = "        run: |\n          zt-gate scan --base main\n"


@each_of(
    ("step", "rule"),
    [
        (RUN.replace("zt-gate", "echo zt-gate"), "disabled"),
        (RUN.replace("scan --base main", "scan --help"), "disabled"),
        (RUN.replace("main", "main &"), "disabled"),
        (BODY.replace("main", "main ||\n            true"), "disabled"),
        (BODY.replace("zt", "exec make\n          zt"), "disabled"),
        (BODY.replace("zt", "exit\n          zt"), "disabled"),
        (BODY.replace("zt", "trap 'exit 0' EXIT\n          zt"), "disabled"),
        (BODY.replace("zt", "zt-gate() { make; }\n          zt"), "disabled"),
        (
            BODY.replace("zt", "if false; then\n            zt") + "          fi\n",
            "disabled",
        ),
        (BODY.replace("zt", "pip uninstall -y zt-gate\n          zt"), "disabled"),
        (f'        "continue-on-\\x65rror": true\n{RUN}', "disabled"),
        (f"        continue-on-error:\n          true\n{RUN}", "disabled"),
        (f"        ? continue-on-error\n        : true\n{RUN}", "disabled"),
        (f"        shell: true {{0}}\n{RUN}", "disabled"),
        (f"        working-directory: docs\n{RUN}", "loosened"),
        (f"        env:\n          PATH: ./bin\n{RUN}", "loosened"),
        (RUN.replace("main", "main | cat"), "loosened"),
        (RUN.replace("--base main", "--base HEAD"), "loosened"),
        (RUN.replace("--base main", "--staged"), "loosened"),
        (RUN.replace("zt-gate", "! zt-gate"), "loosened"),
        # Honest.
        (f"        shell: bash\n{RUN}", ""),
        (BODY.replace("zt", "exec 2>&1\n          zt"), ""),
        (BODY.replace("zt", 'echo "zt-gate scan looks"\n          zt'), ""),
        (BODY.replace("main", "main ||\n            exit 1"), ""),
        (BODY.replace("zt", "pip install zt-gate\n          exec zt"), ""),
        (BODY + "          exit\n", ""),
    ],
)
def test_a_script_that_runs_the_gate(step: str, rule: str, tmp_path: Path) -> None:
    rules = rules_of({AT: SCRIPT.replace(RUN, step, 1)}, {AT: SCRIPT}, tmp_path)
    assert rules == ({f"tampering/gate-{rule}"} if rule else set())


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (
            "https://git.example.org/zt-gate",
            "https://git.example.com/zt-gate",
            "disabled",
        ),
        ("  - id: zt-gate\n", "  - id: zt-gate\n    entry: make\n", "disabled"),
        ("  - id: zt-gate\n", "  - id: zt-gate\n    args: [--help]\n", "loosened"),
        ("repos:", "ci:\n  skip: [spelling, zt-gate]\nrepos:", "loosened"),
        ("  - id: zt-gate\n", "  - id: zt-gate\n    verbose: true\n", ""),
    ],
)
def test_a_configuration_of_pre_commit(
    before: str, after: str, rule: str, tmp_path: Path
) -> None:
    at = ".pre-commit-config.yaml"
    old = "repos:\n- repo: https://git.example.org/zt-gate\n  rev: v1\n  hooks:\n  - id: zt-gate\n"
    rules = rules_of({at: old.replace(before, after)}, {at: old}, tmp_path)
    assert rules == ({f"tampering/gate-{rule}"} if rule else set())


def test_the_action_of_somebody_else_is_not_the_gate(tmp_path: Path) -> None:
    new = WORKFLOW.replace("example/zt-gate", "example-org/zt-gate")
    assert rules_of({AT: new}, {AT: WORKFLOW}, tmp_path) == {"tampering/gate-disabled"}


OWNED = "* @org/all\n/.github/ @org/security\n"


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (".github/CODEOWNERS", f"{OWNED}/.github/workflows/ @org/others\n", True),
        (".github/CODEOWNERS", f"{OWNED}*.yml @org/others\n", True),
        (".github/CODEOWNERS", f"{OWNED}/docs/ @org/others\n", False),
        # GitHub passes over what is larger.
        (".github/CODEOWNERS", OWNED + "# owners of nothing\n" * 170_000, True),
    ],
)
def test_the_gates_own_files_keep_their_owners(
    path: str, text: str, told: bool, tmp_path: Path
) -> None:
    rules = rules_of({path: text}, {path: OWNED}, tmp_path)
    assert rules == ({"tampering/codeowners-weakened"} if told else set())


def test_a_codeowners_file_that_overrides_another_is_reported(
    tmp_path: Path,
) -> None:
    words: dict[str, Any] = {"trusted_paths": lambda: [b"CODEOWNERS"]}
    rule = {"tampering/codeowners-weakened"}
    assert rules_of({".github/CODEOWNERS": OWNED}, None, tmp_path, **words) == rule
    assert not rules_of({"docs/CODEOWNERS": OWNED}, None, tmp_path, **words)


@pytest.mark.parametrize(
    "row",
    ["[attr]quiet linguist-generated", "*.[p]y linguist-generated=1"],
)
def test_attributes_that_hide_by_another_name(row: str, tmp_path: Path) -> None:
    rules = rules_of({".gitattributes": f"{row}\n"}, None, tmp_path)
    assert rules == {"tampering/attributes-hide"}


@pytest.mark.parametrize("name", [".gitleaksignore", ".trivyignore"])
def test_who_accepts_entries_accepts_no_others(name: str, tmp_path: Path) -> None:
    (one,) = found(change_of({name: "a.py:key:1\n"}), tmp_path)
    (more,) = found(change_of({name: "a.py:key:1\nb.py:key:1\n"}), tmp_path)
    assert one.subject != more.subject


def test_a_moved_run_is_reported_and_does_not_block(tmp_path: Path) -> None:
    new = {AT: None, ".github/workflows/ci.yml": WORKFLOW}
    assert rules_of(new, {AT: WORKFLOW}, tmp_path) == {"tampering/gate-loosened"}
    away = file_change(
        "docs/gate.yml", WORKFLOW, WORKFLOW, status="R", old_path=AT.encode()
    )
    change = replace(change_of({}), files=(away,))
    assert {item.rule for item in found(change, tmp_path)} == {
        "tampering/gate-disabled",
        "tampering/gate-job-changed",
    }


def test_a_second_run_does_not_hide_an_ineffective_one(tmp_path: Path) -> None:
    step = "      - name: Judge\n"
    new = WORKFLOW.replace(step, f"{step}        continue-on-error: true\n")
    run = "      - run: zt-gate scan --verbose\n"
    assert rules_of({AT: new + run}, {AT: WORKFLOW}, tmp_path) == {
        "tampering/gate-loosened"
    }
    run = "      - run: zt-gate scan --help\n"
    assert rules_of({AT: new + run}, {AT: WORKFLOW}, tmp_path) == {
        "tampering/gate-disabled"
    }


def test_very_many_runs_are_compared(tmp_path: Path) -> None:
    """Each run asks what stands around it; that must not cost the whole file for each."""
    head = "jobs:\n  a:\n    steps:\n"
    flat = head + "      - run: zt-gate scan\n" * 20_000
    deep = "".join(" " * min(level, 500) + "zt-gate scan\n" for level in range(5000))
    for text in (flat, deep, "zt-gate scan\nexit 0\n" * 10_000):
        made = file_change(AT, text + "        continue-on-error: true\n")
        made = replace(
            made, status="M", old=blob(text.encode()), old_path=made.path, hunks=()
        )
        found(replace(change_of({}), files=(made,)), tmp_path)


def test_a_step_moved_below_a_condition_that_was_there_is_disabled(
    tmp_path: Path,
) -> None:
    old = WORKFLOW.replace("  other:\n", "  other:\n    if: false\n")
    step = "      - name: Judge\n        uses: example/zt-gate@v1\n"
    rest = "        with:\n          profile: strict\n"
    new = old.replace(step + rest, "      - run: 'true'\n") + step + rest
    assert rules_of({AT: new}, {AT: old}, tmp_path) == {"tampering/gate-disabled"}


@pytest.mark.parametrize(
    ("new", "rule"),
    [
        ("set -e\nzt-gate scan --staged || exit 0\n", "disabled"),
        ("set -e\nexit 0\nzt-gate scan --staged\n", "disabled"),
        ("set +e\nzt-gate scan --staged\n", "disabled"),
        ("set -e\nzt-gate scan --staged --skip code\n", "loosened"),
        ("set -e\nzt-gate scan \\\n  --staged \\\n  || true\n", "disabled"),
        ("set -e\nzt-gate scan --staged\nexit 0\n", ""),
        ("set -e\nmake lint\nzt-gate scan --staged\n", ""),
    ],
)
def test_a_hook_that_runs_the_gate(new: str, rule: str, tmp_path: Path) -> None:
    old = {".githooks/pre-commit": "set -e\nzt-gate scan --staged\n"}
    rules = rules_of({".githooks/pre-commit": new}, old, tmp_path)
    assert rules == ({f"tampering/gate-{rule}"} if rule else set())


def test_one_more_hook_with_stages_of_its_own_loosens_nothing(tmp_path: Path) -> None:
    old = "- id: zt-gate\n  entry: python -I -m zt_gate scan\n  stages: [pre-commit]\n"
    new = (
        old
        + "- id: zt-gate-message\n  entry: python -m zt_gate hook x\n  stages: [commit-msg]\n"
    )
    at = ".pre-commit-hooks.yaml"
    assert not rules_of({at: new}, {at: old}, tmp_path)


def test_the_gate_is_left_out_where_hooks_run_in_ci(tmp_path: Path) -> None:
    new = (
        "jobs:\n  a:\n    env:\n      SKIP: zt-gate,ruff\n"
        "    steps:\n      - run: pre-commit run\n"
    )
    assert rules_of({".github/workflows/a.yml": new}, None, tmp_path) == {
        "tampering/gate-disabled"
    }
    new += "      - uses: example/zt-gate@v1\n"
    assert rules_of({".github/workflows/a.yml": new}, None, tmp_path) == {
        "tampering/gate-loosened"
    }


def test_a_renamed_baseline_and_a_linked_one(tmp_path: Path) -> None:
    text = "# zt-gate baseline 1, salt 0\nab code/x a.py\n"
    here = file_change(".zt-gate-baseline", text, text, status="R", old_path=b"old")
    link = replace(file_change(".zt-gate-baseline", "a"), new_mode=MODE_SYMLINK)
    for file in (here, link):
        change = replace(change_of({}), files=(file,))
        assert "tampering/baseline-changed" in {
            item.rule for item in found(change, tmp_path)
        }


def test_an_approval_of_one_baseline_is_none_of_another(tmp_path: Path) -> None:
    head = "# zt-gate baseline 1, salt 0\n"
    subjects = {
        found(change_of({".zt-gate-baseline": head + row}), tmp_path)[0].subject
        for row in ("a code/x a.py\n", "b code/x a.py\n")
    }
    assert len(subjects) == 2


# Other checks


def test_a_check_that_runs_elsewhere_is_not_gone(tmp_path: Path) -> None:
    old = {".github/workflows/a.yml": "steps:\n- run: gitleaks detect\n"}
    rest = {b".github/workflows/b.yml": b"steps:\n- run: gitleaks detect\n"}
    words: dict[str, Any] = {
        "trusted_paths": lambda: list(rest),
        "trusted_file": rest.get,
    }
    gone = {"tampering/check-removed"}
    assert rules_of({".github/workflows/a.yml": None}, old, tmp_path) == gone
    assert not rules_of({".github/workflows/a.yml": None}, old, tmp_path, **words)


def test_a_trusted_file_that_cannot_be_read_runs_no_check(tmp_path: Path) -> None:
    """A link among the workflows must end neither in an error nor in silence."""

    def refuse(path: bytes) -> bytes:
        raise GateError("a symbolic link: not followed")

    old = {".github/workflows/a.yml": "steps:\n- run: gitleaks detect\n"}
    words: dict[str, Any] = {"trusted_file": refuse}
    words["trusted_paths"] = lambda: [b".github/workflows/b.yml"]
    gone = {"tampering/check-removed"}
    assert rules_of({".github/workflows/a.yml": None}, old, tmp_path, **words) == gone


def test_lines_that_moved_are_not_new(tmp_path: Path) -> None:
    row = "      - run: pytest || true\n"
    old = {".github/workflows/a.yml": f"jobs:\n  a:\n    steps:\n{row}"}
    new = {".github/workflows/a.yml": None, ".github/workflows/b.yml": f"x:\n{row}"}
    assert not rules_of(new, old, tmp_path)


# Exceptions


def test_a_mark_with_rule_and_reason_is_reported_as_info(tmp_path: Path) -> None:
    levels = {
        mark: found(change_of({"a.py": f"run(x)  # {mark}\n"}), tmp_path)[0].level
        for mark in (
            "nosec", "nosec B602", "nosec B602 - the command is a constant",
            "noqa: S603 - ours alone",
            'zt-gate: ignore[code/x] reason="it is ours"', "gitleaks:allow for the tests",
        )
    }  # fmt: skip
    assert [str(level) for level in levels.values()] == [
        "warn",
        "warn",
        "info",
        "info",
        "warn",
        "warn",
    ]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('mark = "x  # nosec"', "info"),
        ("run(x)  # it's ours # nosec", "warn"),
        ("''' + run(x)  # nosec", "warn"),
        ('run("a", "b")  # nosec', "warn"),
    ],
)
def test_a_mark_inside_a_string_is_reported_as_info(
    line: str, level: str, tmp_path: Path
) -> None:
    assert [str(item.level) for item in found(change_of({"a.py": line}), tmp_path)] == [
        level
    ]


def test_a_mark_that_stays_on_its_line_is_not_new(tmp_path: Path) -> None:
    old = {"a.py": "run(x)  # nosec\nrun(y)\n"}
    assert not rules_of({"a.py": "run(x, 1)  # nosec\nrun(y)\n"}, old, tmp_path)
    both = found(
        change_of({"a.py": "run(x, 1)  # nosec\nrun(y)  # nosec\n"}, old), tmp_path
    )
    assert [item.location.line for item in both] == [2]


def test_a_mark_at_the_end_of_a_very_long_line_is_seen(tmp_path: Path) -> None:
    assert rules_of({"a.js": "x" * 200_000 + " // nosemgrep\n"}, None, tmp_path)


# Reviews, tests, files


def test_the_last_line_of_codeowners_may_not_take_everything(tmp_path: Path) -> None:
    old = {"CODEOWNERS": "* @org/core\n/infra/ @org/security\n"}
    new = old["CODEOWNERS"] + "/** @mallory\n"
    assert rules_of({"CODEOWNERS": new}, old, tmp_path) == {
        "tampering/codeowners-weakened"
    }
    assert not rules_of(
        {"sub/CODEOWNERS": None}, {"sub/CODEOWNERS": "* @a\n"}, tmp_path
    )


def test_a_feature_that_goes_with_its_tests_is_a_clean_up(tmp_path: Path) -> None:
    test = "def test_b():\n    assert b()\n"
    old = {"b.py": "def b():\n    return 1\n\n\nC = 1\n", "tests/test_b.py": test}
    assert not rules_of({"b.py": "C = 1\n", "tests/test_b.py": None}, old, tmp_path)
    changed = {"b.py": old["b.py"].replace("1", "2"), "tests/test_b.py": None}
    assert rules_of(changed, old, tmp_path) == {"tampering/tests-removed"}


def test_many_tests_that_become_a_table_of_cases_are_none_less(tmp_path: Path) -> None:
    old = "".join(f"def test_{n}():\n    assert f({n})\n" for n in range(4))
    mark = "@pytest.mark.parametrize('n', range(4))\n"
    new = f"{mark}def test_all(n):\n    assert f(n)\n    assert g(n)\n"
    files = {"tests/test_f.py": new, "f.py": "def f(n):\n    return True\n"}
    assert not rules_of(files, {"tests/test_f.py": old}, tmp_path)


@pytest.mark.parametrize(
    ("target", "level"),
    [
        ("../a", None), ("b", None), ("../../x", "warn"), ("/usr/share/x", "warn"),
        ("~/.ssh/id_ed25519", "block"), ("/etc/passwd", "block"), ("../.git/hooks/a", "block"),
        ("C:\\x", "warn"), ("..\\..\\x", "warn"),
    ],
)  # fmt: skip
def test_links(target: str, level: str | None, tmp_path: Path) -> None:
    link = replace(file_change("docs/link", target), new_mode=MODE_SYMLINK)
    items = found(replace(change_of({}), files=(link,)), tmp_path)
    assert [str(item.level) for item in items] == ([level] if level else [])


@pytest.mark.parametrize("place", [0, 49, 50, 70])
def test_many_harmless_links_do_not_hide_one_to_a_key(
    place: int, tmp_path: Path
) -> None:
    """The limit of 50 was spent in the order of paths: the 51st link only counted."""
    targets = ["/usr/share/x"] * 70
    targets.insert(place, "~/.ssh/id_ed25519")
    links = tuple(
        replace(file_change(f"docs/link{n:02}", target), new_mode=MODE_SYMLINK)
        for n, target in enumerate(targets)
    )
    *told, rest = found(replace(change_of({}), files=links), tmp_path)
    assert len(told) == 50
    blocking = [item.location.path for item in told if str(item.level) == "block"]
    assert blocking == [f"docs/link{place:02}".encode()]
    assert rest.message.endswith("21 more than the 50 shown")
    assert str(rest.level) == "warn"


def test_what_is_not_listed_keeps_its_level(tmp_path: Path) -> None:
    targets = ["~/.ssh/id_ed25519"] * 52
    links = tuple(
        replace(file_change(f"docs/link{n:02}", target), new_mode=MODE_SYMLINK)
        for n, target in enumerate(targets)
    )
    *told, rest = found(replace(change_of({}), files=links), tmp_path)
    assert {str(item.level) for item in (*told, rest)} == {"block"}


def test_a_moved_submodule_with_a_url_is_reported_as_info(
    tmp_path: Path,
) -> None:
    module = replace(file_change("lib", "1"), new_mode=MODE_SUBMODULE, new=None)
    modules = file_change(
        ".gitmodules", '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n'
    )
    assert not found(replace(change_of({}), files=(module, modules)), tmp_path)
    moved = replace(
        file_change("lib", "1", "0"), new_mode=MODE_SUBMODULE, old_mode=MODE_SUBMODULE
    )
    moved = replace(moved, old=None, new=None)
    items = found(replace(change_of({}), files=(moved,)), tmp_path)
    assert [(item.rule, str(item.level)) for item in items] == [
        ("tampering/submodule-moved", "info")
    ]


@pytest.mark.parametrize(
    "name",
    [
        ".git\u200c/config",
        ".git::$INDEX_ALLOCATION/config",
        "a/.Git /hooks/x",
        "x\\.git\\config",
    ],
)
def test_names_that_file_systems_take_for_gits_folder(
    name: str, tmp_path: Path
) -> None:
    assert "tampering/git-folder-name" in rules_of({name: "x\n"}, None, tmp_path)


def test_a_name_that_was_there_counts_until_the_change_takes_it_away(
    tmp_path: Path,
) -> None:
    words: dict[str, Any] = {"trusted_paths": lambda: [b"src/login.py", b"Docs/a.md"]}
    rule = {"tampering/misleading-name"}
    assert rules_of({"src/LOGIN.py": "x\n"}, None, tmp_path, **words) == rule
    assert rules_of({"docs/b.md": "x\n"}, None, tmp_path, **words) == rule
    old = {"src/login.py": "x\n"}
    assert not rules_of(
        {"src/LOGIN.py": "x\n", "src/login.py": None}, old, tmp_path, **words
    )


# Anything at all

_ROWS = st.lists(
    st.sampled_from(
        ["on:", "  pull_request:", "    paths: [a]", "jobs:", "  a:", "    if: false",
         "    steps:", "      - run: zt-gate scan", "      - run: |", "\t-zt-gate scan \\",
         "          zt-gate scan || true", "        continue-on-error: true", "", "# zt-gate scan",
         "- - - zt-gate scan", "        pytest"]
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(
    old=_ROWS, new=_ROWS, path=st.sampled_from([AT, ".husky/pre-commit", "Makefile"])
)
def test_any_text_is_compared(
    old: list[str], new: list[str], path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before, after = "\n".join(old), "\n".join(new)
    rules = rules_of({path: after}, {path: before}, tmp_path_factory.getbasetemp())
    if after == before:
        assert not rules
    in_force = ("zt-gate scan" in before, "zt-gate scan" in after)
    if in_force == (False, False):
        assert not {rule for rule in rules if "gate-" in rule}


@settings(max_examples=examples(60), deadline=None)
@given(rows=_ROWS.filter(bool), data=st.data())
def test_a_block_holds_its_own_line(rows: list[str], data: st.DataObject) -> None:
    lines = CodeLines.of("\n".join(rows))
    at = data.draw(st.integers(0, len(lines.rows) - 1))
    assert at in lines.block(at) or not lines.rows[at]
    assert set(lines.around(at)) <= set(range(len(lines.groups)))
    assert len(lines.group_of) == len(lines.rows)
    members = [number for group in lines.groups for number in group.members]
    assert sorted(members) == [number for number, row in enumerate(lines.rows) if row]
    for group in lines.groups[1:]:
        assert all(group.start <= number < group.end for number in group.members)


@settings(max_examples=examples(40), deadline=None)
@given(content=st.binary(max_size=300), name=st.sampled_from(
    [".zt-gate-baseline", "CODEOWNERS", ".gitattributes", ".gitleaksignore", "tests/test_a.py", AT]
))  # fmt: skip
def test_any_bytes_are_looked_at(
    content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    items = found(
        change_of({name: content}, {name: b"x\n"}), tmp_path_factory.getbasetemp()
    )
    assert all(item.rule in RULES for item in items)


# Through the gate, with real git


def judged(repo: Repo, **words: Any) -> Report:
    request = review.Request(folder=repo.path, only=("tampering",), **words)
    return review.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})


def test_ignores_and_baseline_warn_in_standard_and_block_in_strict(
    tmp_path: Path,
) -> None:
    repo = Repo.create(tmp_path / "repository")
    repo.write("a.py", "x = 1\n")
    repo.commit()
    repo.write("a.py", "x = run(1)  # nosec B602 - the command is a constant\n")
    head = "# zt-gate baseline 1, salt 00000000000000000000000000000000\n"
    repo.write(".zt-gate-baseline", f"{head}{'0' * 32} code/python-shell a.py\n")
    repo.git("add", "-A")
    for profile, level, verdict in (
        ("standard", "warn", "pass"),
        ("strict", "block", "fail"),
    ):
        report = judged(repo, profile=profile)
        levels = {item.finding.rule: item.level.value for item in report.findings}
        assert levels["tampering/baseline-changed"] == level
        assert levels["tampering/ignore-added"] == (
            "block" if profile == "strict" else "info"
        )
        # Skipped scanners are what strict does not accept; they are no finding.
        assert report.verdict.value == verdict


def test_a_word_that_makes_github_skip_the_line_takes_its_owners(
    tmp_path: Path,
) -> None:
    old = {"CODEOWNERS": "* @org/core\n"}
    for new in ("* @org/core nobody\n", "[x] @a\n* @org/core nobody\n"):
        found = rules_of({"CODEOWNERS": new}, old, tmp_path)
        assert found == {"tampering/codeowners-weakened"}, new


def test_gitlab_reads_roles_as_owners(tmp_path: Path) -> None:
    old = {"CODEOWNERS": "[Docs]\n*.md @org/docs\n"}
    new = {"CODEOWNERS": "[Docs]\n*.md @org/docs @@maintainer\n"}
    assert rules_of(new, old, tmp_path) == set()


POINTER = "oid sha256:" + "0" * 64 + "\nsize 12\n"


@each_of(
    ("path", "new", "old", "rules"),
    [
        ("a.mp4", "version https://git-lfs.github.com/spec/v1\n" + POINTER, None, ()),
        ("a.mp4", "version http://git-media.io/v/2\n" + POINTER, None, ()),
        (
            "a.sh",
            "version https://hawser.github.com/spec/v1\n" + POINTER,
            None,
            ("tampering/lfs-pointer",),
        ),
        (
            "a.bin",
            "version https://git-lfs.github.com/spec/v1\next-0-a sha256:"
            + "1" * 64
            + "\n"
            + POINTER,
            "text\n",
            ("tampering/lfs-pointer",),
        ),
        (
            "a.psd",
            "version https://git-lfs.github.com/spec/v1\n" + POINTER,
            "version https://git-lfs.github.com/spec/v1\n"
            + POINTER.replace("12", "13"),
            (),
        ),
        ("sub/.gitattributes", "*.psd filter=lfs\n", None, ()),
        (
            "sub/.gitattributes",
            "*.go filter=lfs\n",
            "a text\n",
            ("tampering/content-filter",),
        ),
        (".gitmodules", '[submodule "a"]\n\tpath = a\n\turl = ../a\n', None, ()),
        (
            ".gitmodules",
            '[submodule "a"]\n\tpath = a\n\turl = ../a\n\tbranch = main\n',
            '[submodule "a"]\n\tpath = a\n\turl = ../a\n',
            (),
        ),
    ],
)
def test_content_elsewhere_is_listed(
    tmp_path: Path, path: str, new: str, old: str | None, rules: tuple[str, ...]
) -> None:
    change = change_of({path: new}, None if old is None else {path: old})
    run = SCANNER.scan(change, context(RULES, tmp_path))
    assert [item.path for item in run.not_inspected] == [path.encode()]
    assert tuple(finding.rule for finding in run.findings) == rules


@each_of(
    ("path", "new", "old"),
    [
        (
            "docs/lfs.md",
            "Files begin with version https://git-lfs.github.com/spec/v1\n",
            None,
        ),
        ("a.txt", "version https://git-lfs.github.com/spec/v1\n", None),
        (".gitattributes", "*.png binary\n* text=auto\n", None),
        (".gitattributes", "*.a filter=lfs\n*.b text\n", "*.a filter=lfs\n"),
        (
            ".gitmodules",
            '[submodule "a"]\n\turl = ../a\n\tshallow = true\n',
            '[submodule "a"]\n\turl = ../a\n',
        ),
    ],
)
def test_what_names_no_content_elsewhere_is_not_listed(
    tmp_path: Path, path: str, new: str, old: str | None
) -> None:
    change = change_of({path: new}, None if old is None else {path: old})
    run = SCANNER.scan(change, context(RULES, tmp_path))
    assert run.not_inspected == ()
    assert run.findings == ()
