"""Python code: imports, PEP 723 metadata, and calls that install packages.

In a file that does not parse (the syntax of another version, a template) the imports
are found line by line, so that such a file does not bypass the gate.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    valid_name,
)
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 2 * 1024 * 1024
_DEEPEST = 90
_BLOCK = lazy_re.compile(
    r"^# /// (?P<type>[a-zA-Z0-9-]{1,50})[ \t]*$\n"
    r"(?P<content>(?:^#(?:| [^\n]*)$\n)+?)^# ///[ \t]*$",
    re.MULTILINE,
)
_LINE = lazy_re.compile(
    r"^[ \t]*(?:import[ \t]+([A-Za-z_]\w*)|from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import\b)",
    re.MULTILINE,
)
_CODING = lazy_re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,40})")
# Longer chains of operators than the parser's stack allows.
_LONG_CHAIN = lazy_re.compile(
    r"(?:[-+~][ \t]*){200}|(?:not[ \t]+){200}|(?:\.\w{1,50}(?:\(\))?){500}"
)
# A word in every call that installs.  Without one, only imports are searched.
_INSTALLING = lazy_re.compile(
    r"install|npx|uvx|bunx|dlx|pipx|\badd\b|npm|\buv\b|require|\bget\b"
)
_IMPORT_ERRORS = frozenset(
    ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
)
_BLOCK_FIELDS = ("body", "orelse", "handlers", "finalbody", "cases")
#: Top-level modules that many packages share.
NAMESPACES = frozenset(
    ("google", "azure", "zope", "backports", "ruamel", "sphinxcontrib", "jaraco", "snowflake",
     "opentelemetry", "databricks", "paste", "repoze", "plone", "odoo", "airflow")
)  # fmt: skip
# Functions that run a program: of subprocess, os, nox, invoke, fabric and plumbum.
_RUN_FUNCTIONS = frozenset(
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
    content = _decoded(data).replace("\r\n", "\n")
    is_nox_file = b"nox" in path.rpartition(b"/")[2].lower()
    text = Text.of(content)
    return (*_inline_metadata(text), *source_entries(content, nox=is_nox_file))


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
    """Return the imports and the installing calls of source code.

    With ``nox`` also what ``session.install`` installs.
    """
    lines = content.split("\n")
    tree = parse(content)
    if tree is None:
        return list(_imports_by_line(Text.of(content)))
    dependencies: list[Dependency] = []
    may_install = _INSTALLING.search(content) is not None
    children = _all_children if may_install else _statements
    for node, is_optional, is_in_function in _nodes(tree, children):
        if isinstance(node, ast.Call):
            dependencies += _call(node, lines, nox=nox)
        elif not is_optional:
            section = "import in a function" if is_in_function else "import"
            dependencies += _import(node, lines, section)
    return dependencies


def parse(content: str) -> ast.Module | None:
    """Return the syntax tree, None for source that this interpreter does not parse."""
    if not _is_shallow(content):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about invalid escapes in the scanned source
        try:
            return ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _is_shallow(content: str) -> bool:
    """Return whether brackets and operators nest little enough for the parser's stack."""
    depth = 0
    for match in re.finditer(r"[(\[{]|[)\]}]", content):
        if match[0] in "([{":
            depth += 1
        else:
            depth = max(0, depth - 1)
        if depth > _DEEPEST:
            return False
    return _LONG_CHAIN.search(content) is None


def _all_children(node: ast.AST) -> list[ast.AST]:
    return list(ast.iter_child_nodes(node))


def _statements(node: ast.AST) -> list[ast.AST]:
    """Return the statements directly below a node: enough to find imports."""
    statements: list[ast.AST] = []
    for field in _BLOCK_FIELDS:
        children = getattr(node, field, ())
        statements += [child for child in children if isinstance(child, ast.AST)]
    return statements


def _nodes(
    tree: ast.Module, children: Callable[[ast.AST], list[ast.AST]]
) -> Iterator[tuple[ast.AST, bool, bool]]:
    """Yield calls and imports, whether each is optional, and whether it is in a function.

    An optional import may fail (a handler catches ImportError) or never runs.
    """
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, is_optional, is_in_function = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node, is_optional, is_in_function
        optional: Sequence[ast.AST] = ()
        if isinstance(node, ast.Try | ast.If):
            optional, others = _branches(node, children)
        else:
            others = children(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            is_in_function = True
        # In reverse: the last entry is taken first.
        waiting += [(child, is_optional, is_in_function) for child in reversed(others)]
        waiting += [(child, True, is_in_function) for child in reversed(optional)]


def _branches(
    node: ast.Try | ast.If, children: Callable[[ast.AST], list[ast.AST]]
) -> tuple[list[ast.AST], list[ast.AST]]:
    """Return the children of a node in which imports are optional, and the others."""
    if isinstance(node, ast.Try) and any(map(_catches_import_error, node.handlers)):
        # A handler imports an alternative, which is optional as well.
        return [*node.body, *node.handlers], [*node.orelse, *node.finalbody]
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        return [*node.body], [*node.orelse]
    return [], children(node)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return not names.isdisjoint(_IMPORT_ERRORS)


def _import(node: ast.AST, lines: list[str], section: str) -> Iterator[Dependency]:
    for module, line, offset in _imported_modules(node):
        place = _place_of_name(lines, line, offset, module.partition(".")[0])
        dependency = imported(module, place, section)
        if dependency is not None:
            yield dependency


def _imported_modules(node: ast.AST) -> list[tuple[str, int, int]]:
    """Return the modules of an import statement with their lines and column offsets."""
    if isinstance(node, ast.Import):
        return [(alias.name, alias.lineno, alias.col_offset) for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
        return []
    modules = [node.module]
    if node.module.partition(".")[0] in NAMESPACES:
        # The imported name is needed to find the package of a namespace.
        modules = [f"{node.module}.{alias.name}" for alias in node.names]
    return [(module, node.lineno, node.col_offset) for module in modules]


def imported(module: str, place: Place, section: str = "import") -> Dependency | None:
    """Return the entry of an imported module, None for the standard library's."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top.startswith("_") or not top.isidentifier():
        return None
    target = ".".join(module.split(".")[:3]) if top in NAMESPACES else top
    return Dependency("pypi", top, "", "", Source("import", target), *place, section)


def _place_of_name(lines: list[str], line: int, offset: int, name: str) -> Place:
    """Return the place of a name at or after a byte offset of a line.

    The parser also ends lines at form feeds, so its line number may not exist here.
    """
    if line > len(lines):
        return (1, 1, 1)
    text = lines[line - 1]
    prefix = text.encode("utf-8", "surrogatepass")[:offset]
    start = len(prefix.decode("utf-8", "ignore"))
    match = re.compile(rf"\b{re.escape(name)}\b").search(text, start)
    if match is None:
        return line, start + 1, start + 2
    return line, match.start() + 1, match.end() + 1


def _imports_by_line(text: Text) -> Iterator[Dependency]:
    for match in _LINE.finditer(text.content):
        group = 1 if match[1] else 2
        dependency = imported(match[group], text.place(*match.span(group)))
        if dependency is not None:
            yield dependency


def _inline_metadata(text: Text) -> Iterator[Dependency]:
    """Yield the dependencies of PEP 723 metadata, which runners install before a script."""
    for match in _BLOCK.finditer(text.content):
        if match["type"] != "script":
            continue
        first_line = text.line(match.start())
        for requirement in _script_requirements(match["content"], first_line):
            found = text.content.find(requirement, match.start(), match.end())
            start = match.start() if found < 0 else found
            name, key, constraint, source = pep508.parse(requirement, first_line)
            place = text.place(start, start + len(name or requirement))
            yield Dependency("pypi", name, key, constraint, source, *place, "script")


def _script_requirements(block: str, first_line: int) -> list[str]:
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import SyntaxReadError

    body = re.sub(r"^# ?", "", block, flags=re.MULTILINE)
    try:
        table = toml.read(body).value
    except SyntaxReadError as error:
        reason = f"script metadata (PEP 723): {error.reason}"
        raise ManifestError(first_line, reason) from error
    requirements = table.get("dependencies", [])
    if not isinstance(requirements, list):
        return []
    return [str(requirement) for requirement in requirements]


def _call(node: ast.Call, lines: list[str], *, nox: bool) -> Iterator[Dependency]:
    """Yield what a call installs, if it runs a program that installs."""
    function = ""
    if isinstance(node.func, ast.Attribute):
        function = node.func.attr
    elif isinstance(node.func, ast.Name):
        function = node.func.id
    is_method = isinstance(node.func, ast.Attribute)
    if nox and is_method and function == "install":
        words = [_literal_text(argument) for argument in node.args]
        yield from _words(["pip", "install", *words], node, lines)
    elif function in _RUN_FUNCTIONS:
        yield from _run_call(function, node, lines)


def _run_call(function: str, node: ast.Call, lines: list[str]) -> Iterator[Dependency]:
    """Yield what a call installs that takes a list of words, several words, or a text."""
    for argument in node.args:
        if isinstance(argument, ast.List | ast.Tuple):
            words = [_literal_text(item) for item in argument.elts]
            is_pip_main = function == "main" and words[:1] == ["install"]
            yield from _words(["pip", *words] if is_pip_main else words, node, lines)
            return
    words = [_literal_text(argument) for argument in node.args]
    first = words[0] if words else None
    if not first:
        return
    if len(words) > 1 and " " not in first:
        yield from _words(words, node, lines)
    else:
        yield from commands.in_string(first, place_of(node.args[0], lines))


def _literal_text(node: ast.expr) -> str | None:
    """Return the text of a literal, with ``$`` for its computed parts; None for others.

    ``sys.executable`` is taken as ``python``.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute) and node.attr == "executable":
        return "python"
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "$"
            for part in node.values
        )
    return None


def place_of(node: ast.expr, lines: list[str]) -> Place:
    """Return the place of an expression, cut at the end of its first line."""
    if node.lineno > len(lines):
        return (1, 1, 1)
    text = lines[node.lineno - 1].encode("utf-8", "surrogatepass")
    start = len(text[: node.col_offset].decode("utf-8", "ignore"))
    end_offset = node.end_col_offset if node.end_lineno == node.lineno else len(text)
    end = len(text[: end_offset or 0].decode("utf-8", "ignore"))
    return node.lineno, start + 1, max(start, end) + 1


def _words(
    words: list[str | None], node: ast.Call, lines: list[str]
) -> Iterator[Dependency]:
    """Yield what a command installs, at the place of the literal that names it."""
    constants = [child for child in ast.walk(node) if isinstance(child, ast.Constant)]
    for dependency in commands.in_words(words, place_of(node, lines)):
        if dependency.name and not valid_name(dependency.ecosystem, dependency.name):
            continue
        name = dependency.name or dependency.source.target
        literal = _first_containing(name, constants) if name else None
        line, start, end = place_of(literal or node, lines)
        yield replace(dependency, line=line, column=start, end_column=end)


def _first_containing(text: str, constants: list[ast.Constant]) -> ast.Constant | None:
    for constant in constants:
        if isinstance(constant.value, str) and text in constant.value:
            return constant
    return None
