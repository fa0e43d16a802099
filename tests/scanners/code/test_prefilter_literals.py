"""Necessary words: derived by the letter, and proved lossless with the real engine."""

from __future__ import annotations

import json
import lzma
import os
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.scanners.code import semgrep_engine
from zt_gate.scanners.code.languages import by_name
from zt_gate.scanners.code.prefilter_conditions import (
    ALWAYS,
    AnyOf,
    Condition,
    PrefilterText,
    Substrings,
    from_table,
    to_table,
)
from zt_gate.scanners.code.prefilter_literals import condition_of
from zt_gate.scanners.code.result_cache import ResultCache
from zt_gate.scanners.code.rule_selection import EngineRules

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A file of samples, ``{"lang": …, "text": …}`` per line, compressed with xz.
PRACTICE = "ZT_GATE_PRACTICE_CODE"
_EXTENSIONS = {"python": "py", "javascript": "js", "typescript": "ts", "go": "go"}


def needs(rule: dict[str, Any], *, python: bool = True) -> list[str]:
    """Return every least set of words that a file must hold for a rule, as texts in order.

    Without the mark of what must be called, which has a test of its own.
    """
    found = condition_of(rule, python=python)
    assert from_table(json.loads(json.dumps(to_table(found)))) == found
    sets = [{word.removeprefix("(") for word in words} for words in _sets(found)]
    return sorted(" ".join(sorted(words)) for words in sets)


def _sets(condition: Condition) -> set[frozenset[str]]:
    if isinstance(condition, frozenset):
        return {frozenset((word.decode(),)) for word in condition}
    if isinstance(condition, Substrings):
        mark = "+" if condition.is_joined else "~"
        return {
            frozenset((mark + at.decode(),))
            for at in condition.plain | condition.matching
        }
    parts = [_sets(part) for part in condition.parts]
    if isinstance(condition, AnyOf):
        return set().union(*parts)
    return {frozenset().union(*chosen) for chosen in product(*parts)}


@each_of(
    ("rule", "expected"),
    [
        ({"pattern": "subprocess.run(..., shell=True)"}, ["run shell subprocess"]),
        ({"pattern": "$X = $Y"}, [""]),
        ({"pattern": "f('eval', \"exec\", 0x1f, None)  # call"}, ["f"]),
        ({"pattern": '"""\nos.system(x)\n"""'}, [""]),
        ({"pattern": "f'{evil}'"}, [""]),
        ({"pattern": "naïve(x)"}, ["x"]),
        ({"pattern-either": [{"pattern": "a.b()"}, {"pattern": "c.d()"}]}, ["a b", "c d"]),
        ({"pattern-either": [{"pattern": "a.b()"}, {"pattern": "$X()"}]}, [""]),
        ({"pattern-either": [{"pattern": "a.b()"}, {"pattern-regex": "x"}]}, [""]),
        ({"pattern-either": [{"pattern": "a()"}, {"pattern": "b()"}]}, ["a", "b"]),
        ({"pattern-either": []}, [""]),
        ({"patterns": [{"pattern": "aa()"}, {"pattern-inside": "bb()"}]}, ["aa bb"]),
        ({"patterns": [{"pattern": "aa()"}, {"pattern-not": "bb()"}]}, ["aa"]),
        ({"patterns": [{"pattern": "aa()"}, {"pattern-not-inside": "bb()"}]}, ["aa"]),
        ({"patterns": [{"pattern": "aa()"}, {"focus-metavariable": "$X"}]}, ["aa"]),
        ({"pattern-regex": "eval"}, [""]),
        ({"mode": "join", "pattern": "eval()"}, [""]),
        ({"match": {"any": ["eval()"]}}, [""]),
        ({"mode": "taint", "taint": {}}, [""]),
        ({"mode": "taint", "pattern-sources": [{"pattern": "src"}],
          "pattern-sinks": [{"pattern": "snk"}, {"pattern": "other"}]}, ["other src", "snk src"]),
        ({"mode": "taint", "pattern-sources": [{"pattern": "src"}],
          "pattern-sinks": [{"pattern": "snk", "requires": "not A"}]}, ["snk"]),
        ({"mode": "taint", "pattern-sources": ["src"], "pattern-sinks": ["snk"]}, ["snk src"]),
    ],
)  # fmt: skip
def test_what_is_necessary(rule: dict[str, Any], expected: list[str]) -> None:
    assert needs(rule) == expected


@pytest.mark.parametrize(
    ("pattern", "regex", "expected"),
    [
        ("request.$A", "^(args|form)$", ["args request", "form request"]),
        ("request.$A", "(?:args|form)$", ["args request", "form request"]),
        ("$A(...)", "^eval$", ["eval"]),
        ("@$APP.$A(...)\ndef $F(...):\n    x.$A(...)", "^(get|put)$",
         ["@ @get get x", "@ @get put x", "@ @put get x", "@ @put put x"]),
        ("request.$A", "^(args|form)", ["request ~args", "request ~form"]),
        ("request.$A", "^(args|fo.*)$", ["request ~args", "request ~fo"]),
        ("request.$A", "(?i)^(ARGS)$", ["request ~args"]),
        ("request.$A", "^(args|)$", ["request"]),
        ("request['$A']", "^(args|form)$", ["request"]),
        ("request[$A]", "^(args|form)$", ["request ~args", "request ~form"]),
        ("$B['$A']", "^(args|form)$", ["+args", "+form"]),
    ],
)  # fmt: skip
def test_a_regular_expression_that_pins_a_name(
    pattern: str, regex: str, expected: list[str]
) -> None:
    pinned = {"metavariable-regex": {"metavariable": "$A", "regex": regex}}
    assert needs({"patterns": [{"pattern": pattern}, pinned]}) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("($X : Request).send()", "send"),
        ("($X : func(a) b).send()", "send"),
        ("`${x}`.run()", "run"),
        ("`${`a`}`.run()", ""),
        ("`sql`.run()", "run"),
        ("f(/'/, 'exec')", ""),
        ("f(x) // eval\n", "f x"),
        ("f(x /* eval */)", "f x"),
        ("$X.innerHTML = $Y", "innerHTML"),
    ],
)
def test_what_is_necessary_in_other_languages(pattern: str, expected: str) -> None:
    assert needs({"pattern": pattern}, python=False) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"@app.get('/')\ndef f(): pass\n", True),
        (b"@app.other('/')\ndef f(): x.get()\n", False),
        (b"x.get()\n@app.other('/')\nclass C: pass\n", False),
        (b"@(app\n  # def\n  .get)('/')\nasync def f(): pass\n", True),
        (b"@(app if QUOTE\ndef QUOTE else app).get('/')\ndef f(): pass\n", True),
        (b"@app.\\\ndef_.get('/')\ndef f(): pass\n", True),
        (b"from x import get as g\n@g('/')\ndef f(): pass\n", True),
        (b"from x import (a,  # )\n  get as g)\n@g('/')\ndef f(): pass\n", True),
        (b"from x import \\\n  get as g\n@g('/')\ndef f(): pass\n", True),
        (b"from x import get\n", False),
        (b"\t@app.get\n", True),
    ],
)
def test_words_that_may_name_a_decorator(text: bytes, expected: bool) -> None:
    text = text.replace(b"QUOTE", b"'" * 3)
    assert (b"@get" in PrefilterText(text, python=True).words) == expected
    assert not any(
        word.startswith(b"@") for word in PrefilterText(text, python=False).words
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"eval(x)", True),
        (b"eval  (x)", True),
        (b"eval \\\n (x)", True),
        (b"(eval)(x)", True),
        (b"(eval # why\n)(x)", True),
        (b"from builtins import eval as e\ne(x)", True),
        (b"from builtins import (\n  eval as e)\ne(x)", True),
        (b"x = eval", False),
        (b"eval = f(x)", False),
        (b"model.eval\nf(x)", False),
    ],
)
def test_words_that_may_name_what_is_called(text: bytes, expected: bool) -> None:
    assert (b"(eval" in PrefilterText(text, python=True).words) == expected
    assert b"(eval" not in PrefilterText(text, python=False).words
    assert b"(exec" in PrefilterText(b"exec text", python=True).words


@pytest.mark.parametrize(
    ("pattern", "is_marked"),
    [
        ("x.eval($X)", True),
        ("eval($X)", True),
        ("x.eval", False),
        ("def eval(...): ...", False),
        ("class eval(...): ...", False),
        ("@eval(...)\ndef f(...): ...", False),
        ("@x.eval(...)\ndef f(...): ...", False),
    ],
)
def test_only_what_a_pattern_calls_must_be_called(
    pattern: str, is_marked: bool
) -> None:
    (words,) = _sets(condition_of({"pattern": pattern}, python=True))
    assert ("(eval" in words) == is_marked
    assert ("eval" in words) != is_marked


def test_a_pattern_within_a_metavariable_counts_unless_it_is_in_another_language() -> (
    None
):
    inner: dict[str, Any] = {"metavariable": "$X", "pattern": "evil()"}
    rule = {"patterns": [{"pattern": "f($X)"}, {"metavariable-pattern": inner}]}
    assert needs(rule) == ["evil f"]
    inner["language"] = "generic"
    assert needs(rule) == ["f"]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["pattern", "patterns", "pattern-either", "pattern-inside", "mode",
                         "pattern-sources", "pattern-sinks", "metavariable-regex", "regex",
                         "metavariable", "metavariable-pattern", "requires"]), inner, max_size=4),
    max_leaves=12))  # fmt: skip
def test_any_table_gives_a_condition(table: Any) -> None:
    for python in (True, False):
        found = condition_of(table if isinstance(table, dict) else {}, python=python)
        assert _sets(found)
        for words in _sets(found):
            text = "\n".join(words).replace("+", "").replace("~", "").encode()
            marked = {"@", "("} & {word[:1] for word in words}
            assert PrefilterText(text, python=True).holds(found) or marked


@given(
    st.lists(
        st.sampled_from(["eval", "$X", "os", "'os'", ".", "(", ")", "\n", "...", "$"])
    )
)
def test_a_pattern_matches_itself(parts: list[str]) -> None:
    text = " ".join(parts)
    for python in (True, False):
        needed = condition_of({"pattern": text}, python=python)
        assert PrefilterText(text.encode(), python=python).holds(needed)


def samples() -> Iterable[tuple[str, bytes]]:
    """Every file beside a rule, and the practice set where it is given."""
    for file in sorted((rulebook.rules_folder() / "code").rglob("*")):
        if file.is_file() and by_name(os.fsencode(file.name)) is not None:
            yield file.suffix[1:], file.read_bytes()
    practice = os.environ.get(PRACTICE)
    if practice:
        with lzma.open(practice, "rt", encoding="utf-8") as lines:
            for line in lines:
                sample = json.loads(line)
                extension = _EXTENSIONS.get(sample["lang"])
                if extension:
                    yield extension, sample["text"].encode()


def test_no_match_is_lost_by_the_words(tmp_path: Path) -> None:
    """With all rules on all files, no rule matches where it was not to be asked."""
    whole = context(rulebook.load("code"), tmp_path, deadline=time.monotonic() + 1500)
    engine_rules = EngineRules(whole.rules, tmp_path, ResultCache(None))
    texts: dict[str, tuple[str, bytes]] = {}
    for number, (extension, data) in enumerate(samples()):
        dialect = by_name(b"x." + extension.encode())
        assert dialect is not None
        if dialect.language.name in engine_rules.languages:
            name = f"{number:06}.{extension}"
            Path(tmp_path, name).write_bytes(data)
            texts[name] = (dialect.language.name, data)
    ids = {name.removeprefix("code/") for name in whole.rules}
    files = [
        engine_rules.write_file(
            name, dict.fromkeys(engine_rules.in_language(name, ids), ())
        )
        for name in sorted(engine_rules.languages)
    ]
    answer = semgrep_engine.scan(
        tuple(texts), files, tuple(semgrep_engine.engine_commands(tmp_path)), whole
    )
    assert len(answer.matches) >= len(ids)
    for match in answer.matches:
        language, data = texts[match.file]
        assert match.rule in engine_rules.applicable(language, data), match
    # And it does leave files out, or it would be of no use.
    asked = [
        len(engine_rules.applicable(language, data))
        for language, data in texts.values()
    ]
    assert sum(asked) < len(texts) * len(ids) / 2


def test_no_word_is_necessary_for_what_is_not_understood() -> None:
    assert condition_of({}, python=True) == ALWAYS
    assert PrefilterText(b"", python=True).holds(ALWAYS)
