"""Measures the code scanner's CPU time on large files: a changed line, and a new file.

    python -m bench.code_large_files [FILE…]

Without files, the program generates TypeScript of 500 and 2,000 lines in which every
function has the words of many rules: tests, handlers, and one single function.  Each
row is one cold scan in memory, without a cache: CPU seconds of this process and of the
engine, for two more lines of code in the middle of the file, and for all of it new.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.code import SCANNER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule

CHANGE = "const added = [1, 2].map((row) => row * 2);"
GO_CHANGE = "_ = append([]string{}, os.Args...)"
LINES = (500, 2000)
HEAD = """import {{ describe, expect, it, vi }} from 'vitest'
import {{ app, db, log, request }} from './support'

const BASE = 'http://localhost:3000'
"""
TEST = """
describe('orders {n}', () => {{
  it('stores the query of order {n}', async () => {{
    const req = {{ query: {{ id: '{n}' }}, headers: {{ 'x-id': `${{BASE}}` }} }}
    const name = `order-${{req.query.id}}`
    const rows = await db.query('SELECT * FROM orders WHERE id = $1', [name])
    const res = await fetch(`${{BASE}}/orders/${{name}}?page={n}`, {{ method: 'POST' }})
    expect(res.status).toBe(200)
    expect(rows.length).toBe({n} + 1)
    res.set('x-order', 'order {n}')
    setTimeout(() => vi.runAllTimers(), {n})
    const body = await res.json()
    expect(body).toEqual({{ id: {n}, name, tags: ['a', 'b'], total: {n} * 2 }})
    const password = createHash('md5').update('x').digest('hex')
  }})
}})
"""
HANDLER = """
export async function load{n}(req: Request, res: Response) {{
  const id = Number(req.query.id)
  const name = String(req.body.name)
  const rows = await db.query('SELECT * FROM t{n} WHERE id = ?', [id])
  if (rows.length > 10) {{
    return res.status(400).json({{ error: `too many: ${{rows.length}}` }})
  }}
  const answer = await fetch('https://api.example.com/items/{n}')
  const list = await answer.json()
  for (const item of list) {{
    item.total = item.price * item.count + {n}
    log.info('item', item.id)
  }}
  res.setHeader('x-total', String(list.length))
  res.send({{ list, name, id }})
}}
"""
STATEMENTS = """  const id{n} = Number(req.query.id)
  const rows{n} = await db.query('SELECT * FROM t{n} WHERE id = ?', [id{n}])
  if (rows{n}.length > {n}) {{
    log.info(`too many: ${{rows{n}.length}}`)
  }}
  const answer{n} = await fetch('https://api.example.com/items/{n}')
  setTimeout(() => res.end(), {n})
  res.setHeader('x-total', String(answer{n}.status))
"""
FORMS = {
    "tests": (HEAD, TEST, ""),
    "handlers": (HEAD, HANDLER, ""),
    "one-function": (
        HEAD + "export async function run(req: Request, res: Response) {{\n",
        STATEMENTS,
        "}\n",
    ),
}


def cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def generated(form: str, lines: int) -> str:
    """Return TypeScript of about so many lines."""
    head, body, end = FORMS[form]
    count = (lines - head.count("\n")) // body.count("\n")
    return head.format() + "".join(body.format(n=n) for n in range(count)) + end


def changed(name: str, text: str) -> str:
    """Return the text with two more lines of code after a statement in the middle."""
    lines = text.split("\n")
    middle = len(lines) // 2
    ends = ("}", ")") if name.endswith(".go") else (";", ")", "'")
    while middle < len(lines) - 1 and not (
        lines[middle].startswith(("  ", "\t")) and lines[middle].endswith(ends)
    ):
        middle += 1
    change = GO_CHANGE if name.endswith(".go") else CHANGE
    return "\n".join([*lines[: middle + 1], change, "", *lines[middle + 1 :]])


def timed(change: ChangeSet, rules: Mapping[str, Rule]) -> tuple[float, ScannerRun]:
    """Scan without a cache; return the CPU seconds and the result."""
    with tempfile.TemporaryDirectory() as folder:
        before = cpu()
        run = SCANNER.scan(change, context(rules, Path(folder)))
        return cpu() - before, run


def main() -> None:
    rules = rulebook.load("code")
    files = {
        os.path.basename(name): Path(name).read_text("utf-8") for name in sys.argv[1:]
    } or {
        f"{form}-{lines}.ts": generated(form, lines)
        for form in FORMS
        for lines in LINES
    }
    print("file lines two-lines new not-inspected")
    for name, text in files.items():
        few, _ = timed(change_of({name: changed(name, text)}, {name: text}), rules)
        new, run = timed(change_of({name: text}), rules)
        skipped = len(run.not_inspected)
        print(name, text.count("\n"), f"{few:.2f} {new:.2f}", skipped, flush=True)


if __name__ == "__main__":
    main()
