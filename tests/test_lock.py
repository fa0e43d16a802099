"""One lock file says which versions are installed, and everything that installs uses it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.lock import LOCK, PIN, ROOT, pins
from tests.support.scripts import load

if TYPE_CHECKING:
    from pathlib import Path

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
#: Whose insides the gate uses, not only a documented interface.
BOUND = (
    "detect-secrets", "gitpython", "pip-audit", "rich", "semgrep", "tree-sitter",
    "tree-sitter-go", "tree-sitter-javascript", "tree-sitter-typescript",
)  # fmt: skip


def command(marker: str) -> list[str]:
    """Return the lines of the shell block after a marker in README.md."""
    text = (ROOT / "README.md").read_text("utf-8")
    _, _, rest = text.partition(f"<!-- {marker} -->\n```sh\n")
    lines = rest.partition("```")[0].splitlines()
    assert lines
    return lines


def test_the_lock_has_pins_with_hashes_and_nothing_else() -> None:
    lines = "".join(
        line for line in LOCK.splitlines(keepends=True) if not line.startswith("#")
    )
    assert PIN.sub("", lines) == ""  # no option, no address, no file without hash
    names = [match[1] for match in PIN.finditer(LOCK)]
    assert names == sorted(set(names))


@pytest.mark.parametrize("extra", ["", "dev", "docs", "lsp", "mcp", "sarif", "vault"])
def test_every_requirement_of_the_project_is_pinned_as_it_asks(extra: str) -> None:
    known = pins(extra)
    project = PROJECT["project"]
    texts = (
        project["optional-dependencies"][extra] if extra else project["dependencies"]
    )
    for text in texts:
        wanted = Requirement(text)
        assert known[canonicalize_name(wanted.name)] in wanted.specifier, text


def test_where_internals_are_used_there_is_an_upper_bound() -> None:
    asked = {
        Requirement(text).name: Requirement(text)
        for text in PROJECT["project"]["dependencies"]
    }
    for name in BOUND:
        assert {"<", ">="} == {part.operator for part in asked[name].specifier}, name


def test_no_private_module_of_a_package_is_needed() -> None:
    """A private module may be gone in the next release: without it the code goes on."""
    found = {}
    for path in sorted((ROOT / "zt_gate").rglob("*.py")):
        text = path.read_text("utf-8")
        for match in re.finditer(
            r"(?:^ *from |import_module\(\")(\S+)", text, re.MULTILINE
        ):
            module = match[1].strip('"').partition('"')[0]
            top, *parts = module.split(".")
            if (
                top
                and top not in {"zt_gate", "__future__"}
                and any(part.startswith("_") for part in parts)
            ):
                block = text[match.start() : match.start() + 200]
                found[f"{path.name}: {module}"] = (
                    "except (ImportError, AttributeError)" in block
                )
    assert found, "the search finds the ones that are there"
    assert all(found.values()), found


def test_each_pin_has_wheels_for_several_platforms_or_one_for_all() -> None:
    several = {match[1]: match[4].count("--hash") for match in PIN.finditer(LOCK)}
    assert all(several.values())
    assert several["semgrep"] >= 3  # Linux on two processors, macOS
    assert several["pyyaml"] >= 12  # the same for four versions of Python


def test_what_is_only_for_development_is_not_needed_at_run_time() -> None:
    assert (
        pins()
        .keys()
        .isdisjoint(("hatchling", "mypy", "pygls", "pytest", "ruff", "sarif-tools"))
    )


def test_the_hooks_have_the_run_time_versions_of_the_lock() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    expected = [f"{name}=={version}" for name, version in pins().items()]
    for hook in hooks:
        assert hook["additional_dependencies"] == expected, hook["id"]


def test_the_build_backend_has_the_versions_of_the_lock() -> None:
    known = pins("dev")
    required = dict(text.split("==") for text in PROJECT["build-system"]["requires"])
    assert "hatchling" in required
    assert required.items() <= known.items()


def test_readme_installs_from_the_lock_alone() -> None:
    for marker in ("first command", "second command"):
        installing = [line for line in command(marker) if "pip install" in line]
        locked, project = installing
        assert "--require-hashes --no-deps -r" in locked
        assert "--no-deps" in project
        assert project.endswith(" .")


def test_readmes_second_command_takes_the_lines_for_development(tmp_path: Path) -> None:
    (cut,) = [line for line in command("second command") if line.startswith("sed ")]
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements.lock").write_text(LOCK)
    subprocess.run(["sh", "-c", cut], cwd=tmp_path, check=True)
    (target,) = re.findall(r"> (\S+)$", cut)
    lines = (tmp_path / target).read_text("ascii")
    taken = {match[1]: match[2] for match in PIN.finditer(lines) if not match[3]}
    assert taken == pins("dev", "lsp", "mcp", "vault")


def test_ci_installs_nothing_without_a_hash() -> None:
    text = (ROOT / ".ci" / "run").read_text("utf-8").replace("\\\n", " ")
    installing = [
        line
        for line in text.splitlines()
        if re.search(r"bin/pip\"? (install|download)", line)
    ]
    assert len(installing) == 2
    assert all("--require-hashes --no-deps" in line for line in installing)
    assert not re.search(r"-m pip\b|\bpipx\b|\buvx?\b", text)


def test_the_blocks_of_generated_pins_are_found(tmp_path: Path) -> None:
    made = load("lock_requirements")
    for file, block, row in (
        (made.HOOKS, made._HOOKS_BLOCK, "    - a==1\n"),
        (made.PROJECT, made._BUILD_BLOCK, '  "a==1",\n'),
    ):
        copy = tmp_path / file.name
        copy.write_text(file.read_text("utf-8"), "utf-8")
        made.replace_block(copy, block, [row])
        assert copy.read_text("utf-8").count(row) == 1
        copy.write_text("", "utf-8")
        with pytest.raises(SystemExit, match="found 0"):
            made.replace_block(copy, block, [row])
    hooks = yaml.safe_load(
        made._HOOKS_BLOCK.sub("    - a==1\n", made.HOOKS.read_text("utf-8"))
    )
    assert [hook["additional_dependencies"] for hook in hooks] == [["a==1"]] * 3


def test_the_lock_is_written_as_pip_reads_it() -> None:
    made = load("lock_requirements")
    line = made.Locked("a-b", "1.0", "dev", ("0" * 64, "1" * 64))
    match = PIN.fullmatch(str(line))
    assert match
    assert match.group(1, 2, 3) == ("a-b", "1.0", "dev")
    assert made.locked_pins() == [
        f"{name}=={version}"
        for name, version in pins("dev", "lsp", "mcp", "sarif", "docs", "vault").items()
    ]


def test_the_newest_versions_have_no_upper_bound() -> None:
    for text in load("newest_versions").requirements():
        assert {part.operator for part in Requirement(text).specifier} <= {">="}, text


def test_what_differs_from_the_lock_is_a_table() -> None:
    made = load("newest_versions")
    lock = (
        'a==1 \\\nb-c==2.0 ; extra == "dev" \\\nd==3 ; extra == "sarif" \\\ne==4 \\\n'
        'g==6 ; extra == "lsp" \\\n'
    )
    known = made.locked(lock)
    assert known == {"a": "1", "b-c": "2.0", "e": "4", "g": "6"}
    assert (
        made.compared(known, known) == "All versions are those of requirements.lock.\n"
    )
    text = made.compared(known, {"a": "1", "b-c": "2.1", "f": "5", "g": "6"})
    assert text.splitlines()[-3:] == [
        "| b-c | 2.0 | 2.1 |",
        "| e | 4 | - |",
        "| f | - | 5 |",
    ]
    assert text.startswith("Packages that differ from requirements.lock: 3\n")
    assert "zt-gate" not in made.installed()
    assert made.installed()["pytest"]


def test_the_extras_of_the_servers_are_what_their_errors_say_to_install() -> None:
    from zt_gate.servers.extras import EXTRAS

    extras = PROJECT["project"]["optional-dependencies"]
    for extra, requirements in EXTRAS.items():
        assert list(requirements) == extras[extra]
