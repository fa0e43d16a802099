"""setup.py: the literal arguments of ``setup()``; the file is never run.

A computed argument is reported as such: only running the file would give its value,
as an installation does.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import pep508, python
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    own_name,
    unnamed_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS = frozenset(
    ("install_requires", "setup_requires", "tests_require", "extras_require")
)

# A name may refer to a list that contains further names, so the total is limited.
_MAX_NODES = 20_000


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the arguments of every call of ``setup``, and the file as Python code."""
    dependencies = list(python.read(path, data))
    content = data.decode("utf-8-sig", "replace")
    tree = python.parse(content)
    if tree is None:
        raise ManifestError(0, "not valid Python")
    lines = content.split("\n")
    values = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_setup(node.func):
            dependencies += _setup_arguments(node, values, lines)
    return tuple(dependencies)


def _is_setup(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name == "setup"


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the values of names that the file assigns exactly once."""
    values: dict[str, ast.expr] = {}
    reassigned: set[str] = set()
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            if target.id in values:
                reassigned.add(target.id)
            value = getattr(node, "value", None)
            if value is None or isinstance(node, ast.AugAssign):
                reassigned.add(target.id)
            else:
                values[target.id] = value
    return {name: value for name, value in values.items() if name not in reassigned}


def _setup_arguments(
    call: ast.Call, values: Mapping[str, ast.expr], lines: list[str]
) -> Iterator[Dependency]:
    for keyword in call.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            place = python.place_of(keyword.value, lines)
            yield own_name("pypi", str(keyword.value.value), place, "name")
        elif keyword.arg in _LISTS:
            yield from _requirements(keyword.value, keyword.arg, values, lines)
        elif keyword.arg is None:
            yield _computed(call, "arguments of setup()", lines)


def _requirements(
    argument: ast.expr, section: str, values: Mapping[str, ast.expr], lines: list[str]
) -> Iterator[Dependency]:
    """Yield the requirements of an argument, through sums and names assigned once."""
    waiting = [argument]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        parts = _parts(node, values)
        if parts is not None:
            waiting += reversed(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # setuptools also accepts one string with a requirement in each line.
            for raw_line in node.value.split("\n"):
                text = pep508.without_comment(raw_line)
                if text:
                    yield _requirement(text, node, section, lines)
        elif not (isinstance(node, ast.Constant) and node.value is None):
            yield _computed(node, section, lines)
    yield _computed(argument, section, lines)


def _parts(node: ast.expr, values: Mapping[str, ast.expr]) -> list[ast.expr] | None:
    """Return the expressions that a container, sum or name combines, None for any other."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        return list(node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left, node.right]
    if isinstance(node, ast.Starred):
        return [node.value]
    if isinstance(node, ast.Name) and node.id in values:
        return [values[node.id]]
    return None


def _requirement(
    text: str, node: ast.expr, section: str, lines: list[str]
) -> Dependency:
    line, start, end = python.place_of(node, lines)
    name, key, constraint, source = pep508.parse(text, line)
    literal = lines[line - 1][start - 1 : end - 1] if line <= len(lines) else ""
    name_offset = literal.find(name) if name else -1
    if name_offset >= 0:
        start += name_offset
        end = start + len(name)
    return Dependency("pypi", name, key, constraint, source, line, start, end, section)


def _computed(node: ast.AST, section: str, lines: list[str]) -> Dependency:
    place = python.place_of(node, lines) if isinstance(node, ast.expr) else (1, 1, 1)
    target = f"{section} is computed: only running setup.py would tell what it names"
    return unnamed_entry("pypi", Source("computed", target), place, section)
