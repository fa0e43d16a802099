"""Ruby gems: Bundler, gemspecs and the gem registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTools, plain_tool

    install_values = "-v --version -i --install-dir -s --source -n -P"
    add_values = "-v --version --group -g --source -s --git --branch"
    commands = dict(
        (
            plain_tool("gem install", "gem", install_values),
            plain_tool("bundle add", "gem", add_values),
        )
    )
    return InstallTools(commands, frozenset(("--config-file",)))


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import gem
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("gem", gem.project)


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import project_sources

    return project_sources.gem(sources)


def _is_config(name: bytes, folders: Sequence[bytes]) -> bool:
    return name == b"config" and folders[-1:] == [b".bundle"]


ECOSYSTEM = Ecosystem(
    name="gem",
    title="Ruby gems",
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    version_scheme="zt_gate.ecosystems.version_schemes.gem",
    example="pkg:gem/x@1",
    formats=(
        ManifestFormat("gemfile", (b"gemfile", b"gems.rb"), (b"gemspec",)),
        ManifestFormat("bundle_config", matches=_is_config, role="settings"),
        ManifestFormat(
            "gemfile_lock",
            (b"gemfile.lock", b"gems.locked"),
            role="lock",
            locks={b"gemfile.lock": b"gemfile", b"gems.locked": b"gems.rb"},
        ),
    ),
    locked_sections=("gem",),
    local_packages="zt_gate.ecosystems.local_packages.gem",
    sample=SampleManifest(
        "Gemfile",
        lambda name, version: (
            f"gem '{name}', '{version}'" if version else f"gem '{name}'"
        ),
    ),
    install_tools=_install_tools,
    install_words=(b"install", b"add"),
    registry=_registry,
    settings=_settings,
    registry_title="the gem registry",
    host_aliases=("index.rubygems.org",),
    canary="rake",
    osv_name="RubyGems",
    pre_commit_languages=("ruby",),
)
