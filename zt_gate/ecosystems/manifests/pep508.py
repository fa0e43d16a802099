"""Parser of one Python requirement: PEP 508, and the URLs and paths that pip accepts."""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    ManifestError,
    Source,
    normalise,
    quoted,
    valid_name,
)

_LONGEST = 20_000
# Most lines are this plain; importing packaging would double the start-up time.
_PLAIN = lazy_re.compile(
    r"([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]{0,200}[A-Za-z0-9])[ \t]{0,20}"
    r"(?:(==|>=|<=|<|>|!=)[ \t]{0,20}(\d{1,9}(?:\.\d{1,9}){0,9}))?\Z"
)
_VCS = lazy_re.compile(r"(?:git|hg|svn|bzr)\+|(?:git|ssh)://", re.IGNORECASE)
_SCHEME = lazy_re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:(?://|/|\.)")
_EGG = lazy_re.compile(r"[#&]egg=([A-Za-z0-9._-]{1,200})")
_WHEEL = lazy_re.compile(r"([A-Za-z0-9._]{1,200})-[^/\\]{1,200}\.whl\Z", re.IGNORECASE)
_ARCHIVE = (
    ".zip",
    ".whl",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
)


def parse(text: str, line: int) -> tuple[str, str, str, Source]:
    """Return name, key, constraint and source of a requirement.

    Accepts PEP 508 and the other forms of pip: bare URLs, VCS URLs and paths, whose
    name may be "".  Raises ManifestError.
    """
    if len(text) > _LONGEST:
        raise ManifestError(line, "requirement is longer than 20,000 characters")
    plain = _PLAIN.match(text)
    if plain is not None and not text.lower().endswith(_ARCHIVE):
        constraint = f"{plain[2]}{plain[3]}" if plain[2] else ""
        return plain[1], normalise("pypi", plain[1]), constraint, Source()
    source = _bare_source(text)
    if source is not None:
        name = _name_in_address(text)
        return name, normalise("pypi", name), "", source
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError) as error:
        raise ManifestError(
            line, f"{quoted(text)} is not a valid requirement (PEP 508)"
        ) from error
    name = requirement.name
    if not valid_name("pypi", name):
        raise ManifestError(
            line, f"{quoted(name)} is not a valid project name (PEP 508)"
        )
    source = source_of(requirement.url) if requirement.url else Source()
    return name, normalise("pypi", name), str(requirement.specifier), source


def without_comment(line: str) -> str:
    """Return a line of a list without its comment, as setuptools reads it."""
    return "" if line.lstrip().startswith("#") else line.partition(" #")[0].strip()


def source_of(address: str) -> Source:
    """Return the source for an address: VCS, URL, or a path."""
    if _VCS.match(address):
        return Source("vcs", address)
    if address[:5].lower() == "file:":
        return Source("path", address[5:].removeprefix("//"))
    if _SCHEME.match(address) or address.startswith("$"):
        return Source("url", address)
    return Source("path", address)


def _bare_source(text: str) -> Source | None:
    """Return the source of a requirement that is only a URL or path, None for PEP 508."""
    address = re.split(r"\s;|\s#|\s@\s", text, maxsplit=1)[0].strip()
    if _VCS.match(address) or _SCHEME.match(address):
        return source_of(address)
    path = re.sub(r"\[[^\]]{0,500}\]\Z", "", address)
    if "@" in text and not path.startswith((".", "/", "~")):
        return None
    head = re.split(r"[;<>=!~\[\s]", path, maxsplit=1)[0]
    looks_like_path = path.startswith((".", "/", "~")) or "/" in head or "\\" in head
    if looks_like_path or path.lower().endswith(_ARCHIVE):
        return Source("path", path)
    return None


def _name_in_address(text: str) -> str:
    """Return the name in a URL or path, from its ``egg`` part or a wheel's file name.

    "" if it contains none.
    """
    egg = _EGG.search(text)
    name = egg[1] if egg else ""
    if not name:
        path = re.split(r"[?#;\s]", text, maxsplit=1)[0].replace("\\", "/")
        wheel = _WHEEL.match(path.rpartition("/")[2])
        name = wheel[1] if wheel else ""
    return name if valid_name("pypi", name) else ""
