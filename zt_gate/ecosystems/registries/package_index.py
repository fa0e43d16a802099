"""The address of a package index, and the errors of requests to it."""

from __future__ import annotations

from zt_gate.record import dataclass, field


class RegistryError(Exception):
    """A request without a usable response.

    The text is a phrase with the registry as its subject; it names no host.
    """


class ResponseTooLargeError(RegistryError):
    """A response of more than 8 MB."""


class CertificateFileError(RegistryError):
    """A file with trusted certificates that the user has set cannot be used."""


@dataclass(frozen=True, slots=True)
class CaFile:
    """Certificates that the user trusts: a file or folder, or the text itself (``pem``).

    ``setting`` names where they are configured.
    """

    path: str
    setting: str = field(compare=False)
    pem: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """An index or service that is asked about packages.

    ``url`` has no credentials and no slash at its end.  ``authorization`` is the value
    of that header, "" for none.  ``default``: the URL is a constant of a library.
    ``cleartext``: the user's own settings name it, so that plain http is allowed.
    ``optional``: the service may not exist, so that a missing count says nothing.
    ``unusable`` says why nothing can be asked of it, "" if it can be.  ``ca_files`` are
    trusted for its certificate, in addition to those of the environment.
    """

    url: str
    authorization: str = ""
    default: bool = False
    cleartext: bool = False
    unusable: str = ""
    ca_files: tuple[CaFile, ...] = ()
    optional: bool = False

    @property
    def local(self) -> bool:
        """Return whether it is a local directory, which only the user may configure."""
        return self.cleartext and self.url.startswith("file:")

    def __repr__(self) -> str:
        """Return a representation without the credential."""
        return f"Index({self.url!r})"
