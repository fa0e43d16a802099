"""The jobs that run the gate: which they are, and how two versions differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.offenders import each_of
from tests.support.property_tests import examples
from zt_gate.syntax import gate_inputs
from zt_gate.syntax.gate_jobs import JobChange, WorkflowSide, compare

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = ".github/workflows/gate.yml"
JOB = """\
name: zt-gate
on: pull_request
permissions: {}
jobs:
  judge:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ["3.12"]
    steps:
      - uses: actions/checkout@v4
      - uses: example/zt-gate@v1
        with:
          profile: standard
          require-human-approval: "true"
          labels: robot
          accept: ACCEPTED
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: make test
""".replace("ACCEPTED", f"{'a' * 32}@{'b' * 40}")
GATE = "      - uses: example/zt-gate@v1\n"


def side(files: Mapping[str, str]) -> WorkflowSide:
    contents = {path.encode(): text.encode() for path, text in files.items()}
    return WorkflowSide(contents, contents.get)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[JobChange]:
    changed = [path.encode() for path in {*old, *new} if old.get(path) != new.get(path)]
    return compare(side(old), side(new), changed)


def loosening(old: str, new: str) -> list[str]:
    (change,) = changes({AT: old}, {AT: new})
    return list(change.loosening)


@each_of(
    ("before", "after", "part"),
    [
        ("runs-on: ubuntu-latest", "runs-on: [self-hosted]", "runs-on"),
        ("    strategy:", "    container: image\n    strategy:", "container"),
        ("    strategy:", "    env: {PATH: x}\n    strategy:", "env"),
        ("permissions: {}", "permissions: {}\nenv: {PATH: x}", "workflow env"),
        ("permissions: {}", "permissions: write-all", "workflow permissions"),
        ("    strategy:", "    permissions: write-all\n    strategy:", "permissions"),
        ("permissions: {}", "permissions: {}\ndefaults: {run: {shell: a.sh}}", "workflow defaults"),
        ("    strategy:", "    defaults: {run: {shell: a.sh}}\n    strategy:", "defaults"),
        ("    strategy:", "    if: github.actor != 'x'\n    strategy:", "if"),
        ("    strategy:", "    needs: tests\n    strategy:", "needs"),
        ('["3.12"]', "[]", "strategy"),
        ("    strategy:", "    continue-on-error: true\n    strategy:", "continue-on-error"),
        ("    strategy:", "    timeout-minutes: 1\n    strategy:", "timeout"),
        ("    strategy:", "    services: {a: {image: b}}\n    strategy:", "services"),
        ("    strategy:", "    concurrency: a\n    strategy:", "concurrency"),
        ("permissions: {}", "permissions: {}\nconcurrency: a", "workflow concurrency"),
        ("    strategy:", "    name: other\n    strategy:", "name"),
        ("  judge:", "  check:", "is now 'check'"),
        ("on: pull_request", "on: push", "event pull_request removed"),
        ("on: pull_request", "on: {pull_request: {paths: [a]}}", "event pull_request changed"),
        ("zt-gate@v1", "zt-gate@v2", "step 2"),
        ("example/zt-gate", "other/zt-gate", "step 2"),
        (GATE, "      - run: echo A=b >> $GITHUB_ENV\n" + GATE, "added"),
        ("      - uses: actions/checkout@v4\n", "", "removed"),
        (GATE, GATE + "        env: {PATH: x}\n", "step 2"),
        (GATE, GATE + "        if: always()\n", "step 2"),
        ("          profile", "          config: a.toml\n          profile", "input config added"),
        ('require-human-approval: "true"', "comment: true", "require-human-approval"),
        ("profile: standard", "profile: advisory", "input profile"),
        ("profile: standard", "profile: ${{ vars.P }}", "input profile"),
        ("labels: robot", "labels: other", "input labels"),
        ("accept: ", "accept: c", "input accept"),
        ("labels: robot", "offline: true\n          labels: robot", "input offline"),
        ("labels: robot", "review-command: x\n          labels: robot", "review-command"),
    ],
)  # fmt: skip
def test_a_difference_of_the_gates_job_is_named(
    before: str, after: str, part: str
) -> None:
    new = JOB.replace(before, after, 1)
    assert new != JOB
    assert any(part in text for text in loosening(JOB, new)), loosening(JOB, new)


@each_of(
    ("before", "after"),
    [
        ("make test", "make test lint"),
        ("  tests:\n", "  more:\n    steps: []\n  tests:\n"),
        ("  judge:\n", "  judge: # the gate\n"),
        ("on: pull_request\n", "on: [pull_request]\n"),
        ("on: pull_request\n", "on:\n  pull_request:\n"),
        ('["3.12"]', "\n          - '3.12'"),
        ("example/zt-gate@v1\n", "'example/zt-gate@v1' # v1\n"),
        ("permissions: {}\n", ""),
        ("labels: robot", "labels: 'robot, '"),
        ("profile: standard", "profile: strict"),
        ('require-human-approval: "true"', "require-human-approval: always"),
        ('require-human-approval: "true"', "require-human-approval: true"),
        ("labels: robot", "labels: robot, other"),
        ("          labels", "          fail-on: warn\n          labels"),
        ("          labels", "          task: docs\n          labels"),
    ],
)
def test_what_is_equal_or_stricter_is_no_loosening(before: str, after: str) -> None:
    base = JOB.replace("permissions: {}\n", "") if before.startswith("perm") else JOB
    new = JOB.replace(before, after, 1)
    assert loosening(base, new) == []


STEPS = "jobs:\n  a:\n    steps:\n      - "
BLOCK = STEPS + "run: |\n          "
COMPOSITE = "runs:\n  using: composite\n  steps:\n    - uses: example/zt-gate@v1\n"
SCRIPT = {"ci/check.sh": "zt-gate scan\n"}


@each_of(
    "files",
    [
        {AT: STEPS + "uses: example/zt-gate@v1\n"},
        {AT: STEPS + "uses: ./.zt-gate-base\n"},
        {AT: STEPS + "uses: docker://ghcr.io/x/zt-gate:1\n"},
        {AT: STEPS + "run: zt-gate scan --base main\n"},
        {AT: BLOCK + "pip install x\n          python -I -m zt_gate scan\n"},
        {AT: STEPS + "run: uvx zt-gate@1.0 scan\n"},
        {AT: BLOCK + "docker run x/zt-gate:1 \\\n            scan\n"},
        {AT: "jobs:\n  a:\n    uses: example/zt-gate/.github/workflows/judge.yml@v1\n"},
        {AT: STEPS + "uses: ./tools/check\n", "tools/check/action.yml": COMPOSITE},
        {AT: STEPS + "run: ./ci/check.sh\n", **SCRIPT},
        {AT: STEPS + "run: bash ci/check.sh\n", **SCRIPT},
    ],
)
def test_a_job_that_runs_the_gate_is_found(files: dict[str, str]) -> None:
    assert "a" in {job.name for job in side(files).jobs()}
    gone = {**files, AT: "jobs:\n  a:\n    steps:\n      - run: make\n"}
    assert any(change.loosening for change in changes(files, gone))


@each_of(
    "step",
    ["run: echo zt-gate scan", "run: pip install zt-gate", "uses: example/other@v1",
     "run: '# zt-gate scan'", "run: make"],
)  # fmt: skip
def test_a_job_that_only_mentions_the_gate_is_none(step: str) -> None:
    assert side({AT: f"jobs:\n  a:\n    steps:\n      - {step}\n"}).jobs() == ()


CALLS = "on: pull_request\njobs:\n  a:\n    uses: ./.github/workflows/called.yml\n"
CALLED = "on: workflow_call\njobs:\n  b:\n    steps:\n" + GATE + "  c:\n    steps: []\n"
ACTS = "jobs:\n  a:\n    steps:\n      - uses: ./tools/setup\n" + GATE
ACTION = "name: set up\nruns:\n  using: composite\n  steps:\n    - run: ./x.sh\n"


@each_of(
    ("files", "path", "text", "is_loosened"),
    [
        ({AT: CALLS, ".github/workflows/called.yml": CALLED}, ".github/workflows/called.yml",
         CALLED.replace("    steps:\n", "    container: x\n    steps:\n", 1), True),
        ({AT: CALLS, ".github/workflows/called.yml": CALLED}, ".github/workflows/called.yml",
         CALLED.replace("steps: []", "steps: [{run: make}]"), False),
        ({AT: ACTS, "tools/setup/action.yml": ACTION}, "tools/setup/action.yml",
         ACTION.replace("x.sh", "y.sh"), True),
        ({AT: ACTS, "tools/setup/action.yml": ACTION}, "tools/setup/action.yml",
         "# prose\n" + ACTION.replace("set up", "prepare"), False),
        ({AT: ACTS, "tools/setup/action.yml": ACTION, "tools/setup/main.js": "a"},
         "tools/setup/main.js", "b", True),
        ({AT: ACTS, "tools/setup/action.yml": ACTION, "x.sh": "a"}, "x.sh", "b", True),
        ({AT: ACTS, "tools/setup/action.yml": ACTION, "tools/other.js": "a"},
         "tools/other.js", "b", False),
        ({AT: JOB.replace("    strategy", "    needs: tests\n    strategy")}, AT,
         JOB.replace("    strategy", "    needs: tests\n    strategy").replace("make", "exit 1;"),
         True),
    ],
)  # fmt: skip
def test_the_files_that_the_job_uses_belong_to_it(
    files: dict[str, str], path: str, text: str, is_loosened: bool
) -> None:
    found = changes(files, {**files, path: text})
    assert any(change.loosening for change in found) == is_loosened


def test_a_job_in_a_renamed_workflow_is_found() -> None:
    (change,) = changes({AT: JOB}, {".github/workflows/other.yml": JOB})
    assert change.is_equal
    (change,) = changes({AT: JOB}, {".github/other.yml": JOB})
    assert change.loosening == ("the job is gone",)


def test_a_new_job_has_no_old_version() -> None:
    (change,) = changes({}, {AT: JOB})
    assert change.old is None
    old, new = changes({AT: JOB}, {AT: JOB, ".github/workflows/b.yml": JOB})
    assert old.is_equal
    assert new.old is None


def test_a_command_may_only_gain_strictness() -> None:
    old = "jobs:\n  a:\n    steps:\n      - run: zt-gate scan --base main\n"
    assert loosening(old, old.replace("main", "main --profile strict")) == []
    for option in (
        "--accept x",
        "--profile advisory",
        "--skip code",
        "--policy-rev HEAD",
    ):
        assert loosening(old, old.replace("main", f"main {option}")), option
    assert loosening(old.replace("main", "main --profile strict"), old)


_VALUES = st.sampled_from(
    ("", "false", "true", "always", "advisory", "standard", "strict", "block", "warn",
     "info", "high", "low", "a", "a, b", "b", "${{ vars.X }}", "${{ vars.Y }}")
)  # fmt: skip
_NAMES = st.sampled_from(
    ("profile", "fail-on", "require-human-approval", "offline", "sarif", "comment",
     "labels", "accept", "config", "task", "review-command", "unknown")
)  # fmt: skip


@settings(max_examples=examples(300))
@given(_NAMES, _VALUES, _VALUES)
def test_strictness_is_an_order(name: str, one: str, other: str) -> None:
    assert gate_inputs.is_at_least(name, one, one)
    both = gate_inputs.is_at_least(name, one, other) and gate_inputs.is_at_least(
        name, other, one
    )
    assert not both or gate_inputs.normal(name, one) == gate_inputs.normal(name, other)
    if gate_inputs.has_expression(one + other):
        return  # only values of a run are combined
    counting = gate_inputs.strictest(name, one, other)
    assert gate_inputs.is_at_least(name, one, counting)


@settings(max_examples=examples(100))
@given(st.binary(max_size=300), st.text("aeijnorsu:- \n@/.ztg[]{}&*'\"", max_size=300))
def test_any_workflow_is_compared(data: bytes, text: str) -> None:
    contents = {AT.encode(): JOB.encode()}
    for content in (data, text.encode(), JOB.encode() + data, b"zt-gate: " + data):
        other = {AT.encode(): content}
        compare(
            WorkflowSide(contents, contents.get), WorkflowSide(other, other.get), other
        )


def run_job(script: str, extra: str = "") -> str:
    rows = "".join(f"          {row}\n" for row in script.split("\n"))
    return (
        "on: pull_request\njobs:\n  judge:\n    runs-on: x\n    steps:\n"
        f"      - run: |\n{rows}{extra}{GATE}"
    )


@each_of(
    "added",
    [
        "# x \\\nexit 0",
        "# x\\\nexport A=b",
        "  # \\\nmake",
        "#\\\ntrap x EXIT",
        "# a \\\n# b \\\nc",
    ],
)
def test_a_comment_ends_with_its_line(added: str) -> None:
    assert loosening(run_job("make"), run_job(f"{added}\nmake"))
    comments = run_job("# x \\\nmake # y")
    assert not loosening(comments, run_job("# other \\\nmake # y"))


@each_of(
    ("script", "extra"),
    [
        ("$GITHUB_WORKSPACE/ci/prepare.sh", ""),
        ("${{ github.workspace }}/ci/prepare.sh", ""),
        ('"$PWD/ci/prepare.sh"', ""),
        ("bash ${GITHUB_WORKSPACE}/ci/prepare.sh", ""),
        ("cd ci && ./prepare.sh", ""),
        (". prepare.sh", "        working-directory: ci\n"),
        ("${{ github.action_path }}/prepare.sh", ""),
    ],
)
def test_a_script_counts_in_any_spelling_of_its_path(script: str, extra: str) -> None:
    job = run_job(script, extra)
    (change,) = changes(
        {AT: job, "ci/prepare.sh": "a"}, {AT: job, "ci/prepare.sh": "b"}
    )
    assert change.loosening, script
    (change,) = changes({AT: job, "ci/other.sh": "a"}, {AT: job, "ci/other.sh": "b"})
    assert not change.loosening


def test_a_script_of_a_needed_job_counts() -> None:
    job = run_job("make").replace(
        "    runs-on: x\n", "    runs-on: x\n    needs: first\n"
    )
    job += "  first:\n    steps:\n      - run: ci/first.sh\n"
    (change,) = changes({AT: job, "ci/first.sh": "a"}, {AT: job, "ci/first.sh": "b"})
    assert change.loosening


@each_of(
    ("before", "after"),
    [
        ("", " --fail-on warn --fail-on block"),
        (" --fail-on info", " --fail-on info --fail-on warn"),
        (" --base A --policy-rev B", " --base B --policy-rev A"),
        (" --profile strict", " --profile strict --profile advisory"),
        ("", " --profile=strict --profile=advisory"),
    ],
)
def test_the_last_option_counts(before: str, after: str) -> None:
    assert loosening(run_job(f"zt-gate scan{before}"), run_job(f"zt-gate scan{after}"))
    stricter = run_job("zt-gate scan --fail-on warn --fail-on info")
    assert not loosening(run_job("zt-gate scan --fail-on warn"), stricter)


@each_of("name", ["approved-head", "require-human-approval"])
def test_a_job_with_an_input_of_the_gate_runs_it(name: str) -> None:
    job = JOB.replace("example/zt-gate@v1", "acme/review@v1")
    job = job.replace("profile: standard", f"{name}: x")
    assert loosening(job, job.replace("runs-on: ubuntu-latest", "runs-on: mine"))
