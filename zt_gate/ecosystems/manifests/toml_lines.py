"""Line-by-line reader of lock files in TOML that have the form their tools write.

Every line must match one pattern, which excludes all other notations of TOML.  A file
with a line that does not match is left to ``zt_gate.syntax.toml``.  That reader returns
the same packages (a test checks it) but takes a second for each megabyte, and lock
files have up to ten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Place, Text

# Every line as the tools write it: a header, a key with a value, an item of a list, the
# end of a list.  A key cannot start with a blank, so list items cannot hide one.
_PLAIN = lazy_re.compile(
    r"(?:\[\[?[\w.-]++\]\]?"
    r'|(?!packages?\b)(?:[A-Za-z0-9_-]++|"[^"\\\n]*+") = [^\n]*+'
    r"""|[ \t]++["'{\[\]}#][^\n]*+|[\]}]|#[^\n]*+|[ \t]*+)(?:\n|\Z)"""
)
_HEAD = lazy_re.compile(r"\[\[?([\w.-]+?)\]\]?\Z")
_NAME = lazy_re.compile(r'name = "([^"\\]*)"\Z')
_VALUE = lazy_re.compile(
    r"(version|source|url|path|git|file|type|reference|resolved_reference|index|checksum)"
    r' = "([^"\\]*)"\Z'
)
_TABLE = lazy_re.compile(
    r"(source|vcs|directory|archive|wheels|sdist|files) = (?:\{|\[)(.*)"
)
_INLINE = lazy_re.compile(r"([a-z-]{1,30}) = \"([^\"\\]*)\"")
_ARTIFACT = lazy_re.compile(r'url = "([^"\\]*)"')
_PACKAGES = frozenset(("package", "packages"))
_FILE_LISTS = frozenset(("wheels", "sdist", "files"))
# An inline table, which may contain one more: ``{url = "…", hashes = {sha256 = "…"}}``.
_INLINE_TABLE = lazy_re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}")
_FIELD = lazy_re.compile(r"(?<![\w.-])([a-z0-9_-]{1,30}) = \"([^\"\\]*)\"")
_DIGEST = lazy_re.compile(r'(content[-_]hash) = "([^"\\]*)"\Z')
_LEGACY_KEY = lazy_re.compile(r'(?:"([^"\\]+)"|([\w.-]+)) = ')
_STRING = lazy_re.compile(r'"([^"\\{}]+)"')

_LEGACY_TABLES = frozenset(("metadata.files", "metadata.hashes"))

#: The algorithms of checksums that are the keys of a table.
ALGORITHMS = frozenset(
    ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s")
)
#: The fields of a file that are read.
FILE_FIELDS = frozenset(("url", "file", "path", "name", "hash")) | ALGORITHMS


@dataclass(slots=True)
class LockedPackage:
    """One ``[[package]]`` table of a lock file.

    ``place`` is that of the name.  ``source`` is as written: a string or a table.
    ``artifacts`` are the URLs of its files, ``wants`` the names of its dependencies.
    ``files`` are the fields of each file, ``checksum`` is that of its only file.
    ``requires`` are group, name and specifier of what the project's manifest requests.
    """

    name: str = ""
    place: Place = (1, 1, 1)
    version: str = ""
    source: str | dict[str, Any] | None = None
    artifacts: list[str] = field(default_factory=list)
    wants: list[str] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)
    checksum: str = ""
    requires: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class TomlLock:
    """A lock file in TOML.

    ``digests`` are the checksums of the manifest.  ``legacy_files`` are the fields of the
    files by the key that older formats have in the table ``metadata``.
    """

    packages: list[LockedPackage] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    legacy_files: dict[str, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(slots=True)
class _ParserState(TomlLock):
    """What was read so far, the current table, and the open list in it."""

    table: str = ""
    open_list: str = ""

    def line(self, line: str, text: Text, start: int) -> bool:
        """Read a line; False if it has a form that is not supported."""
        if line[0] == "[":
            return self.header(line)
        if line[0] == '"' and self.table in {"", *_PACKAGES}:
            return False  # a quoted key, which could be any key
        if self.table.startswith("metadata"):
            return self.legacy(line)
        if self.table == "root" or not self.packages:
            digest = _DIGEST.match(line)
            if digest is not None and self.table == "root":
                self.digests[digest[1]] = digest[2]
            return True
        if line[0] in " \t]}":
            return self.item(line)
        return self.setting(line, text, start)

    def header(self, line: str) -> bool:
        """Start a table; False for a header in a form that is not supported."""
        head = _HEAD.match(line)
        if head is None:
            return False
        self.table, self.open_list = head[1], ""
        if self.table not in _PACKAGES:
            if self.packages and self.table.endswith((".wheels", ".sdist")):
                self.packages[-1].files.append({})
            return True
        is_array_table = line.startswith("[[")
        last_is_unnamed = bool(self.packages) and not self.packages[-1].name
        if not is_array_table or last_is_unnamed:
            return False
        self.packages.append(LockedPackage())
        return True

    def item(self, line: str) -> bool:
        """Read an item of the open list; False if it has a form that is not supported."""
        if self.table.startswith("metadata"):
            return self.legacy(line)
        package = self.packages[-1]
        if self.open_list == "dependencies":
            package.wants += _dependency_names(line)
            return True
        if self.table.startswith("package.metadata"):
            return self.requirements(line)
        if self.open_list in _FILE_LISTS:
            package.artifacts += _ARTIFACT.findall(line)
            return _add_files(package.files, line)
        return True

    def requirements(self, line: str) -> bool:
        """Read what uv's project requests, in a list of inline tables."""
        group = self.table.removeprefix("package.metadata").removeprefix(".")
        is_list = group == "requires-dev" or self.open_list == "requires-dist"
        if not is_list:
            return True
        section = f"{group}.{self.open_list}" if group else self.open_list
        for inline in _INLINE_TABLE.findall(line):
            if "\\" in inline:
                return False
            fields = dict(_FIELD.findall(inline))
            requirement = (section, fields.get("name", ""), fields.get("specifier", ""))
            if is_plain_requirement(fields):
                self.packages[-1].requires.append(requirement)
        return True

    def legacy(self, line: str) -> bool:
        """Read a line of the table ``metadata``, or of one below it, after the packages."""
        digest = _DIGEST.match(line)
        if digest is not None:
            self.digests[digest[1]] = digest[2]
            return True
        is_crate = self.table == "metadata" and line.startswith('"checksum ')
        if not is_crate and self.table not in _LEGACY_TABLES:
            return True
        if line[0] not in " \t]}":
            key = _LEGACY_KEY.match(line)
            if key is None:
                return False
            self.open_list = key[1] or key[2]
            line = line[key.end() :]
        files = self.legacy_files.setdefault(self.open_list, [])
        if "{" in line:
            return _add_files(files, line)
        files += [{"hash": value} for value in _STRING.findall(line)]
        return "\\" not in line

    def file_field(self, line: str) -> bool:
        """Read a field of the last file, which has a table of its own."""
        fields = dict(_FIELD.findall(line))
        files = self.packages[-1].files
        if files:
            files[-1] |= {key: fields[key] for key in fields if key in FILE_FIELDS}
        return "\\" not in line

    def setting(self, line: str, text: Text, start: int) -> bool:
        """Read a key with its value; False if it has a form that is not supported."""
        package = self.packages[-1]
        self.open_list = line.partition(" = ")[0]
        is_group = self.table.startswith(("package.dev-", "package.optional-"))
        if self.open_list == "dependencies" or is_group:
            package.wants += _dependency_names(line)
            self.open_list = "dependencies"
        if self.table in _PACKAGES:
            return _package_field(package, line, text, start)
        if self.table.startswith("package.metadata"):
            return self.requirements(line)
        if self.table.endswith((".wheels", ".sdist")):
            package.artifacts += _ARTIFACT.findall(line)
            return self.file_field(line)
        if self.table.endswith((".wheels.hashes", ".sdist.hashes")):
            return self.file_field(line)
        if self.table.endswith((".source", ".vcs", ".directory", ".archive")):
            _source_field(package, self.table, line)
        return True


def read_lock(text: Text) -> TomlLock | None:
    """Return the content of a file in the tools' own form, None for any other file."""
    if not _has_plain_lines(text.content):
        return None
    state = _ParserState()
    offset = 0
    for line in text.content.split("\n"):
        line_start = offset
        offset += len(line) + 1
        if not line:
            continue
        if not state.line(line, text, line_start):
            return None
    return TomlLock(state.packages, state.digests, state.legacy_files)


def _add_files(files: list[dict[str, str]], line: str) -> bool:
    """Add the files in a line; False if it contains an escape."""
    for inline in _INLINE_TABLE.findall(line):
        fields = dict(_FIELD.findall(inline))
        files.append({key: fields[key] for key in fields if key in FILE_FIELDS})
    return "\\" not in line


def is_plain_requirement(fields: dict[str, str]) -> bool:
    """Return whether a requirement is one of the registry: uv writes any other source."""
    return "name" in fields and fields.keys() <= {"name", "specifier", "marker"}


def _has_plain_lines(content: str) -> bool:
    """Return whether every line has the form that the tools write."""
    if '"""' in content or "'''" in content:
        return False
    offset = 0
    while offset < len(content):
        match = _PLAIN.match(content, offset)
        if match is None or match.end() == offset:
            return False
        offset = match.end()
    return True


def _dependency_names(line: str) -> list[str]:
    """Return the names in a line of a package's dependencies (uv's tables, Cargo's strings)."""
    names = [match[2] for match in _INLINE.finditer(line) if match[1] == "name"]
    return names or re.findall(r'^\s+"([^"\\ ]+)', line)


def _package_field(
    package: LockedPackage, line: str, text: Text, line_start: int
) -> bool:
    """Read a line of a package's own table; False if its form is not supported."""
    if line.startswith("name "):
        return _name_field(package, line, text, line_start)
    setting = _VALUE.match(line)
    if setting is not None:
        key, value = setting[1], setting[2]
        if key == "version":
            package.version = value
        elif key == "source":
            package.source = value
        elif key in {"git", "url", "path"}:
            package.source = {key: value}
        elif key == "checksum":
            package.checksum = value
        return True
    table = _TABLE.match(line)
    if table is None:
        return not line.startswith(("source", "git ", "url ", "path "))
    key, content = table[1], table[2]
    if key in _FILE_LISTS:
        package.artifacts += _ARTIFACT.findall(content)
        return _add_files(package.files, line)
    fields = dict(_INLINE.findall(content))
    if key != "source":
        address = fields.get("url", fields.get("path", ""))
        fields = {key: address, **fields}
    package.source = fields
    return True


def _name_field(package: LockedPackage, line: str, text: Text, line_start: int) -> bool:
    name = _NAME.match(line)
    if name is None:
        return False
    package.name = name[1]
    package.place = text.place(line_start + name.start(1), line_start + name.end(1))
    return True


def _source_field(package: LockedPackage, table: str, line: str) -> None:
    """Read a line of a table below a package that describes its source."""
    setting = _VALUE.match(line)
    if setting is None:
        return
    field_name, value = setting[1], setting[2]
    fields = package.source if isinstance(package.source, dict) else {}
    kind = table.rpartition(".")[2]
    if kind != "source":
        fields = {**fields, kind: value}
    package.source = {**fields, field_name: value}
