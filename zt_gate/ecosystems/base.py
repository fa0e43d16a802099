"""What an ecosystem is: all that the gate knows about one kind of package, in one record.

Nothing heavy is imported here or at the top of an ecosystem's file: functions
import readers, registry clients and settings when they are called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.settings import Endpoints, SettingsSources

#: What a file of a format says about a project's packages.  ``declares``: what the
#: project needs.  ``versions``: packages with their versions, though a project may
#: need others besides.  ``lock``: the versions that are installed.  ``settings``:
#: where packages come from.  ``text``: no manifest; only added lines decide whether
#: the file is read, and what cannot be parsed in it is listed and does not block.
Role = Literal["declares", "versions", "lock", "settings", "text"]

#: How a newer snapshot of well-known names is confirmed.  ``list``: the index lists
#: all its projects in one answer.  ``counts``: the download service counts the names.
SnapshotSource = Literal["", "list", "counts"]

#: Who is asked about advisories besides the advisory service.  ``registry``: the
#: registry's own endpoint for many names at once, as npm has it.
AdvisoryClient = Literal["", "pip-audit", "registry"]

#: How imported modules are called.  ``package``: as the package that brings them.
#: ``own``: by names of their own, which the rules map to packages.  "": imports of
#: the language are not read.
ModuleNames = Literal["", "package", "own"]

#: The version scheme of ecosystems without one of their own: exact versions only.
PLAIN_VERSIONS = "zt_gate.ecosystems.version_schemes.plain"


def unchanged(text: str) -> str:
    """Return the text as it is."""
    return text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ManifestFormat:
    """One kind of file that names packages, and how it is recognised by its path.

    ``name`` is unique among all formats.  ``files`` and ``suffixes`` (without the
    dot) are in lower case.  ``matches`` takes the file's name and the folders above
    it, both in lower case, and is asked after those.  ``locks`` maps the names of
    lock files to the manifest that stands beside each.  ``marks`` are bytes that
    make unchanged lines of a text count.  ``reader`` is the module with the function
    ``read(path, data)``, "" for the one in ``manifests`` that is named as the format.
    """

    name: str
    files: tuple[bytes, ...] = ()
    suffixes: tuple[bytes, ...] = ()
    matches: Callable[[bytes, Sequence[bytes]], bool] | None = None
    role: Role = "declares"
    locks: Mapping[bytes, bytes] = field(default_factory=dict)
    marks: tuple[bytes, ...] = ()
    reader: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SampleManifest:
    """A manifest that is made up to judge packages before anybody adds them.

    ``line`` returns one line for a name and a version ("" for any), without the
    newline.  ``between`` ends every line but the last.
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ecosystem:
    """One kind of package; everything else asks here, and no other list names ecosystems.

    ``name`` is the type in package URLs and the name of the module.  ``title`` is
    for people.

    Names: ``name_pattern`` matches a whole valid name, ``normalise`` returns the
    form in which the registry compares names; ``separator`` stands between the
    namespace and the name, ``version_sign`` between name and version in a command.
    ``example`` is a package URL from which a library derives the registry's host.
    ``scoped_names``: a name may be preceded by an owner's scope that people forget.

    Manifests: ``formats``; ``locked_sections`` are prefixes of the manifests'
    sections whose packages every installer locks; ``workspace_files`` maps a
    manifest to the bytes that it holds where it declares workspaces (b"": the file
    alone does); ``sample`` is a made-up manifest.

    Commands: ``install_tools`` returns the table of installing commands; each line
    with such a command holds one of ``install_words``.

    Imports: ``module_names`` says how modules are called, ``module_suffixes`` are the
    endings of files that code can import.

    Registry: ``registry`` makes the client, None where there is none to ask;
    ``registry_title`` names it in a sentence.  ``settings`` finds the indexes in
    the user's and the project's settings, None for the policy's key alone.
    ``index_url`` makes the index's address of the origin that the library names.
    ``is_private`` says whether the user's settings keep a name from public hosts.
    ``download_service`` is the policy's key for the service that counts downloads.
    ``canary`` is a name that every complete index has: where it is missing too, the
    index is at fault.  ``probe_path`` and ``probe_setting`` let ``doctor`` ask the
    index and name the setting that decides it.

    Advisories: ``osv_name`` is the ecosystem's name there; ``advisory_client`` is
    asked besides.  ``snapshot``: there is a list of the most used names.

    Versions: ``version_scheme`` is the module with ``pinned_version``,
    ``select_release`` and ``sort_key``.  ``bare_version_is_range``: only ``=`` pins a version.

    ``pin_pattern`` is for what no registry knows: a reference that matches it cannot
    change.  ``pre_commit_languages`` are pre-commit's names for the language whose
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
    workspace_files: Mapping[bytes, bytes] = field(default_factory=dict)
    sample: SampleManifest | None = None

    install_tools: Callable[[], InstallTools] | None = None
    install_words: tuple[bytes, ...] = ()
    module_names: ModuleNames = ""
    module_suffixes: tuple[bytes, ...] = ()

    registry: Callable[[], Registry] | None = None
    registry_title: str = ""
    settings: Callable[[SettingsSources], Endpoints] | None = None
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

    pin_pattern: str = ""
    pre_commit_languages: tuple[str, ...] = ()
