"""Changes of the job and of the hook entries that run the gate, as the scanner sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scanners.test_tampering import found
from tests.support.changes import change_of
from tests.support.offenders import each_of
from tests.support.repo import GIT_ENV, Repo
from zt_gate.review import run as review

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHANGED = "tampering/gate-job-changed"
ADDED = "tampering/gate-job-added"
PRE_COMMIT = """\
exclude: ^vendor/
repos:
- repo: https://git.example.org/zt-gate
  rev: v1.0.0
  hooks:
  - id: zt-gate
    stages: [pre-commit]
    args: [--offline]
- repo: https://git.example.org/other
  rev: v1.0.0
  hooks:
  - id: spelling
"""
LEFTHOOK = """\
pre-commit:
  parallel: true
  commands:
    gate:
      run: zt-gate scan --staged
    lint:
      run: make lint
"""
HUSKY = "set -e\nnpx lint-staged\nzt-gate scan --staged\nnpm test\n"
GITLAB = """\
stages: [check]
gate:
  stage: check
  script:
    - zt-gate scan --base refs/remotes/origin/main
tests:
  script:
    - make test
"""
ENTRY = "  - id: zt-gate\n    stages: [pre-commit]\n    args: [--offline]\n"
PACKAGE = """\
{"simple-git-hooks": {
"pre-commit": "zt-gate scan --staged",
"pre-push": "npm test"}}
"""
FILES = {
    ".pre-commit-config.yaml": PRE_COMMIT,
    "lefthook.yml": LEFTHOOK,
    ".husky/pre-commit": HUSKY,
    ".githooks/pre-commit": HUSKY,
    ".gitlab-ci.yml": GITLAB,
    "package.json": PACKAGE,
}


def is_reported(
    old: Mapping[str, str], new: Mapping[str, str | None], at: Path
) -> bool:
    return CHANGED in {item.rule for item in found(change_of(new, old), at)}


@each_of(
    ("path", "before", "after"),
    [
        (".pre-commit-config.yaml", "zt-gate\n  rev: v1.0.0", "zt-gate\n  rev: v1.0.1"),
        (".pre-commit-config.yaml", "example.org/zt", "example.com/zt"),
        (".pre-commit-config.yaml", "- id: zt-gate\n", "- id: zt-gate-push\n"),
        (".pre-commit-config.yaml", "--offline", "--skip, code"),
        (".pre-commit-config.yaml", "[pre-commit]", "[manual]"),
        (".pre-commit-config.yaml", "    args", "    exclude: a\n    args"),
        (".pre-commit-config.yaml", "    args", "    files: a\n    args"),
        (".pre-commit-config.yaml", "    args", "    always_run: false\n    args"),
        (".pre-commit-config.yaml", "    args", "    entry: 'true'\n    args"),
        (".pre-commit-config.yaml", "    args", "    language: system\n    args"),
        (".pre-commit-config.yaml", "^vendor/", "^src/"),
        (".pre-commit-config.yaml", "exclude", "default_stages: [manual]\nexclude"),
        (".pre-commit-config.yaml", "exclude", "ci: {skip: [zt-gate]}\nexclude"),
        (".pre-commit-config.yaml", ENTRY, "  - id: other\n"),
        ("lefthook.yml", "--staged", "--staged --skip code"),
        ("lefthook.yml", "      run: zt", "      skip: [merge]\n      run: zt"),
        ("lefthook.yml", "      run: zt", "      env: {PATH: x}\n      run: zt"),
        ("lefthook.yml", "  parallel", "  skip: true\n  parallel"),
        ("lefthook.yml", "pre-commit:", "extends: [other.yml]\npre-commit:"),
        ("lefthook.yml", "pre-commit:", "pre-push:"),
        (".husky/pre-commit", "--staged", "--staged --accept x"),
        (".husky/pre-commit", "set -e\n", ""),
        (".husky/pre-commit", "npx", "export PATH=.\nnpx"),
        (".githooks/pre-commit", "npx", "source ./a.sh\nnpx"),
        (".githooks/pre-commit", "npx", "zt() { true; }\nnpx"),
        (".husky/pre-commit", "npx lint-staged", "npx lint-staged --quiet"),
        (".husky/pre-commit", "npx", "case x in x) ;; *)\nnpx"),
        (".husky/pre-commit", "zt-gate", "false &&\nzt-gate"),
        (".husky/pre-commit", "zt-gate", "npm test ||\nzt-gate"),
        (".husky/pre-commit", "zt-gate", ": '\nzt-gate"),
        (".husky/pre-commit", "zt-gate", "cat <<E\nzt-gate"),
        (".husky/pre-commit", "zt-gate", "[ 1 ] && exit 0\nzt-gate"),
        (".husky/pre-commit", "zt-gate", "cp /bin/true node_modules/.bin/zt-gate\nzt-gate"),
        (".husky/pre-commit", "zt-gate", "# note \\\nexit 0\nzt-gate"),
        (".husky/pre-commit", "zt-gate scan --staged", "(zt-gate scan --staged; true)"),
        (".husky/pre-commit", "zt-gate scan --staged", "{ zt-gate scan --staged; } || true"),
        (".husky/pre-commit", "zt-gate scan --staged", "zt-gate scan --staged &"),
        (".husky/pre-commit", "npm test", "npm test || true"),
        (".husky/pre-commit", "set -e", "#!/usr/bin/env true\nset -e"),
        (".husky/pre-commit", "npm test", "npm test\nexit 0"),
        (".pre-commit-config.yaml", "exclude", "default_language_version: {python: x}\nexclude"),
        (".pre-commit-config.yaml", "exclude", "default_install_hook_types: [pre-push]\nexclude"),
        (".pre-commit-config.yaml", "[--offline]", "[--offline, --profile, advisory]"),
        ("lefthook.yml", "  parallel", "  only: {ref: x}\n  parallel"),
        ("lefthook.yml", "zt-gate scan --staged", "'true'"),
        ("package.json", "{", '{"scripts": {"prepare": "true"},'),
        (".gitlab-ci.yml", "  stage: check\n", "  stage: check\n  rules: []\n"),
        (".gitlab-ci.yml", "stages:", "variables: {PATH: x}\nstages:"),
        (".gitlab-ci.yml", "/main", "/main --accept x"),
        ("package.json", "--staged", "--staged --skip code"),
    ],
)  # fmt: skip
def test_a_difference_of_the_hook_entry_blocks(
    path: str, before: str, after: str, tmp_path: Path
) -> None:
    old = FILES[path]
    new = old.replace(before, after, 1)
    assert new != old
    assert is_reported({path: old}, {path: new}, tmp_path)


def test_plain_commands_behind_a_run_that_stops_only_warn(tmp_path: Path) -> None:
    path = ".husky/pre-commit"
    for number, (old, added, level) in enumerate(
        (
            ("zt-gate scan --staged || exit $?\n", "npm test\n", "warn"),
            ("set -e\nzt-gate scan --staged\n", "npx eslint src\n", "warn"),
            ("zt-gate scan --staged || exit 1\n", "npm run lint\nmake\n", "warn"),
            ("zt-gate scan --staged\n", "npm test\n", "block"),
            ("zt-gate scan --staged || exit $?\n", "exit 0\n", "block"),
            ("zt-gate scan --staged || exit $?\n", "npm test &\n", "block"),
        )
    ):
        at = tmp_path / str(number)
        at.mkdir()
        items = found(change_of({path: old + added}, {path: old}), at)
        rule = {"warn": ADDED, "block": CHANGED}[level]
        assert {item.rule for item in items} & {ADDED, CHANGED} == {rule}, (old, added)


@each_of("path", ["lefthook-local.yml", ".lefthook-local.toml", "lefthook-local.json"])
def test_a_file_that_lefthook_merges_blocks(path: str, tmp_path: Path) -> None:
    old = {"lefthook.yml": LEFTHOOK}
    # The main file is a part of the change here, so that it is known.
    new = {path: "{}\n", "lefthook.yml": LEFTHOOK + "# more\n"}
    assert is_reported(old, new, tmp_path)


@each_of("path", list(FILES))
def test_a_removed_hook_entry_blocks(path: str, tmp_path: Path) -> None:
    assert is_reported({path: FILES[path]}, {path: None}, tmp_path)


@each_of(
    ("path", "before", "after"),
    [
        (".pre-commit-config.yaml", "other\n  rev: v1.0.0", "other\n  rev: v1.0.1"),
        (".pre-commit-config.yaml", "- id: spelling", "- id: spelling\n    exclude: a"),
        (".pre-commit-config.yaml", "repos:\n", "repos: # hooks\n\n"),
        (".pre-commit-config.yaml", "exclude: ^vendor/\n", ""),
        (".pre-commit-config.yaml", "    args", "    always_run: true\n    args"),
        (".pre-commit-config.yaml", "[--offline]", "[--offline, --profile, strict]"),
        ("lefthook.yml", "make lint", "make lint test"),
        ("lefthook.yml", "    lint:", "    more: {run: a}\n    lint:"),
        ("lefthook.yml", "--staged", "--staged --profile strict"),
        (".husky/pre-commit", "--staged", "--staged --fail-on warn"),
        (".husky/pre-commit", "set -e", "#!/bin/sh\n# checks\nset -e"),
        (".gitlab-ci.yml", "make test", "make test lint"),
        (".gitlab-ci.yml", "gate:", "gate: # the gate"),
        ("package.json", "npm test", "npm run all"),
    ],
)
def test_other_hooks_and_stricter_entries_are_quiet(
    path: str, before: str, after: str, tmp_path: Path
) -> None:
    old = FILES[path]
    new = old.replace(before, after, 1)
    assert new != old
    assert not is_reported({path: old}, {path: new}, tmp_path)


WORKFLOW = """\
on: pull_request
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - run: ci/prepare.sh
      - uses: ./tools/setup
      - uses: example/zt-gate@v1
"""
ACTION = "runs:\n  using: node20\n  main: main.js\n"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ci/prepare.sh", {CHANGED}),
        ("tools/setup/main.js", {CHANGED}),
        ("tools/setup/action.yml", {CHANGED}),
        ("tools/other.js", set()),
        ("src/app.py", set()),
    ],
)
def test_a_staged_file_that_the_committed_job_uses_is_a_part_of_it(
    path: str, expected: set[str], tmp_path: Path
) -> None:
    repo = Repo.create(tmp_path / "repo")
    before = {".github/workflows/gate.yml": WORKFLOW, "tools/setup/action.yml": ACTION,
              "ci/prepare.sh": "make\n", "tools/setup/main.js": "1\n",
              "tools/other.js": "1\n", "src/app.py": "x = 1\n"}  # fmt: skip
    for name, text in before.items():
        repo.write(name, text)
    repo.commit()
    repo.write(path, before[path].replace("1", "2").replace("make", "make all")
               .replace("node20", "node22"))  # fmt: skip
    repo.git("add", "-A")
    request = review.Request(folder=repo.path, only=("tampering",))
    report = review.run(request, {**GIT_ENV, "HOME": str(tmp_path)})
    rules = {judged.finding.rule for judged in report.findings}
    assert rules & {CHANGED, ADDED} == expected
    assert not report.errors


NAMED = """\
on: pull_request
jobs:
  gate:
    name: Security gate
    runs-on: ubuntu-latest
    steps:
      - uses: example/zt-gate@v1
"""


@each_of(
    ("job", "expected"),
    [
        ("  gate:\n    steps: [{run: make}]\n", True),
        ("  other:\n    name: gate\n    steps: [{run: make}]\n", True),
        ("  other:\n    name: Security gate\n    steps: [{run: make}]\n", True),
        ("  other:\n    name: SECURITY GATE\n    steps: [{run: make}]\n", True),
        (
            "  other:\n    steps: [{run: gh api repos/a/b/statuses/x -f context=zt-gate/main}]\n",
            True,
        ),
        ("  other:\n    name: Tests\n    steps: [{run: make}]\n", False),
        (
            "  other:\n    steps: [{run: gh api repos/a/b/statuses/x -f context=tests}]\n",
            False,
        ),
    ],
)
def test_another_check_with_the_gates_name_warns(
    job: str, expected: bool, tmp_path: Path
) -> None:
    gate, more = ".github/workflows/gate.yml", ".github/workflows/more.yml"
    old = {gate: NAMED}
    new = {gate: NAMED + "# more\n", more: "on: pull_request\njobs:\n" + job}
    rules = {item.rule for item in found(change_of(new, old), tmp_path)}
    assert (ADDED in rules) is expected
    assert CHANGED not in rules


TEMPLATES = """\
.tpl: &base
  image: python
.other:
  image: other
gate:
  extends: .tpl
  script:
    - zt-gate scan --base refs/remotes/origin/main
tests:
  extends: .other
  script:
    - make test
"""
JENKINS = """\
pipeline {
  agent any
  stages {
    stage('Gate') {
      steps { sh 'zt-gate scan --base origin/main' }
    }
    stage('Test') {
      steps { sh 'make' }
    }
  }
}
"""


@each_of(
    ("path", "old", "before", "after", "expected"),
    [
        (".gitlab-ci.yml", TEMPLATES, "image: python", "image: mine", True),
        (".gitlab-ci.yml", TEMPLATES, "  image: python", "  allow_failure: true", True),
        (".gitlab-ci.yml", TEMPLATES.replace("extends: .tpl", "<<: *base"), "python", "x", True),
        (".gitlab-ci.yml", TEMPLATES, "gate:", "default: {image: x}\ngate:", True),
        (".gitlab-ci.yml", TEMPLATES, "extends: .tpl", "extends: .other", True),
        (".gitlab-ci.yml", TEMPLATES, "image: other", "image: more", False),
        ("Jenkinsfile", JENKINS, "sh 'zt-gate", "sh returnStatus: true, script: 'zt-gate", True),
        ("Jenkinsfile", JENKINS, "    stage('Gate')", "    catchError {\n    stage('Gate')", True),
        ("Jenkinsfile", JENKINS, "steps { sh 'zt", "steps { warnError('x') { sh 'zt", True),
        ("Jenkinsfile", JENKINS, "agent any", "agent none", True),
        ("Jenkinsfile", JENKINS, "      steps { sh 'zt", "  when { a }\n  steps { sh 'zt", True),
        ("Jenkinsfile", JENKINS, "sh 'make'", "sh 'make test' // all", False),
    ],
)  # fmt: skip
def test_the_resolved_job_of_other_systems_is_compared(
    path: str, old: str, before: str, after: str, expected: bool, tmp_path: Path
) -> None:
    new = old.replace(before, after, 1)
    assert new != old
    assert is_reported({path: old}, {path: new}, tmp_path) is expected
