"""Which hosts the project already names on the trusted side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.errors import GateError
from zt_gate.model.change import ContentUnavailableError
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context

_URL = lazy_re.compile(
    rb"(?i)\b(?:https?|ftp)://(?:[^\s/@\"']{1,200}@)?([a-z0-9.-]{1,253})(?::\d{1,5})?(/[^\s\"'`<>|)\\]{0,200})?"
)
#: Hosts on which anyone publishes: the first part of the path says who.
_SHARED = lazy_re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|github\.io|gitlab\.com|gitlab\.io|bitbucket\.org|codeberg\.org|sourceforge\.net"
    r"|amazonaws\.com|googleapis\.com|windows\.net|pastebin\.com|jsdelivr\.net|unpkg\.com|sr\.ht|huggingface\.co|dropbox\.com|git\.io|bit\.ly)\Z"
)
_MOST_FILES = 1500
_LARGEST_FILE = 256 * 1024


class KnownHosts:
    """The hosts in files that run, on the trusted side; read when first asked for."""

    def __init__(self, change: ChangeSet, context: Context) -> None:
        self._change = change
        self._context = context
        self._names: set[str] | None = None

    def has_all(self, urls: tuple[str, ...]) -> bool:
        """Whether the project names the host of each address; False without addresses."""
        if not urls:
            return False
        if self._names is None:
            self._names = set()
            for data in self._trusted_texts():
                self._names.update(_keys(data))
        names = self._names
        wanted = set(_keys(b" ".join(url.encode("utf-8", "replace") for url in urls)))
        return bool(wanted) and wanted <= names

    def _trusted_texts(self) -> Iterator[bytes]:
        for file in self._change.files:
            if file.old is not None and _runs(file.old_path or file.path):
                try:
                    yield file.old.read(_LARGEST_FILE)
                except ContentUnavailableError:
                    continue
        count = 0
        try:
            for path in self._context.trusted_paths() or ():
                if not _runs(path):
                    continue
                count += 1
                if count > _MOST_FILES or self._context.cpu_left() < 10:
                    return
                data = self._context.trusted_file(path)
                if data is not None and len(data) <= _LARGEST_FILE:
                    yield data
        except (GateError, ContentUnavailableError):
            return


def _runs(path: bytes) -> bool:
    """Whether the project runs the file, or tells people to run what stands in it."""
    name = path.rpartition(b"/")[2].lower()
    if name.startswith(b"readme") or name in {b"package.json", b"cmakelists.txt"}:
        return True
    return paths.is_any(
        path, "ci", "script", "shell", "build", "make", "hook", "runs-at-install"
    )


def _keys(data: bytes) -> Iterator[str]:
    for match in _URL.finditer(data):
        host = match[1].decode("ascii", "replace").lower().strip(".")
        if _SHARED.search(host):
            owner = (
                (match[2] or b"").decode("utf-8", "replace").strip("/").split("/")[0]
            )
            yield f"{host}/{owner.lower()}"
        else:
            yield host
