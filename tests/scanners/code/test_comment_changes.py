"""A comment at the end of a line is no new code; a text that looks like one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scanners.code.scanning import found
from tests.support.changes import change_of
from zt_gate.model.finding import Level

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan

GO = """package main

import "net/http"

func h(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.FormValue("next"), 302)
}
"""
LINE = '\thttp.Redirect(w, r, r.FormValue("next"), 302)'
PYTHON = "from flask import request\n\n\ndef f():\n    return eval(request.args['q'])\n"
JS = "app.get('/', (req, res) => {\n  eval(req.query.q);\n});\n"


@pytest.mark.parametrize(
    ("name", "old", "line", "new"),
    [
        ("a.go", GO, LINE, LINE + " //nolint:gosec // the path is our own"),
        ("a.py", PYTHON, "['q'])", "['q'])  # noqa: S307 - reviewed"),
        ("a.js", JS, "req.query.q);", "req.query.q); // reviewed"),
        ("a.js", JS.replace("q);", "q); // old"), "// old", "// new words"),
        ("a.py", PYTHON, "['q'])", "['q'])   "),
    ],
    ids=["go", "python", "javascript", "another comment", "blanks"],
)
def test_a_comment_on_a_flagged_line_is_no_new_finding(
    scan: Scan, name: str, old: str, line: str, new: str
) -> None:
    assert line in old
    run = scan(change_of({name: old.replace(line, new)}, {name: old}))
    assert run.findings == ()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.py", PYTHON.replace("['q']", "['q' # ']"), PYTHON),
        ("a.py", PYTHON.replace("eval(request.args['q'])", "1  # a"), PYTHON),
        ("a.js", JS.replace("eval(req.query.q);", "// eval"), JS),
        (
            "a.js",
            JS.replace("eval(", "log('http://a' + "),
            JS.replace("eval(", "eval('//' + "),
        ),
    ],
    ids=["in a string", "code for a comment", "comment to code", "address"],
)
def test_code_that_replaces_a_comment_is_found(
    scan: Scan, name: str, old: str, new: str
) -> None:
    assert len(found(scan(change_of({name: new}, {name: old})))) == 1


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("a.go", None),
        ("a_test.go", Level.WARN),
        ("pkg/testdata/a.go", None),
        ("tests/a.go", Level.WARN),
    ],
)
def test_a_test_server_that_redirects_warns(
    scan: Scan, name: str, level: Level | None
) -> None:
    (finding,) = scan({name: GO}).findings
    assert finding.rule == "code/go-open-redirect"
    assert finding.level is level
