""".pre-commit-config.yaml: the repositories of hooks, and packages that they install besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.manifests import pep508, references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    make_dependency,
    parse_manifest,
    quoted,
    unnamed_entry,
    valid_name,
)
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place, Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
_SECTION = "additional_dependencies"
_NODE_LANGUAGES = ("node", "javascript", "ts")
# Languages of pre-commit whose packages have no registry client here.  The list is that
# of pre-commit 4; some of them take no additional dependencies.
_OTHER_LANGUAGES = frozenset(
    ("conda", "coursier", "dart", "docker", "docker_image", "dotnet", "fail", "haskell",
     "julia", "lua", "perl", "pygrep", "r", "script", "swift", "system", "unsupported",
     "unsupported_script")
)  # fmt: skip
# NAME:VERSION, as rust, ruby, dart and coursier have it.
_OTHER_FORM = lazy_re.compile(
    r"[A-Za-z][A-Za-z0-9._-]{0,200}:\d[A-Za-z0-9.+-]{0,100}\Z"
)
# A hook's own repository usually sets its language; these well-known hooks run on node.
_NODE_HOOKS = (
    "eslint",
    "prettier",
    "stylelint",
    "markdownlint",
    "commitlint",
    "htmlhint",
    "tslint",
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every list called additional_dependencies, and the repositories of the hooks."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        for key, value, hook in document.root.walk():
            if key == "repo" and value.is_scalar:
                dependencies += _repository(document.text, value, hook)
            elif key == _SECTION:
                items = value.listed()
                dependencies += [
                    _dependency(document.text, item, hook) for item in items
                ]
    return tuple(dependencies)


def _repository(text: Text, url: Node, table: Node) -> Iterator[Dependency]:
    """Yield the repository of hooks, nothing for those of the project itself."""
    if url.value in {"local", "meta", "builtin"}:
        return
    place = text.place(url.start, url.end)
    entry = references.repository(url.value, place, "repo", _scalar(table, "rev"))
    if entry is not None:
        yield entry


def _dependency(text: Text, item: Node, hook: Node) -> Dependency:
    place = text.place(item.start, item.end)
    if not item.is_scalar:
        raise ManifestError(place[0], "an additional dependency is not a string")
    language, hook_id = _scalar(hook, "language"), _scalar(hook, "id").lower()
    if language in _OTHER_LANGUAGES:
        return _unsupported(item.value, f"language {language}", place)
    is_node_hook = not language and any(word in hook_id for word in _NODE_HOOKS)
    if language in _NODE_LANGUAGES or is_node_hook:
        return _npm_dependency(item.value, place)
    for ecosystem in all_ecosystems():
        if language in ecosystem.pre_commit_languages:
            return _package(ecosystem.name, item.value, place)
    if not language:
        dependency = _of_unknown_language(item.value, place)
        if dependency is not None:
            return dependency
    return _python_dependency(text, item)


def _package(ecosystem: str, written: str, place: Place) -> Dependency:
    """Return a package that is written as NAME, NAME:VERSION, NAME@VERSION, with cli: before."""
    spec = written.removeprefix("cli:").replace("@", ":")
    name, _, version = spec.partition(":")
    if ecosystem == "golang" and not valid_name(ecosystem, name):
        return _unsupported(written, "a folder or a package of the hook", place)
    return make_dependency(ecosystem, name, place, _SECTION, version)


def _of_unknown_language(written: str, place: Place) -> Dependency | None:
    """Return a package whose form tells its language, None for a requirement of Python.

    The hook's own repository sets the language of such a hook.
    """
    if written.startswith("cli:"):
        return _package("cargo", written, place)
    if written.startswith("@"):
        return _npm_dependency(written, place)
    name, sign, version = written.partition("@")
    if sign and version[:1].isdigit() and valid_name("npm", name):
        return _npm_dependency(written, place)
    is_go_version = version[:1] == "v" or version == "latest"
    if sign and is_go_version and "/" in name and valid_name("golang", name):
        return _package("golang", written, place)
    if _OTHER_FORM.match(written):
        return _unsupported(written, "the language of the hook is not known", place)
    return None


def _unsupported(written: str, reason: str, place: Place) -> Dependency:
    """Return the entry of a package that no registry here has."""
    target = f"package {quoted(written)} of a hook (line {place[0]}): {reason}"
    return unnamed_entry("pypi", Source("computed", target), place, _SECTION)


def _scalar(table: Node, key: str) -> str:
    node = table.get(key)
    return "" if node is None else node.value


def _npm_dependency(written: str, place: Place) -> Dependency:
    from zt_gate.ecosystems.manifests.npm_spec import parse_spec, split_version

    name, version = split_version(written)
    package, constraint, source = parse_spec(name, version)
    return make_dependency("npm", package, place, _SECTION, constraint, source)


def _python_dependency(text: Text, item: Node) -> Dependency:
    place = text.place(item.start, item.end)
    try:
        name, key, constraint, source = pep508.parse(item.value, place[0])
    except ManifestError:
        reason = f"{quoted(item.value)} is not a valid requirement"
        raise ManifestError(place[0], reason) from None
    if name:
        is_quoted = item.style in {"'", '"'}
        start = item.start + (1 if is_quoted else 0)
        place = text.place(start, start + len(name))
    return Dependency("pypi", name, key, constraint, source, *place, _SECTION)
