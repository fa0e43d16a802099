"""Tells a text that forbids, warns of or quotes a thing from one that asks for it.

``FORBIDDEN: git commit --no-verify`` is the opposite of an instruction.  What negates
must govern the match: a sentence that forbids something else and then asks for the
thing ("Do not wait for the hooks: commit with --no-verify") is no ban.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Lines above a line in which a heading or an introduction can govern it.
_LINES_ABOVE = 40
#: Characters before and after a match that are read.
_REACH = 240

#: Marks and words that forbid what follows on their line, or below them as a heading.
_LABEL = lazy_re.compile(
    r"(?:[\u274c\U0001f6ab\u26d4\u2717\u2718\u2716\u2612\U0001f6d1]|\b(?:FORBIDDEN"
    r"|PROHIBITED|BANNED|DISALLOWED|DISABLED|NEVER"
    r"|NOT ALLOWED|DO NOT|DON'?T|DONTS?|WRONG|BAD|AVOID|DENY|DENIED|BLOCKED"
    r"|REJECTED|REFUSED|UNSAFE"
    r"|ANTI-?PATTERNS?|INCORRECT|NOT PERMITTED)\b|\b(?:[Ff]orbidden|[Pp]rohibited"
    r"|[Bb]anned|[Dd]isallowed"
    r"|[Nn]ot allowed|[Aa]nti-?patterns?|[Bb]locked|[Dd]enied"
    r"|[Rr]ejected)\b(?=[^.;\n]{0,60}(?::|$|\|))"
    r"|(?:^|[|#*>\s-])(?:[Nn]ever|[Dd]on'?t|[Dd]o not|[Aa]void|[Ww]rong|[Bb]ad"
    r"|[Ii]ncorrect)\b(?=[^.;\n]{0,60}(?::\s*$|:\**\s*$)))"
)
#: Marks and words that allow, which end the reach of a ban before them.
_ALLOWS = lazy_re.compile(
    r"[\u2705\u2714\u2713\U0001f7e2]|\b(?:GOOD|RIGHT|CORRECT|ALLOWED|REQUIRED"
    r"|ALWAYS|MUST|RECOMMENDED|INSTEAD|PREFERRED|DO)\b"
    r"(?! NOT|N'T)|\b(?:[Ii]nstead|[Rr]equired|[Rr]ecommended|[Aa]lways)\b"
)
_ALLOWED_HEADING = lazy_re.compile(
    r"(?i)\b(?:good|right|correct|allowed|required|recommended|instead|preferred"
    r"|usage|examples?|steps?|workflow|how to|commands?)\b"
)
#: Points that end no sentence.
_ABBREVIATION = lazy_re.compile(r"(?i)\b(?:e\.\s?g|i\.\s?e|etc|vs|resp)\.(?=[\s,])")
_TABLE_RULE = lazy_re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?\s*")
_BAD_COLUMN = lazy_re.compile(
    r"(?i)^[\s*_`]*(?:[\u274c\U0001f6ab\u26d4\u2717\u2718\u2716]|bad|wrong|incorrect|forbidden|prohibited"
    r"|banned|avoid|don'?t|do not|never|not allowed|unsafe|insecure|dangerous|anti-?pattern"
    r"|blocked|denied|rejected|red flag)"
)
_NEGATION = lazy_re.compile(
    r"(?i)\b(?:never|do(?:es)? ?not|don'?t|doesn'?t|must ?n(?:o|')t|may not"
    r"|shall not|should ?n(?:o|')t|can ?not|can't|avoid(?:ing)?"
    r"|forbid(?:s|den)?|prohibit(?:s|ed)?|refus(?:e|es|ed|ing)|reject(?:s|ed|ing)?"
    r"|disallow(?:s|ed)?|den(?:y|ies|ied)"
    r"|block(?:s|ed|ing)?|ban(?:s|ned)?|detect(?:s|ed|ing)?|catch(?:es)?"
    r"|prevent(?:s|ed|ing)?|stop(?:s|ped)?|strip(?:s|ped|ping)?"
    r"|remov(?:e|es|ed|ing)|instead of|rather than|without(?: using)?|no|not"
    r"|beware of|warn(?:s|ed|ing)? (?:about|of|against)"
    r"|removed?|dropp?(?:s|ed)?|disabl(?:e|es|ed))\b"
)
#: Between a negation and a match: a new clause that asks, or a double negation.
_NEW_CLAUSE = lazy_re.compile(
    r"(?i)[.;:!?](?=\s)|[.;!?]$|,\s*(?:but|and then|then|just|always|use|run"
    r"|instead|so|commit|push|pass)\b"
    r"|\b(?:unless|except|forget|fail|hesitate|omit|leave out|without|wait|ask"
    r"|worry|bother)\b"
)
_RELEVANT_VERB = lazy_re.compile(
    r"(?i)^\W*(?:ever\s+|try to\s+|attempt to\s+|silently\s+|simply\s+"
    r"|just\s+)?(?:commit|push|use|using|run|running|pass|add|apply|skip|bypass"
    r"|circumvent|disable|call"
    r"|invoke|suggest|propose|recommend|allow|start|starting|launch|spawn|execute"
    r"|set|enable|rely|resort|work around|accept|permit|pipe|download|install|write"
    r"|[`\"'(*_\[<-]|git\b|any\b|all\b|the\b|a\b|an\b|such\b|this\b|these\b|of\b"
    r"|with\b|to\b)"
)
_ASKS_NEXT = lazy_re.compile(
    r"(?i)\b(?:and|but|or|then|so)\s+(?:always\s+|then\s+|just\s+)?(?:use|pass|add"
    r"|run|commit|push|apply|set|append|start|execute)\b"
)
_AFTER = lazy_re.compile(
    r"(?i)^[^.;\n]{0,80}?(?:\b(?:is|are|was|will be|gets?|must be"
    r"|being)\s+(?:\w+ly\s+|always\s+)?(?:not\b|never\b|forbidden|prohibited|banned"
    r"|blocked|disallowed"
    r"|rejected|denied|refused|stripped|removed|ignored|detected|unsafe|dangerous"
    r"|wrong|against)"
    r"|(?:\u2192|->|=>|[\u2014\u2013:|-])\s*\**(?:never|forbidden|prohibited|banned"
    r"|blocked|denied|reject|refuse|not allowed|deny|no\b)"
    r"|\b(?:must|may|should|can|do|does)\s?(?:not|n't)\b|\bviolat|\bbypass(?:es"
    r"|ing)? (?:the )?(?:hooks?|checks?|gates?))"
)
_NEXT_CELL = lazy_re.compile(
    r"(?i)^[^|\n]{0,80}\|\s*\**(?:[\u274c\U0001f6ab\u26d4\u2717\u2718\u2716]|never"
    r"|forbidden|prohibited|banned|blocked|denied|no\b)"
)
#: Between a mark and a match: a condition or an order, of which the mark says nothing.
_ORDERS = lazy_re.compile(
    r"(?i)\b(?:if|when|run|use|execute|fix|solution|resolved? by|then)\b"
)
_HEADING = lazy_re.compile(
    r"^\s{0,3}#{1,6}\s|^\s{0,6}(?:[-*>|]\s*)?\*\*[^*\n]{2,200}\*\*:?\s*$|:\**\s*$"
)
_LIST_OR_CODE = lazy_re.compile(
    r"^(?: {4,}|\t)\S|^\s*(?:[-*+>|#$]|//|\d{1,3}[.)]|```|~~~|$)"
)


def is_forbidden(lines: Sequence[str], index: int, start: int, end: int) -> bool:
    """Whether a text forbids, warns of or quotes what a match in one line says.

    ``lines`` are adjacent lines, ``start`` and ``end`` the span in ``lines[index]``.
    """
    line = lines[index]
    before, after = line[max(0, start - _REACH) : start], line[end : end + _REACH]
    before = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), before)
    if _governs(before) or _AFTER.search(after) or _NEXT_CELL.search(after):
        return True
    label = _last_label(before)
    if label is not None:
        gap = before[label:]
        if not _ALLOWS.search(gap) and not _ORDERS.search(gap):
            return True
    if _ALLOWS.search(before):
        return False
    if _is_in_a_column_of_bans(lines, index, start):
        return True
    return _is_below_a_ban(lines, index)


def _is_in_a_column_of_bans(lines: Sequence[str], index: int, start: int) -> bool:
    """Whether the column of a table says in its first row that it lists what is bad."""
    if not lines[index].lstrip().startswith("|"):
        return False
    column = lines[index][:start].count("|")
    for above in range(index - 1, max(0, index - 1 - _LINES_ABOVE), -1):
        if not lines[above].lstrip().startswith("|"):
            return False
        if _TABLE_RULE.fullmatch(lines[above]):
            titles = lines[above - 1].split("|")
            return (
                column < len(titles) and _BAD_COLUMN.search(titles[column]) is not None
            )
    return False


def _governs(before: str) -> bool:
    """Whether the last negation before a match negates it."""
    matches = list(_NEGATION.finditer(before))
    for negation in reversed(matches[-3:]):
        gap = before[negation.end() :]
        if negation[0].lower().startswith("without") and _NEGATION.search(
            before, max(0, negation.start() - 60), negation.start()
        ):
            return False
        if _NEW_CLAUSE.search(gap):
            return False
        if _RELEVANT_VERB.search(gap) or not gap.strip(" `\"'*_("):
            return True
        if not _ASKS_NEXT.search(gap) and len(gap) < 120:
            return True
    return False


def _last_label(text: str) -> int | None:
    """Return where the last mark that forbids ends in a text."""
    labels = list(_LABEL.finditer(text))
    return labels[-1].end() if labels else None


def _label_reaches(text: str) -> bool:
    """Whether a mark that forbids stands in a heading, and none that allows after it."""
    label = _last_label(text)
    return label is not None and _ALLOWS.search(text, label) is None


def _is_below_a_ban(lines: Sequence[str], index: int) -> bool:
    """Whether the nearest heading or introduction above the line forbids what it lists."""
    if not _is_listed(lines, index):
        return False
    for above in range(index - 1, max(-1, index - 1 - _LINES_ABOVE), -1):
        text = lines[above]
        is_comment = text.lstrip().startswith(("#", "//"))
        if not (_HEADING.search(text) or is_comment):
            if not _LIST_OR_CODE.match(text) and not _inside_fence(lines, above, index):
                return False
            continue
        if _label_reaches(text) or (
            _NEGATION.search(text) and text.rstrip("* ").endswith(":")
        ):
            return True
        if _ALLOWS.search(text) or _ALLOWED_HEADING.search(text) or not is_comment:
            return False
    return False


def _is_listed(lines: Sequence[str], index: int) -> bool:
    """Whether the line is an item of a list, a row of a table, or code in a fence."""
    if _LIST_OR_CODE.match(lines[index]):
        return True
    return _fences(lines, index) % 2 == 1


def _inside_fence(lines: Sequence[str], above: int, index: int) -> bool:
    return _fences(lines, index) % 2 == 1 and _fences(lines, above) % 2 == 1


def _fences(lines: Sequence[str], index: int) -> int:
    """Return how many fences open or close in the lines above, as far as they are read."""
    first = max(0, index - _LINES_ABOVE)
    return sum(line.lstrip().startswith(("```", "~~~")) for line in lines[first:index])
