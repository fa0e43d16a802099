"""The verdict line of every format counts code without rules, in one short line."""

from __future__ import annotations

from dataclasses import replace

from tests.support.offenders import each_of
from tests.support.reports import report
from zt_gate.model.report import NotInspected, ScannerRun, without_rules
from zt_gate.reports import groups, summary


@each_of(
    ("languages", "text"),
    [
        ({}, ""),
        ({"PHP": 1}, "1 PHP file has no code rules"),
        ({"PHP": 100}, "100 PHP files have no code rules"),
        ({"unknown type": 1}, "1 file of unknown type has no code rules"),
        ({"unknown type": 3}, "3 files of unknown type have no code rules"),
        ({"scripts inside HTML": 2}, "2 HTML files with scripts have no code rules"),
        ({"PHP": 2, "Rust": 1}, "2 PHP files and 1 Rust file have no code rules"),
        (
            {"PHP": 90, "Rust": 5, "C": 4, "Lua": 2, "R": 1},
            (
                "90 PHP files, 5 Rust files, 4 C files and 3 files in 2 other languages "
                "have no code rules"
            ),
        ),
    ],
)
def test_code_without_rules_is_one_short_line(
    languages: dict[str, int], text: str
) -> None:
    items = tuple(
        NotInspected(
            b"%d.%s" % (number, name.encode()), "not_applicable", without_rules(name)
        )
        for name, count in languages.items()
        for number in range(count)
    )
    judged = replace(report(), runs=(ScannerRun("code", "ok", not_inspected=items),))
    assert summary.languages_without_rules(judged) == text
    assert summary.not_applicable(judged) == 0
    assert (text in summary.verdict_facts(judged)) is bool(text)
    made = groups.inapplicable(judged)
    assert len(made) == len(languages)
    assert all(len(group.named_paths) <= 3 for group in made)
