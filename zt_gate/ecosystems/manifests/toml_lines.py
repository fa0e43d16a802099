"""Lock files in TOML, line by line, where they have the form that their tools write.

Every line must match one pattern, so nothing can be written in another of
TOML's ways; a file with a single other line is not read here but by
``zt_gate.syntax.toml``.  That reader would give the same packages (a test holds
it), and needs a second for a megabyte, where lock files have up to ten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Text

# Every line as the tools write it: a header, a key with a value, an item of a
# list, the end of a list.  No key can begin with a blank, so none can hide.
_PLAIN = re.compile(
    r"(?:\[\[?[\w.-]++\]\]?"
    r'|(?!packages?\b)(?:[A-Za-z0-9_-]++|"[^"\\\n]*+") = [^\n]*+'
    r"""|[ \t]++["'{\[\]}#][^\n]*+|[\]}]|#[^\n]*+|[ \t]*+)(?:\n|\Z)"""
)
_HEAD = re.compile(r"\[\[?([\w.-]+?)\]\]?\Z")
_NAME = re.compile(r'name = "([^"\\]*)"\Z')
_VALUE = re.compile(
    r'(version|source|url|path|git|file|type|reference|resolved_reference|index) = "([^"\\]*)"\Z'
)
_TABLE = re.compile(r"(source|vcs|directory|archive|wheels|sdist) = (?:\{|\[)(.*)")
_INLINE = re.compile(r"([a-z-]{1,30}) = \"([^\"\\]*)\"")
_ARTIFACT = re.compile(r'url = "([^"\\]*)"')
_PACKAGES = frozenset(("package", "packages"))


@dataclass(slots=True)
class LockedPackage:
    """One ``[[package]]``: its name and place, version, and its source as a table."""

    name: str = ""
    place: tuple[int, int, int] = (1, 1, 1)
    version: str = ""
    source: str | dict[str, Any] | None = None
    artifacts: list[str] = field(default_factory=list)
    wants: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """Where the reading is: the table, the package, and the list that is open."""

    packages: list[LockedPackage] = field(default_factory=list)
    table: str = ""
    inside: str = ""

    def header(self, line: str) -> bool:
        head = _HEAD.match(line)
        if head is None:
            return False
        self.table, self.inside = head[1], ""
        if self.table in _PACKAGES:
            if not line.startswith("[[") or (
                self.packages and not self.packages[-1].name
            ):
                return False
            self.packages.append(LockedPackage())
        return True

    def item(self, line: str) -> None:
        """Take an item of the list that is open."""
        package = self.packages[-1]
        if self.inside == "dependencies":
            package.wants += _wanted(line)
        elif self.inside in {"wheels", "sdist", "files"}:
            package.artifacts += _ARTIFACT.findall(line)

    def setting(self, line: str, text: Text, start: int) -> bool:
        """Take a key with its value; False where it has no form that is known."""
        package = self.packages[-1]
        self.inside = line.partition(" = ")[0]
        is_group = self.table.startswith(("package.dev-", "package.optional-"))
        if self.inside == "dependencies" or is_group:
            package.wants += _wanted(line)
            self.inside = "dependencies"
        if self.table in _PACKAGES:
            return _field(package, line, text, start)
        if self.table.endswith((".wheels", ".sdist")):
            package.artifacts += _ARTIFACT.findall(line)
        elif self.table.endswith((".source", ".vcs", ".directory", ".archive")):
            _source_field(package, self.table, line)
        return True


def read_packages(text: Text) -> list[LockedPackage] | None:
    """Return the packages of a file in the tools' own form, None for any other."""
    if not _is_plain(text.content):
        return None
    reading = _Reading()
    offset = 0
    for line in text.content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        if not line:
            continue
        if line[0] == "[":
            if not reading.header(line):
                return None
        elif line[0] == '"' and reading.table in {"", *_PACKAGES}:
            return None  # a key in quotes, which may be any
        elif not reading.packages:
            continue
        elif line[0] in " \t]}":
            reading.item(line)
        elif not reading.setting(line, text, start):
            return None
    return reading.packages


def _is_plain(content: str) -> bool:
    if '"""' in content or "'''" in content:
        return False
    at = 0
    while at < len(content):
        match = _PLAIN.match(content, at)
        if match is None or match.end() == at:
            return False
        at = match.end()
    return True


def _wanted(line: str) -> list[str]:
    """Return the names in a line of a package's dependencies (uv's tables, Cargo's texts)."""
    named = [match[2] for match in _INLINE.finditer(line) if match[1] == "name"]
    return named or re.findall(r'^\s+"([^"\\ ]+)', line)


def _field(package: LockedPackage, line: str, text: Text, start: int) -> bool:
    """Take a line of a package's own table; False where it is in no form that is known."""
    if line.startswith("name "):
        name = _NAME.match(line)
        if name is None:
            return False
        package.name = name[1]
        package.place = text.place(start + name.start(1), start + name.end(1))
        return True
    value = _VALUE.match(line)
    if value is not None:
        if value[1] == "version":
            package.version = value[2]
        elif value[1] == "source":
            package.source = value[2]
        elif value[1] in {"git", "url", "path"}:
            package.source = {value[1]: value[2]}
        return True
    table = _TABLE.match(line)
    if table is not None and table[1] in {"wheels", "sdist"}:
        package.artifacts += _ARTIFACT.findall(table[2])
    elif table is not None:
        found = dict(_INLINE.findall(table[2]))
        package.source = (
            found
            if table[1] == "source"
            else {table[1]: found.get("url", found.get("path", "")), **found}
        )
    return not line.startswith(("source", "git ", "url ", "path ")) or table is not None


def _source_field(package: LockedPackage, table: str, line: str) -> None:
    value = _VALUE.match(line)
    if value is None:
        return
    known = package.source if isinstance(package.source, dict) else {}
    key = table.rpartition(".")[2]
    package.source = (
        {**known, value[1]: value[2]}
        if key == "source"
        else {**known, key: value[2], value[1]: value[2]}
    )
