"""What is unusual about a release, compared with the earlier releases of the package.

A stolen account or a compromised build shows in such facts.  They are in the record
that the registry sends anyway; nothing is downloaded or run.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.ecosystems.registries.base import Anomaly
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.ecosystems.registries.base import Release

_DAY = 86400.0
#: Days without a release after which the next one is unusual.
_LONG_GAP_DAYS = 2 * 365
_MAX_DETAIL = 100


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release with what the registry says about it; "" and empty where it says nothing.

    ``publisher`` is the account that uploaded it, ``maintainers`` those that could.
    ``attested``: its files have a provenance or an attestation.  ``runs_code``: the
    installation runs the package's own code.  ``repository`` is the address of its source.
    """

    release: Release
    publisher: str = ""
    maintainers: frozenset[str] = frozenset()
    attested: bool = False
    runs_code: bool = False
    repository: str = ""

    @property
    def uploaded(self) -> float:
        """Return when it was uploaded, in seconds since the epoch; 0.0 if unknown."""
        return self.release.uploaded or 0.0


def releases_with_anomalies(records: Sequence[ReleaseRecord]) -> tuple[Release, ...]:
    """Return the releases in their order, each with what differs from the ones before it.

    A release without a date has no place in the history and no anomalies.
    """
    anomalies: dict[str, tuple[Anomaly, ...]] = {}
    accounts: set[str] = set()
    previous: ReleaseRecord | None = None
    dated = [record for record in records if record.release.uploaded is not None]
    for record in sorted(dated, key=attrgetter("uploaded")):
        if previous is not None:
            known = accounts | previous.maintainers
            found = tuple(_anomalies(record, previous, known))
            anomalies[record.release.version] = found
        if record.publisher:
            accounts.add(record.publisher)
        previous = record
    return tuple(
        replace(record.release, anomalies=anomalies.get(record.release.version, ()))
        for record in records
    )


def _anomalies(
    record: ReleaseRecord, previous: ReleaseRecord, known_accounts: Iterable[str]
) -> Iterable[Anomaly]:
    days = int((record.uploaded - previous.uploaded) / _DAY)
    if days >= _LONG_GAP_DAYS:
        yield Anomaly("gap", str(days))
    accounts = set(known_accounts)
    is_known = not accounts or record.publisher in accounts
    # An attestation proves the repository and the workflow, whatever account is named.
    if record.publisher and not is_known and not record.attested:
        yield Anomaly("publisher", record.publisher[:_MAX_DETAIL])
    if previous.attested and not record.attested:
        yield Anomaly("provenance", previous.release.version[:_MAX_DETAIL])
    if record.runs_code and not previous.runs_code:
        yield Anomaly("scripts", previous.release.version[:_MAX_DETAIL])
    old, new = source_of(previous.repository), source_of(record.repository)
    if old and new and old != new:
        yield Anomaly("repository", f"{old} -> {new}"[: 2 * _MAX_DETAIL])


def source_of(address: str) -> str:
    """Return the host, owner and name of a repository's address, "" for none.

    The forms ``git+https://…``, ``git@host:owner/name``, ``host:owner/name`` and
    ``owner/name`` are all in use.
    """
    text = address.strip().lower().removeprefix("git+")
    if "://" not in text:
        head, colon, path = text.rpartition(":")
        host = head.rpartition("@")[2] if colon else "github"
        text = f"ssh://{host}/{path}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.").partition(".")[0]
    except ValueError:
        return ""
    segments = [segment for segment in parts.path.split("/") if segment][:2]
    if not host or len(segments) < 2:
        return ""
    return "/".join([host, segments[0], segments[1].removesuffix(".git")])
