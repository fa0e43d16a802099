"""The score of a CVSS vector of version 3 or 4, computed by the ``cvss`` library.

The library is imported for the first vector: most advisories give a word as well.
"""

from __future__ import annotations

_LONGEST = 500


def base_score(vector: str) -> float | None:
    """Return the score from 0 to 10; None for an invalid vector or another version.

    Version 3 has a base score beside others; version 4 has one score, in which threat
    and environmental metrics count if the vector has them.
    """
    text = vector.strip().rstrip("/")
    version = text.partition("/")[0]
    if version not in {"CVSS:3.0", "CVSS:3.1", "CVSS:4.0"} or len(text) > _LONGEST:
        return None
    from cvss import CVSS3, CVSS4, CVSSError

    try:
        scores = (CVSS4 if version == "CVSS:4.0" else CVSS3)(text).scores()
    except CVSSError:
        return None
    return float(scores[0])
