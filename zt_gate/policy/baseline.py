"""The baseline file: existing findings, which do not block.

A text file in the root of the repository with one finding on each line, sorted by
fingerprint, without line numbers and dates, so that git merges the additions of two
branches line by line (with ``merge=union`` in ``.gitattributes`` without conflicts;
``parse`` accepts duplicate lines and any order).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from zt_gate import lazy_re
from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

FILE = b".zt-gate-baseline"
VERSION = 1
#: Maximum size of a baseline in bytes: about 300,000 findings.
MAX_BYTES = 32 << 20

_HEADER = lazy_re.compile(rb"# zt-gate baseline (\d{1,6}) ([0-9a-f]{32})")
_ENTRY = lazy_re.compile(
    rb"([0-9a-f]{32}) ([a-z_]{1,40}/[a-z0-9-]{1,100}) (\S{1,16384})"
)
_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")


class BaselineError(UsageError):
    """A baseline is not valid; the message has the line and the fix."""


@dataclass(frozen=True, slots=True, order=True)
class BaselineEntry:
    """One existing finding; ``path`` is relative to the root of the repository."""

    fingerprint: str
    rule: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Baseline:
    """The existing findings of a project.

    ``salt`` makes the fingerprints differ between projects; ``lines`` has the
    1-based line of each fingerprint in the file.
    """

    salt: bytes
    entries: frozenset[BaselineEntry] = frozenset()
    lines: dict[str, int] | None = None

    def line_of(self, fingerprint: str) -> int | None:
        """Return the 1-based line of a fingerprint, None if it is not in the file."""
        if self.lines is None:
            return None
        return self.lines.get(fingerprint)


def parse(data: bytes, name: str = FILE.decode()) -> Baseline:
    """Parse a baseline; raises BaselineError with the first invalid line."""
    if len(data) > MAX_BYTES:
        raise BaselineError(f"baseline {name} is larger than {MAX_BYTES >> 20} MB")
    lines = data.split(b"\n")
    header = _HEADER.fullmatch(lines[0].rstrip(b"\r"))
    if header is None:
        raise BaselineError(
            f"baseline {name}:1: the header is missing; "
            "create the file with: zt-gate baseline"
        )
    if int(header[1]) != VERSION:
        raise BaselineError(
            f"baseline {name}:1: unsupported version {int(header[1])} (supported: "
            f"{VERSION}); update zt-gate or recreate the file with: zt-gate baseline"
        )
    entries: dict[str, BaselineEntry] = {}
    line_numbers: dict[str, int] = {}
    for number, line in enumerate(lines[1:], 2):
        text = line.rstrip(b"\r")
        other = _HEADER.fullmatch(text)
        if other is not None and other[2] != header[2]:
            raise BaselineError(
                f"baseline {name}:{number}: a second salt, from two baselines that were "
                f"merged; recreate the file with: rm {name} && zt-gate baseline"
            )
        if not text or text.startswith(b"#"):
            continue
        match = _ENTRY.fullmatch(text)
        if match is None:
            raise BaselineError(f"baseline {name}:{number}: {_problem(text)}")
        fingerprint = match[1].decode()
        path = unquote_to_bytes(match[3])
        entries[fingerprint] = BaselineEntry(fingerprint, match[2].decode(), path)
        line_numbers.setdefault(fingerprint, number)
    return Baseline(header[2], frozenset(entries.values()), line_numbers)


def _problem(line: bytes) -> str:
    if line.startswith(_CONFLICT):
        return "unresolved merge conflict; keep the lines of both sides"
    return (
        "expected a fingerprint, a rule and a path; "
        "recreate the file with: zt-gate baseline"
    )


def render(baseline: Baseline) -> bytes:
    """Return the content of the file; equal findings give equal bytes."""
    header = f"# zt-gate baseline {VERSION} {baseline.salt.decode('ascii')}\n"
    comment = (
        "# Existing findings: fingerprint, rule, path. Written by zt-gate baseline.\n"
    )
    rows = "".join(_row(entry) for entry in sorted(baseline.entries))
    return (header + comment + rows).encode("ascii")


def _row(entry: BaselineEntry) -> str:
    path = quote_from_bytes(entry.path, safe="/@+,=~")
    return f"{entry.fingerprint} {entry.rule} {path}\n"


def new_salt() -> bytes:
    """Return a random salt for a new baseline."""
    import secrets

    return secrets.token_hex(16).encode("ascii")


def merge_entries(
    old: Baseline, entries: Collection[BaselineEntry], *, prune: bool
) -> Baseline:
    """Return ``old`` with ``entries`` added; with ``prune`` only what is in both.

    For a fingerprint in both, the new entry wins: the rule may have a new name.
    """
    merged = {entry.fingerprint: entry for entry in (*old.entries, *entries)}
    if prune:
        kept = {entry.fingerprint for entry in old.entries}
        kept &= {entry.fingerprint for entry in entries}
        merged = {name: entry for name, entry in merged.items() if name in kept}
    return replace(old, entries=frozenset(merged.values()), lines=None)
