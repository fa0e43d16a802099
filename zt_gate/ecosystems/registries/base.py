"""What is known of a package, and what a registry is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

#: Characters of a description that are read.
MAX_DESCRIPTION_LENGTH = 200_000

#: What a registry says of a package as a whole.  ``empty``: it has nothing to install.
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


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a package.

    ``uploaded`` is in seconds since the epoch, None where nobody says; ``note``
    is why it was yanked or deprecated (hostile text); ``scripts``: it runs code
    of its own when it is installed.
    """

    version: str
    uploaded: float | None = None
    yanked: bool = False
    note: str = ""
    scripts: bool = False


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """What is needed of a package besides its existence and status.

    ``recent``: the time after which dates matter, in seconds since the epoch.
    ``text``: its description; ``releases``: the dates of its versions.
    """

    recent: float
    text: bool = False
    releases: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A package that exists.

    ``first_upload`` is in seconds since the epoch: no later than that it was
    there; None where the registry gives no date, and ``undated`` says why.
    ``note`` is the registry's own reason for the status: hostile text.
    ``oversized``: it has dates, in a record too large to read.  ``latest`` is the
    version that is installed where nothing else is asked for, "" where nobody
    says.  ``text`` is the summary and long description, None where they were not
    asked for; ``untold`` why they could not be had; ``said`` what was found in
    them: rule, severity and message.
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


@dataclass(frozen=True, slots=True)
class Missing:
    """The registry has no such package; only meant once a canary was found there."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """The question has no usable answer, and why."""

    why: str


LookupResult = Project | Missing | Unverified
#: Downloads in the last week; None where the service counts none for the name.
DownloadCount = int | None | Unverified


class Registry(Protocol):
    """One kind of registry: which questions it takes, and how its answers read."""

    @property
    def ecosystem(self) -> str:
        """Which dependencies are looked up here."""
        ...

    @property
    def accept(self) -> str:
        """The form that is asked for; part of the cache key."""
        ...

    @property
    def count_age(self) -> float:
        """How long a download count may be kept, in seconds."""
        ...

    @property
    def count_width(self) -> int:
        """How many requests the download service takes at once."""
        ...

    @property
    def width(self) -> int:
        """How many requests the index takes at once."""
        ...

    def project(
        self, client: Client, index: Index, key: str, want: LookupOptions
    ) -> LookupResult:
        """Ask ``index`` for one package; raises RegistryError."""
        ...

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Group the names as the download service takes them in one request."""
        ...

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Ask for the last week's downloads of one batch; raises RegistryError."""
        ...

    def used_before(
        self, client: Client, service: Index, key: str, moment: float
    ) -> bool:
        """Say whether the service counted downloads in the week before ``moment``; raises RegistryError.

        For packages whose record is too large to read: what was downloaded then
        was there then.
        """
        ...


def join_texts(*parts: object) -> str:
    """Put the parts of a description together, as far as they are text and not too long."""
    return "\n\n".join(part for part in parts if isinstance(part, str) and part)[
        :MAX_DESCRIPTION_LENGTH
    ]


def parse_timestamp(value: object) -> float | None:
    """Return an ISO 8601 time in seconds since the epoch, None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
