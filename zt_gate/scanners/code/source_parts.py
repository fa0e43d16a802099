"""Splits a file into its functions and classes, to inspect only those that matter.

The engine follows data within a function.  A function in which no rule has all the words
that it needs, together with the code outside of all functions, has no finding; nor has
a function that the change does not touch a new one, unless the change touches something
outside of functions that it names.  Such functions are replaced by spaces: every position
in the rest stays the same.

Pieces are functions, classes and their methods, and the calls of a test file that contain
its tests.  What is between them (imports, constants, decorators of a kept class) always
stays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.code import python_statements, second_parser
from zt_gate.scanners.code.newer_syntax import in_older_form
from zt_gate.scanners.code.piece_groups import Piece, grouped
from zt_gate.scanners.code.prefilter_literals import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tree_sitter import Node

    from zt_gate.scanners.code.languages import Dialect

#: Shorter texts are inspected as a whole: the engine's start takes longer.
MIN_BYTES = 4000
#: A piece of more bytes is split further where its kind allows that.
_MIN_SPLIT = 1000
#: Pieces of a file; a file of more pieces is inspected as a whole.
_MAX_PIECES = 4000
#: Bytes of all groups' texts; more take longer to write than they save.
_MAX_DIVIDED = 16_000_000

Touched = tuple[tuple[int, int], ...]

_WORD = lazy_re.compile(rb"[A-Za-z_][A-Za-z0-9_]+")
_NOT_NEWLINE = lazy_re.compile(rb"[^\n]")
_FUNCTIONS = frozenset(
    ("function_declaration", "generator_function_declaration", "function_expression",
     "arrow_function", "generator_function", "method_definition", "method_declaration")
)  # fmt: skip
_CLASSES = frozenset(("class_declaration", "abstract_class_declaration"))
# Statements that are a piece if there is a function in them.
_STATEMENTS = frozenset(
    ("function_declaration", "generator_function_declaration", "method_declaration",
     "export_statement", "lexical_declaration", "variable_declaration",
     "expression_statement", *_CLASSES)
)  # fmt: skip
# Functions of test frameworks whose calls contain tests.  A test is a function of its own.
_SUITES = frozenset((b"describe", b"suite", b"context", b"fdescribe", b"xdescribe"))


@dataclass(frozen=True, slots=True)
class Part:
    """A text with spaces in place of the pieces that were left out.

    ``untouched`` are the texts of the pieces that the change does not concern; ``rules``
    are the rules that can match in the part.  ``groups`` are the same with the pieces in
    groups, so that a rule meets few of the pieces in which it cannot match.
    """

    text: bytes
    rules: frozenset[str]
    untouched: frozenset[bytes] = frozenset()
    is_whole: bool = True
    groups: tuple[RuleGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """A text with spaces in place of all pieces but some, and the rules for these."""

    text: bytes
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Change:
    """What the change concerns.

    ``lines`` are its lines of code, None for all lines; ``outside`` are those that are in
    no innermost piece, and ``names`` the names in them and in what was removed there.
    ``untouched`` are texts of pieces that it does not concern.
    """

    lines: Sequence[int] | None
    outside: Sequence[int]
    names: frozenset[bytes]
    untouched: frozenset[bytes]

    @classmethod
    def of(
        cls,
        text: bytes,
        found: Sequence[Piece],
        touched: Touched | None,
        removed: bytes,
        untouched: frozenset[bytes],
    ) -> _Change:
        """Read the touched lines of a text."""
        if touched is None:
            return cls(None, (), frozenset(), untouched)
        rows = text.split(b"\n")
        lines = [
            number
            for first, last in touched
            for number in range(first, min(last, len(rows)) + 1)
            if _WORD.search(rows[number - 1])
        ]
        innermost = sorted(_innermost(found))
        starts = [first for first, _ in innermost]
        outside = []
        names: set[bytes] = set()
        for number in lines:
            index = bisect_right(starts, number) - 1
            if index < 0 or innermost[index][1] < number:
                outside.append(number)
                names.update(_WORD.findall(rows[number - 1]))
        if outside:
            names.update(_WORD.findall(removed))
        return cls(lines, outside, frozenset(names - KEYWORDS), untouched)

    def concerns(self, piece: Piece, content: bytes, *, every: bool) -> bool:
        """Whether the change can have caused a finding in a piece."""
        if content in self.untouched:
            return False
        if self.lines is None or every or _any_within(self.lines, piece):
            return True
        return bool(self.names) and not self.names.isdisjoint(_WORD.findall(content))

    def touches_outside(self, piece: Piece) -> bool:
        """Whether the change touches a piece outside of the pieces in it."""
        return _any_within(self.outside, piece)


def _innermost(found: Iterable[Piece]) -> Iterator[tuple[int, int]]:
    """Yield the lines of the pieces without pieces in them."""
    for piece in found:
        if piece.children:
            yield from _innermost(piece.children)
        else:
            yield piece.first, piece.last


def _any_within(numbers: Sequence[int], piece: Piece) -> bool:
    index = bisect_left(numbers, piece.first)
    return index < len(numbers) and numbers[index] <= piece.last


@dataclass(slots=True)
class _Selection:
    """What one call of ``part_of`` collects."""

    text: bytes
    applicable: Callable[[bytes], frozenset[str]]
    change: _Change
    rules: set[str] = field(default_factory=set)
    dropped: list[Piece] = field(default_factory=list)
    untouched: set[bytes] = field(default_factory=set)
    #: The innermost pieces that stay, with the rules that can match in them.
    kept: list[tuple[Piece, frozenset[str]]] = field(default_factory=list)

    def select(
        self, pieces: Iterable[Piece], around: bytes, *, every: bool = False
    ) -> bool:
        """Drop pieces without findings of interest; return whether one was kept.

        ``every`` says that the change touches what is around them.
        """
        is_kept = False
        for piece in pieces:
            content = self.text[piece.start : piece.end]
            if not self.change.concerns(piece, content, every=every):
                self.untouched.add(content)
                self.dropped.append(piece)
            elif self._select_one(piece, around):
                is_kept = True
        return is_kept

    def _select_one(self, piece: Piece, around: bytes) -> bool:
        own = around + b"\n" + _outside(self.text, piece)
        rules = self.applicable(own)
        if not piece.children:
            self.rules |= rules
            if rules:
                self.kept.append((piece, rules))
            else:
                self.dropped.append(piece)
            return bool(rules)
        mark = len(self.dropped)
        every = self.change.touches_outside(piece)
        is_kept = self.select(piece.children, own, every=every)
        self.rules |= rules
        if not is_kept and not rules:
            del self.dropped[mark:]
            self.dropped.append(piece)
            return False
        if not is_kept:
            self.kept.append((piece, rules))
        return True


def part_of(
    text: bytes,
    dialect: Dialect,
    applicable: Callable[[bytes], frozenset[str]],
    *,
    touched: Touched | None = None,
    removed: bytes = b"",
    untouched: frozenset[bytes] = frozenset(),
    divide: bool = True,
) -> Part | None:
    """Return the part of a text that can have findings of interest; None without a split.

    ``applicable`` returns the rules that can match in a text.  ``touched`` are the lines
    of the change, None for all of them, and ``removed`` what it removed.  ``untouched``
    are texts of pieces that are known to be of no interest.  ``divide`` allows groups,
    which only rules that follow data need.
    """
    if len(text) < MIN_BYTES:
        return None
    found = pieces(text, dialect)
    if not found:
        return None
    around = _without(text, 0, len(text), found)
    change = _Change.of(text, found, touched, removed, untouched)
    selection = _Selection(text, applicable, change)
    selection.rules |= applicable(around)
    selection.select(found, around)
    groups = []
    if divide and len(selection.kept) > 1:
        parts = grouped(selection.kept, len(around))
        if len(parts) * len(text) > _MAX_DIVIDED:
            parts = []
        for kept, rules in parts:
            dropped = _others(found, {piece.start for piece in kept})
            groups.append(RuleGroup(_blanked(text, dropped, found, dialect), rules))
    return Part(
        _blanked(text, selection.dropped, found, dialect),
        frozenset(selection.rules),
        frozenset(selection.untouched),
        is_whole=not selection.dropped,
        groups=tuple(groups) if len(groups) > 1 else (),
    )


def _others(found: Iterable[Piece], kept: set[int]) -> Iterator[Piece]:
    """Yield the outermost pieces without a piece that starts at one of some positions.

    A piece that is kept itself loses the pieces in it.
    """
    for piece in found:
        if piece.children and _holds_any(piece.children, kept):
            yield from _others(piece.children, kept)
        elif piece.start in kept:
            yield from piece.children
        else:
            yield piece


def _holds_any(found: Iterable[Piece], kept: set[int]) -> bool:
    return any(
        piece.start in kept or _holds_any(piece.children, kept) for piece in found
    )


def pieces(text: bytes, dialect: Dialect) -> tuple[Piece, ...]:
    """Return the functions and classes of a text in order; () if they are not certain."""
    found = _pieces_of(text, dialect)
    if found is None:
        # Newer syntax must not make every change of a large file slow.
        older, changed = in_older_form(text, dialect, ((1, 1 << 30),))
        found = _pieces_of(older, dialect) if changed else None
    return found if found is not None and len(found) <= _MAX_PIECES else ()


def _pieces_of(text: bytes, dialect: Dialect) -> tuple[Piece, ...] | None:
    """Return the pieces of a text, None if its parser does not accept it."""
    if dialect.language.name == "python":
        statements = python_statements.statements(text)
        return None if statements is None else tuple(_python_pieces(text, statements))
    root = second_parser.parse(text, dialect.extension)
    if root is None or root.has_error:
        return None
    return tuple(_pieces(root.children))


def _python_pieces(
    text: bytes, statements: Iterable[python_statements.Statement]
) -> Iterator[Piece]:
    starts = [0]
    for line in text.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)

    def piece_of(statement: python_statements.Statement) -> Piece:
        children = tuple(
            piece_of(inner)
            for inner in statement.children
            if inner.is_definition
            and starts[statement.last] - starts[statement.first - 1] > _MIN_SPLIT
        )
        return Piece(
            starts[statement.first - 1],
            min(len(text), starts[statement.last] - 1),
            statement.first,
            statement.last,
            children,
        )

    for statement in statements:
        # A class of fields alone says which types a function gets: it stays.
        is_fields = bool(statement.children) and not any(
            inner.is_definition for inner in statement.children
        )
        if statement.is_definition and not is_fields:
            yield piece_of(statement)


def _pieces(siblings: Iterable[Node]) -> Iterator[Piece]:
    """Yield the pieces among statements."""
    for node in siblings:
        if node.type in _STATEMENTS and _has_function(node):
            yield _piece(node, node.start_byte, node.start_point.row, _inner(node))


def _piece(node: Node, start: int, row: int, children: Iterable[Piece]) -> Piece:
    is_large = node.end_byte - start > _MIN_SPLIT
    inner = tuple(children) if is_large else ()
    return Piece(start, node.end_byte, row + 1, node.end_point.row + 1, inner)


def _has_function(node: Node) -> bool:
    kinds = _FUNCTIONS | _CLASSES
    return any(inner.type in kinds for inner in second_parser.nodes(node, depth=8))


def _inner(node: Node) -> Iterator[Piece]:
    """Yield the pieces of a class, or of a call that contains tests."""
    if node.type == "export_statement":
        node = node.child_by_field_name("declaration") or node
    if node.type in _CLASSES:
        body = node.child_by_field_name("body")
        if body is not None:
            yield from _methods(body)
    if node.type != "expression_statement" or not node.named_children:
        return
    call = node.named_children[0]
    if call.type != "call_expression" or not _is_suite(call):
        return
    arguments = call.child_by_field_name("arguments")
    for argument in arguments.named_children if arguments is not None else ():
        body = argument.child_by_field_name("body")
        if argument.type in _FUNCTIONS and body is not None:
            yield from _pieces(body.named_children)


def _is_suite(call: Node) -> bool:
    """Whether a call is ``describe(…)``, ``describe.only(…)`` or ``test.describe(…)``."""
    function = call.child_by_field_name("function")
    if function is None or function.text is None or len(function.text) > 80:
        return False
    return not _SUITES.isdisjoint(function.text.split(b"."))


def _methods(body: Node) -> Iterator[Piece]:
    """Yield the methods of a class with their decorators."""
    start: tuple[int, int] | None = None
    for member in body.named_children:
        if start is None:
            start = member.start_byte, member.start_point.row
        if member.type == "decorator":
            continue
        if member.type == "method_definition":
            yield replace(_piece(member, *start, ()), is_method=True)
        start = None


def _outside(text: bytes, piece: Piece) -> bytes:
    """Return the text of a piece without its children."""
    return _without(text, piece.start, piece.end, piece.children)


def _without(text: bytes, start: int, end: int, inner: Sequence[Piece]) -> bytes:
    rest = []
    for piece in inner:
        rest.append(text[start : piece.start])
        start = piece.end
    rest.append(text[start:end])
    return b"\n".join(rest)


def _blanked(
    text: bytes, dropped: Iterable[Piece], found: Sequence[Piece], dialect: Dialect
) -> bytes:
    """Return the text with spaces in place of pieces; line ends stay.

    Where the language needs a statement there, a short one takes the place.
    """
    outermost = {piece.start for piece in found}
    language = dialect.language.name
    parts = []
    position = 0
    for piece in sorted(dropped, key=lambda piece: piece.start):
        if piece.start < position:
            continue
        parts.append(text[position : piece.start])
        content = text[piece.start : piece.end]
        blank = _NOT_NEWLINE.sub(b" ", content)
        if language == "javascript":
            # semgrep's parsers do not accept a class with "; ;".
            filler = b"_(){}" if piece.is_method else b";"
            if b"\n" not in content[: len(filler)]:
                blank = filler + blank[len(filler) :]
        elif language == "python" and piece.start not in outermost:
            indent = len(content) - len(content.lstrip(b" \t"))
            blank = content[:indent] + b"pass" + blank[indent + 4 :]
        parts.append(blank)
        position = piece.end
    parts.append(text[position:])
    return b"".join(parts)
