"""Manifest readers: one module per format, imported when a file of the format changed."""

from __future__ import annotations

from importlib import import_module

from zt_gate.ecosystems.manifest_formats import format_of, formats
from zt_gate.ecosystems.manifests.reader import Reader


def reader_for(path: bytes) -> Reader | None:
    """Return the reader of the file at ``path``, None if it is not a manifest."""
    name = format_of(path)
    return None if name is None else reader_named(name)


def reader_named(name: str) -> Reader:
    """Return the reader of a format, from its module's function ``read``."""
    module = import_module(formats()[name].reader or f"{__name__}.{name}")
    return Reader(
        name,
        module.read,
        getattr(module, "provided_names", None),
        getattr(module, "lock", None),
    )
