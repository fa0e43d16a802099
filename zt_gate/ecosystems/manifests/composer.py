"""composer.json: the sections require and require-dev, and the repositories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    make_dependency,
    own_name,
    quoted,
    unnamed_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
# Packages that PHP itself provides; no registry has them.
_PLATFORM = lazy_re.compile(
    r"(?:php(?:-64bit|-ipv6|-zts|-debug)?|hhvm|ext-.+|lib-.+|composer(?:-.+)?)\Z",
    re.IGNORECASE,
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read both sections, and the repositories that composer searches."""
    dependencies: list[Dependency] = []
    for leaf in json_object(data, _LIMIT).leaves():
        dependencies += _entries(leaf)
    return tuple(dependencies)


def _is_default(url: str) -> bool:
    from zt_gate.ecosystems.manifests import hosts

    return hosts.is_default_registry("composer", hosts.origin(url))


def _entries(leaf: Leaf) -> Iterator[Dependency]:
    section, *keys = leaf.names
    if section == "name" and leaf.value and not keys:
        yield own_name("composer", leaf.value, leaf.value_place, section)
    elif section in {"require", "require-dev"} and keys:
        name = keys[0]
        if leaf.value is None or len(keys) > 1:
            raise ManifestError(
                leaf.place[0], f"{section} of {quoted(name)} is not a string"
            )
        if not _PLATFORM.match(name):
            yield make_dependency("composer", name, leaf.place, section, leaf.value)
    elif section == "repositories" and keys and keys[-1] == "url" and leaf.value:
        source = Source("index" if "://" in leaf.value else "path", leaf.value)
        if _is_default(leaf.value):
            return
        yield unnamed_entry("composer", source, leaf.value_place, section)
