"""The record of an ecosystem: everything that the gate knows about one kind of package.

Neither this module nor the top of an ecosystem's file imports anything slow: functions
import readers, registry clients and settings when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from zt_gate.record import field, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_index import CaFile
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

#: The role of a file format.  ``declares``: the packages that a project needs.
#: ``versions``: packages with their versions, not necessarily all.  ``lock``: the
#: installed versions.  ``settings``: where packages come from.  ``text``: not a
#: manifest; the file is read only if added lines may name a package, and content that
#: cannot be parsed is listed and does not block.
Role = Literal["declares", "versions", "lock", "settings", "text"]

#: How a newer snapshot of well-known names is verified.  ``list``: the index lists all
#: its projects in one response.  ``counts``: the download service counts the names.
SnapshotSource = Literal["", "list", "counts"]

#: An additional source of advisories besides the advisory service.  ``registry``: the
#: registry's own endpoint for many names at once, which npm has.
AdvisoryClient = Literal["", "pip-audit", "registry"]

#: How imported modules are named.  ``package``: as their package.  ``own``: by other
#: names, which the rules map to packages.  "": imports of the language are not read.
ModuleNames = Literal["", "package", "own"]

#: The version scheme of ecosystems without their own: exact versions only.
PLAIN_VERSIONS = "zt_gate.ecosystems.version_schemes.plain"


def unchanged(text: str) -> str:
    """Return the text without a change."""
    return text


@record(frozen=True, eq=False)
class ManifestFormat:
    """One kind of file that names packages, and how its path is recognised.

    ``name`` is unique among all formats.  ``files`` and ``suffixes`` (without the dot)
    are in lower case.  ``matches`` takes the file's name and the folders above it, both
    in lower case; it is called for paths that those do not match.  ``locks`` maps the
    names of lock files to the manifest next to each.  ``marks`` are bytes of an added
    line that can change the meaning of unchanged lines of a text.  ``directive`` is what
    every line of a text that may name a package contains, "" for none.  ``reader`` is the
    module with the function ``read(path, data)``, "" for the module in ``manifests``
    with the format's name.
    """

    name: str
    files: tuple[bytes, ...] = ()
    suffixes: tuple[bytes, ...] = ()
    matches: Callable[[bytes, Sequence[bytes]], bool] | None = None
    role: Role = "declares"
    locks: Mapping[bytes, bytes] = field(default_factory=dict)
    marks: tuple[bytes, ...] = ()
    directive: bytes = b""
    reader: str = ""


@record(frozen=True, eq=False)
class SampleManifest:
    """A generated manifest, with which packages are checked before they are added.

    ``file`` is its name.  ``line`` returns one line for a name and a version ("" for
    any), without the newline.  ``head`` and ``tail`` are the lines around those.
    ``between`` ends every line except the last.
    """

    file: str
    line: Callable[[str, str], str]
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    between: str = ""

    def lines(self, packages: Iterable[tuple[str, str]]) -> list[str]:
        """Return the lines of a manifest that names the packages, one in each line."""
        entries = [self.line(name, version) for name, version in packages]
        separated = [f"{entry}{self.between}" for entry in entries[:-1]]
        return [*self.head, *separated, *entries[-1:], *self.tail]


@record(frozen=True, eq=False)
class Ecosystem:
    """One kind of package; no other place lists properties of ecosystems.

    ``name`` is the type in package URLs and the name of the module.  ``title`` is the
    name in messages.

    Names: ``name_pattern`` matches a whole valid name, ``normalise`` returns the form
    that the registry compares.  ``separator`` separates the namespace from the name,
    ``version_sign`` the name from the version in a command.  ``example`` is a package
    URL from which a library derives the registry's host.  ``scoped_names``: a name may
    have an owner's scope before it, which users may forget.

    Manifests: ``formats`` are the file formats.  ``locked_sections`` are prefixes of
    the manifest sections whose packages every installer locks.  ``local_packages`` is
    the module that finds the repository's own packages (``local_packages``), "" for
    none.  ``sample`` is a generated manifest.

    Commands: ``install_tools`` returns the table of installing commands; each line
    with such a command contains one of ``install_words``.  ``containing_packages``
    returns the packages that may hold what a command names, the longest name first;
    None if a command names packages only.

    Imports: ``module_names`` says how modules are named, ``module_suffixes`` are the
    suffixes of files that code can import.

    Registry: ``registry`` creates the client, None if there is no registry;
    ``registry_title`` names it in messages.  ``settings`` finds the indexes in the
    user's and the project's settings, None if only the policy can set one.
    ``certificates`` finds the authorities in the user's settings of the package manager.
    ``host_aliases`` are further hosts of the default registry that it runs itself.
    ``index_url`` returns the index's URL for the origin that the library names.
    ``is_private`` returns whether the user's settings keep a name from public hosts.
    ``download_service`` is the policy's key for the service that counts downloads.
    ``canary`` is a name that every complete index has; an index without it is
    incomplete, so its 404 proves nothing.  ``probe_path`` and ``probe_setting`` let
    ``doctor`` test the index and name the setting that selects it.

    Advisories: ``osv_name`` is the ecosystem's name in OSV; ``advisory_client`` is an
    additional source.  ``snapshot``: how the list of the most used names is verified,
    "" if there is none.

    Versions: ``version_scheme`` is the module with ``pinned_version``,
    ``select_release`` and ``sort_key``.  ``bare_version_is_range``: only ``=`` pins a
    version.

    References, for packages without a registry client: ``noun`` is what one is called in
    messages, "" for all other ecosystems.  ``publisher`` returns who publishes a name, ""
    for nobody.  A reference that matches ``pin_pattern`` is immutable, one that matches
    ``floating_pattern`` means whatever is newest; "" if the form says neither.

    ``pre_commit_languages`` are pre-commit's names for the languages whose
    hooks install such packages.
    """

    name: str
    title: str
    name_pattern: str
    normalise: Callable[[str], str] = unchanged
    separator: str = "/"
    version_sign: str = "@"
    example: str = ""
    scoped_names: bool = False

    formats: tuple[ManifestFormat, ...] = ()
    locked_sections: tuple[str, ...] = ()
    local_packages: str = ""
    sample: SampleManifest | None = None

    install_tools: Callable[[], InstallTools] | None = None
    install_words: tuple[bytes, ...] = ()
    containing_packages: Callable[[str], tuple[str, ...]] | None = None
    module_names: ModuleNames = ""
    module_suffixes: tuple[bytes, ...] = ()

    registry: Callable[[], Registry] | None = None
    registry_title: str = ""
    settings: Callable[[SettingsSources], Endpoints] | None = None
    certificates: Callable[[SettingsSources], Iterable[CaFile]] | None = None
    host_aliases: tuple[str, ...] = ()
    index_url: Callable[[str], str] = unchanged
    is_private: Callable[[SettingsSources, str], bool] | None = None
    download_service: str = ""
    canary: str = ""
    probe_path: str = ""
    probe_setting: str = ""

    osv_name: str = ""
    advisory_client: AdvisoryClient = ""
    snapshot: SnapshotSource = ""

    version_scheme: str = PLAIN_VERSIONS
    bare_version_is_range: bool = False

    noun: str = ""
    publisher: Callable[[str], str] | None = None
    pin_pattern: str = ""
    floating_pattern: str = ""
    pre_commit_languages: tuple[str, ...] = ()
