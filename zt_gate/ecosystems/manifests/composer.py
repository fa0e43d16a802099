"""composer.json: require, require-dev and repositories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    make_dependency,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
# What PHP itself brings: no packages of a registry.
_PLATFORM = re.compile(
    r"(?:php(?:-64bit|-ipv6|-zts|-debug)?|hhvm|ext-.+|lib-.+|composer(?:-.+)?)\Z",
    re.IGNORECASE,
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read both sections, and where else composer is to look."""
    leaves = json_object(data, _LIMIT).leaves()
    return tuple(found for leaf in leaves for found in _leaf(leaf))


def _leaf(leaf: Leaf) -> Iterator[Dependency]:
    section, *rest = leaf.names
    if section == "name" and leaf.value and not rest:
        key = leaf.value.lower()
        yield Dependency(
            "composer", leaf.value, key, "", Source("self"), *leaf.inside, section
        )
    elif section in {"require", "require-dev"} and rest:
        if leaf.value is None or len(rest) > 1:
            raise ManifestError(
                leaf.place[0], f"{section} of {quoted(rest[0])} is not a string"
            )
        if not _PLATFORM.match(rest[0]):
            yield make_dependency("composer", rest[0], leaf.place, section, leaf.value)
    elif section == "repositories" and rest and rest[-1] == "url" and leaf.value:
        source = Source("index" if "://" in leaf.value else "path", leaf.value)
        yield Dependency("composer", "", "", "", source, *leaf.inside, section)
