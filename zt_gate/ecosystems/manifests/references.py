"""References without a registry client here: images, repositories, and their spellings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    make_dependency,
    quoted,
    unnamed_entry,
    valid_name,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Place

#: The constraint of a reference whose version only a run knows: neither pinned nor floating.
COMPUTED = "?"
# Marks of shells, of templates, and of CI systems' own variables.
_MARKS = lazy_re.compile(r"[$<>%*\s]|\{\{|\{%|@@|__\w")
_DIGEST = lazy_re.compile(r"([^@]{1,300})@(sha256:[0-9a-f]{64})\Z")
_TAGGED = lazy_re.compile(r"(.{1,300}?)(?::([^:/@]{1,128}|\$\{.{1,200}))?\Z")
_REPOSITORY = lazy_re.compile(
    r"(?:git\+|git::)?(?:(?:https?|ssh|git)://)?(?:[\w.-]{1,100}(?::[^@/\s]{0,100})?@)?"
    r"([A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,20}(?::\d{1,5})?)[/:]([^\s?#]{1,300})"
)


def reference(
    ecosystem: str, name: str, place: Place, section: str, constraint: str = ""
) -> Dependency:
    """Return the entry of a reference, a computed one if the name is not literal."""
    if valid_name(ecosystem, name):
        return make_dependency(ecosystem, name, place, section, constraint)
    noun = ecosystem_named(ecosystem).noun
    source = Source("computed", f"{noun} {quoted(name)}: the name is computed")
    return unnamed_entry(ecosystem, source, place, section)


def image(written: str, place: Place, section: str) -> Dependency | None:
    """Return the entry of a container image, None for none (``scratch``, a blank)."""
    text = written.strip().removeprefix("docker://").removeprefix("oci://")
    if not text or text.lower() == "scratch":
        return None
    digest = _DIGEST.match(text)
    tagged = _TAGGED.match(digest[1] if digest else text)
    if tagged is None:
        return reference("docker", text, place, section)
    name, tag = tagged[1], tagged[2] or ""
    if _MARKS.search(name):
        return reference("docker", name, place, section)
    constraint = COMPUTED if _MARKS.search(tag) else tag
    return reference(
        "docker", name, place, section, digest[2] if digest else constraint
    )


def repository(
    url: str, place: Place, section: str, ref: str = "", ecosystem: str = "git"
) -> Dependency | None:
    """Return the entry of a repository at an address, None for a folder of this one."""
    if _MARKS.search(url):
        return reference(ecosystem, url, place, section)
    match = _REPOSITORY.match(url.strip())
    if match is None:
        return None
    path = re.sub(r"(?:\.git)?/*\Z", "", match[2].partition("//")[0]).lstrip("/")
    constraint = COMPUTED if _MARKS.search(ref) else ref
    return reference(ecosystem, f"{match[1]}/{path}", place, section, constraint)
