"""The manifest format of a path, found by its name without importing a reader.

The scanner's quick check and ``manifests.reader_for`` both use this module, so that
the quick check misses no manifest.  The files of the ecosystems and ``shared_manifest_formats``
define the formats.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.shared_manifest_formats import FORMATS as SHARED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.ecosystems.base import ManifestFormat, Role

#: Suffixes of files that a generator fills in: ``package.json.ejs`` becomes ``package.json``.
_TEMPLATES = frozenset(
    (b"jinja", b"jinja2", b"j2", b"ejs", b"erb", b"hbs", b"mustache", b"njk", b"liquid",
     b"tmpl", b"tpl", b"template", b"ftl", b"tt", b"gotmpl")
)  # fmt: skip


@cache
def formats() -> dict[str, ManifestFormat]:
    """Return all formats by name: those of the ecosystems, then the shared ones."""
    formats_by_name: dict[str, ManifestFormat] = {}
    for ecosystem in all_ecosystems():
        formats_by_name.update({item.name: item for item in ecosystem.formats})
    formats_by_name.update({item.name: item for item in SHARED_FORMATS})
    return formats_by_name


@cache
def with_role(*roles: Role) -> frozenset[str]:
    """Return the names of the formats that have one of the roles."""
    return frozenset(name for name, item in formats().items() if item.role in roles)


@cache
def text_formats() -> frozenset[str]:
    """Return the formats that are not manifests: only their added lines are checked."""
    return with_role("text")


@cache
def lock_formats() -> frozenset[str]:
    """Return the formats of lock files."""
    return with_role("lock")


@cache
def declaring_formats() -> frozenset[str]:
    """Return the formats in which a project declares what it needs."""
    return with_role("declares")


@cache
def manifests_beside_locks() -> dict[bytes, bytes]:
    """Return the name of the manifest next to each lock file, by the lock file's name."""
    manifests: dict[bytes, bytes] = {}
    for item in formats().values():
        manifests.update(item.locks)
    return manifests


@cache
def _by_file() -> dict[bytes, str]:
    return {file: item.name for item in formats().values() for file in item.files}


@cache
def _by_suffix() -> dict[bytes, str]:
    return {
        suffix: item.name for item in formats().values() for suffix in item.suffixes
    }


@cache
def _by_pattern() -> tuple[tuple[str, Callable[[bytes, Sequence[bytes]], bool]], ...]:
    return tuple(
        (item.name, item.matches)
        for item in formats().values()
        if item.matches is not None
    )


def format_of(path: bytes) -> str | None:
    """Return the format of the file at ``path`` (in git's form), None for any other file."""
    *folders, name = path.lower().split(b"/")
    if b"node_modules" in folders:
        return None  # nothing is installed from vendored packages
    found = _format_of(name, folders)
    if found is None and is_template_path(name):
        found = _format_of(name.rpartition(b".")[0], folders)
        return found if found in with_role("declares", "versions") else None
    return found


def is_template_path(path: bytes) -> bool:
    """Return whether a file's suffix is that of a template language."""
    return path.lower().rpartition(b".")[2] in _TEMPLATES


def _format_of(name: bytes, folders: Sequence[bytes]) -> str | None:
    by_file = _by_file().get(name)
    if by_file is not None:
        return by_file
    _, dot, suffix = name.rpartition(b".")
    by_suffix = _by_suffix().get(suffix) if dot else None
    if by_suffix is not None:
        return by_suffix
    for format_name, matches in _by_pattern():
        if matches(name, folders):
            return format_name
    return None
