"""The base score of a CVSS v3 vector (FIRST, CVSS v3.1 specification, section 7)."""

from __future__ import annotations

from math import ceil

_IMPACT = {"H": 0.56, "L": 0.22, "N": 0.0}
_VECTOR = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {"N": 0.85, "L": 0.62, "H": 0.27}
_PRIVILEGES_CHANGED = {"N": 0.85, "L": 0.68, "H": 0.5}
_INTERACTION = {"N": 0.85, "R": 0.62}


def base_score(vector: str) -> float | None:
    """Return the score from 0 to 10; None for a vector of another version or a broken one.

    A version 4 vector has no formula, only a table; its metrics have other
    words.  Whoever publishes one nearly always publishes the word, too.
    """
    head, _, rest = vector.strip().partition("/")
    if head not in {"CVSS:3.0", "CVSS:3.1"} or len(vector) > 300:
        return None
    metrics = dict(part.partition(":")[::2] for part in rest.split("/"))
    try:
        changed = {"C": True, "U": False}[metrics["S"]]
        privileges = _PRIVILEGES_CHANGED if changed else _PRIVILEGES
        ease = 8.22 * (
            _VECTOR[metrics["AV"]]
            * _COMPLEXITY[metrics["AC"]]
            * privileges[metrics["PR"]]
            * _INTERACTION[metrics["UI"]]
        )
        kept = 1.0
        for name in ("C", "I", "A"):
            kept *= 1.0 - _IMPACT[metrics[name]]
    except KeyError:
        return None
    lost = 1.0 - kept
    impact = (
        7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    )
    if impact <= 0:
        return 0.0
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + ease), 10.0))


def _rounded_up(score: float) -> float:
    """Round up to one decimal, as appendix A of the specification does it."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else ceil(whole / 10_000) / 10
