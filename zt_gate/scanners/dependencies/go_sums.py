"""Modules that go.mod requires and of which go.sum has no checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.manifests.lock_content import LockContent
    from zt_gate.scanners.dependencies.manifest_difference import Manifest

_REPLACED = lazy_re.compile(
    rb"(?m)^[ \t]*(?:replace[ \t]+)?\"?([^\s\"]{1,500})\"?(?:[ \t]+\S{1,200})?[ \t]+=>"
)


def missing_modules(module: Manifest, lock: LockContent) -> Iterator[Dependency]:
    """Yield the modules that the change adds to go.mod and whose checksum is missing.

    The go command needs the checksum of every required version's own go.mod at least.
    A module that another one or a folder replaces has none.
    """
    known = {(file.key, file.version) for file in lock.files}
    old = {(entry.key, entry.constraint) for entry in module.old}
    replaced = {match[1] for match in _REPLACED.finditer(module.data)}
    for entry in module.new:
        version = (entry.key, entry.constraint)
        if entry.section != "require" or entry.source.kind != "registry":
            continue
        is_replaced = entry.name.encode() in replaced
        if version not in known and version not in old and not is_replaced:
            yield entry
