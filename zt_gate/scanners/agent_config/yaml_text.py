"""YAML as values with lines, from the parser's events: no recursion, no constructors.

Scalars stay texts but for true and false, so that ``on:`` is a key like any
other.  Aliases are shared, not copied; a walk over them is limited.
"""

from __future__ import annotations

from typing import Any

from zt_gate.scanners.agent_config.documents import MAX_DEPTH, Document, Path, UnreadableError

_MAX_BYTES = 512 * 1024
_MAX_EVENTS = 100_000
_PLAIN = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "": None,
    "null": None,
    "~": None,
}


class _Open:
    """A list or table that is not closed yet, and the key that waits for its value."""

    def __init__(self, value: Any, path: Path, anchor: str | None) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.key: str | None = None


def read(text: str) -> Document:
    """Parse the first document; raises UnreadableError."""
    import yaml

    if len(text) > _MAX_BYTES:
        raise UnreadableError("larger than 512 KB, which no such file is")
    builder = _Builder()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > _MAX_EVENTS:
                raise UnreadableError("more values than any such file has")
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise UnreadableError(f"{where}not valid YAML") from error
    except (ValueError, UnicodeError) as error:
        raise UnreadableError("not valid YAML: a character that YAML forbids") from error
    return Document(builder.root, builder.lines, text)


class _Builder:
    """Puts the events of one document together."""

    def __init__(self) -> None:
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self.open: list[_Open] = []
        self.anchors: dict[str, Any] = {}

    def take(self, event: Any) -> None:
        name, line = type(event).__name__, event.start_mark.line + 1
        if name == "ScalarEvent":
            plain = event.style in {None, ""} and event.value in _PLAIN and not event.tag
            self._put(_PLAIN[event.value] if plain else event.value, event.anchor, line)
        elif name == "AliasEvent":
            self._put(self.anchors.get(event.anchor), None, line)
        elif name in {"MappingStartEvent", "SequenceStartEvent"}:
            if len(self.open) >= MAX_DEPTH:
                raise UnreadableError(f"line {line}: nested too deeply")
            value: Any = {} if name == "MappingStartEvent" else []
            path = self._put(value, event.anchor, line)
            self.open.append(_Open(value, path, event.anchor))
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            self.open.pop()

    def _put(self, value: Any, anchor: str | None, line: int) -> Path:
        if anchor:
            self.anchors[anchor] = value
        if not self.open:
            self.root = value
            return ()
        top = self.open[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.lines.setdefault(path, line)
            return path
        if top.key is None:
            # A key that is no text cannot be one that a program asks for.
            top.key = _word(value)
            self.lines[*top.path, top.key] = line
            return (*top.path, top.key)
        path = (*top.path, top.key)
        top.value[top.key] = value
        top.key = None
        return path


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "?"
