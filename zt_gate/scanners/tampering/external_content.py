"""Content that a change names and does not contain: LFS pointers, filters, submodules.

Each is listed as not inspected, because nobody who reads the change sees it.  A finding
in addition says that such a reference is unusual: a pointer in place of code, a filter
over code, another address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.errors import GateError
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_SUBMODULE,
    ContentUnavailableError,
)
from zt_gate.model.finding import Level
from zt_gate.model.report import NotInspected
from zt_gate.syntax.addresses import without_credentials
from zt_gate.syntax.paths import PathKind, is_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import Blob, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Comparison

_POINTER = "tampering/lfs-pointer"
_FILTER = "tampering/content-filter"
_SUBMODULE = "tampering/submodule-moved"
#: Git LFS reads a pointer of at most this many bytes; larger content is no pointer.
_POINTER_SIZE = 1024
# The present form, and the names that Git LFS had before (its own list of aliases).
_POINTER_HEAD = lazy_re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,100}version[ \t]+(?:https?://[\w.-]{0,40}git-lfs\.github\.com/spec/v"
    rb"|https?://hawser\.github\.com/spec/v|https?://git-media\.io/v/)\S{1,10}\s"
)
_POINTER_ID = lazy_re.compile(rb"(?m)^oid[ \t]+(?:sha256:)?[0-9a-f]{64}[ \t]*\r?$")
_CODE_KINDS: tuple[PathKind, ...] = (
    "program",
    "shell",
    "build",
    "script",
    "ci",
    "hook",
    "notebook",
    "infrastructure",
    "runs-at-install",
    "agent-instructions",
    "agent-folder",
    "editor-folder",
)
#: Patterns of .gitattributes that match code, by extension, folder or everything.
_COVERS_CODE = lazy_re.compile(
    r"(?i)(?:\*\*?/?)?\*?(?:\.(?:\[[^\]]{1,20}\]|\{[^}]{1,60}\}|py|jsx?|tsx?|mjs|cjs|go|rs|rb|php|java|kt|c|cc"
    r"|cpp|h|cs|sh|bash|ps1|yml|yaml|toml|json))?|/?(?:src|lib|app|scripts?|\.github|\.claude|\.vscode)(?:/.*)?"
)
_SHOWN = 120


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield unusual references to content outside the change; list all of them."""
    for file in comparison.change.files:
        if file.is_deletion or file.is_symlink:
            continue
        name = file.path.rpartition(b"/")[2].lower()
        if file.is_submodule:
            yield from _submodule(comparison, file)
        elif name == b".gitattributes":
            yield from _filters(comparison, file)
        elif file.path.lower() == b".gitmodules":
            yield from _addresses(comparison, file)
        else:
            yield from _pointer(comparison, file)


def _list(comparison: Comparison, path: bytes, reason: str) -> None:
    item = NotInspected(path, "not_applicable", reason)
    comparison.not_inspected.setdefault(path, item)


def is_pointer(data: bytes) -> bool:
    """Whether Git LFS takes the content for a pointer, in any of its versions."""
    if len(data) > _POINTER_SIZE or _POINTER_HEAD.match(data) is None:
        return False
    return _POINTER_ID.search(data) is not None


def _pointer(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    """Yield a pointer in place of content that a person or a program reads."""
    size = sum(hunk.added.length for hunk in file.hunks)
    is_moved = file.old_path != file.path and file.status in "RCT"
    if (not size and not is_moved) or size > _POINTER_SIZE:
        return
    data = _content(file.new)
    if data is None or not is_pointer(data):
        return
    _list(
        comparison,
        file.path,
        "a Git LFS pointer: the content is in another store and was not scanned",
    )
    old = None if file.status == "A" else _content(file.old)
    if old is not None and old.strip() and not is_pointer(old):
        message = "a Git LFS pointer replaces the content, which was not scanned"
    elif old is None and _is_code(file):
        message = "the code is a Git LFS pointer: its content was not scanned"
    else:
        return
    subject = data[:200].decode("utf-8", "replace")
    yield comparison.on_file(_POINTER, file.path, message, subject=subject)


def _is_code(file: FileChange) -> bool:
    return file.new_mode == MODE_EXECUTABLE or is_any(file.path, *_CODE_KINDS)


def _content(blob: Blob | None) -> bytes | None:
    """Return a small content; None for a larger one, which is no pointer, or none."""
    if blob is None:
        return None
    try:
        return blob.read()
    except ContentUnavailableError:
        return None


def _filters(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    """Yield new filters over code; list every new filter."""
    new, old = _read(file.new, "attributes"), _read(file.old, "attributes")
    if new is None:
        return
    old_filters = set(_filter_lines(old or {}))
    added = [entry for entry in _filter_lines(new) if entry not in old_filters]
    if not added:
        return
    shown = ", ".join(f"{pattern} filter={name}" for pattern, name in added[:3])
    reason = "a filter writes these files at checkout, and its output was not scanned: "
    reason += shown[:_SHOWN]
    _list(comparison, file.path, reason)
    for pattern, name in added:
        if _COVERS_CODE.fullmatch(pattern):
            message = f"the filter {name[:40]!a} replaces code at checkout, for {pattern[:60]!a}"
            yield comparison.on_file(_FILTER, file.path, message, subject=shown)
            return


def _filter_lines(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield pairs of a pattern and its filter, also of macros and of what uses them."""
    macros = {
        pattern.removeprefix("[attr]"): values["filter"]
        for pattern, values in attributes.items()
        if pattern.startswith("[attr]") and isinstance(values.get("filter"), str)
    }
    for pattern, values in attributes.items():
        if pattern.startswith("[attr]"):
            continue
        for name, value in values.items():
            if name == "filter" and isinstance(value, str):
                yield pattern, value
            elif name in macros and value is True:
                yield pattern, macros[name]


def _read(blob: Blob | None, reader: str) -> Mapping[str, Any] | None:
    """Return the values of a file of Git's; None if it does not exist or cannot be read.

    ``agent_config`` reports such a file that cannot be read.
    """
    from zt_gate.syntax import git_attributes, ini
    from zt_gate.syntax.document import SyntaxReadError

    data = _content(blob)
    if data is None:
        return None
    try:
        if reader == "attributes":
            values = git_attributes.read(data).value
        else:
            values = ini.read(data, dialect="lenient").value
    except SyntaxReadError:
        return None
    return values if isinstance(values, dict) else None


# Submodules


def _submodule(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    _list(
        comparison,
        file.path,
        "a submodule: its content is in another repository and was not scanned",
    )
    level = None
    if file.old_mode == MODE_SUBMODULE:
        message = (
            "the submodule moves to another commit; the code in between was not scanned"
        )
        level = Level.INFO
    elif file.old_mode:
        message = "a submodule replaces files of this repository"
    elif not _has_address(comparison, file.path):
        message = "the submodule has no URL in .gitmodules, so its origin is unknown"
    else:
        return
    yield comparison.on_file(
        _SUBMODULE, file.path, message, subject=message, level=level
    )


def _addresses(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    """Yield submodules whose relative address or branch changes.

    ``agent_config/git-submodule`` reports every other new or changed address.
    """
    new = _submodules(_read(file.new, "ini"))
    old = _submodules(_read(file.old, "ini"))
    listed = []
    for name, values in new.items():
        before = old.get(name)
        url, path = values.get("url"), values.get("path")
        if before is not None and url != before.get("url"):
            yield from _changed_address(comparison, file, name, before, url)
        elif before is not None and path != before.get("path"):
            listed.append(f"{name} at {path}")
        if before is None:
            listed.append(f"{name} from {without_credentials(str(url))}")
        branch = values.get("branch")
        if branch and (before or {}).get("branch") != branch:
            # Its name is not shown: whoever needs it finds it in the file.
            listed.append(f"{name} follows a branch")
    if listed:
        shown = "; ".join(f"{text[:_SHOWN]!a}" for text in listed[:3])
        reason = f"submodules whose content was not scanned: {shown}"
        _list(comparison, file.path, reason)


def _changed_address(
    comparison: Comparison,
    file: FileChange,
    name: str,
    before: Mapping[str, Any],
    url: object,
) -> Iterator[Finding]:
    reason = (
        f"the submodule {name[:60]!a} has another address; its content was not scanned"
    )
    _list(comparison, file.path, reason)
    text = str(url)
    if not text.startswith("."):
        return
    message = (
        f"the submodule {name[:60]!a} has another address: "
        f"{_shown(str(before.get('url')))!a} becomes {_shown(text)!a}"
    )
    yield comparison.on_file(
        _SUBMODULE, file.path, message, subject=f"{name} {text}", level=Level.WARN
    )


def _shown(url: str) -> str:
    return without_credentials(url)[:_SHOWN]


def _submodules(values: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    tables = (values or {}).get("submodule")
    if not isinstance(tables, dict):
        return {}
    return {
        str(name): table for name, table in tables.items() if isinstance(table, dict)
    }


def _has_address(comparison: Comparison, path: bytes) -> bool:
    """Whether .gitmodules names the folder after the change."""
    try:
        data = _gitmodules(comparison)
    except (GateError, ContentUnavailableError):
        return False
    for row in data.split(b"\n"):
        key, _, value = row.partition(b"=")
        if key.strip().lower() == b"path" and value.strip().strip(b'"') == path:
            return True
    return False


def _gitmodules(comparison: Comparison) -> bytes:
    """Return the new .gitmodules; raises GateError, ContentUnavailableError."""
    for file in comparison.change.files:
        if file.path == b".gitmodules":
            return file.new.read() if file.new else b""
    return comparison.context.trusted_file(b".gitmodules") or b""
