"""Where packages are looked up, and what goes wrong there."""

from __future__ import annotations

from dataclasses import dataclass


class RegistryError(Exception):
    """A question without a usable answer; the text says why and names no host."""


class ResponseTooLargeError(RegistryError):
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

    @property
    def local(self) -> bool:
        """Say whether it is a folder of this machine, which only the user may name."""
        return self.cleartext and self.url.startswith("file:")

    def __repr__(self) -> str:
        """Show everything but the credential."""
        return f"Index({self.url!r})"
