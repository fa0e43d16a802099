"""What hides a destructured parameter's names from the engine is left out of its copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scanners.code.scanning import found
from zt_gate.scanners.code.languages import by_name
from zt_gate.scanners.code.parameter_types import without_parameter_types

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan

CHANGED = {
    b"({ a, b }: { a: string }) => {": b"({ a, b }               ) => {",
    b"function f({ a }: Props, b: string) {": b"function f({ a }       , b: string) {",
    b"({ a }: z.infer<typeof S>) => {": b"({ a }                   ) => {",
    b"({ a }: Promise<{ b: string }> | null) => {": (
        b"({ a }                               ) => {"
    ),
    b"({ a }: { a: () => void }[]) => {": b"({ a }                     ) => {",
    b'({ a, b = "x", c = 10 }) => {': b"({ a, b      , c      }) => {",
    b"({\n  a,\n}: {\n  a: string;\n} & Base) => {": (
        b"({\n  a,\n}   \n            \n        ) => {"
    ),
}
UNCHANGED = (
    b"x = f(b ? { a: 1 } : { b: 2 })",
    b"x = f(c, b ? { a: 1 } : d)",
    b"switch (x) { case {}: f(); }",
    b"f({ a: 1 }, { b: 2 })",
    b"f({ a }: { a: 'unfinished)",
    b"const secret = f({ password: 'x' })",
)


def test_types_and_defaults_become_spaces_and_positions_stay() -> None:
    dialect = by_name(b"a.ts")
    assert dialect is not None
    for text, expected in CHANGED.items():
        assert len(text) == len(expected), text
        assert without_parameter_types(text, dialect) == expected


def test_what_is_no_parameter_is_not_changed() -> None:
    dialect = by_name(b"a.ts")
    assert dialect is not None
    for text in UNCHANGED:
        assert without_parameter_types(text, dialect) == text


def test_other_languages_are_not_changed() -> None:
    dialect = by_name(b"a.py")
    assert dialect is not None
    text = b"f({ a }: { a: b })"
    assert without_parameter_types(text, dialect) == text


def test_a_destructured_argument_with_its_type_written_out_is_followed(
    scan: Scan,
) -> None:
    text = (
        "server.tool('x', { name: z.string() },\n"
        "  async ({ name, limit = 5 }: { name: string; limit?: number }) => {\n"
        "    eval(name);\n"
        "  });\n"
    )
    assert ("javascript-code-execution", 3) in found(scan({"a.ts": text}))
