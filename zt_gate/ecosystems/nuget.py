""".NET packages: NuGet."""

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
            plain_tool(
                "dotnet add package", "nuget", "-v --version -f -s", max_packages=1
            ),
            plain_tool(
                "dotnet tool install", "nuget", "--version --tool-path", max_packages=1
            ),
            plain_tool(
                "install-package",
                "nuget",
                "-Version -Source",
                title="Install-Package",
                max_packages=1,
            ),
        )
    )
    return InstallTools(commands)


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import nuget
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("nuget", nuget.project)


def _reference(name: str, version: str) -> str:
    from xml.sax.saxutils import quoteattr

    return f"<PackageReference Include={quoteattr(name)} Version={quoteattr(version or '*')} />"


def _index_url(origin: str) -> str:
    """Return the URL of the api host, from the origin of the web pages."""
    scheme, _, host = origin.partition("://")
    return f"{scheme}://api.{host.partition('.')[2]}"


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import project_sources

    return project_sources.nuget(sources)


ECOSYSTEM = Ecosystem(
    name="nuget",
    title=".NET packages (NuGet)",
    name_pattern=r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z",
    normalise=str.lower,
    version_scheme="zt_gate.ecosystems.version_schemes.nuget",
    example="pkg:nuget/x@1",
    formats=(
        ManifestFormat(
            "nuget",
            (b"packages.config",),
            (b"csproj", b"fsproj", b"vbproj", b"props", b"targets", b"proj", b"nuspec"),
            role="versions",
        ),
        ManifestFormat(
            "dotnet_json", (b"dotnet-tools.json", b"global.json"), role="versions"
        ),
        ManifestFormat("nuget_lock", (b"packages.lock.json",), role="lock"),
        ManifestFormat("nuget_config", (b"nuget.config",), role="settings"),
    ),
    local_packages="zt_gate.ecosystems.local_packages.nuget",
    sample=SampleManifest(
        "asks.csproj",
        _reference,
        head=("<Project><ItemGroup>",),
        tail=("</ItemGroup></Project>",),
    ),
    install_tools=_install_tools,
    install_words=(b"install", b"Install-", b"add"),
    registry=_registry,
    settings=_settings,
    registry_title="the NuGet registry",
    host_aliases=("api.nuget.org",),
    index_url=_index_url,
    canary="Newtonsoft.Json",
    osv_name="NuGet",
)
