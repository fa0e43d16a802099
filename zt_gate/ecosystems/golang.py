"""Go modules: the module proxy, with GOPROXY and GOPRIVATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest

if TYPE_CHECKING:
    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTools, plain_tool

    commands = dict(
        (
            plain_tool("go get", "golang"),
            plain_tool("go install", "golang", "-ldflags -tags -o"),
        )
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


ECOSYSTEM = Ecosystem(
    name="golang",
    title="Go modules",
    # A module path, which starts with a host.
    name_pattern=r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9._~-]+)*\Z",
    example="pkg:golang/github.com/a/b@v1.0.0",
    formats=(
        ManifestFormat("go_mod", (b"go.mod", b"go.work")),
        ManifestFormat("go_sum", (b"go.sum",), role="lock"),
    ),
    local_packages="zt_gate.ecosystems.local_packages.golang",
    sample=SampleManifest(
        "go.mod",
        lambda name, version: f"\t{name} {version or 'v0.0.0'}",
        head=("module asks.invalid/x", "require ("),
        tail=(")",),
    ),
    install_tools=_install_tools,
    install_words=(b"install", b"get "),
    registry=_registry,
    registry_title="the Go proxy",
    settings=_settings,
    is_private=_is_private,
    canary="golang.org/x/text",
    osv_name="Go",
    pre_commit_languages=("golang",),
)
