"""Syntax that is newer than the engine's parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.scanners.code.scanning import found, skips
from tests.support.changes import change_of
from tests.support.offenders import check_each
from zt_gate.scanners.code.languages import by_first_line, by_name
from zt_gate.scanners.code.newer_syntax import in_older_form

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan

UNSAFE = {
    "py": "\nimport os\nfrom flask import request\n\n\n"
    "def z():\n    os.system('ls ' + request.args['q'])\n",
    "js": "\nconst cp = require('child_process');\n"
    "function z(req) { cp.exec('ls ' + req.query.a); }\n",
}
#: Valid code that semgrep 1.185 does not parse.
NEWER = {
    "amp.tsx": "const a = <p>Terms & Conditions</p>;",
    "attribute.jsx": 'const a = <a href="/x?a=1&b=2">x</a>;',
    "export.ts": 'export type * as X from "./x";',
    "reexport.ts": 'export type * from "./x";',
    "block.js": "class A { static x; static { this.x = 1; } }",
    "block.ts": "class A {\n  static {\n    this.x = 1;\n  }\n  static {}\n}",
    "variance.ts": "interface Q<in out T> { x: T }",
    "contravariant.ts": "type P<in T, out U> = (x: T) => U;",
    "vitest.ts": "mock('a', async (original) => ({ ...(await original<typeof import('a')>()) }));",
    "argument.ts": 'const a = await importOriginal<typeof import("./a")>();',
    "import.ts": 'type D = import("./a").B<string>;',
    "parameter.ts": "function f(a: import('./a').B, b: import('x').C<D>[]): void {}",
    "mode.ts": 'let x: import("./a", { with: { "resolution-mode": "import" } }).B.C<D>;',
    "module.d.ts": 'declare module "x" { const a: import("y").Z<A>; export default a }',
    "rest.py": "def f(a):\n    match a:\n        case {'a': 1, **rest}: return rest",
    "defer.mjs": 'import defer * as a from "x";',
    "phase.mjs": 'import source wasm from "./x.wasm";',
    "attributes.js": 'export { default } from "./x.json" with { type: "json" };',
    "template.py": 'x = t"a{1}"',
    "raw.py": "x = rt'''a{1}'''",
    "default.py": "class A[T = int]: pass",
    "defaults.py": "def f[T: str = str, *Ts = *tuple[int]](a: T) -> T: ...",
    "alias.py": "type X[T = int] = list[T]",
    "lazy.py": "lazy import os",
}


def scanned(scan: Scan, name: str, text: str) -> str:
    unsafe = UNSAFE["py" if name.endswith("py") else "js"]
    run = scan({name: text + "\n" + unsafe})
    if not found(run):
        return "the rest was not scanned"
    kinds = {kind for _, kind in skips(run)}
    if kinds - {"unsupported_syntax"}:
        return f"{run.not_inspected}"
    return ""


def test_valid_newer_syntax_does_not_block_and_the_rest_is_scanned(scan: Scan) -> None:
    check_each(
        NEWER.items(), lambda case: scanned(scan, *case), name=lambda case: case[0]
    )


def test_the_message_names_the_parser_and_the_line(scan: Scan) -> None:
    run = scan(
        {"a.ts": "const a = 1;\nexport type * as X from './x';\n" + UNSAFE["js"]}
    )
    (skip,) = run.not_inspected
    expected = "semgrep's TypeScript parser does not support this syntax, line 2"
    assert skip.reason.startswith(expected)
    assert skip.kind == "unsupported_syntax"


def test_a_call_inside_newer_syntax_is_found(scan: Scan) -> None:
    cases = {
        "a.js": "class A { static { const f = (req) => { eval(req.query.q); }; } }\n",
        "b.tsx": "const f = (req) => <p>A & B {eval(req.query.q)}</p>;\n",
        "c.ts": "const f = async (req) => { g<typeof import('./a')>(); eval(req.query.q); };\n",
        "d.py": "from flask import request\ndef f():\n    return t'{eval(request.args[1])}'\n",
    }
    check_each(
        cases.items(),
        lambda case: "" if found(scan(dict([case]))) else "nothing was found",
        name=lambda case: case[0],
    )


def test_invalid_code_still_blocks(scan: Scan) -> None:
    cases = {
        "a.ts": "const a = = 1;\n" + UNSAFE["js"],
        "b.js": "class A { static { \n" + UNSAFE["js"],
        "c.ts": "export type * as from;\n" + UNSAFE["js"],
        "d.py": UNSAFE["py"] + "x = = 1\n",
        "e.tsx": "const a = <p>{</p>;\n" + UNSAFE["js"],
    }
    check_each(
        cases.items(),
        lambda case: "" if "unreadable" in str(skips(scan(dict([case])))) else "passes",
        name=lambda case: case[0],
    )


def test_old_code_that_no_parser_accepts_does_not_block_a_change(scan: Scan) -> None:
    old = "const a = = 1;\n" + UNSAFE["js"]
    for name, text in (("a.js", old), ("a.ts", old)):
        change = change_of({name: text + "f();\n"}, {name: text})
        assert "unreadable" not in str(skips(scan(change)))


@given(st.binary(max_size=200), st.sampled_from(("a.ts", "a.tsx", "a.js", "a.py")))
def test_the_older_form_has_every_line_at_its_place(data: bytes, name: str) -> None:
    dialect = by_name(name.encode())
    assert dialect is not None
    older, changed = in_older_form(data, dialect, [(1, 1 << 30)])
    before, after = data.split(b"\n"), older.split(b"\n")
    assert list(map(len, after)) == list(map(len, before))
    differing = [
        n
        for n, pair in enumerate(zip(before, after, strict=True), 1)
        if pair[0] != pair[1]
    ]
    assert differing == list(changed)


def test_a_binary_lock_file_is_no_script() -> None:
    lock = b"#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x00\x01\xff"
    assert by_first_line(lock) is None
    for script in (
        b"#!/usr/bin/env bun\nconsole.log(1)\n",
        b"#!/usr/bin/env bun\n// bun-lockfile-format-v0\nf()\n",
        b"#!/usr/bin/env node\nbun_lockfile()\n",
        b"#!/usr/bin/env bun\nbun-lockfile-format-v0; f()\n",
    ):
        assert by_first_line(script) is not None


def test_an_old_carriage_return_does_not_block_a_later_change(scan: Scan) -> None:
    cases = {
        "double": ("x = 1\r\r\ny = 2\n", "x = 1\r\r\ny = 3\n", False),
        "bare": ("# a\rb\ny = 2\n", "# a\rb\ny = 3\n", False),
        "last line": ("y = 2\nx = 1\r", "y = 3\nx = 1\r", False),
        "crlf": ("x = 1\r\ny = 2\r\n", "x = 1\r\ny = 3\r\n", False),
        "added": ("y = 2\n", "x = 1\r\r\ny = 2\n", True),
        "added bare": ("y = 2\n", "y = 2\n# a\rimport os\n", True),
        "moved into": ("x = 1\r\r\n", "x = 2\r\r\n", True),
    }

    def check(case: tuple[str, tuple[str, str, bool]]) -> object:
        _, (old, new, blocks) = case
        change = change_of({"a.py": new}, {"a.py": old})
        return ("unreadable" in str(skips(scan(change)))) is not blocks

    check_each(cases.items(), check, name=lambda case: case[0])
