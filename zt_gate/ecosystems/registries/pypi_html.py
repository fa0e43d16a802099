"""The HTML form of the Simple API (PEP 503), which many mirrors still use."""

from __future__ import annotations

from html.parser import HTMLParser

from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.record import dataclass, field

_SUFFIXES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".egg", ".exe", ".msi",
             ".rpm", ".deb", ".dmg", ".tar.z", ".tar")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Anchor:
    """One file of the page; ``uploaded`` is as written, None if missing."""

    name: str
    uploaded: str | None
    yanked: bool
    attested: bool = False


@dataclass(slots=True)
class Page:
    """The content of an index page."""

    files: list[Anchor] = field(default_factory=list)
    status: str = ""
    reason: str = ""
    is_index: bool = False


def read_page(body: bytes, key: str) -> Page:
    """Read the page of the project ``key``; raises RegistryError for any other page.

    A login page must not count as an index page: a page needs a file of the project,
    or the meta element of an index page.
    """
    parser = _Parser()
    try:
        parser.feed(body.decode("utf-8", "replace"))
        parser.close()
    except AssertionError as error:  # html.parser raises it for some invalid markup
        raise RegistryError("returned invalid HTML") from error
    page = parser.page
    own_files = [file for file in page.files if _belongs(file.name, key)]
    if not own_files and (page.files or not page.is_index):
        raise RegistryError(
            "returned a page that is not the index page of this package"
        )
    page.files = own_files
    return page


def _belongs(name: str, key: str) -> bool:
    """Return whether a file name is the project's name and a version."""
    if not name.lower().endswith(_SUFFIXES):
        return False
    normalised = normalise("pypi", name)
    version = normalised[len(key) + 1 :]
    return normalised.startswith(f"{key}-") and version[:1].isdigit()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._anchor: dict[str, str | None] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a":
            self._anchor, self._text = attributes, ""
        elif tag == "meta":
            self._meta(attributes.get("name") or "", attributes.get("content") or "")

    def handle_data(self, data: str) -> None:
        if self._anchor is not None and len(self._text) < 500:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._anchor is not None:
            yanked = "data-yanked" in self._anchor
            uploaded = self._anchor.get("data-upload-time")
            attested = bool(self._anchor.get("data-provenance"))
            anchor = Anchor(self._text.strip(), uploaded, yanked, attested)
            self.page.files.append(anchor)
            self._anchor = None

    def _meta(self, name: str, content: str) -> None:
        if name == "pypi:repository-version":
            self.page.is_index = True
        elif name == "pypi:project-status":
            self.page.status = content.strip().lower()
        elif name == "pypi:project-status-reason":
            self.page.reason = content
