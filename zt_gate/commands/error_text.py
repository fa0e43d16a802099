"""Masks secrets in an error line, which quotes what the user or a program wrote."""

from __future__ import annotations


def masked(text: str) -> str:
    """Return the text of an error without secrets.

    What stands in a credential's place is masked even where the rules cannot be read.
    """
    from zt_gate.errors import GateError
    from zt_gate.review.run import secret_patterns
    from zt_gate.review.secret_masking import Masker
    from zt_gate.scanners.secrets import credential_positions
    from zt_gate.syntax.addresses import without_credentials

    text = without_credentials(text)
    data = text.encode("utf-8", "surrogateescape")
    values = [
        value.decode("utf-8", "surrogateescape")
        for value in credential_positions.in_message(data)
    ]
    try:
        patterns = secret_patterns()
    except (GateError, OSError):
        patterns = ()
    return Masker(values, patterns, shortest=credential_positions.SHORTEST).mask(text)
