"""The import rules between the parts of the package, checked on the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import zt_gate
from tests.support.repo import GIT_ENV, Repo

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = Path(zt_gate.__file__).resolve().parent

#: Modules at the top of the package; everything else is in a room.
TOP = {"__main__", "api", "cli", "errors", "lazy_re", "record", "zt_gate"}

#: Room -> rooms that it may import besides itself, as docs/architecture.md draws them.
#: ``errors``, ``lazy_re``, ``record`` and the package itself (its version) are free for all.
CORE = {"git", "ecosystems", "syntax", "system", "model"}
SERVICES = {"sources", "policy", "scanners", "rulebook", "reports", "audit"}
ARROWS: dict[str, set[str]] = {
    "__main__": {"cli", "commands"},  # the guard's hook skips the command line
    "cli": {"commands", "reports"},
    "api": {"review", "guard", "model"},
    "commands": {"review", "guard", "drill", "doctor", "forge", "servers"} | SERVICES | CORE,
    # They start reviews; a review imports none of them.
    "forge": {"review"} | SERVICES | CORE,
    "doctor": {"forge", "review"} | SERVICES | CORE,
    "drill": {"review", "guard"} | SERVICES | CORE,
    # They start the command line in a process of its own.
    "servers": SERVICES | CORE,
    # The same checks while an agent acts.
    "guard": {"review"} | SERVICES | CORE,
    "review": SERVICES | CORE,
    "sources": {"git", "system", "model"},
    "policy": {"git", "ecosystems", "syntax", "system", "model"},
    # Never git, policy, reports, or each other.
    "scanners": {"rulebook", "ecosystems", "syntax", "system", "model"},
    "rulebook": {"syntax", "system", "model"},
    "reports": {"syntax", "system", "model"},
    "audit": {"system", "model"},
    "git": {"syntax", "system", "model"},
    "ecosystems": {"syntax", "system", "model"},
    "syntax": {"model"},
    "system": set(),
    "model": set(),
    "errors": set(),
    "lazy_re": set(),
    "record": set(),
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
        next(
            (known for known in (name, name.rpartition(".")[0]) if known in modules), ""
        )
        for name in ours
    }


def test_imports_follow_the_arrows() -> None:
    wrong = []
    for path in MODULES:
        module = dotted(path)
        here = room(module)
        assert here in ARROWS, (
            f"{module} is in a new room: say in ARROWS what it may import"
        )
        allowed = ARROWS[here] | {here, "errors", "lazy_re", "record", "zt_gate"}
        wrong += [
            f"{module} imports {name}"
            for name in imports(path)
            if room(name) not in allowed
        ]
    assert wrong == []


def test_no_other_module_is_at_the_top_of_the_package() -> None:
    loose = {dotted(path) or "zt_gate" for path in MODULES if "." not in dotted(path)}
    assert {name for name in loose if (PACKAGE / f"{name}.py").exists()} == TOP - {
        "zt_gate"
    }


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports inside functions count, too."""
    edges = {dotted(path): imports(path) - {dotted(path)} for path in MODULES}
    while ends := [
        name for name, targets in edges.items() if not targets & edges.keys()
    ]:
        for name in ends:
            del edges[name]
    circles = sorted(name for name in edges if _reaches(name, name, edges))
    assert circles == []


def _reaches(start: str, goal: str, edges: Mapping[str, set[str]]) -> bool:
    waiting, seen = [start], set[str]()
    while waiting:
        for name in edges.get(waiting.pop(), set()):
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False


def test_public_class_names_are_unique() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(dotted(path))
    twice = {name: modules for name, modules in homes.items() if len(modules) > 1}
    assert twice == {}


def test_scanners_do_not_import_each_other() -> None:
    wrong = []
    for path in MODULES:
        own = ".".join(dotted(path).split(".")[:2])
        if not own.startswith("scanners."):
            continue
        for target in imports(path):
            foreign = target.startswith("scanners.") and not f"{target}.".startswith(
                f"{own}."
            )
            if foreign and target != "scanners.base":
                wrong.append(f"{dotted(path)} imports {target}")
    assert wrong == []


def test_only_the_command_line_exits_and_only_few_modules_catch_everything() -> None:
    wrong = []
    for path in MODULES:
        module = dotted(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.exit":
                wrong += (
                    [f"{module}:{node.lineno} exits"] if module != "__main__" else []
                )
            elif isinstance(node, ast.ExceptHandler) and not _allowed(module, node):
                wrong.append(f"{module}:{node.lineno} catches everything")
    assert wrong == []


def _allowed(module: str, handler: ast.ExceptHandler) -> bool:
    caught = "BaseException" if handler.type is None else ast.unparse(handler.type)
    if caught == "Exception":
        # The broker answers with the failure, and the hook denies for it.
        return module in {"review.workers", "cli", "guard.hook", "guard.broker.server"}
    # A thread of the pool hands every exception to the caller that waits, which raises it.
    if caught != "BaseException" or module == "ecosystems.registries.pool":
        return True
    return any(isinstance(inner, ast.Raise) for inner in ast.walk(handler))


#: The judge, what joins the verdicts of shards, and the reader of their reports.
MAKES_VERDICT = {"model.report", "review.judge", "review.merge", "reports.json_reader"}


def test_a_verdict_is_lowered_in_one_place_after_the_judge() -> None:
    wrong = []
    for path in MODULES:
        module = dotted(path)
        if module in MAKES_VERDICT:
            continue
        wrong += [
            f"{module}:{node.value.lineno} makes a verdict"
            for node in ast.walk(ast.parse(path.read_bytes()))
            if isinstance(node, ast.keyword) and node.arg == "verdict"
        ]
    assert wrong == []


HEAVY = ("rich", "git", "detect_secrets", "semgrep", "yaml", "packaging", "urllib3", "http.client",
         "ssl", "tomllib", "hypothesis", "packageurl")  # fmt: skip


def loaded_by(*words: str, cwd: Path | None = None) -> set[str]:
    code = (
        "import sys\nfrom zt_gate.cli import main\n"
        f"main({list(words)!r})\nprint('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=cwd, env=GIT_ENV,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.rpartition("MODULES")[2].split())


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert "zt_gate.cli" in loaded
    assert not loaded & set(HEAVY)
    assert not {name for name in loaded if name.startswith("zt_gate.scanners.")}


def test_a_scan_of_the_staged_change_loads_no_other_command(tmp_path: Path) -> None:
    """What init, completion, explain and error messages need must not cost a commit."""
    repo = Repo.create(tmp_path)
    repo.write("a.txt", "one\n")
    repo.git("add", "a.txt")
    loaded = loaded_by(
        "scan", "--staged", "--offline", "--format", "json", cwd=tmp_path
    )
    own = {name for name in loaded if name.startswith("zt_gate.commands.")}
    assert own == {"zt_gate.commands.report_output", "zt_gate.commands.scan"}
    for name in ("importlib.metadata", "difflib", "zt_gate.policy.json_schema",
                 "zt_gate.rulebook.examples", "zt_gate.system.leftovers"):  # fmt: skip
        assert name not in loaded
