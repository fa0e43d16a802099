"""What is known of a package, and what a registry is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.scanners.dependencies.registries.client import Client

#: What a registry says of a package as a whole.  ``empty``: it has nothing to install.
Status = Literal[
    "active", "archived", "deprecated", "empty", "placeholder", "quarantined", "unpublished"
]


class Fault(Exception):  # noqa: N818 - what a server did, not an error of ours
    """A question without a usable answer; the text says why and names no host."""


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
    """

    first_upload: float | None
    status: Status = "active"
    note: str = ""
    undated: str = ""


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

    ecosystem: str
    #: The form that is asked for; part of the cache key.
    accept: str
    #: How long a download count may be kept, in seconds, and how many requests at once.
    count_age: float
    count_width: int

    def project(self, client: Client, index: Index, key: str, recent: float) -> Answer:
        """Ask ``index`` for one package; ``recent`` is the time after which dates matter.

        Raises Fault.
        """
        ...

    def batches(self, keys: Sequence[str], canary: str) -> list[list[str]]:
        """Group the names for the download service; the canary goes where it is free."""
        ...

    def counts(self, client: Client, service: Index, keys: Sequence[str]) -> Mapping[str, Count]:
        """Ask for the last week's downloads of one batch; raises Fault."""
        ...
