"""Go commands name packages: the module that holds one is asked about and judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ecosystems.registries.test_without_counts import server
from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.golang import ECOSYSTEM
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
OLD, NEW = "2020-05-01T10:00:00Z", "2999-05-01T10:00:00Z"
Files = dict[str, "str | bytes | None"]


def module(path: str, day: str = OLD) -> dict[str, tuple[str, str]]:
    info = json.dumps({"Version": "v1.0.0", "Time": day})
    return {
        f"/{path}/@v/list": ("text/plain", "v1.0.0\n"),
        f"/{path}/@v/v1.0.0.info": ("application/json", info),
    }


ANSWERS = {
    **module("golang.org/x/text"),  # the canary
    **module("golang.org/x/tools"),
    **module("golang.org/x/tools/gopls"),
    **module("golang.org/x/vuln"),
    **module("github.com/securego/gosec/v2"),
    **module("github.com/securego/gosec"),
    **module("mvdan.cc/sh/v3"),
    **module("corp.test/young", NEW),
}


def scan(
    files: Files, tmp_path: Path, answers: dict[str, tuple[str, str]]
) -> ScannerRun:
    with server(answers) as url:
        here = context(RULES, tmp_path, environ={"GOPROXY": url})
        run = SCANNER.scan(change_of(files), here)
    assert run.status == "ok", run.reason
    return run


def said(run: ScannerRun) -> list[tuple[str, str]]:
    return [
        (finding.rule.partition("/")[2], finding.message.partition(" ")[0])
        for finding in run.findings
    ]


def workflow(command: str) -> Files:
    return {
        ".github/workflows/a.yml": "on: push\npermissions: {}\njobs:\n  a:\n    steps:\n"
        f"      - run: {command}\n"
    }


def hook(*packages: str) -> Files:
    return {
        ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n"
        f"    language: golang\n    additional_dependencies: {json.dumps(list(packages))}\n"
    }


KNOWN: dict[str, Files] = {
    "a make rule": {
        "Makefile": "x:\n\tgo install golang.org/x/vuln/cmd/govulncheck@latest\n"
    },
    "a computed version": {
        "Makefile": "x:\n\tGOBIN=$(B) go install golang.org/x/vuln/cmd/govulncheck@$(V)\n"
    },
    "a workflow": workflow("go install golang.org/x/tools/cmd/goimports@v0.30.0"),
    "go run": workflow("go run golang.org/x/tools/cmd/goimports@v0.30.0 -l ."),
    "go get": workflow("go get -u golang.org/x/tools/cmd/goimports"),
    "a tool": workflow("go get -tool golang.org/x/tools/cmd/stringer@latest"),
    "a major version": {
        "build.sh": "go install github.com/securego/gosec/v2/cmd/gosec@v2.22.0\n"
    },
    "an image": {
        "Dockerfile": "FROM x\nRUN go install mvdan.cc/sh/v3/cmd/shfmt@v3.8.0\n"
    },
    "a hook": hook(
        "mvdan.cc/sh/v3/cmd/shfmt@v3.8.0", "golang.org/x/tools/cmd/stringer@v1"
    ),
    "the tool lines of go.mod": {
        "go.mod": "module corp.test/x\n\ngo 1.24\n\ntool (\n\tgolang.org/x/tools/cmd/stringer\n)\n"
        "\nrequire golang.org/x/tools v0.30.0 // indirect\n"
    },
    "a tool without a requirement": {
        "go.mod": "module corp.test/x\n\ntool golang.org/x/tools/cmd/stringer\n"
    },
    "a module that is a command": workflow(
        "go install golang.org/x/tools/gopls@latest"
    ),
    "no module at all": workflow(
        "go run main.go && go run ./cmd/x && go install ./..."
    ),
}


@each_of("name", list(KNOWN))
def test_the_module_of_a_command_is_asked(name: str, tmp_path: Path) -> None:
    assert said(scan(KNOWN[name], tmp_path, ANSWERS)) == []


def test_a_command_of_no_module_is_missing(tmp_path: Path) -> None:
    files: Files = {
        "a.sh": "go install corp.test/made/up@v1\n",
        "b.sh": "go install github.com/made/up/cmd/x@latest\n",
        "c.sh": "go run corp.test/made-up@v1\n",
        **hook("golang.org/x/made-up/cmd/x@v1"),
    }
    assert sorted(said(scan(files, tmp_path, ANSWERS))) == [
        ("missing", "corp.test/made-up"),
        ("missing", "corp.test/made/up"),
        ("missing", "github.com/made/up/cmd/x"),
        ("missing", "golang.org/x/made-up/cmd/x"),
    ]


def test_the_module_is_judged(tmp_path: Path) -> None:
    found = said(
        scan(workflow("go install corp.test/young/cmd/x@v1"), tmp_path, ANSWERS)
    )
    assert found == [("too-new", "corp.test/young")]


def test_a_required_module_must_have_exactly_its_path(tmp_path: Path) -> None:
    text = "module corp.test/x\n\nrequire golang.org/x/tools/cmd/stringer v0.1.0\n"
    found = said(scan({"go.mod": text}, tmp_path, ANSWERS))
    assert found == [("missing", "golang.org/x/tools/cmd/stringer")]


@pytest.mark.parametrize("broken", ["golang.org/x/tools", "golang.org/x/tools/cmd"])
def test_a_module_without_a_usable_answer_is_unverified(
    tmp_path: Path, broken: str
) -> None:
    answers = {**ANSWERS, f"/{broken}/@v/list": ("text/html", "<p>Sign in</p>")}
    found = said(
        scan(workflow("go install golang.org/x/tools/cmd/x@v1"), tmp_path, answers)
    )
    assert found == [("unverified", broken)]


def test_a_command_of_a_required_module_adds_nothing(tmp_path: Path) -> None:
    files: Files = {
        "go.mod": "module corp.test/x\n\nrequire golang.org/x/vuln v1.0.0\n",
        "a.sh": "go install golang.org/x/vuln/cmd/govulncheck\n",
    }
    assert said(scan(files, tmp_path, ANSWERS)) == []


@pytest.mark.parametrize(
    ("path", "modules"),
    [
        (
            "github.com/a/b/v2/c",
            ("github.com/a/b/v2/c", "github.com/a/b/v2", "github.com/a/b"),
        ),
        ("github.com/a/b", ("github.com/a/b",)),
        ("mvdan.cc/sh", ("mvdan.cc/sh", "mvdan.cc")),
        ("golang.org/x/a/b", ("golang.org/x/a/b", "golang.org/x/a")),
    ],
)
def test_candidates(path: str, modules: tuple[str, ...]) -> None:
    assert ECOSYSTEM.containing_packages is not None
    assert ECOSYSTEM.containing_packages(path) == modules


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("golang.org/x/vuln/cmd/govulncheck", "golang.org/x/vuln"),
        ("github.com/securego/gosec/v2/cmd/gosec", "github.com/securego/gosec/v2"),
        ("mvdan.cc/sh/v3/cmd/shfmt", "mvdan.cc/sh/v3"),
        ("honnef.co/go/tools/staticcheck", "honnef.co/go/tools/staticcheck"),
        ("github.com/cmd/cmd", "github.com/cmd/cmd"),
    ],
)
def test_offline_the_usual_folder_of_commands_is_left_out(
    command: str, module: str, tmp_path: Path
) -> None:
    here = context(RULES, tmp_path, environ={}, offline=True)
    run = SCANNER.scan(change_of({"a.sh": f"go install {command}@v1\n"}), here)
    assert said(run) == [("unverified", module)]
