"""PHP packages: Composer and its registry."""

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

_FOLDER_OPTIONS = "-d --working-dir"


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTools, plain_tool

    commands = dict(
        (
            plain_tool("composer require", "composer", _FOLDER_OPTIONS),
            plain_tool("composer global require", "composer", title="composer require"),
        )
    )
    return InstallTools(commands, frozenset(_FOLDER_OPTIONS.split()))


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import composer
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("composer", composer.project)


def _quoted(name: str, version: str) -> str:
    import json

    return f"{json.dumps(name)}: {json.dumps(version or '*')}"


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import project_sources

    return project_sources.composer(sources)


ECOSYSTEM = Ecosystem(
    name="composer",
    title="PHP packages (Composer)",
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    normalise=str.lower,
    version_sign=":",
    version_scheme="zt_gate.ecosystems.version_schemes.composer",
    example="pkg:composer/a/b@1",
    formats=(
        ManifestFormat("composer", (b"composer.json",)),
        ManifestFormat(
            "composer_lock",
            (b"composer.lock",),
            role="lock",
            locks={b"composer.lock": b"composer.json"},
        ),
    ),
    locked_sections=("require",),
    local_packages="zt_gate.ecosystems.local_packages.composer",
    sample=SampleManifest(
        "composer.json", _quoted, head=('{"require": {',), tail=("}}",), between=","
    ),
    install_tools=_install_tools,
    install_words=(b"require",),
    registry=_registry,
    settings=_settings,
    registry_title="the Composer registry",
    host_aliases=("repo.packagist.org",),
    canary="monolog/monolog",
    osv_name="Packagist",
)
