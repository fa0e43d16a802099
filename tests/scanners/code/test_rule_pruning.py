"""Rules for one text: what is left out, what stays, and that findings stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.scanners.code.test_pack import EXTENSIONS, FOLDER
from tests.support.changes import change_of, context
from tests.support.offenders import check_each
from zt_gate import rulebook
from zt_gate.scanners.code import SCANNER
from zt_gate.scanners.code.prefilter_conditions import PrefilterText
from zt_gate.scanners.code.rule_pruning import PrunableRule
from zt_gate.scanners.code.rule_selection import EngineRules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

WIDE = "$DB.$RUN($SINK, ...)"


def reduced(body: Mapping[str, Any], text: str, *, python: bool = False) -> Any:
    rule = PrunableRule(body, python=python)
    return rule.reduced(PrefilterText(text.encode(), python=python))


def taint(**parts: list[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "mode": "taint",
        "pattern-sources": [{"pattern": "req.query"}],
        "pattern-sinks": [{"pattern": "eval(...)"}],
    }
    return {
        **body,
        **{f"pattern-{key.replace('_', '-')}": value for key, value in parts.items()},
    }


def either(*patterns: str) -> dict[str, Any]:
    return {"pattern-either": [{"pattern": pattern} for pattern in patterns]}


def choice(*formulas: Any, names: str = "^(query|run|exec)$") -> dict[str, Any]:
    condition = {"metavariable": "$RUN", "regex": names}
    return {"patterns": [*formulas, {"metavariable-regex": condition}]}


def test_alternatives_without_their_words_are_left_out() -> None:
    body = taint(
        sources=[either("req.query", "ctx.params"), {"pattern": "process.argv"}],
        sinks=[either("eval(...)", "vm.runInContext(...)")],
        sanitizers=[{"pattern": "Number(...)"}, either("escape(...)", "quote(...)")],
    )
    made = reduced(body, "eval(req.query.a); quote(b)")
    assert made["pattern-sources"] == [either("req.query")]
    assert made["pattern-sinks"] == [either("eval(...)")]
    assert made["pattern-sanitizers"] == [either("quote(...)")]
    assert "pattern-sanitizers" not in reduced(body, "eval(req.query.a)")


def test_what_a_conjunction_excludes_is_left_out_and_the_rest_stays() -> None:
    parts = [
        {"pattern": "eval(...)"},
        {"pattern-not": "eval(safe(...))"},
        {"pattern-not-inside": "function checked() { ... }"},
        {"focus-metavariable": "$SINK"},
        {"metavariable-regex": {"metavariable": "$SINK", "regex": "^x"}},
    ]
    body = taint(sinks=[{"patterns": parts}])
    for text, left_out in (
        ("eval(req.query)", (1, 2)),
        ("eval(safe(req.query))", (2,)),
        ("function checked() { eval(req.query) }", (1,)),
        ("function checked() { eval(safe(req.query)) }", ()),
    ):
        expected = [part for n, part in enumerate(parts) if n not in left_out]
        assert reduced(body, text)["pattern-sinks"] == [{"patterns": expected}]


def test_a_check_is_left_out_where_its_keyword_does_not_occur() -> None:
    check = "if (typeof $X !== 'string') { ... throw ...; }\n..."
    inside = {"patterns": [{"pattern": "$X"}, {"pattern-inside": check}]}
    body = taint(sanitizers=[inside])
    for text, stays in (
        ("eval(req.query)", False),
        ("if (typeof a) eval(req.query)", False),
        ("if (a) { throw b } eval(req.query)", False),
        ("if (typeof a) { throw b } eval(req.query)", True),
    ):
        assert ("pattern-sanitizers" in reduced(body, text)) is stays


def test_a_rule_that_cannot_match_stays_whole() -> None:
    for body in (taint(), {"pattern": "eval(...)"}, {"mode": "join"}, {"r2c": 1}):
        assert reduced(body, "nothing here") == body


def test_names_take_the_place_of_a_choice_of_names() -> None:
    def sinks(formula: Any, text: str) -> Any:
        body = taint(sinks=[formula])
        return reduced(body, f"req.query {text}")["pattern-sinks"][0]["patterns"]

    one = sinks(choice({"pattern": WIDE}, names="^(run|exec)$"), "db.run(x)")
    assert one == [{"pattern": "$DB.run($SINK, ...)"}]
    two = sinks(choice({"pattern": WIDE}), "db.run(x)")
    assert two == [either("$DB.query($SINK, ...)", "$DB.run($SINK, ...)")]
    inside = {"pattern-inside": "$APP.$RUN(..., ($REQ) => { ... })"}
    enclosing = sinks(choice({"pattern": "$REQ.q"}, inside), "req.q")
    named = {"pattern-inside": "$APP.query(..., ($REQ) => { ... })"}
    assert enclosing == [named, {"pattern": "$REQ.q"}]


def test_a_choice_stays_where_names_could_mean_something_else() -> None:
    many = "^(a1|a2|a3|a4|a5)$"
    text = "req.query a1 a2 a3 a4 a5 delete"
    cases = {
        "more names than are worth it": choice({"pattern": WIDE}, names=many),
        "no choice of names": choice({"pattern": WIDE}, names="^a"),
        "a keyword as a function": choice({"pattern": "$RUN($X)"}, names="^(delete)$"),
        "a name in two parts": choice(
            {"pattern": WIDE}, {"pattern-inside": "$RUN(...)"}, names="^(a1)$"
        ),
        "a name that one alternative does not have": choice(
            either(WIDE, "f($DB)"), names="^(a1)$"
        ),
        "a name that what is around has too": {
            "patterns": [
                choice({"pattern": WIDE}, names="^(a1)$"),
                {"pattern-inside": "$RUN(...)"},
            ]
        },
        "a narrow pattern": choice({"pattern": "req.$RUN(...)"}, names="^(a1)$"),
    }

    def check(formula: Any) -> object:
        return reduced(taint(sinks=[formula]), text + " f")["pattern-sinks"] != [
            formula
        ]

    check_each(cases.values(), check, name=str)
    shared = {**taint(sinks=[choice({"pattern": WIDE}, names="^(a1)$")]),
              "options": {"taint_unify_mvars": True}}  # fmt: skip
    assert reduced(shared, text) == shared


def test_two_files_get_their_own_forms_of_a_rule(tmp_path: Path) -> None:
    """The engine keeps one rule of an id: the second form was lost."""
    files = {
        "a.py": "from flask import request\n\ndef f():\n    eval(request.args['q'])\n",
        "b.py": "def g(self):\n    eval(self.request.args['q'])\n",
        "c.js": "app.get('/', (req, res) => {\n  eval(req.query.q);\n});\n",
        "d.js": "export default function h(r, res) {\n  eval(r.body.q);\n}\n",
    }
    run = SCANNER.scan(change_of(files), context(rulebook.load("code"), tmp_path))
    assert {finding.location.path for finding in run.findings} == {
        name.encode() for name in files
    }


@pytest.mark.parametrize("language", sorted(EXTENSIONS))
def test_all_examples_have_the_findings_of_whole_rules(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        file.name: file.read_bytes()
        for file in sorted((FOLDER / language).iterdir())
        if file.suffix in EXTENSIONS[language]
    }
    rules = rulebook.load("code")
    findings = []
    for folder in (tmp_path / "reduced", tmp_path / "whole"):
        folder.mkdir()
        run = SCANNER.scan(change_of(dict(files)), context(rules, folder))
        assert (run.status, run.not_inspected) == ("ok", ())
        findings.append(run.findings)
        monkeypatch.setattr(EngineRules, "write_file", _whole(EngineRules.write_file))
    assert findings[0] == findings[1]
    assert len(findings[0]) > len(files)


def _whole(write_file: Any) -> Any:
    def write(
        self: EngineRules,
        language: str,
        files: Mapping[str, Collection[str]],
        _texts: Any = None,
    ) -> str:
        name: str = write_file(self, language, files)
        assert json.loads((self._workdir / name).read_text())["rules"]
        return name

    return write
