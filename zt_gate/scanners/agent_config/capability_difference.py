"""Says in one sentence what an agent may do after a change and could not before.

Texts of the repository stand in backticks, as ASCII, shortened, and few of them: the
sentence is read by people and by models, which should not take it for their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.agent_config import capabilities
from zt_gate.scanners.agent_config.capabilities import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from zt_gate.scanners.agent_config.capabilities import Aspect, Capability

#: Texts that are named, and characters of each.
_MOST = 4
_LENGTH = 40
#: Characters of the sentence.
_LONGEST = 800
#: A word that may be a credential: long, with letters and digits.
_OPAQUE = lazy_re.compile(
    r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{16,}|://[^/@\s]{1,200}@"
)
#: Aspect, what is said of it, and what is said for a grant without a limit.
_UNASKED: tuple[tuple[Aspect, str, str], ...] = (
    ("run", "run", "any command"),
    ("write", "write", "any file"),
    ("reach", "reach", "any host"),
    ("call", "call the tools", "of every server"),
)
_STARTED: tuple[tuple[Aspect, str, str], ...] = (
    ("start", "start", "every server of the project"),
    ("hook", "run hooks", "after every turn"),
    ("denied", "do what was denied:", ""),
)


def sentence(kind: str, old: Any, new: Any) -> str:
    """Return what the new settings grant beyond the old ones, "" for nothing.

    ``old`` is None for a file that is new or could not be read.
    """
    before, after = capabilities.of(kind, old), capabilities.of(kind, new)
    unasked = _clauses(_UNASKED, before, after)
    started = _clauses(_STARTED, before, after)
    if unasked:
        unasked[-1] = f"{unasked[-1]} without asking"
    clauses = [*unasked, *started]
    if not clauses:
        return ""
    text = f"In effect, agents may now {_joined(clauses)}; before: {_before(before)}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _clauses(
    forms: Iterable[tuple[Aspect, str, str]],
    before: frozenset[Capability],
    after: frozenset[Capability],
) -> list[str]:
    """Return what is said of the aspects that grant more than before."""
    clauses = []
    for aspect, verb, everything in forms:
        old, new = _of(aspect, before), _of(aspect, after)
        added = old - new if aspect == "denied" else new - old
        if not added or (ANYTHING in old and aspect != "denied"):
            continue
        granted = frozenset([ANYTHING]) if ANYTHING in added else added
        clauses.append(f"{verb} {_listed(granted, everything)}")
    return clauses


def _before(before: frozenset[Capability]) -> str:
    """Return what was granted before, with its verb where it is of several aspects."""
    parts = []
    for aspect, verb, everything in (*_UNASKED, *_STARTED[:-1]):
        texts = _of(aspect, before)
        if texts:
            parts.append((verb, _listed(texts, everything)))
    if len(parts) == 1 and parts[0][0] == "run":
        return parts[0][1]
    return "; ".join(f"{verb} {texts}" for verb, texts in parts) or "nothing"


def _of(aspect: Aspect, found: frozenset[Capability]) -> frozenset[str]:
    return frozenset(item.what for item in found if item.aspect == aspect)


def _joined(clauses: list[str]) -> str:
    first = ", ".join(clauses[:-1])
    return f"{first} and {clauses[-1]}" if first else clauses[-1]


def _listed(texts: Iterable[str], everything: str) -> str:
    """Return texts as a short list; a grant without a limit by its own words."""
    names = sorted(texts)
    shown = [everything if name == ANYTHING else _shown(name) for name in names[:_MOST]]
    if len(names) > _MOST:
        shown.append(f"{len(names) - _MOST} more")
    return ", ".join(shown)


def _shown(text: str) -> str:
    """Return a text of the repository in backticks: one line, ASCII, without credentials."""
    one_line = _OPAQUE.sub("...", " ".join(text.split())).replace("`", "'")
    plain = one_line.encode("ascii", "backslashreplace").decode()
    if len(plain) > _LENGTH:
        plain = f"{plain[: _LENGTH - 3]}..."
    return f"`{plain}`"
