"""Go modules: the module proxy, with GOPROXY and GOPRIVATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_index import CaFile
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )


_BUILD_OPTIONS = (
    "-C -ldflags -gcflags -asmflags -tags -o -mod -modfile -overlay -p -pgo -exec "
    "-buildmode -buildvcs -compiler -covermode -coverpkg -installsuffix -pkgdir -toolexec"
)


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTool, InstallTools, plain_tool

    commands = dict(
        (
            plain_tool("go get", "golang", "-modfile"),
            plain_tool("go install", "golang", _BUILD_OPTIONS),
        )
    )
    # Without a version it runs what the main module requires, or files.
    commands["go", "run"] = InstallTool(
        "go run",
        "golang",
        max_packages=1,
        value_options=frozenset(_BUILD_OPTIONS.split()),
        needs_version=True,
    )
    return InstallTools(commands, frozenset(("-C",)))


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import golang
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("golang", golang.project, accept="text/plain")


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import golang

    return golang.endpoints(sources)


def _is_private(sources: SettingsSources, module: str) -> bool:
    from zt_gate.ecosystems.registries import golang

    return golang.is_private(sources, module)


#: Hosts of repositories, and the parts that the path of a module has there at least.
_HOSTS = {"github.com": 3, "gitlab.com": 3, "bitbucket.org": 3, "golang.org": 3}
_MOST_MODULES = 12


def _containing_modules(path: str) -> tuple[str, ...]:
    """Return the modules that may hold a package, the longest path first."""
    parts = path.split("/")
    least = _HOSTS.get(parts[0], 1)
    modules = ["/".join(parts[:size]) for size in range(len(parts), least - 1, -1)]
    # Long paths are few; the module of one is near its host.
    return (*modules[:1], *modules[1:][-_MOST_MODULES:])


def _certificates(sources: SettingsSources) -> Iterable[CaFile]:
    from zt_gate.ecosystems.registries import certificates

    return certificates.of_git(sources)


ECOSYSTEM = Ecosystem(
    name="golang",
    title="Go modules",
    # A module path, which starts with a host.
    name_pattern=r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9._~-]+)*\Z",
    example="pkg:golang/github.com/a/b@v1.0.0",
    formats=(
        ManifestFormat("go_mod", (b"go.mod", b"go.work")),
        ManifestFormat("go_sum", (b"go.sum",), role="lock"),
        ManifestFormat("go_source", suffixes=(b"go",), role="text"),
    ),
    local_packages="zt_gate.ecosystems.local_packages.golang",
    sample=SampleManifest(
        "go.mod",
        lambda name, version: f"\t{name} {version or 'v0.0.0'}",
        head=("module asks.invalid/x", "require ("),
        tail=(")",),
    ),
    install_tools=_install_tools,
    install_words=(b"install", b"get ", b"go run"),
    containing_packages=_containing_modules,
    registry=_registry,
    registry_title="the Go proxy",
    settings=_settings,
    certificates=_certificates,
    is_private=_is_private,
    canary="golang.org/x/text",
    osv_name="Go",
    pre_commit_languages=("golang",),
)
