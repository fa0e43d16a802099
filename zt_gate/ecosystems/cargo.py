"""Rust crates: Cargo and its registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_index import CaFile
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

_OPTIONS_WITH_VALUE = (
    "--features -F --version --vers --git --branch --tag --rev --path --registry --index --root "
    "--target --profile --bin --manifest-path -p --package --rename --jobs -j"
)


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTools, plain_tool

    commands = dict(
        (
            plain_tool("cargo add", "cargo", _OPTIONS_WITH_VALUE),
            plain_tool("cargo install", "cargo", _OPTIONS_WITH_VALUE),
        )
    )
    return InstallTools(commands, frozenset(("-C", "--config", "--color", "-Z")))


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import cargo
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("cargo", cargo.project)


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import project_sources

    return project_sources.cargo(sources)


def _is_config(name: bytes, folders: Sequence[bytes]) -> bool:
    return name in {b"config", b"config.toml"} and folders[-1:] == [b".cargo"]


def _certificates(sources: SettingsSources) -> Iterable[CaFile]:
    from zt_gate.ecosystems.registries import certificates

    return certificates.of_cargo(sources)


ECOSYSTEM = Ecosystem(
    name="cargo",
    title="Rust crates",
    name_pattern=r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z",
    version_scheme="zt_gate.ecosystems.version_schemes.cargo",
    example="pkg:cargo/x@1",
    formats=(
        ManifestFormat("cargo", (b"cargo.toml",)),
        ManifestFormat("cargo_config", matches=_is_config, role="settings"),
        ManifestFormat(
            "cargo_lock",
            (b"cargo.lock",),
            role="lock",
            locks={b"cargo.lock": b"cargo.toml"},
            reader="zt_gate.ecosystems.manifests.toml_lock",
        ),
    ),
    locked_sections=("dependencies", "dev-dependencies", "build-dependencies"),
    local_packages="zt_gate.ecosystems.local_packages.cargo",
    sample=SampleManifest(
        "Cargo.toml",
        lambda name, version: f'{name} = "={version}"' if version else f'{name} = "*"',
        head=("[dependencies]",),
    ),
    install_tools=_install_tools,
    install_words=(b"install", b"add"),
    registry=_registry,
    settings=_settings,
    certificates=_certificates,
    registry_title="the crates registry",
    host_aliases=(
        "index.crates.io",
        "static.crates.io",
    ),
    canary="serde",
    osv_name="crates.io",
    bare_version_is_range=True,
    pre_commit_languages=("rust",),
)
