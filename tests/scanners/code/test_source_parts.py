"""Parts of files: positions, and which functions the engine gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scanners.code.scanning import found
from tests.support.offenders import check_each
from zt_gate.scanners.code import piece_groups, source_parts
from zt_gate.scanners.code.languages import by_name
from zt_gate.scanners.code.source_parts import part_of, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scanners.code.scanning import Scan
    from zt_gate.scanners.code.languages import Dialect
    from zt_gate.scanners.code.source_parts import Part


def dialect(name: str) -> Dialect:
    found_dialect = by_name(name.encode())
    assert found_dialect is not None
    return found_dialect


#: File name, and definitions between which there is only context.
FILES: dict[str, tuple[str, ...]] = {
    "a.py": ("def f{n}(a):\n    return g{n}(a)\n",
             "class C{n}:\n    def m(self):\n        return g{n}()\n"),
    "a.ts": ("export const f{n} = async (a: string) => {{\n  return g{n}(a);\n}};\n",
             "function h{n}(a: number): void {{ g{n}(a); }}\n"),
    "a.tsx": ("export default function F{n}() {{ return <p>{{g{n}()}}</p>; }}\n",),
    "a.js": ("exports.f{n} = function (a) {{ return g{n}(a); }};\n",
             "app.get('/{n}', (req, res) => {{ res.send(g{n}()); }});\n"),
    "a.go": ("func F{n}(a string) string {{\n\treturn g{n}(a)\n}}\n",),
}  # fmt: skip
HEADS = {"a.go": "package a\n\nvar x = 1\n", "a.py": "import os\nX = 1\n"}


def source(name: str, count: int = 6) -> bytes:
    head = HEADS.get(name, "import x from 'y';\nconst X = 1;\n")
    templates = FILES[name]
    bodies = (templates[n % len(templates)].format(n=n) for n in range(count))
    return (head + "\n" + "\n".join(bodies)).encode()


def always(_text: bytes) -> frozenset[str]:
    return frozenset(("rule",))


def holding(word: bytes) -> Callable[[bytes], frozenset[str]]:
    return lambda text: frozenset(("rule",)) if word in text else frozenset()


@pytest.fixture(autouse=True)
def _short_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_parts, "MIN_BYTES", 0)


def made(part: Part | None) -> Part:
    assert part is not None
    return part


def test_only_functions_with_the_words_of_a_rule_are_inspected() -> None:
    def check(name: str) -> object:
        part = made(part_of(source(name), dialect(name), holding(b"g3")))
        if b"g3" not in part.text or b"g2" in part.text:
            return part.text
        return part.rules != {"rule"}

    check_each(FILES, check, name=str)


def test_only_functions_that_the_change_touches_are_inspected() -> None:
    def check(name: str) -> object:
        text = source(name)
        line = text[: text.index(b"g4")].count(b"\n") + 1
        part = made(part_of(text, dialect(name), always, touched=((line, line),)))
        return b"g4" not in part.text or b"g1" in part.text

    check_each(FILES, check, name=str)


def test_a_changed_constant_brings_the_functions_that_name_it() -> None:
    def check(name: str) -> object:
        text = source(name).replace(b"X = 1", b"g2 = 1").replace(b"x = 1", b"g2 = 1")
        line = text[: text.index(b"g2 = 1")].count(b"\n") + 1
        part = made(part_of(text, dialect(name), always, touched=((line, line),)))
        return part.text.count(b"g2") < 2 or b"g3" in part.text

    check_each(FILES, check, name=str)


def test_a_removed_line_outside_of_functions_counts_by_its_names() -> None:
    text = source("a.ts")
    arguments = {"touched": ((1, 1),), "removed": b"import { g5 } from 'safe';"}
    part = made(part_of(text, dialect("a.ts"), always, **arguments))  # type: ignore[arg-type]
    assert b"g5" in part.text
    assert b"g4" not in part.text


def test_every_position_in_the_rest_stays() -> None:
    def check(name: str) -> object:
        text = source(name)
        part = made(part_of(text, dialect(name), holding(b"g3")))
        same_shape = len(part.text) == len(text)
        same_lines = part.text.count(b"\n") == text.count(b"\n")
        return not (
            same_shape
            and same_lines
            and part.text.index(b"g3") == text.index(b"g3")
            and pieces(part.text, dialect(name))
        )

    check_each(FILES, check, name=str)


CLASS = (
    "class A:\n    limit = 1\n\n    def a(self):\n"
    + "        # filler\n" * 200
    + "        return g1()\n\n    @deco\n    def b(self):\n        return g2()\n"
)


def test_methods_are_pieces_of_their_own_and_a_class_never_becomes_empty() -> None:
    part = made(part_of(CLASS.encode(), dialect("a.py"), holding(b"g2")))
    assert b"g2" in part.text
    assert b"g1" not in part.text
    compile(part.text, "a.py", "exec")
    only_header = made(part_of(CLASS.encode(), dialect("a.py"), holding(b"limit")))
    compile(only_header.text, "a.py", "exec")


def test_a_test_inside_a_suite_is_a_piece() -> None:
    tests = "\n".join(
        f"  it('does {n}', async () => {{\n    await g{n}(app);\n  }});"
        for n in range(40)
    )
    for suite in ("describe", "describe.only", "test.describe", "suite"):
        text = f"{suite}('x', () => {{\n  let app;\n{tests}\n}});\n".encode()
        part = made(part_of(text, dialect("a.test.ts"), holding(b"g7(")))
        assert b"g7(" in part.text
        assert b"let app" in part.text
        assert b"g8(" not in part.text


def test_functions_are_grouped_by_the_rules_that_can_match_in_them() -> None:
    def rules_in(text: bytes) -> frozenset[str]:
        return frozenset(f"rule{n}" for n in range(20) if b"g%d(" % (n % 2) in text)

    def check(name: str) -> object:
        filler = "x; " * 1000
        if name == "a.py":
            filler = filler.replace("; ", "\n    x\n    ")
        text = source(name, 2).decode()
        for n in range(2):
            call = f"return g{n}(" if f"return g{n}(" in text else f"g{n}("
            text = text.replace(call, f"{filler}{call}", 1)
        part = part_of(text.encode(), dialect(name), rules_in)
        groups = made(part).groups
        words = {(b"g0(" in group.text, b"g1(" in group.text) for group in groups}
        sizes = [len(group.rules) for group in groups]
        same_lines = {group.text.count(b"\n") for group in groups}
        is_as_expected = words == {(True, False), (False, True)} and sizes == [10, 10]
        return None if is_as_expected and len(same_lines) == 1 else (words, sizes)

    check_each(("a.py", "a.go", "a.ts"), check, name=str)
    same_rules = made(part_of(source("a.ts"), dialect("a.ts"), always))
    assert same_rules.groups == ()


def test_many_functions_are_divided_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_groups, "GROUP_BYTES", 300)

    def check(name: str) -> object:
        text = source(name, 20)
        groups = made(part_of(text, dialect(name), always)).groups
        for n in range(20):
            if sum(b"g%d(" % n in group.text for group in groups) != 1:
                return n
        return None if len(groups) > 2 else groups

    check_each(FILES, check, name=str)


def test_a_class_without_methods_of_a_group_is_not_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(piece_groups, "GROUP_BYTES", 300)
    monkeypatch.setattr(source_parts, "_MIN_SPLIT", 0)
    methods = "".join(f"  m{n}() {{ return g{n}(); }}\n" for n in range(8))
    text = "".join(f"class C{n} {{\n{methods}}}\n" for n in range(4)).encode()
    groups = made(part_of(text, dialect("a.ts"), always)).groups
    assert len(groups) >= 3
    for group in groups:
        assert (b"class C0" in group.text) + (b"class C3" in group.text) < 2
    assert sum(group.text.count(b"return") for group in groups) == 32


def test_a_file_that_the_parser_does_not_accept_is_inspected_as_a_whole() -> None:
    for name, text in (
        ("a.ts", b"function f( { \n function g() {}\n"),
        ("a.go", b"package a\nfunc f( {\n"),
        ("a.py", b"def f(:\n  pass\n"),
        ("a.js", b"const a = `;\nfunction f() {}\n"),
    ):
        assert part_of(text, dialect(name), always) is None


@given(st.binary(max_size=300), st.sampled_from(sorted(FILES)))
def test_any_bytes_give_pieces_in_order_within_the_text(data: bytes, name: str) -> None:
    end = 0
    for piece in pieces(source(name, 2) + data, dialect(name)):
        assert end <= piece.start <= piece.end <= len(source(name, 2) + data)
        end = piece.end


def test_a_class_without_some_methods_is_still_parsed(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """semgrep's TypeScript parser left out the whole class because of "; ;"."""
    monkeypatch.setattr(source_parts, "_MIN_SPLIT", 0)
    hashing = "  hash(a: string) { return crypto.createHash('md5').update(a); }\n"
    for member in (
        "  private a: string;\n",
        "  b = 1\n",
        "  constructor(private a: string) { this.x = g(a); }\n",
        "  @Input()\n  set c(v: string) { this.x = v; }\n",
        "  d(a: string): void;\n  d(a: any) { return a; }\n",
        "  static e(): void {}\n  async *f() {}\n",
    ):
        for members in (member + hashing, hashing + member, member * 2 + hashing):
            run = scan({"a.ts": f"export class A {{\n{members}}}\n"})
            assert run.not_inspected == (), members
            assert len(run.findings) == 1, members


def test_findings_of_groups_are_those_of_the_whole_file(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import x from 'y';\nconst h = crypto.createHash('md5');\n" + "\n".join(
        UNSAFE.format(n=n) if n % 2 else HASHING.format(n=n) for n in range(12)
    )
    monkeypatch.setattr(piece_groups, "GROUP_BYTES", 300)
    in_groups = scan({"a.ts": text})
    monkeypatch.setattr(source_parts, "MIN_BYTES", 1 << 30)
    whole = scan({"a.ts": text})
    assert in_groups.findings == whole.findings
    assert len(found(whole)) == 13


HASHING = "export function hash{n}(a: string) {{ return crypto.createHash('md5').update(a); }}\n"
UNSAFE = "export function bad{n}(req: any) {{ eval(req.query.q{n}); }}\n"


def test_findings_are_the_same_as_in_the_whole_file(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import x from 'y';\n" + "".join(
        UNSAFE.format(n=n) + f"export const ok{n} = () => {n};\n" for n in range(5)
    )
    parts = found(scan({"a.ts": text}))
    monkeypatch.setattr(source_parts, "pieces", lambda *_: ())
    assert parts == found(scan({"a.ts": text})) != []
