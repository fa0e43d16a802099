"""From a document to hits: every key that a rule speaks of, judged."""

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
    from collections.abc import Callable, Iterator

    from zt_gate.scanners.agent_config.rule_index import KeyRule, RuleIndex
    from zt_gate.syntax.document import Document


def hits(
    kind: str,
    document: Document,
    book: RuleIndex,
    file: bytes,
    brought: frozenset[bytes],
) -> list[KeyHit]:
    """Return everything that the rules find; raises SyntaxReadError for too many values."""
    keys = book.keys.get(kind, ())
    found: dict[tuple[str, str, str], KeyHit] = {}
    if not keys:
        return []
    for path, value in document.items(LIMITS):
        where = rule_index.joined(path)
        for key in keys:
            if key.where.fullmatch(where) is None:
                continue
            for hit in _judged(
                MatchedValue(key, path, value, document, book, file, brought)
            ):
                found.setdefault((hit.rule, hit.subject, hit.message), hit)
    return list(found.values())


def _judged(asked: MatchedValue) -> Iterator[KeyHit]:
    key, value = asked.key, asked.value
    text = scalar(value)
    if key.judge:
        judge: Callable[[MatchedValue], Iterator[ValueIssue]] | None = (
            value_checks.VALUE_CHECKS.get(key.judge)
        )
        if judge is None:
            raise rule_index.RuleDataError(
                f"{key.rule}: there is no judge {key.judge!r}"
            )
        if not _fits(key, text):
            return
        for said in judge(asked):
            yield _hit(asked, said)
    elif text is not None and _fits(key, text):
        yield _hit(asked, ValueIssue(key.level, key.says, text))


def _fits(key: KeyRule, text: str | None) -> bool:
    if text is None:
        return key.value is None
    if key.value is not None and key.value.search(text) is None:
        return False
    return key.unless is None or key.unless.search(text) is None


def _hit(asked: MatchedValue, said: ValueIssue) -> KeyHit:
    path = (*asked.path, *said.path)
    about = said.about or scalar(asked.value) or ""
    place = rule_index.joined(path)
    rule = said.rule or asked.key.rule
    rule = rule if "/" in rule else f"agent_config/{rule}"
    message = f"`{rule_index.shown(path)}` {said.says}".replace("{value}", short(about))
    return KeyHit(
        rule,
        path,
        place,
        f"{place} = {about}",
        message,
        said.level,
        said.needle or about,
        said.secret,
    )
