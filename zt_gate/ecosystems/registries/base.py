"""Types of the registry clients: packages, releases, lookup results, the protocol."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

#: The most characters of a description that are kept.
MAX_DESCRIPTION_LENGTH = 200_000

#: The status of a package in its registry.  ``empty``: it has nothing to install.
Status = Literal[
    "active",
    "archived",
    "deprecated",
    "empty",
    "placeholder",
    "quarantined",
    "unpublished",
    "yanked",
]


#: What differs from the earlier releases.  ``gap``: nothing was released for years.
#: ``publisher``: an account that had published none.  ``provenance``: the release before
#: had one.  ``scripts``: the release before ran no code of its own in its installation.
#: ``repository``: the release before named another source repository.
AnomalyKind = Literal["gap", "publisher", "provenance", "scripts", "repository"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One difference; ``detail`` is the days, the account, the version before or the addresses.

    The detail is hostile text.
    """

    kind: AnomalyKind
    detail: str


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a package.

    ``uploaded`` is in seconds since the epoch, None if unknown.  ``note`` is the
    reason why it was yanked or deprecated (hostile text).  ``scripts``: it runs its
    own code during installation.  ``anomalies``: how it differs from the releases before.
    """

    version: str
    uploaded: float | None = None
    yanked: bool = False
    note: str = ""
    scripts: bool = False
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """What a lookup returns besides a package's existence and status.

    ``recent`` is the time after which dates matter, in seconds since the epoch.
    ``text``: also the description.  ``releases``: also the dates of all versions.
    """

    recent: float
    text: bool = False
    releases: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A package that exists.

    ``first_upload`` is in seconds since the epoch, an upper bound for the age of the
    package; None if the registry gives no date, with ``no_date_reason``.  ``note`` is
    the registry's reason for the status (hostile text).  ``oversized``: the record
    with the dates is too large to read.  ``latest`` is the version that is installed
    without a constraint, "" if unknown.  ``text`` is the summary and the description,
    None if they were not requested; ``no_text_reason`` is set if they were not
    available.  ``text_findings`` are the findings in them: rule, severity, message.
    ``repository`` is the address of the source that the package names, "" for none
    (hostile text).  ``no_publisher_reason`` says why the accounts that published the
    versions are unknown, "" if they are known or this kind of registry names none.
    """

    first_upload: float | None
    status: Status = "active"
    note: str = ""
    no_date_reason: str = ""
    oversized: bool = False
    releases: tuple[Release, ...] = ()
    latest: str = ""
    text: str | None = None
    no_text_reason: str = ""
    text_findings: tuple[tuple[str, str, str], ...] | None = None
    repository: str = ""
    no_publisher_reason: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """The registry has no such package; valid only if it has its well-known package."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """The lookup failed; ``why`` is a phrase with the registry as its subject."""

    why: str


LookupResult = Project | Missing | Unverified
#: Downloads in the last week; None if the service has no count for the name.
DownloadCount = int | None | Unverified


class Registry(Protocol):
    """The client of one kind of registry."""

    @property
    def ecosystem(self) -> str:
        """Return the name of the ecosystem."""
        ...

    @property
    def accept(self) -> str:
        """Return the requested media types; part of the cache key."""
        ...

    @property
    def count_age(self) -> float:
        """Return how long a download count may be cached, in seconds."""
        ...

    @property
    def count_width(self) -> int:
        """Return the number of parallel requests to the download service."""
        ...

    @property
    def width(self) -> int:
        """Return the number of parallel requests to the index."""
        ...

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Look up one package in ``index``; raises RegistryError."""
        ...

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Group the names into the requests that the download service accepts."""
        ...

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Return the downloads of one batch in the last week; raises RegistryError."""
        ...

    def used_before(
        self, client: Client, service: Index, key: str, moment: float
    ) -> bool:
        """Return whether there were downloads in the week before ``moment``.

        This dates packages whose record is too large to read: a package with
        downloads in that week existed then.  Raises RegistryError.
        """
        ...


def join_texts(*parts: object) -> str:
    """Return the strings among the parts of a description, joined and shortened."""
    texts = [part for part in parts if isinstance(part, str) and part]
    return "\n\n".join(texts)[:MAX_DESCRIPTION_LENGTH]


def parse_timestamp(value: object) -> float | None:
    """Return an ISO 8601 time in seconds since the epoch, None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
