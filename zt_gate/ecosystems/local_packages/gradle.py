"""Gradle: included builds, whose projects and plugins replace packages, and own projects.

``includeBuild`` makes Gradle take a package from the tree whatever its version is.  A
sibling in the same build is only replaced where the trusted side has it: Gradle itself
would ask the repositories.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.local_packages import MOST_MANIFESTS, is_own_path
from zt_gate.ecosystems.project_tree import ancestors, folder_of, inside, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.local_packages import LocatedEntry
    from zt_gate.ecosystems.project_tree import ProjectTree

_SETTINGS = (b"settings.gradle", b"settings.gradle.kts")
_BUILDS = (b"build.gradle", b"build.gradle.kts")
_COMMENT = lazy_re.compile(
    r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_INCLUDED_BUILD = lazy_re.compile(
    r"\bincludeBuild[ \t]*\(?[ \t]*['\"]([^'\"\n]{1,300})['\"]"
)
_INCLUDES = lazy_re.compile(
    r"\binclude\b[ \t]*\(?((?:\s*['\"][^'\"\n]{1,300}['\"]\s*,?){1,2000})"
)
_QUOTED = lazy_re.compile(r"['\"]([^'\"\n]{1,300})['\"]")
_ROOT_NAME = lazy_re.compile(r"\brootProject\.name\s*=\s*['\"]([^'\"\n]{1,200})['\"]")
_GROUP = lazy_re.compile(
    r"^[ \t]*(?:project\.)?group[ \t]*=?[ \t]*['\"]([^'\"\n$]{1,200})['\"]",
    re.MULTILINE,
)
_NESTED_GROUP = lazy_re.compile(
    r"\b(?:allprojects|subprojects)\b[^\n]{0,100}\{[^{}]{0,2000}?"
    r"\bgroup[ \t]*=?[ \t]*['\"]([^'\"\n$]{1,200})['\"]"
)
_PROPERTY_GROUP = lazy_re.compile(
    r"^\s*(?:group|GROUP|projectGroup)\s*[=:]\s*(\S{1,200})\s*$", re.MULTILINE
)
_PLUGIN_ID = lazy_re.compile(
    r"\bid[ \t]*(?:=|\(|\.set\()?[ \t]*['\"]([^'\"\n]{1,200})['\"]"
)
_ARTIFACT = lazy_re.compile(
    r"\b(?:artifactId|archivesName|archivesBaseName|POM_ARTIFACT_ID)\b"
    r"[ \t]*(?:=|\.set\()?[ \t]*['\"]?([A-Za-z0-9._-]{1,200})"
)
_SCRIPT_PLUGIN = lazy_re.compile(rb"(.+)\.gradle(?:\.kts)?\Z")


class Builds:
    """The builds of a tree, each read once."""

    def __init__(self, tree: ProjectTree) -> None:
        self.tree = tree
        self._texts: dict[bytes, str] = {}
        self._projects: dict[bytes, dict[str, bytes]] = {}
        self._included: dict[bytes, list[bytes]] = {}
        self._plugins: dict[bytes, frozenset[str]] = {}

    def is_included(self, item: LocatedEntry) -> bool:
        """Return whether an included build provides the package of an entry."""
        folder, key = folder_of(item.path), item.entry.key
        for root in ancestors(folder):
            for build in self._included_builds(root):
                if inside(folder, build):
                    continue
                if key in self._projects_of(build):
                    return True
                plugin = key.partition(":")[0]
                is_plugin = key == f"{plugin}:{plugin}.gradle.plugin"
                if is_plugin and plugin in self._plugin_ids(build):
                    return True
        return False

    def _plugin_ids(self, build: bytes) -> frozenset[str]:
        if build not in self._plugins:
            plugins = frozenset(name for _, name in self._plugins_in(build))
            self._plugins[build] = plugins
        return self._plugins[build]

    def own_keys(self, wanted: frozenset[str]) -> Iterator[tuple[bytes, str]]:
        """Yield file and key of the wanted projects of all builds of the tree.

        The group of a project may be set by a plug-in or a variable; so a project also
        counts whose name is the artifact's if its build sets the group somewhere.
        """
        roots = self.tree.named(*_SETTINGS)
        for settings in [path for path in roots if is_own_path(path)][:MOST_MANIFESTS]:
            build = folder_of(settings)
            for key, path in self._projects_of(build).items():
                if key in wanted:
                    yield path, key

    def plugins(self) -> Iterator[tuple[bytes, str]]:
        """Yield file and id of the plug-ins that the tree's own builds define."""
        yield from self._plugins_in(b"")

    def _included_builds(self, root: bytes) -> list[bytes]:
        """Return the folders that the settings in a folder include as builds."""
        if root not in self._included:
            builds: list[bytes] = []
            for name in _SETTINGS:
                text = self._text(_beside(root, name))
                for match in _INCLUDED_BUILD.finditer(text):
                    folder = joined(root, match[1])
                    if folder is not None and folder in self.tree.folders:
                        builds.append(folder)
            self._included[root] = builds
        return self._included[root]

    def _projects_of(self, build: bytes) -> dict[str, bytes]:
        """Return the keys of a build's projects with the file that names each."""
        if build not in self._projects:
            self._projects[build] = dict(self._read_projects(build))
        return self._projects[build]

    def _read_projects(self, build: bytes) -> Iterator[tuple[str, bytes]]:
        settings = "".join(self._text(_beside(build, name)) for name in _SETTINGS)
        root_name = _ROOT_NAME.search(settings)
        name = (
            root_name[1]
            if root_name
            else build.rpartition(b"/")[2].decode("utf-8", "replace")
        )
        file = self._build_file(build)
        inherited = self._nested_group(build)
        for group in self._groups(build) | inherited:
            yield f"{group}:{name}", file
        for match in _INCLUDES.finditer(settings):
            for quoted in _QUOTED.finditer(match[1]):
                path = quoted[1].strip(":").replace(":", "/")
                folder = joined(build, path)
                if folder is None or folder not in self.tree.folders:
                    continue
                names = {path.rpartition("/")[2], *self._artifacts(folder)}
                groups = self._groups(folder) | inherited | self._groups(build)
                # Gradle's own default is the path of the parent project.
                groups.add(".".join([name, *path.split("/")[:-1]]))
                for group in groups:
                    for own in names:
                        yield f"{group}:{own}", self._build_file(folder)

    def _groups(self, folder: bytes) -> set[str]:
        text = "".join(self._text(_beside(folder, name)) for name in _BUILDS)
        groups = {match[1] for match in _GROUP.finditer(text)}
        properties = self.tree.text(_beside(folder, b"gradle.properties"))
        return groups | {match[1] for match in _PROPERTY_GROUP.finditer(properties)}

    def _nested_group(self, folder: bytes) -> set[str]:
        text = "".join(self._text(_beside(folder, name)) for name in _BUILDS)
        return {match[1] for match in _NESTED_GROUP.finditer(text)}

    def _artifacts(self, folder: bytes) -> set[str]:
        text = "".join(self._text(_beside(folder, name)) for name in _BUILDS)
        text += self.tree.text(_beside(folder, b"gradle.properties"))
        return {match[1] for match in _ARTIFACT.finditer(text)}

    def _plugins_in(self, build: bytes) -> Iterator[tuple[bytes, str]]:
        """Yield file and id of the plug-ins that a build defines: registered ones and scripts."""
        for path in self.tree.with_suffix(b".gradle", b".gradle.kts"):
            if not inside(folder_of(path), build) or not is_own_path(path):
                continue
            folder, _, name = path.rpartition(b"/")
            if folder.endswith((b"src/main/kotlin", b"src/main/groovy")):
                script = _SCRIPT_PLUGIN.match(name)
                if script is not None:
                    yield path, script[1].decode("utf-8", "replace")
            elif b"gradlePlugin" in (self.tree.read(path) or b""):
                text = self._text(path)
                block = text.find("gradlePlugin")
                for match in _PLUGIN_ID.finditer(text, block):
                    yield path, match[1]

    def _build_file(self, folder: bytes) -> bytes:
        """Return the path of a project's build file, of its settings if it has none."""
        for name in (*_BUILDS, *_SETTINGS):
            path = _beside(folder, name)
            if path in self.tree.paths:
                return path
        return _beside(folder, _BUILDS[0])

    def _text(self, path: bytes) -> str:
        """Return the text of a build file without its comments."""
        if path not in self._texts:
            self._texts[path] = _COMMENT.sub(
                lambda match: match[0] if match[0][0] in "'\"" else " ",
                self.tree.text(path),
            )
        return self._texts[path]


def _beside(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name
