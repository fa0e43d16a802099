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
    """Return the score from 0 to 10; None for an invalid vector or another version.

    Version 4 defines a table instead of a formula.  Advisories with such a vector
    nearly always also give the severity as a word.
    """
    version, _, metric_list = vector.strip().partition("/")
    if version not in {"CVSS:3.0", "CVSS:3.1"} or len(vector) > 300:
        return None
    metrics = dict(part.partition(":")[::2] for part in metric_list.split("/"))
    try:
        scope_changed = {"C": True, "U": False}[metrics["S"]]
        privileges = _PRIVILEGES_CHANGED if scope_changed else _PRIVILEGES
        exploitability = 8.22 * (
            _VECTOR[metrics["AV"]]
            * _COMPLEXITY[metrics["AC"]]
            * privileges[metrics["PR"]]
            * _INTERACTION[metrics["UI"]]
        )
        unaffected = 1.0
        for name in ("C", "I", "A"):
            unaffected *= 1.0 - _IMPACT[metrics[name]]
    except KeyError:
        return None
    impact_subscore = 1.0 - unaffected
    impact = 6.42 * impact_subscore
    factor = 1.0
    if scope_changed:
        impact = (
            7.52 * (impact_subscore - 0.029) - 3.25 * (impact_subscore - 0.02) ** 15
        )
        factor = 1.08
    if impact <= 0:
        return 0.0
    return _rounded_up(min(factor * (impact + exploitability), 10.0))


def _rounded_up(score: float) -> float:
    """Round up to one decimal, as appendix A of the specification defines it."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else ceil(whole / 10_000) / 10
