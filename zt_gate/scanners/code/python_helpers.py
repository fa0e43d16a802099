"""Functions of a Python file that get data from outside from callers in the same file.

The engine follows data within one function.  A function that only passes a request's field
on, and the helper that opens the file, are both quiet.  So the file's own calls are read
here: for each function, which parameters receive such data.  The engine gets these
functions once more, with ``MARK`` as the type of these parameters, which the tables list as
a source.  Every line stays where it is, and so does every column of the functions' bodies.

This is an approximation that prefers silence: an argument that was checked, or passed
through any function whose name tells of a check or a conversion, does not count.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, TypeVar

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.scanners.code import python_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The type that a marked parameter has.
MARK = "_DataFromCaller"
#: Calls from one function to the next that are followed.
_MAX_DEPTH = 3

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Node = TypeVar("_Node", bound=ast.AST)
_SOURCE = lazy_re.compile(
    r"\b(?:request|req)\.(?:args|form|values|json|get_json|data|files|cookies|headers|GET|POST"
    r"|body|query_params|query|match_info)\b|\bawait request\.(?:json|form|body)\("
    r"|\.get_(?:query_|body_)?argument\(|\.receive_(?:text|json)\("
)
#: Decorators whose function gets its parameters from outside.
_ENTRY = lazy_re.compile(
    r"^(?:(?:\w+\.)+(?:route|get|post|put|patch|delete|websocket|tool|call_tool)|tool"
    r"|function_tool)(?:\(|$)"
)
#: Parameters of such a function that the framework itself fills.
_NOT_DATA = lazy_re.compile(
    r"^(?:self|cls|request|req|db|session|user|current_user|ctx|context|websocket|ws)$"
)
_HARMLESS_TYPE = lazy_re.compile(
    r"^(?:(?:Optional|Annotated|List|list)\[)*(?:\w+\.)*(?:int|float|bool|UUID|date|datetime|"
    r"Decimal|Literal|Request|Response|\w*(?:Session|User|Service|Client|Enum|Context))\b"
    r"|.*Depends\("
)
#: Functions after which a value does not count any more.
_CLEANING = lazy_re.compile(
    r"(?:^|_)(?:int|float|bool|len|uuid\w*|basename|quote|escape|hash\w*|sha\w*|md5|isdigit"
    r"|isalnum|safe\w*|secure\w*|valid\w*|check\w*|verify|ensure|sanitiz\w*|clean\w*|allowed"
    r"|filter|slugify|enum|strptime|is)(?:_|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A function, and the name of the class that it is a method of, "" for none."""

    node: _Function
    owner: str


@dataclass(slots=True)
class _Calls:
    """The functions of a file by owner and name, and their parameters with outside data."""

    scopes: dict[tuple[str, str], _Scope]
    marked: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def follow(self) -> None:
        """Read the calls of all functions, then those of the functions they reach."""
        waiting = list(self.scopes)
        for _ in range(_MAX_DEPTH):
            reached: set[tuple[str, str]] = set()
            for key in waiting:
                reached.update(self._read(key))
            waiting = sorted(reached)
            if not waiting:
                return

    def _read(self, key: tuple[str, str]) -> Iterator[tuple[str, str]]:
        """Mark what one function passes on; yield the functions with new marks."""
        scope = self.scopes[key]
        tainted = _outside_names(scope.node) | self.marked.get(key, set())
        tainted = _with_assigned(scope.node, tainted) - _checked(scope.node)
        for call in _nodes(scope.node, ast.Call):
            callee = self._callee(call, scope.owner)
            if callee is None or callee == key:
                continue
            passed = set(_passed(call, self.scopes[callee], tainted))
            marks = self.marked.setdefault(callee, set())
            if passed - marks:
                marks |= passed
                yield callee

    def _callee(self, call: ast.Call, owner: str) -> tuple[str, str] | None:
        function = call.func
        key = None
        if isinstance(function, ast.Name):
            key = ("", function.id)
        elif (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id in {"self", "cls", owner}
        ):
            key = (owner, function.attr)
        return key if key in self.scopes else None


def marked_text(text: bytes) -> bytes | None:
    """Return the functions that get outside data from callers, with the rest blank.

    None if there is none, or if this Python cannot parse the text.
    """
    if b"def " not in text:
        return None
    all_statements = python_statements.statements(text)
    if all_statements is None:
        return None
    tree = ast.parse(text.decode("utf-8", "replace"))
    calls = _Calls(_scopes(tree))
    calls.follow()
    kept = {
        key: names
        for key, names in calls.marked.items()
        if names and not _is_entry(calls.scopes[key].node)
    }
    scopes = [calls.scopes[key] for key in kept]
    if not scopes:
        return None
    lines = text.split(b"\n")
    for key, names in kept.items():
        _mark(lines, calls.scopes[key].node, names)
    return _without_others(lines, tree, {id(scope.node) for scope in scopes})


def _scopes(tree: ast.Module) -> dict[tuple[str, str], _Scope]:
    """Return the functions and methods; a name that is defined twice is left out."""
    scopes: dict[tuple[str, str], _Scope] = {}
    twice: set[tuple[str, str]] = set()
    for owner, nodes in _bodies(tree):
        for node in nodes:
            if isinstance(node, _Function):
                key = (owner, node.name)
                if key in scopes:
                    twice.add(key)
                scopes[key] = _Scope(node, owner)
    return {key: scope for key, scope in scopes.items() if key not in twice}


def _bodies(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    yield "", tree.body
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, node.body


def _nodes(node: ast.AST, kind: type[_Node]) -> list[_Node]:
    return [inner for inner in ast.walk(node) if isinstance(inner, kind)]


def _arguments(function: _Function) -> list[ast.arg]:
    own = function.args
    return [*own.posonlyargs, *own.args, *own.kwonlyargs]


def _is_entry(function: _Function) -> bool:
    """Whether a framework calls the function with data from outside."""
    return any(_ENTRY.match(ast.unparse(item)) for item in function.decorator_list)


def _outside_names(function: _Function) -> set[str]:
    """Return the parameters that a framework fills with data from outside."""
    if not _is_entry(function):
        return set()
    names = set()
    defaults = _defaults(function)
    for argument in _arguments(function):
        annotation = (
            "" if argument.annotation is None else ast.unparse(argument.annotation)
        )
        if _NOT_DATA.match(argument.arg) or _HARMLESS_TYPE.match(annotation):
            continue
        if not _HARMLESS_TYPE.match(defaults.get(argument.arg, "")):
            names.add(argument.arg)
    return names


def _defaults(function: _Function) -> dict[str, str]:
    own = function.args
    positional = [*own.posonlyargs, *own.args]
    first = len(positional) - len(own.defaults)
    pairs = [*zip(positional[first:], own.defaults, strict=True)]
    pairs += [
        (argument, default)
        for argument, default in zip(own.kwonlyargs, own.kw_defaults, strict=True)
        if default is not None
    ]
    return {argument.arg: ast.unparse(default) for argument, default in pairs}


def _with_assigned(function: _Function, names: set[str]) -> set[str]:
    """Add the variables that are assigned an expression with outside data."""
    tainted = set(names)
    for assignment in _nodes(function, ast.Assign):
        target = assignment.targets[0]
        if isinstance(target, ast.Name) and _is_outside(assignment.value, tainted):
            tainted.add(target.id)
    return tainted


def _checked(function: _Function) -> set[str]:
    """Return the names in conditions, and in calls of functions that check."""
    places: list[ast.AST] = [node.test for node in _nodes(function, ast.If)]
    places += [node.test for node in _nodes(function, ast.Assert)]
    places += [node.subject for node in _nodes(function, ast.Match)]
    for statement in _nodes(function, ast.Expr):
        value = statement.value
        if isinstance(value, ast.Call) and _CLEANING.search(_called(value)):
            places.append(value)
    return {node.id for place in places for node in _nodes(place, ast.Name)}


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_outside(expression: ast.expr, tainted: set[str]) -> bool:
    """Whether an expression holds outside data that nothing in it has cleaned."""
    if any(_CLEANING.search(_called(call)) for call in _nodes(expression, ast.Call)):
        return False
    if isinstance(expression, ast.Compare | ast.BoolOp | ast.Constant):
        return False
    if any(node.id in tainted for node in _nodes(expression, ast.Name)):
        return True
    return bool(_SOURCE.search(ast.unparse(expression)))


def _passed(call: ast.Call, scope: _Scope, tainted: set[str]) -> Iterator[str]:
    """Yield the parameters of the called function that get outside data."""
    own = scope.node.args
    positional = [argument.arg for argument in (*own.posonlyargs, *own.args)]
    is_bound = isinstance(call.func, ast.Attribute) and not any(
        ast.unparse(item) == "staticmethod" for item in scope.node.decorator_list
    )
    values = zip(positional[1 if is_bound else 0 :], call.args, strict=False)
    names = {argument.arg for argument in _arguments(scope.node)}
    pairs = [*values, *((word.arg, word.value) for word in call.keywords)]
    for name, value in pairs:
        if name in names and name is not None and _is_outside(value, tainted):
            yield name


def _mark(lines: list[bytes], function: _Function, names: Iterable[str]) -> None:
    """Give parameters the type ``MARK``, from the end of the line to its beginning."""
    wanted = set(names)
    body = function.body[0].lineno
    for argument in sorted(
        _arguments(function), key=lambda item: (-item.lineno, -item.col_offset)
    ):
        end = argument.end_lineno
        if argument.arg not in wanted or end != argument.lineno or end >= body:
            continue
        line = lines[argument.lineno - 1]
        before = line[: argument.col_offset]
        after = line[argument.end_col_offset :]
        lines[argument.lineno - 1] = b"%s%s: %s%s" % (
            before, argument.arg.encode(), MARK.encode(), after,
        )  # fmt: skip


def _without_others(lines: list[bytes], tree: ast.Module, kept: set[int]) -> bytes:
    """Blank all other functions, and the classes without a kept method."""
    spans: list[python_statements.Span] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            id(item) in kept for item in node.body
        ):
            others = [item for item in node.body if isinstance(item, _Function)]
        else:
            others = [node] if isinstance(node, _Function) else []
        spans += [_span(item) for item in others if id(item) not in kept]
    return python_statements.blanked(b"\n".join(lines), spans)


def _span(node: _Function) -> python_statements.Span:
    starts = [node.lineno, *(item.lineno for item in node.decorator_list)]
    return min(starts), node.end_lineno or node.lineno
