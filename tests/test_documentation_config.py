"""Every configuration example in README and the documentation is valid.

Policies go through the loader of the gate, user settings and tables of renames through
theirs; files of CI systems are checked against the systems' own schemas, and workflows
by zizmor, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.lock import ROOT
from tests.support.offenders import each_of
from tests.support.pages import ALL_BLOCKS, SHELL, Block
from zt_gate import rulebook
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.tokens.settings import issuer_settings
from zt_gate.policy import load, user_settings
from zt_gate.rulebook import renames
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Languages whose blocks are not configuration, and what reads them.
OTHER_LANGUAGES = {
    "": "indented commands (tests/test_documentation_commands.py), or output",
    "text": "output, or one line of .gitattributes",
    "python": "tests/test_api.py runs docs/api.md; the rest is an example of a finding",
    "ini": "a unit of systemd, which needs a machine that runs it",
    "groovy": "tests/e2e/test_recipes.py runs its shell lines",
    "lua": "Neovim is not installed",
    "lisp": "Emacs is not installed",
    "rust": "an extension of Zed, whose interface is not installed",
    "{include}": "the site's index; its build fails on a missing page",
    "{toctree}": "the site's index; its build fails on a missing page",
}
#: Blocks of TOML that are no policy, by their first line: what reads them.
USER_SETTINGS = "[review]"
EXPORT = "[export.ocsf]"
TOKENS = "[guard.tokens."
RENAMES = "[[rename]]"
OTHER_TOML = {
    "[language-server.zt-gate]": "Helix; tests/servers/test_docs.py reads it",
    'id = "zt-gate"': "Zed; tests/servers/test_docs.py reads it",
}
#: JSON that tests/servers/test_docs.py reads, except that of these pages.
#: tests/guard/broker has the broker's settings, tests/guard/mcp those of a server.
JSON_ELSEWHERE = {
    "docs/mcp.md",
    "docs/editors.md",
    "docs/guard-broker.md",
    "docs/guard-mcp.md",
}
ACTION = yaml.safe_load((ROOT / "action.yml").read_bytes())
#: What a reader, or `zt-gate init`, puts in its place.
PLACEHOLDER = ("OWNER/zt-gate@FULL_COMMIT_SHA", "acme/zt-gate@" + "0" * 40)


def of(language: str) -> list[Block]:
    return [block for block in ALL_BLOCKS if block.language == language]


def test_no_language_is_left_out() -> None:
    checked = {"toml", "yaml", "json", *SHELL}
    assert {block.language for block in ALL_BLOCKS} - {"bash"} == (
        (checked - {"bash"}) | OTHER_LANGUAGES.keys()
    )


@pytest.fixture(scope="module")
def rules() -> set[str]:
    return {rule for scanner in registered() for rule in rulebook.load(scanner)}


@each_of("block", of("toml"), ids=str)
def test_toml_is_read_by_the_gates_own_loaders(
    block: Block, rules: set[str], tmp_path: Path
) -> None:
    first = block.text.partition("\n")[0]
    if first == USER_SETTINGS:
        file = tmp_path / "config.toml"
        file.write_text(block.text, "utf-8")
        assert user_settings.load(file, tmp_path / "repository").review.command
    elif first == EXPORT:
        file = tmp_path / "config.toml"
        file.write_text(block.text, "utf-8")
        found = user_settings.load(file, tmp_path / "repository").exports
        assert found.keys() == set(user_settings.EXPORT_FORMATS)
    elif first.startswith(TOKENS):
        _read_tokens(block.text, tmp_path)
    elif first == RENAMES:
        (tmp_path / renames.FILE).write_text(block.text, "utf-8")
        assert renames.read(tmp_path).new_ids
    elif first not in OTHER_TOML:
        data = block.text.encode()
        assert load.parse(data, str(block), scanners=registered(), rules=rules).digest


def _read_tokens(text: str, folder: Path) -> None:
    file = folder / ".config/zt-gate/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    name = text.partition("]")[0].removeprefix(TOKENS)
    places = GuardPlaces(str(folder), str(folder / "state"), os.geteuid())
    assert issuer_settings(places, name, str(folder / "repository"))


def test_the_other_kinds_of_toml_are_in_a_page() -> None:
    first = [block.text.partition("\n")[0] for block in of("toml")]
    for line in (USER_SETTINGS, EXPORT, RENAMES, *OTHER_TOML):
        assert first.count(line) == 1, line


@each_of("block", of("json"), ids=str)
def test_json_is_read(block: Block) -> None:
    document = json.loads(block.text)
    if block.page not in JSON_ELSEWHERE:
        assert block.page == "docs/hooks.md"
        (entry,) = document["hooks"]["PreToolUse"]
        # Read by test_documentation_commands.py as the shell block above it.
        command = entry["hooks"][0]["command"]
        scripts = [
            other.text.strip() for other in ALL_BLOCKS if other.page == block.page
        ]
        assert command in scripts


def steps(value: Any) -> Any:
    return {"steps": value}


def circle(value: Any) -> Any:
    job = {"docker": [{"image": "python:3.12"}], "steps": ["checkout", *value]}
    return {"version": 2.1, "jobs": {"zt-gate": job}}


def whole(value: Any) -> Any:
    return value


def workflow(value: Any) -> Any:
    """Return a whole workflow of GitHub from a whole one or a part of one."""
    key: Any = True  # YAML 1.1 reads the key "on" as true
    job: dict[str, Any] = {"runs-on": "ubuntu-latest"}
    if isinstance(value, list):  # steps
        return {"on": "pull_request", "jobs": {"a": {**job, "steps": value}}}
    if "with" in value:  # a part of the step that uses the action
        return workflow([{"uses": PLACEHOLDER[1], **value}])
    made = {"on": value.get(key, "pull_request"), **value}
    made.pop(key, None)
    return {"jobs": {"a": {**job, "steps": [{"run": "true"}]}}, **made}


#: Heading of a page -> the schema of check-jsonschema, and what makes a whole file.
SYSTEMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "GitLab CI": ("gitlab-ci", whole),
    "Azure Pipelines": (
        "azure-pipelines",
        lambda value: steps(value) if isinstance(value, list) else value,
    ),
    "Bitbucket Pipelines": ("bitbucket-pipelines", whole),
    "Gitea and Forgejo Actions": ("github-workflows", workflow),
    "Buildkite": ("buildkite", whole),
    "CircleCI and others": ("circle-ci", circle),
}


#: How check-jsonschema reads the files and the schema of a system.
OPTIONS = {
    "gitlab-ci": ("--data-transform", "gitlab-ci"),
    # The schema's patterns are no JavaScript.
    "azure-pipelines": ("--data-transform", "azure-pipelines", "--regex-variant", "python"),
}  # fmt: skip


def check_inputs(value: Any) -> None:
    """Check what the workflow hands to the action."""
    for job in value.get("jobs", {}).values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("acme/zt-gate@"):
                assert step.get("with", {}).keys() <= ACTION["inputs"].keys()


YAML = of("yaml")
LEFTHOOK, PRE_COMMIT = "With husky or lefthook", "pre-commit.ci"


def files_by_schema() -> dict[str, dict[str, Any]]:
    """Return the name of a schema -> the name of a block -> its whole document."""
    found: dict[str, dict[str, Any]] = {}
    for block in YAML:
        if block.heading in {LEFTHOOK, PRE_COMMIT}:
            continue
        kind, completed = SYSTEMS.get(block.heading, ("github-workflows", workflow))
        # Azure reads every scalar as text.
        loader = yaml.BaseLoader if kind == "azure-pipelines" else yaml.SafeLoader
        text = block.text.replace(*PLACEHOLDER)
        value = completed(yaml.load(text, loader))
        name = f"{block}.yaml".replace("/", "-").replace(":", "-")
        found.setdefault(kind, {})[name] = value
    return found


@pytest.mark.parametrize(("kind", "values"), files_by_schema().items())
def test_yaml_is_valid_for_its_system(
    kind: str, values: dict[str, Any], tmp_path: Path
) -> None:
    for name, value in values.items():
        (tmp_path / name).write_text(yaml.safe_dump(value), "utf-8")
        if kind == "github-workflows":
            check_inputs(value)
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}",
         *OPTIONS.get(kind, ()), *sorted(values)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@each_of("block", [block for block in YAML if block.heading == LEFTHOOK], ids=str)
def test_lefthook_runs_each_hook_of_the_gate(block: Block) -> None:
    hooks = yaml.safe_load(block.text)
    assert set(hooks) == {"pre-commit", "commit-msg", "pre-push"}
    for hook, entry in hooks.items():
        for job in entry["jobs"]:
            assert job["run"].startswith(f"zt-gate hook {hook}")


@each_of("block", [block for block in YAML if block.heading == PRE_COMMIT], ids=str)
def test_pre_commit_reads_its_configuration(block: Block, tmp_path: Path) -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    value = yaml.safe_load(block.text)
    file = tmp_path / ".pre-commit-config.yaml"
    file.write_text(yaml.safe_dump({"repos": [], **value}), "utf-8")
    assert clientlib.load_config(str(file))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    assert set(value["ci"]["skip"]) <= {hook["id"] for hook in hooks}


def test_every_system_is_in_a_page() -> None:
    headings = {block.heading for block in YAML}
    assert SYSTEMS.keys() | {LEFTHOOK, PRE_COMMIT} <= headings


WORKFLOWS = [
    block for block in YAML
    if block.heading not in SYSTEMS and re.search(r"^jobs:$", block.text, re.MULTILINE)
]  # fmt: skip


@each_of("block", WORKFLOWS, ids=str)
def test_zizmor_finds_nothing_in_a_workflow(block: Block, tmp_path: Path) -> None:
    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=f"{sys.prefix}/bin")
    if zizmor is None:
        pytest.skip("zizmor is not installed")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    text = block.text.replace(*PLACEHOLDER)
    if not re.search("^on:", text, re.MULTILINE):
        text = f"name: zt-gate\non: pull_request\npermissions: {{}}\n{text}"
    (folder / "zt-gate.yml").write_text(text, "utf-8")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
