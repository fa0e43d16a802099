"""A command that is computed when it runs is listed, whatever runs it."""

from __future__ import annotations

from tests.support.changes import file_change
from tests.support.offenders import each_of
from zt_gate.scanners.agent_config.computed_commands import of_kind

WORKFLOW = ".github/workflows/a.yml"


@each_of(
    ("path", "text", "kind"),
    [
        (WORKFLOW, "      - run: ${{ vars.CMD }}", "the step"),
        (WORKFLOW, '        run: "${{ github.event.inputs.x }}"', "the step"),
        (WORKFLOW, "      - run: $CMD", "the step"),
        (WORKFLOW, "      - run: npm run $X", "the script"),
        ("sub/.pre-commit-config.yaml", "        entry: $RUN", "the entry"),
        ("sub/.pre-commit-hooks.yaml", "  entry: ${RUN}", "the entry"),
        ("Makefile", "all:\n\t@$(CMD)", "the recipe"),
        ("sub/rules.mk", "all:\n\t$(CMD)", "the recipe"),
        ("Dockerfile", "FROM x\nCMD $X", "the image"),
        ("Dockerfile.dev", 'FROM x\nENTRYPOINT ["$X"]', "the image"),
        ("package.json", '{"scripts": {\n"a": "npm run $X"\n}}', "the script"),
    ],
)
def test_a_computed_command_is_named_with_what_runs_it(
    path: str, text: str, kind: str
) -> None:
    assert of_kind(file_change(path, text))[0] == kind


@each_of(
    ("path", "text"),
    [
        (WORKFLOW, "      - run: pytest $ARGS"),
        (WORKFLOW, "    matrix:\n      cmd: [a, b]\n      - run: ${{ matrix.cmd }}"),
        (WORKFLOW, "env:\n  CMD: make test\n      - run: $CMD"),
        ("Makefile", "CMD = pytest\nall:\n\t$(CMD)"),
        ("Makefile", "all:\n\t$(MAKE)"),
        ("Makefile", "all:\n\t$(PYTHON) -m pytest"),
        ("Dockerfile", "FROM x\nENV X=serve\nCMD $X"),
        ("package.json", '{"scripts": {"a": "npm run build"}}'),
        ("a/.pre-commit-config.yaml", "        entry: ruff check"),
    ],
)
def test_a_known_command_is_not_listed(path: str, text: str) -> None:
    assert of_kind(file_change(path, text)) == ("", "")
