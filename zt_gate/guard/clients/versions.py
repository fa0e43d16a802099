"""Versions of clients that the guard knows: what it was tried with, and how far that holds.

A client changes what its hooks mean with new versions.  So a call of an unknown one is
denied until the drill was run with it.
"""

from __future__ import annotations

#: The versions that the drill pins.
TRIED = {"claude-code": "2.1.332", "codex": "0.171.0"}
#: The oldest version that is known, and the first one that is not.
_KNOWN = {
    # ``onFailure`` came with the first.
    "claude-code": ((2, 1, 295), (2, 2, 0)),
    "codex": ((0, 171, 0), (0, 172, 0)),
}


def version_problem(client: str, version: str) -> str:
    """Return why a client's version is not known, "" if it is, or is not said.

    ``version`` is such as ``2.1.332``; what follows a hyphen is a build's own.
    """
    numbers = version.partition("-")[0].split(".")
    if not version:
        return ""
    oldest, unknown = _KNOWN[client]
    if len(numbers) == 3 and all(
        part.isascii() and part.isdecimal() and len(part) < 7 for part in numbers
    ):
        found = tuple(int(part) for part in numbers)
        if oldest <= found < unknown:
            return ""
    shown = "".join(char for char in version[:40] if char.isprintable())
    return (
        f"{client} {shown}, which the guard was not tried with (it knows "
        f"{_text(oldest)} up to, not including, {_text(unknown)})"
    )


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
