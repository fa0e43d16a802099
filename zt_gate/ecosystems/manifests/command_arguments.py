"""One argument of an installing command: the name, the constraint and the source in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import ManifestError, Source, valid_name
from zt_gate.ecosystems.manifests.command_words import PLACEHOLDERS
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, split_version

if TYPE_CHECKING:
    from zt_gate.ecosystems.install_tool import InstallTool

# The name at the start of a word whose remainder only the shell can compute.
_HEAD_PYPI = lazy_re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]{0,200}\])?\s*[=<>!~]=?"
)
_HEAD_NPM = lazy_re.compile(r"((?:@[A-Za-z0-9~-][\w.~-]*/)?[A-Za-z0-9~-][\w.~-]*)@")
# ``SomePackage1``, ``your_plugin``, ``PACKAGE``, ``pytest-NAME``.
_GENERIC_NAME = lazy_re.compile(
    r"(?:some|your|my|other|another|the|this|that|new|any)[-_]?"
    r"(?:package|project|dependency|module|library|plugin|extension|app|tool|server|lib|distribution"
    r"|mcp[-_]server)s?[-_]?\w{0,3}\Z",
    re.IGNORECASE,
)
_PYPI_NAME = lazy_re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?![/\\])")
_FILE_SUFFIXES = (
    ".txt",
    ".whl",
    ".gz",
    ".zip",
    ".py",
    ".toml",
    ".cfg",
    ".in",
    ".lock",
    ".tgz",
    ".yml",
)
_UPPER_CASE_PLACEHOLDER = lazy_re.compile(r"(?:[a-z0-9-]{1,30}-)?[A-Z][A-Z_-]{2,}\Z")


def parse_argument(
    tool: InstallTool, text: str, *, literal: bool
) -> tuple[str, str, Source] | None:
    """Return name, constraint and source of a package argument, None for any other."""
    if tool.ecosystem == "pypi":
        return _pypi(tool, text) if literal else _computed("pypi", _HEAD_PYPI, text)
    if tool.ecosystem == "npm":
        return _npm(tool, text) if literal else _computed("npm", _HEAD_NPM, text)
    version_sign = ecosystem_named(tool.ecosystem).version_sign
    name, sign, version = text.partition(version_sign)
    if not literal:
        if not sign:
            return None
        version = ""  # computed, as in NAME@$(VERSION)
    elif tool.needs_version and not version:
        return None
    return (name, version, Source()) if valid_name(tool.ecosystem, name) else None


def _computed(
    ecosystem: str, name_pattern: re.Pattern[str], text: str
) -> tuple[str, str, Source] | None:
    """Return the literal name at the start of a word whose version is computed."""
    head = name_pattern.match(text)
    if head is None or not valid_name(ecosystem, head[1]):
        return None
    return head[1], "", Source()


def _pypi(tool: InstallTool, text: str) -> tuple[str, str, Source] | None:
    from zt_gate.ecosystems.manifests import pep508

    at_version = ""
    is_address = "://" in text or "git+" in text
    if tool.accepts_at_version and "@" in text and not is_address:  # ``ruff@latest``
        text, _, at_version = text.partition("@")
    if "://" not in text and not text.startswith("git+"):
        is_file = text.lower().endswith(_FILE_SUFFIXES)
        if is_file or not _PYPI_NAME.match(text):
            return None
    try:
        name, _, constraint, source = pep508.parse(text, 0)
    except ManifestError:
        return None
    if source.kind == "path" or (not name and source.kind == "registry"):
        return None
    return name, constraint or at_version, source


def _npm(tool: InstallTool, text: str) -> tuple[str, str, Source] | None:
    is_deno = tool.name.startswith("deno")
    if text.lower().startswith("npm:"):
        text = text[4:].lstrip("/")
    elif is_deno:
        return None
    name, version = split_version(text)
    if "/" in name and not name.startswith("@"):
        name, version = "", text
    runs_package = is_deno or tool.max_packages == 1
    if runs_package:
        name = _without_path(name)
    package, constraint, source = parse_spec(name, version)
    if source.kind == "path":
        return None
    if source.kind == "registry" and not valid_name("npm", package):
        return None
    if tool.is_create:
        package = _create_package(package)
    return package, constraint, source


def _without_path(name: str) -> str:
    """Return the package of a name with a path in the package: ``@scope/name/path``."""
    name_parts = 2 if name.startswith("@") else 1
    return "/".join(name.split("/")[:name_parts])


def _create_package(name: str) -> str:
    """Return the package that ``npm create NAME`` runs."""
    scope, slash, base_name = name.rpartition("/")
    if name.startswith("@") and not slash:
        return f"{name}/create"
    return f"{scope}{slash}create-{base_name}"


def is_real_name(name: str) -> bool:
    """Return whether a name in documentation is meant, and is not a placeholder."""
    if name.lower() in PLACEHOLDERS:
        return False
    return not _UPPER_CASE_PLACEHOLDER.match(name) and not _GENERIC_NAME.match(name)
