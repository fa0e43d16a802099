"""The baseline: what was found before anybody asked, and is known.

A text file in the root of the repository, one finding a line, sorted by
fingerprint, without line numbers and without time, so that two branches that
add to it merge line by line (``merge=union`` in ``.gitattributes`` makes git do
that without a question; double lines and any order are read).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = b".zt-gate-baseline"
VERSION = 1
#: Bytes that a baseline may have: some 300,000 findings.
MAX_BYTES = 32 << 20

_HEADER = re.compile(rb"# zt-gate baseline (\d{1,6}) ([0-9a-f]{32})")
_ENTRY = re.compile(rb"([0-9a-f]{32}) ([a-z_]{1,40}/[a-z0-9-]{1,100}) (\S{1,16384})")
_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")


class BaselineError(UsageError):
    """A baseline is wrong; the text says which line and how to mend it."""


@dataclass(frozen=True, slots=True, order=True)
class BaselineEntry:
    """One known finding; ``path`` is relative to the root of the repository."""

    fingerprint: str
    rule: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Baseline:
    """All known findings.

    ``salt`` makes their fingerprints this project's own; ``lines`` has the
    1-based line of each fingerprint.
    """

    salt: bytes
    entries: frozenset[BaselineEntry] = frozenset()
    lines: dict[str, int] | None = None

    def line_of(self, fingerprint: str) -> int | None:
        """Return the line on which a fingerprint stands, None where it does not."""
        return (self.lines or {}).get(fingerprint)


def parse(data: bytes, name: str = FILE.decode()) -> Baseline:
    """Read a baseline; raises BaselineError with the line that is wrong."""
    if len(data) > MAX_BYTES:
        raise BaselineError(f"baseline {name} is larger than {MAX_BYTES >> 20} MB")
    lines = data.split(b"\n")
    header = _HEADER.fullmatch(lines[0].rstrip(b"\r"))
    if header is None:
        raise BaselineError(
            f"baseline {name}:1: the header is missing; write it with zt-gate baseline"
        )
    if int(header[1]) != VERSION:
        raise BaselineError(
            f"baseline {name}:1: version {int(header[1])} is not {VERSION}; "
            "use a later zt-gate, or write it anew with zt-gate baseline"
        )
    entries: dict[str, BaselineEntry] = {}
    places: dict[str, int] = {}
    for number, line in enumerate(lines[1:], 2):
        text = line.rstrip(b"\r")
        if not text or text.startswith(b"#"):
            continue
        found = _ENTRY.fullmatch(text)
        if found is None:
            raise BaselineError(f"baseline {name}:{number}: {_problem(text)}")
        one = BaselineEntry(
            found[1].decode(), found[2].decode(), unquote_to_bytes(found[3])
        )
        entries[one.fingerprint] = one
        places.setdefault(one.fingerprint, number)
    return Baseline(header[2], frozenset(entries.values()), places)


def _problem(line: bytes) -> str:
    if line.startswith(_CONFLICT):
        return "a conflict of a merge was left; keep the lines of both sides"
    return "not a fingerprint, a rule and a path; write it with zt-gate baseline"


def render(baseline: Baseline) -> bytes:
    """Return the file; the same findings always give the same bytes."""
    header = f"# zt-gate baseline {VERSION} {baseline.salt.decode('ascii')}\n"
    about = (
        "# Findings that were there before: fingerprint, rule, path."
        " Written by zt-gate baseline.\n"
    )
    rows = (
        f"{one.fingerprint} {one.rule} {quote_from_bytes(one.path, safe='/@+,=~')}\n"
        for one in sorted(baseline.entries)
    )
    return (header + about + "".join(rows)).encode("ascii")


def new_salt() -> bytes:
    """Return a salt for a project that has none."""
    import secrets

    return secrets.token_hex(16).encode("ascii")


def merge_entries(
    old: Baseline, entries: Iterable[BaselineEntry], *, prune: bool
) -> Baseline:
    """Return ``old`` with ``entries``; with ``prune`` nothing else stays.

    Of a fingerprint that both have the new entry stays: the rule may have a new name.
    """
    kept = () if prune else old.entries
    by_fingerprint = {entry.fingerprint: entry for entry in (*kept, *entries)}
    return replace(old, entries=frozenset(by_fingerprint.values()), lines=None)
