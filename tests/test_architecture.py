"""The arrows between the rooms, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zt_gate

PACKAGE = Path(zt_gate.__file__).resolve().parent

# Leaves that any room but the model may use.
LEAVES = {"errors", "cache", "workspace", "zt_gate"}

#: Room → rooms that it may import besides itself and the leaves.
ARROWS: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {"commands", "reports.escape"},
    "commands": {
        "practice", "drill", "doctor", "audit", "log",
        "ci", "gate", "origin", "rulebook", "reports", "model", "policy", "git", "verify",
    },
    "gate": {
        "sources", "policy", "rulebook", "origin", "pipeline", "judge", "masking", "model", "git",
        "scanners", "audit", "kit", "request", "trusted",
    },
    # The three parts of a run that speak of one thing each.
    "request": {"origin", "model"},
    "kit": {"request", "policy", "rulebook", "pipeline", "process", "model", "git", "scanners"},
    "trusted": {"request", "policy", "rulebook", "model", "git", "scanners"},
    "origin": {"model"},
    # What a forge wants to know of a run: it starts the gate as a command does.
    "ci": {"gate", "git", "masking", "model", "origin", "policy", "process", "reports", "rulebook"},
    "practice": set(),
    "audit": {"log", "model"},
    "log": set(),
    # It reads workflows as a scanner does, and asks where the scanners ask.
    "doctor": {"ci", "gate", "git", "model", "rulebook", "scanners"},
    "drill": {"practice", "gate", "rulebook", "policy", "model"},
    "verify": {"gate", "model", "scanners"},
    "api": {"gate", "model", "origin", "verify"},
    "sources": {"git", "model"},
    "git": {"model", "process"},
    "policy": {"git", "model"},
    "rulebook": {"model", "rule_tables"},
    "rule_tables": set(),
    "pipeline": {"model", "scanners.base"},
    "judge": {"model", "policy", "masking"},
    "masking": {"model"},
    "reports": {"model"},
    "process": set(),
    # process: the errors of the runner that they are handed.
    "scanners": {"model", "rulebook", "process"},
    "model": set(),
    "errors": set(),
    "cache": set(),
    "workspace": set(),
    "zt_gate": set(),
}  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0] or "zt_gate"


def imports(path: Path) -> set[str]:
    """Our own modules that a file imports anywhere, relative to the package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    modules = {dotted(module) for module in MODULES}
    ours = {
        name.removeprefix("zt_gate").removeprefix(".")
        for name in found
        if name.split(".")[0] == "zt_gate"
    }
    return {
        next((known for known in (name, name.rpartition(".")[0]) if known in modules), "")
        for name in ours
    }


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_follow_the_arrows(path: Path) -> None:
    module = dotted(path)
    here = room(module)
    assert here in ARROWS, f"{module} is a new room: say in ARROWS what it may import"
    allowed = ARROWS[here] | {here} | (set() if here == "model" else LEAVES)
    for target in imports(path):
        fits = {target, room(target)} & allowed
        assert fits, f"{module} imports {target or 'zt_gate'}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if dotted(p).startswith("scanners.")], ids=dotted
)
def test_scanners_do_not_import_each_other(path: Path) -> None:
    module = dotted(path)
    own = ".".join(module.split(".")[:2])
    for target in imports(path):
        if target.startswith("scanners."):
            assert target == "scanners.base" or (target + ".").startswith(own + "."), (
                f"{module} imports {target}"
            )


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_only_the_command_line_exits_and_only_two_homes_catch_everything(path: Path) -> None:
    module = dotted(path)
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.exit":
            assert module == "__main__"
        if isinstance(node, ast.ExceptHandler):
            caught = "BaseException" if node.type is None else ast.unparse(node.type)
            if caught == "Exception":
                assert module in {"pipeline", "cli"}, f"{module}:{node.lineno} catches {caught}"
            if module == "scanners.dependencies.registries.pool":
                continue  # a thread hands what it met to the one that waits, which raises it
            reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            assert caught != "BaseException" or reraises, f"{module}:{node.lineno}"


HEAVY = ("rich", "git", "detect_secrets", "semgrep", "yaml", "packaging", "urllib3", "http.client",
         "ssl", "tomllib", "hypothesis", "packageurl")  # fmt: skip


def loaded_by(*words: str) -> set[str]:
    code = (
        "import sys\nfrom zt_gate.cli import main\n"
        f"main({list(words)!r})\nprint('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("MODULES")[2].split())


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert "zt_gate.cli" in loaded
    assert not loaded & set(HEAVY)
    assert not {name for name in loaded if name.startswith("zt_gate.scanners.")}
