"""The modules in a wheel: its list of files, without the files.

A wheel is a ZIP archive, whose list is at its end.  Only that part is requested, so nothing
of the package is downloaded or run.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from zt_gate.ecosystems.registries.package_index import Index, RegistryError
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zt_gate.ecosystems.registries.client import Client

_JSON = "application/vnd.pypi.simple.v1+json"
#: The part that is requested first, and the most of all parts, in bytes.
_TAIL = 1 << 16
_MOST = 1 << 20
#: Folders of ``NAME.data`` whose files are installed beside the packages.
_LIBRARIES = frozenset(("purelib", "platlib"))
_MODULE_SUFFIXES = (".py", ".so", ".pyd")


@dataclass(frozen=True, slots=True)
class _Wheel:
    """A wheel of the index; ``size`` is 0 if the index does not say it."""

    name: str
    url: str
    size: int


def modules_of(client: Client, index: Index, key: str, version: str) -> frozenset[str]:
    """Return the top-level modules in a wheel of a version; raises RegistryError.

    The registry is the subject of the error's text.
    """
    if index.local:
        raise RegistryError("is a folder")
    page_path = f"/{key}/"
    response = client.get(index, page_path, _JSON)
    page: Any = response.json() if response.status == 200 else None
    files = page.get("files") if isinstance(page, dict) else None
    wheels = list(_wheels(files if isinstance(files, list) else [], version))
    if not wheels:
        raise RegistryError("has no wheel of the version")
    # One for every platform is as good as any other, and smaller.
    wheel = min(
        wheels, key=lambda item: (not item.name.endswith("-any.whl"), item.size)
    )
    source, path = _place(index, page_path, wheel.url)

    def fetch(first: int, last: int) -> bytes:
        return client.get_part(source, path, first, last).body

    size = wheel.size or client.get_part(source, path, 0, 0).total
    return frozenset(top_level_modules(_file_names(fetch, size)))


def _wheels(files: Iterable[object], version: str) -> Iterator[_Wheel]:
    for file in files:
        if not isinstance(file, dict):
            continue
        name, url, size = file.get("filename"), file.get("url"), file.get("size")
        if not isinstance(name, str) or not isinstance(url, str):
            continue
        parts = name.split("-")
        if name.endswith(".whl") and len(parts) >= 5 and parts[1] == version:
            yield _Wheel(name, url, size if isinstance(size, int) and size > 0 else 0)


def _place(index: Index, page_path: str, address: str) -> tuple[Index, str]:
    """Return the server of a file and the path on it; raises RegistryError.

    Credentials are for the index alone.
    """
    try:
        target = urlsplit(urljoin(f"{index.url}{page_path}", address))
        own = urlsplit(index.url)
    except ValueError as error:
        raise RegistryError("gives an invalid address of a wheel") from error
    origin = f"{target.scheme}://{target.netloc}"
    path = target.path + (f"?{target.query}" if target.query else "")
    if origin == f"{own.scheme}://{own.netloc}":
        return replace(index, url=origin), path
    if target.scheme != "https" or not target.netloc or "@" in target.netloc:
        raise RegistryError("has its wheels at an address that is not used here")
    return Index(origin, ca_files=index.ca_files), path


def _file_names(fetch: Callable[[int, int], bytes], size: int) -> list[str]:
    """Return the names of the files in a ZIP archive; raises RegistryError."""
    try:
        with zipfile.ZipFile(_RemoteEnd(fetch, size)) as archive:
            return archive.namelist()
    except (
        zipfile.BadZipFile, struct.error, OSError, ValueError, NotImplementedError,
    ) as error:  # fmt: skip
        raise RegistryError("has a wheel that is no ZIP archive") from error


class _RemoteEnd(io.RawIOBase):
    """The end of a file of a server, of which more is requested when it is read."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self.fetch, self.size = fetch, size
        self.start = max(0, size - _TAIL)
        self.data = self._fetched(self.start, size)
        self.position = 0

    def _fetched(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``; raises RegistryError."""
        data = self.fetch(start, end - 1) if end > start else b""
        if len(data) != end - start:
            raise RegistryError("returned another part of a file than was requested")
        return data

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self.position, self.size)[whence]
        if base + offset < 0:
            raise OSError("before the start of the file")
        self.position = base + offset
        return self.position

    def read(self, size: int = -1) -> bytes:
        if self.position < self.start:
            if self.size - self.position > _MOST:
                raise RegistryError("has a wheel with a list of files over 1 MB")
            self.data = self._fetched(self.position, self.start) + self.data
            self.start = self.position
        first = self.position - self.start
        found = self.data[first:] if size < 0 else self.data[first : first + size]
        self.position += len(found)
        return found


def top_level_modules(names: Iterable[str]) -> Iterator[str]:
    """Yield the top-level modules and packages among the files of a wheel."""
    for name in names:
        parts = name.split("/")
        if parts[0].endswith(".data"):
            if len(parts) < 3 or parts[1] not in _LIBRARIES:
                continue
            parts = parts[2:]
        top = parts[0]
        if len(parts) == 1:
            if not top.endswith(_MODULE_SUFFIXES):
                continue
            top = top.partition(".")[0]
        if top.isidentifier():
            yield top
