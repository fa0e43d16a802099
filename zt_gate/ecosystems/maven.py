"""Java packages: Maven repositories, which Maven and Gradle use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )


def _registry() -> Registry:
    from zt_gate.ecosystems.registries import maven
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts(
        "maven", maven.project, accept="application/xml, text/xml"
    )


def _dependency(name: str, version: str) -> str:
    from xml.sax.saxutils import escape

    group, _, artifact = name.partition(":")
    group_element = f"<groupId>{escape(group)}</groupId>"
    artifact_element = f"<artifactId>{escape(artifact)}</artifactId>"
    version_element = f"<version>{escape(version)}</version>" if version else ""
    coordinates = group_element + artifact_element + version_element
    return f"<dependency>{coordinates}</dependency>"


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import maven_settings

    return maven_settings.endpoints(sources)


def _is_kotlin(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    return name.endswith(b".gradle.kts")


def _is_settings(name: bytes, folders: Sequence[bytes]) -> bool:
    # A file of this name elsewhere may belong to any program; the reader looks at it.
    is_maven = folders[-1:] == [b".mvn"] or name == b"settings.xml"
    return is_maven and name.endswith(b"settings.xml")


ECOSYSTEM = Ecosystem(
    name="maven",
    title="Java packages (Maven)",
    # Group and artifact.
    name_pattern=r"[A-Za-z0-9_][A-Za-z0-9._-]*:[A-Za-z0-9_][A-Za-z0-9._-]*\Z",
    separator=":",
    example="pkg:maven/g/a@1",
    formats=(
        ManifestFormat("maven", (b"pom.xml",), role="versions"),
        ManifestFormat(
            "gradle",
            suffixes=(b"gradle",),
            matches=_is_kotlin,
            role="versions",
        ),
        ManifestFormat(
            "gradle_verification", (b"verification-metadata.xml",), role="lock"
        ),
        ManifestFormat("maven_settings", matches=_is_settings, role="settings"),
        ManifestFormat("gradle_catalog", (b"libs.versions.toml",), role="versions"),
    ),
    local_packages="zt_gate.ecosystems.local_packages.maven",
    sample=SampleManifest(
        "pom.xml",
        _dependency,
        head=("<project><dependencies>",),
        tail=("</dependencies></project>",),
    ),
    registry=_registry,
    settings=_settings,
    registry_title="the Maven repository",
    host_aliases=(
        "repo.maven.apache.org",
        "repo1.maven.org",
        "repo2.maven.org",
        "central.maven.org",
        "maven-central.storage.googleapis.com",
        "maven-central.storage-download.googleapis.com",
        "maven-central-eu.storage-download.googleapis.com",
        "maven-central-asia.storage-download.googleapis.com",
    ),
    index_url=lambda origin: f"{origin}/maven2",
    canary="junit:junit",
    osv_name="Maven",
)
