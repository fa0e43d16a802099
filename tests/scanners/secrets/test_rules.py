"""Every rule finds what its examples say, and nothing in those that it must ignore."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.scanners.secrets.templates import expand
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import masking_patterns
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.text_block import block_of

if TYPE_CHECKING:
    from zt_gate.model.rule import Rule

RULES = rulebook.load_with_examples("secrets")
BLOCK_SCANNER = BlockScanner(RULES)
FIND = [
    (rule, text) for rule in RULES.values() for text in rule.data["examples"]["find"]
]
IGNORE = [
    (rule, text) for rule in RULES.values() for text in rule.data["examples"]["ignore"]
]


def found(template: str, rule: Rule, scanner: BlockScanner = BLOCK_SCANNER) -> set[str]:
    path = rule.data.get("path", "app.cfg").encode()
    blocks = block_of(path, expand(template).encode())
    return {hit.rule for block in blocks for hit in scanner.hits(block)}


def test_finds_its_examples() -> None:
    missed = [
        (rule.id, text) for rule, text in FIND if rule.id not in found(text, rule)
    ]
    assert not missed, "\n".join(map(str, missed))


def test_ignores_what_it_must() -> None:
    alarms = [(rule.id, text) for rule, text in IGNORE if rule.id in found(text, rule)]
    assert not alarms, "\n".join(map(str, alarms))


def test_every_rule_has_examples_a_remedy_and_a_level() -> None:
    for rule in RULES.values():
        assert rule.level is not None, rule.id
        by_name = "files" in rule.data and "lines" not in rule.data
        summed = rule.data.get(
            "sum"
        )  # made by the scanner itself: test_finding_limits.py
        assert rule.data["examples"]["find"] or by_name or summed, rule.id
        assert "CWE-798" in rule.cwe or "CWE-321" in rule.cwe, rule.id


def test_formats_alone_find_the_anchored_examples() -> None:
    formats_only_scanner = BlockScanner(RULES, formats_only=True)
    for rule, template in FIND:
        if rule.data.get("prefixes") and rule.level is Level.BLOCK:
            assert rule.id in found(template, rule, formats_only_scanner)


def test_masking_patterns_match_what_the_scanner_blocks() -> None:
    patterns = masking_patterns(RULES)
    for rule, template in FIND:
        if rule.data.get("prefixes"):
            text = expand(template)
            assert any(pattern.search(text) for pattern in patterns), rule.id


def test_patterns_are_ascii_and_bounded() -> None:
    for rule in RULES.values():
        pattern = rule.data.get("pattern", "")
        pattern.encode("ascii")
        # No unbounded repeat: what an attacker writes must not decide how long it takes.
        assert not re.search(r"(?<!\\)[*+](?![?+*\]\w-])(?![^\[]*\])", pattern), rule.id
