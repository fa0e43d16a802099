"""What is known of a package, and what a registry is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.scanners.dependencies.registries.client import Client

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


class Fault(Exception):  # noqa: N818 - what a server did, no error of ours
    """A question without a usable answer; the text says why and names no host."""


class TooLargeError(Fault):
    """An answer of more than 8 MB."""


@dataclass(frozen=True, slots=True)
class Index:
    """Where packages are looked up.

    ``url`` has no credentials and no slash at its end; ``authorization`` is
    the value of that header, "" for none.  ``default``: it is the library's own
    constant.  ``cleartext``: the user allowed plain http.
    """

    url: str
    authorization: str = ""
    default: bool = False
    cleartext: bool = False

    def __repr__(self) -> str:
        """Show everything but the credential."""
        return f"Index({self.url!r})"


@dataclass(frozen=True, slots=True)
class Project:
    """A package that exists.

    ``first_upload`` is in seconds since the epoch: no later than that it was
    there; None where the registry gives no date, and ``undated`` says why.
    ``note`` is the registry's own reason for the status: hostile text.
    ``oversized``: it has dates, in a record too large to read.
    """

    first_upload: float | None
    status: Status = "active"
    note: str = ""
    undated: str = ""
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The registry has no such package; only meant once a canary was found there."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """The question has no usable answer, and why."""

    why: str


Answer = Project | Missing | Unverified
#: Downloads in the last week; None where the service counts none for the name.
Count = int | None | Unverified


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

    def project(self, client: Client, index: Index, key: str, recent: float) -> Answer:
        """Ask ``index`` for one package; ``recent`` is the time after which dates matter.

        Raises Fault.
        """
        ...

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Group the names as the download service takes them in one request."""
        ...

    def counts(self, client: Client, service: Index, keys: Sequence[str]) -> Mapping[str, Count]:
        """Ask for the last week's downloads of one batch; raises Fault."""
        ...

    def used_before(self, client: Client, service: Index, key: str, moment: float) -> bool:
        """Say whether the service counted downloads in the week before ``moment``; raises Fault.

        For packages whose record is too large to read: what was downloaded then
        was there then.
        """
        ...


def moment_of(value: object) -> float | None:
    """Return an ISO 8601 time in seconds since the epoch, None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
