"""Python code: imports, PEP 723 metadata, and calls that install packages.

A file that does not parse (another version's syntax, a template) gives its
imports line by line: it must not be a way past the gate.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands, pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LIMIT = 2 * 1024 * 1024
_DEEPEST = 90
_BLOCK = re.compile(
    r"^# /// (?P<type>[a-zA-Z0-9-]{1,50})[ \t]*$\n"
    r"(?P<content>(?:^#(?:| [^\n]*)$\n)+?)^# ///[ \t]*$",
    re.MULTILINE,
)
_LINE = re.compile(
    r"^[ \t]*(?:import[ \t]+([A-Za-z_]\w*)|from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import\b)",
    re.MULTILINE,
)
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,40})")
# What stands in any call that installs; without it nobody looks into expressions.
_INSTALLING = re.compile(
    r"install|npx|uvx|bunx|dlx|pipx|\badd\b|npm|\buv\b|require|\bget\b"
)
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
#: Top-level names that many packages share.
NAMESPACES = frozenset(
    ("google", "azure", "zope", "backports", "ruamel", "sphinxcontrib", "jaraco", "snowflake",
     "opentelemetry", "databricks", "paste", "repoze", "plone", "odoo", "airflow")
)  # fmt: skip
# What runs a program: of subprocess, os, nox (``session.run``), invoke, fabric and plumbum.
_RUNS = frozenset(
    ("run", "call", "check_call", "check_output", "Popen", "system", "popen", "getoutput",
     "getstatusoutput", "run_always", "run_install", "create_subprocess_shell",
     "create_subprocess_exec", "sudo", "local", "execvp", "execv", "execlp", "spawnlp", "spawnvp",
     "main", "run_command", "run_cmd", "execute", "cmd", "sh", "shell", "get_ipython")
)  # fmt: skip


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read one module or script."""
    if len(data) > _LIMIT:
        reason = "larger than 2 MB: imports were not scanned"
        raise ManifestError(0, reason, "not_applicable")
    content = _decoded(data)
    text = Text.of(content)
    nox = b"nox" in path.rpartition(b"/")[2].lower()
    return (*_inline_metadata(text), *source_entries(content, nox=nox))


def _decoded(data: bytes) -> str:
    for line in data.split(b"\n", 2)[:2]:
        declared = _CODING.match(line)
        if declared is not None:
            try:
                return data.decode(declared[1].decode("ascii")).lstrip("\ufeff")
            except (LookupError, ValueError):
                break
    return data.decode("utf-8-sig", "replace")


def source_entries(content: str, *, nox: bool = False) -> list[Dependency]:
    """Return the imports and installing calls of some source.

    With ``nox`` also what its sessions install.
    """
    lines = content.split("\n")
    tree = parse(content)
    if tree is None:
        return list(_imports_by_line(Text.of(content)))
    found: list[Dependency] = []
    children = _children if _INSTALLING.search(content) else _blocks
    for node, optional, local in _nodes(tree, children):
        if isinstance(node, ast.Call):
            found += _call(node, lines, nox=nox)
        elif not optional:
            found += _import(node, lines, "import in a function" if local else "import")
    return found


def parse(content: str) -> ast.Module | None:
    """Return the syntax tree, None for what this interpreter does not parse."""
    if not _shallow(content):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of somebody's invalid escapes
        try:
            return ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _shallow(content: str) -> bool:
    """Say whether brackets and operators are few enough for the parser's stack."""
    depth = 0
    for match in re.finditer(r"[(\[{]|[)\]}]", content):
        depth = depth + 1 if match[0] in "([{" else max(0, depth - 1)
        if depth > _DEEPEST:
            return False
    return (
        re.search(
            r"(?:[-+~][ \t]*){200}|(?:not[ \t]+){200}|(?:\.\w{1,50}(?:\(\))?){500}",
            content,
        )
        is None
    )


def _children(node: ast.AST) -> list[ast.AST]:
    return list(ast.iter_child_nodes(node))


def _blocks(node: ast.AST) -> list[ast.AST]:
    """Return the statements right below: where nothing installs, only imports matter."""
    return [
        one
        for name in _BLOCKS
        for one in getattr(node, name, ())
        if isinstance(one, ast.AST)
    ]


def _nodes(
    tree: ast.Module, children: Callable[[ast.AST], list[ast.AST]]
) -> Iterator[tuple[ast.AST, bool, bool]]:
    """Yield calls and imports; whether an import may fail or never runs, and is in a function."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, optional, local = waiting.pop()
        below: list[tuple[ast.AST, bool]]
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node, optional, local
        if isinstance(node, ast.Try) and any(_catches(one) for one in node.handlers):
            # A handler is the other way to get the same: optional just as well.
            below = [(one, True) for one in (*node.body, *node.handlers)]
            below += [(one, optional) for one in (*node.orelse, *node.finalbody)]
        elif isinstance(node, ast.If) and _for_types_only(node.test):
            below = [(one, True) for one in node.body]
            below += [(one, optional) for one in node.orelse]
        else:
            below = [(one, optional) for one in children(node)]
        inner = local or isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        )
        waiting += [(one, state, inner) for one, state in reversed(below)]


def _for_types_only(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    named = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(
        named & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    )


def _import(node: ast.AST, lines: list[str], section: str) -> Iterator[Dependency]:
    names: list[tuple[str, int, int]] = []
    if isinstance(node, ast.Import):
        names = [(alias.name, alias.lineno, alias.col_offset) for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        # Of a namespace the package is known only by what is taken from it.
        parts = [f"{node.module}.{alias.name}" for alias in node.names]
        spaced = node.module.partition(".")[0] in NAMESPACES
        modules = parts if spaced else [node.module]
        names = [(module, node.lineno, node.col_offset) for module in modules]
    for module, line, offset in names:
        place = _located(lines, line, offset, module.partition(".")[0])
        found = imported(module, place, section)
        if found is not None:
            yield found


def imported(
    module: str, place: tuple[int, int, int], section: str = "import"
) -> Dependency | None:
    """Return the entry of an imported module, None for the standard library's."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top.startswith("_") or not top.isidentifier():
        return None
    shown = ".".join(module.split(".")[:3]) if top in NAMESPACES else top
    return Dependency("pypi", top, "", "", Source("import", shown), *place, section)


def _located(
    lines: list[str], line: int, offset: int, name: str
) -> tuple[int, int, int]:
    """Return the place of a name; the parser's lines end at more than newlines, ours do not."""
    if line > len(lines):
        return (1, 1, 1)
    text = lines[line - 1]
    start = len(
        text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")
    )
    match = re.compile(rf"\b{re.escape(name)}\b").search(text, start)
    at = match.start() if match else start
    return line, at + 1, at + 1 + (len(name) if match else 1)


def _imports_by_line(text: Text) -> Iterator[Dependency]:
    for match in _LINE.finditer(text.content):
        group = 1 if match[1] else 2
        found = imported(match[group], text.place(*match.span(group)))
        if found is not None:
            yield found


def _inline_metadata(text: Text) -> Iterator[Dependency]:
    """Yield the dependencies of PEP 723's block, which runners install before they run."""
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import SyntaxReadError

    for match in _BLOCK.finditer(text.content):
        if match["type"] != "script":
            continue
        first = text.place(match.start(), match.start())[0]
        body = re.sub(r"^# ?", "", match["content"], flags=re.MULTILINE)
        try:
            table = toml.read(body).value
        except SyntaxReadError as error:
            raise ManifestError(
                first, f"script metadata (PEP 723): {error.reason}"
            ) from error
        listed = table.get("dependencies", [])
        for item in listed if isinstance(listed, list) else ():
            at = text.content.find(str(item), match.start(), match.end())
            start = match.start() if at < 0 else at
            name, key, constraint, source = pep508.parse(str(item), first)
            place = text.place(start, start + len(name or str(item)))
            yield Dependency("pypi", name, key, constraint, source, *place, "script")


def _call(node: ast.Call, lines: list[str], *, nox: bool) -> Iterator[Dependency]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    called = node.func.id if isinstance(node.func, ast.Name) else called
    if called == "install" and nox and isinstance(node.func, ast.Attribute):
        words = [_text(one) for one in node.args]
        yield from _words(["pip", "install", *words], node, lines)
    elif called in _RUNS:
        listed = next(
            (one for one in node.args if isinstance(one, ast.List | ast.Tuple)), None
        )
        if listed is not None:
            words = [_text(one) for one in listed.elts]
            if called == "main" and words[:1] == [
                "install"
            ]:  # ``pip.main(["install", …])``
                words = ["pip", *words]
            yield from _words(words, node, lines)
        elif node.args:
            words = [_text(one) for one in node.args]
            if (
                len(words) > 1
                and None not in words[:1]
                and " " not in (words[0] or " ")
            ):
                yield from _words(words, node, lines)
            elif words[0]:
                yield from commands.in_string(words[0], place_of(node.args[0], lines))


def _text(node: ast.expr) -> str | None:
    """Return what a literal says; the interpreter's own path is one that is known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute) and node.attr == "executable":
        return "python"
    if isinstance(node, ast.JoinedStr):
        parts = [
            part.value if isinstance(part, ast.Constant) else "$"
            for part in node.values
        ]
        return "".join(str(part) for part in parts)
    return None


def place_of(node: ast.expr, lines: list[str]) -> tuple[int, int, int]:
    """Return the place of an expression, cut at the end of its first line."""
    if node.lineno > len(lines):
        return (1, 1, 1)
    text = lines[node.lineno - 1].encode("utf-8", "surrogatepass")
    start = len(text[: node.col_offset].decode("utf-8", "ignore"))
    end = node.end_col_offset if node.end_lineno == node.lineno else len(text)
    stop = len(text[: end or 0].decode("utf-8", "ignore"))
    return node.lineno, start + 1, max(start, stop) + 1


def _words(
    words: list[str | None], node: ast.Call, lines: list[str]
) -> Iterator[Dependency]:
    import dataclasses

    arguments = [one for one in ast.walk(node) if isinstance(one, ast.Constant)]
    for found in commands.in_words(words, place_of(node, lines)):
        wanted = found.name or found.source.target
        holds = (
            one
            for one in arguments
            if isinstance(one.value, str) and wanted in one.value
        )
        said = next(holds, None) if wanted else None
        line, start, end = place_of(said or node, lines)
        if not found.name or valid_name(found.ecosystem, found.name):
            yield dataclasses.replace(found, line=line, column=start, end_column=end)
