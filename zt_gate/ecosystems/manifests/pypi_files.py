"""Names of wheels and source archives, which begin with the project and its version."""

from __future__ import annotations

from zt_gate.ecosystems.manifests.base import normalise

_SOURCES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def is_file_of(address: str, name: str, version: str) -> bool:
    """Return whether a wheel or source archive belongs to a version of a project.

    A file of another form belongs to it: its name says nothing.
    """
    from urllib.parse import unquote

    path = unquote(address.partition("#")[0].partition("?")[0])
    file = path.rpartition("/")[2]
    lower = file.lower()
    if lower.endswith(".whl"):
        parts = file.split("-")
        return len(parts) >= 5 and _is(parts[0], parts[1], name, version)
    suffix = next((one for one in _SOURCES if lower.endswith(one)), "")
    if not suffix:
        return True
    stem = file[: -len(suffix)]
    return any(
        _is(stem[:at], stem[at + 1 :], name, version)
        for at, character in enumerate(stem)
        if character == "-"
    )


def _is(project: str, written: str, name: str, version: str) -> bool:
    if normalise("pypi", project) != normalise("pypi", name):
        return False
    return not version or written == version or _same(written, version)


def _same(written: str, version: str) -> bool:
    """Return whether two versions are equal in PEP 440's sense."""
    from packaging.version import InvalidVersion, Version

    try:
        # The name of a file has no local part's plus sign, and no separators.
        return Version(written.replace("_", "+", 1)) == Version(version)
    except InvalidVersion:
        return written.replace("_", "-") == version.replace("_", "-")
