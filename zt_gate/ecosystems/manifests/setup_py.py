"""setup.py: the literal lists that ``setup()`` is given, read and never run.

What is computed is said: only running the file would tell, and that is what an
installation does.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import pep508, python
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    normalise,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS = frozenset(
    ("install_requires", "setup_requires", "tests_require", "extras_require")
)

# Names may stand for lists of names: what is looked at is bounded as a whole.
_MOST_NODES = 20_000


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the keywords of every call of ``setup``, and the file as any other code."""
    found = list(python.read(path, data))
    content = data.decode("utf-8-sig", "replace")
    tree = python.parse(content)
    if tree is None:
        raise ManifestError(0, "not valid Python")
    lines = content.split("\n")
    values = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_setup(node.func):
            found += _setup(node, values, lines)
    return tuple(found)


def _is_setup(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name == "setup"


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what module-level names are set to, if they are set once."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                twice |= {target.id} if target.id in found else set()
                value = getattr(node, "value", None)
                if value is not None and not isinstance(node, ast.AugAssign):
                    found[target.id] = value
                else:
                    twice.add(target.id)
    return {name: value for name, value in found.items() if name not in twice}


def _setup(
    node: ast.Call, values: Mapping[str, ast.expr], lines: list[str]
) -> Iterator[Dependency]:
    for keyword in node.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            name = str(keyword.value.value)
            place = python.place_of(keyword.value, lines)
            yield Dependency(
                "pypi",
                name,
                normalise("pypi", name),
                "",
                Source("self"),
                *place,
                "name",
            )
        elif keyword.arg in _LISTS:
            yield from _value(keyword.value, keyword.arg, values, lines)
        elif keyword.arg is None:
            yield _computed(node, "arguments of setup()", lines)


def _value(
    node: ast.expr, section: str, values: Mapping[str, ast.expr], lines: list[str]
) -> Iterator[Dependency]:
    """Yield the requirements in a literal, through sums and names that are set once."""
    waiting = [node]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        one = waiting.pop()
        below = _below(one, values)
        if below is not None:
            waiting += reversed(below)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            for line in one.value.split("\n"):  # setuptools takes a text of lines, too
                if line.strip() and not line.strip().startswith("#"):
                    yield _requirement(line.strip(), one, section, lines)
        elif not (isinstance(one, ast.Constant) and one.value is None):
            yield _computed(one, section, lines)
    yield _computed(node, section, lines)


def _below(node: ast.expr, values: Mapping[str, ast.expr]) -> list[ast.expr] | None:
    """Return the parts that an expression is put together from, None for what is no such."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        return list(node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left, node.right]
    if isinstance(node, ast.Starred):
        return [node.value]
    return (
        [values[node.id]] if isinstance(node, ast.Name) and node.id in values else None
    )


def _requirement(
    text: str, node: ast.expr, section: str, lines: list[str]
) -> Dependency:
    line, start, end = python.place_of(node, lines)
    name, key, constraint, source = pep508.parse(text, line)
    shown = lines[line - 1][start - 1 : end - 1] if line <= len(lines) else ""
    at = shown.find(name) if name else -1
    if at >= 0:
        start, end = start + at, start + at + len(name)
    return Dependency("pypi", name, key, constraint, source, line, start, end, section)


def _computed(node: ast.AST, section: str, lines: list[str]) -> Dependency:
    place = python.place_of(node, lines) if isinstance(node, ast.expr) else (1, 1, 1)
    told = f"{section} is computed: only running setup.py would tell what it names"
    return Dependency("pypi", "", "", "", Source("computed", told), *place, section)
