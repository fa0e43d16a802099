"""package.json: every section from which npm, yarn, pnpm or bun installs.

The file is walked token by token, so each entry has its place and a key that
stands twice counts twice: package managers differ in which one they take.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    quoted,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 4 * 1024 * 1024
_DEEPEST = 100
# An unclosed string runs to the end, so that no text is walked twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)

_SECTIONS = frozenset(
    ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
)
_BUNDLED = frozenset(("bundledDependencies", "bundleDependencies"))
_OVERRIDES = (("overrides",), ("resolutions",), ("pnpm", "overrides"))
_EXTENSIONS = ("pnpm", "packageExtensions")

_VCS = re.compile(
    r"(?:git(?:\+[a-z]{1,5})?:|ssh:|github:|gitlab:|bitbucket:|gist:|git@)", re.IGNORECASE
)
_SHORTHAND = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}(?:#.*)?\Z")
_LOCAL = ("file:", "link:", "portal:", "./", "../", "/", "~/")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read all sections, overrides and aliases."""
    text = Text.of(_checked(data))
    return tuple(entry for leaf in _leaves(text) for entry in _entries(leaf))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value that is no container: where it stands, and the place of its key or itself."""

    path: tuple[str, ...]
    value: str | None
    place: tuple[int, int, int]


def _checked(data: bytes) -> str:
    if len(data) > _LIMIT:
        raise ManifestError(0, "larger than 4 MB, which no package.json is")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(0, "is not in UTF-8") from error
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth > _DEEPEST:
            raise ManifestError(0, f"nested deeper than {_DEEPEST} levels")
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, error.pos) + 1
        raise ManifestError(line, f"is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(0, "is no JSON that npm reads") from error
    if not isinstance(document, dict):
        raise ManifestError(1, "is no JSON object")
    return text


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _leaves(text: Text) -> Iterator[_Leaf]:
    """Walk valid JSON; one pass, so a line is counted on from the one before."""
    stack: list[str | None] = []  # the key of each open container, None for lists
    kinds: list[str] = []
    key: str | None = None
    key_place = (1, 1, 1)
    line, begin, walked = 1, 0, 0
    expects_key = False
    for match in _TOKEN.finditer(text.content):
        word, start = match[0], match.start()
        fresh = text.content.count("\n", walked, start)
        if fresh:
            line += fresh
            begin = text.content.rfind("\n", walked, start) + 1
        walked = start
        place = (line, start - begin + 1, match.end() - begin + 1)
        if word in "{[":
            stack.append(key)
            kinds.append(word)
            key, expects_key = None, word == "{"
        elif word in "}]":
            key = stack.pop()
            kinds.pop()
            expects_key = False
        elif word == ",":
            key, expects_key = None, kinds[-1] == "{"
        elif word == ":":
            expects_key = False
        elif expects_key:
            key, key_place = json.loads(word), place
        else:
            value = json.loads(word) if word[0] == '"' else None
            in_list = kinds[-1] == "["
            names = (*(name or "" for name in stack[1:]), "" if in_list else key or "")
            yield _Leaf(names, value, place if in_list else key_place)


def _entries(leaf: _Leaf) -> Iterator[Dependency]:
    section, *rest = leaf.path
    if section in _SECTIONS and rest:
        if len(rest) > 1:
            raise ManifestError(leaf.place[0], f"{section} of {quoted(rest[0])} is no text")
        yield _dependency(rest[0], leaf, section)
    elif section in _BUNDLED and leaf.value is not None:
        yield _dependency(leaf.value, leaf, section, bundled=True)
    elif leaf.path[:2] == _EXTENSIONS and len(rest) == 4 and rest[2] in _SECTIONS:
        yield _dependency(rest[3], leaf, "pnpm.packageExtensions")
    else:
        for prefix in _OVERRIDES:
            if leaf.path[: len(prefix)] == prefix and len(leaf.path) > len(prefix):
                yield _override(leaf.path[len(prefix) :], leaf, ".".join(prefix))


def _dependency(name: str, leaf: _Leaf, section: str, *, bundled: bool = False) -> Dependency:
    line = leaf.place[0]
    if leaf.value is None:
        raise ManifestError(line, f"{section} of {quoted(name)} is no text")
    real, constraint, source = _spec(name, "" if bundled else leaf.value)
    if not valid_name("npm", real) or not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(real)} is no package name")
    return Dependency("npm", real, real, constraint, source, *leaf.place, section)


def _override(keys: tuple[str, ...], leaf: _Leaf, section: str) -> Dependency:
    """Read one entry of overrides or resolutions: the last key that names a package."""
    named = [key for key in keys if key not in {"", "."}]
    line = leaf.place[0]
    if not named:
        raise ManifestError(line, f"an entry of {section} without a name")
    name = _selected(named[-1])
    if not valid_name("npm", name):
        raise ManifestError(line, f"{quoted(name)} is no package name")
    value = leaf.value or ""
    real, constraint, source = _spec(name, "" if value.startswith("$") else value)
    if not valid_name("npm", real):
        raise ManifestError(line, f"{quoted(real)} is no package name")
    return Dependency("npm", real, real, constraint, source, *leaf.place, section)


def _selected(key: str) -> str:
    """Return the package that a selector means: ``**/a/@s/b@npm:^1`` means ``@s/b``."""
    inner = key.rpartition(">")[2].strip()
    parts = inner.split("/")
    at = next((n for n, part in enumerate(parts) if "@" in part[1:]), len(parts) - 1)
    parts = [*parts[:at], parts[at][:1] + parts[at][1:].partition("@")[0]]
    if len(parts) > 1 and parts[-2].startswith("@"):
        return "/".join(parts[-2:])
    return parts[-1]


def _spec(name: str, value: str) -> tuple[str, str, Source]:
    """Return the package that is installed, its range and its source (npm-package-arg's forms)."""
    spec = value.strip()
    lower = spec.lower()
    if lower.startswith("npm:"):
        alias = spec[4:]
        at = alias.find("@", 1)
        if at < 0 and re.match(r"[\d^~<>=*]", alias):  # yarn's ``npm:^1.2``
            return name, alias, Source()
        return (alias if at < 0 else alias[:at]), ("" if at < 0 else alias[at + 1 :]), Source()
    if lower.startswith(("workspace:", "link:", "portal:")):
        target = spec.partition(":")[2]
        return name, spec, Source("path", target if "/" in target else ".")
    if lower.startswith(_LOCAL):
        target = spec[5:] if lower.startswith("file:") else spec
        return name, "", Source("path", target.removeprefix("//"))
    if _VCS.match(spec) or (_SHORTHAND.match(spec) and not spec.startswith("@")):
        return name, "", Source("vcs", spec)
    if "://" in spec:
        return name, "", Source("vcs" if re.search(r"\.git(?:#|\Z)", spec) else "url", spec)
    if lower.startswith("jsr:"):
        return name, "", Source("index", spec)
    return name, spec, Source()
