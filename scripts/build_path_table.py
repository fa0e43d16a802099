"""Write zt_gate/syntax/path_table.py from rules/paths.toml.

    python scripts/build_path_table.py [--check]

The table is Python code because every run needs it, and parsing TOML takes some
milliseconds.  With ``--check``, nothing is written and the exit code is 1 if the table in
the repository is not up to date.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

from zt_gate.syntax.paths import ConfigurationSyntax, PathKind

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "rules" / "paths.toml"
TARGET = ROOT / "zt_gate" / "syntax" / "path_table.py"

_KEYS = frozenset(
    ("kinds", "config", "reader", "names", "suffixes", "folders", "globs")
)
_HEAD = '''"""Generated from rules/paths.toml by scripts/build_path_table.py: do not edit."""

from __future__ import annotations

'''
_TYPES = {
    "ENTRIES": "tuple[tuple[tuple[str, ...], str, str], ...]",
    "NAMES": "dict[str, tuple[int, ...]]",
    "SUFFIXES": "dict[str, tuple[int, ...]]",
    "FOLDERS": "dict[str, tuple[int, ...]]",
    "GLOBS": "dict[str, tuple[tuple[int, tuple[str, ...]], ...]]",
}


def table(source: str) -> str:
    """Return the text of the module; raises ValueError for an invalid source."""
    entries: list[tuple[tuple[str, ...], str, str]] = []
    words: dict[str, dict[str, list[int]]] = {
        "names": {},
        "suffixes": {},
        "folders": {},
    }
    globs: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for number, row in enumerate(tomllib.loads(source)["path"]):
        _check(row)
        entries.append(
            (tuple(row.get("kinds", ())), row.get("config", ""), row.get("reader", ""))
        )
        for column, index in words.items():
            for word in row.get(column, ()):
                index.setdefault(word, []).append(number)
        for glob in row.get("globs", ()):
            segments = _segments(glob)
            globs.setdefault(_key(segments), []).append((number, segments))
    values: dict[str, Any] = {"ENTRIES": tuple(entries)}
    for column, index in words.items():
        values[column.upper()] = {
            word: tuple(found) for word, found in sorted(index.items())
        }
    values["GLOBS"] = {key: tuple(found) for key, found in sorted(globs.items())}
    return _HEAD + "".join(_written(name, value) for name, value in values.items())


def _check(row: dict[str, Any]) -> None:
    unknown = row.keys() - _KEYS
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
    for kind in row.get("kinds", ()):
        if kind not in get_args(PathKind):
            raise ValueError(
                f"unknown kind {kind!r}; the kinds are listed in zt_gate/syntax/paths.py"
            )
    if ("config" in row) != ("reader" in row) or row.get(
        "reader", "text"
    ) not in get_args(ConfigurationSyntax):
        raise ValueError(f"config and reader belong together: {row}")
    plain = [
        word
        for column in ("names", "suffixes", "folders")
        for word in row.get(column, ())
    ]
    for word in (*plain, *row.get("globs", ())):
        if word != word.lower():
            raise ValueError(f"{word!r} must be in lower case")
    for word in plain:
        if "*" in word or "/" in word:
            raise ValueError(f"{word!r} is a glob; write it under 'globs'")


def _segments(glob: str) -> tuple[str, ...]:
    """Split a glob at slashes; without a leading slash it matches below any folder."""
    if re.search(r"[?\[\]\\]", glob):
        raise ValueError(f"{glob!r}: only * and ** are supported")
    segments = glob.split("/")
    segments = segments[1:] if glob.startswith("/") else ["**", *segments]
    return (*segments, "*") if segments[-1] == "**" else tuple(segments)


def _key(segments: tuple[str, ...]) -> str:
    """Return what every matching path has: its name, a folder, or a word of its name."""
    name = segments[-1]
    if "*" not in name:
        return f"={name}"
    folders = [segment for segment in segments[:-1] if "*" not in segment]
    if folders:
        return f"/{max(folders, key=len)}"
    words = [word for word in re.split("[._-]", name) if word and "*" not in word]
    return f"~{max(words, key=len)}" if words else ""


def _written(name: str, value: Any) -> str:
    rows = value.items() if isinstance(value, dict) else value
    lines = (f"    {key!r}: {item!r},\n" for key, item in rows) if isinstance(value, dict) else (
        f"    {item!r},\n" for item in rows
    )  # fmt: skip
    opened, closed = ("{", "}") if isinstance(value, dict) else ("(", ")")
    return f"{name}: {_TYPES[name]} = {opened}\n{''.join(lines)}{closed}\n"


def main() -> int:
    text = table(SOURCE.read_text("utf-8"))
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text("utf-8") != text)
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
