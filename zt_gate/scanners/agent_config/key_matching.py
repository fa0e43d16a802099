"""Matches the keys that rules name in a document, and checks their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.agent_config import rule_index, value_checks
from zt_gate.scanners.agent_config.file_syntax import LIMITS
from zt_gate.scanners.agent_config.matched_values import (
    KeyHit,
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.agent_config.rule_index import KeyRule, RuleIndex
    from zt_gate.syntax.document import Document


def find_hits(
    kind: str,
    document: Document,
    rules: RuleIndex,
    file: bytes,
    changed_paths: frozenset[bytes],
) -> list[KeyHit]:
    """Return what the rules for this kind of file find in the document.

    Raises SyntaxReadError for too many values, RuleDataError for a rule with an
    unknown check.
    """
    keys = rules.keys.get(kind, ())
    if not keys:
        return []
    hits: dict[tuple[str, str, str], KeyHit] = {}
    for path, value in document.items(LIMITS):
        joined_path = rule_index.joined(path)
        for key in keys:
            if key.where.fullmatch(joined_path) is None:
                continue
            matched = MatchedValue(
                key, path, value, document, rules, file, changed_paths
            )
            for hit in _check(matched):
                hits.setdefault((hit.rule, hit.subject, hit.message), hit)
    return list(hits.values())


def _check(matched: MatchedValue) -> Iterator[KeyHit]:
    key = matched.key
    text = scalar(matched.value)
    if key.check:
        check = value_checks.VALUE_CHECKS.get(key.check)
        if check is None:
            known = ", ".join(sorted(value_checks.VALUE_CHECKS))
            raise rule_index.RuleDataError(
                f"{key.rule}: unknown judge {key.check!r}; known: {known}"
            )
        if not _value_matches(key, text):
            return
        for issue in check(matched):
            yield _hit(matched, issue)
    elif text is not None and _value_matches(key, text):
        yield _hit(matched, ValueIssue(key.level, key.says, text))


def _value_matches(key: KeyRule, text: str | None) -> bool:
    if text is None:
        return key.value is None
    if key.value is not None and key.value.search(text) is None:
        return False
    return key.unless is None or key.unless.search(text) is None


def _hit(matched: MatchedValue, issue: ValueIssue) -> KeyHit:
    path = (*matched.path, *issue.path)
    about = issue.about or scalar(matched.value) or ""
    place = rule_index.joined(path)
    rule = issue.rule or matched.key.rule
    if "/" not in rule:
        rule = f"agent_config/{rule}"
    message = f"`{rule_index.shown(path)}` {issue.clause}"
    return KeyHit(
        rule,
        path,
        place,
        subject=f"{place} = {about}",
        message=message.replace("{value}", short(about)),
        level=issue.level,
        needle=issue.needle or about,
        secret=issue.secret,
    )
