"""The user's own certificate authorities, as the package managers have them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.ecosystems.registries import endpoints, tls
from zt_gate.ecosystems.registries.certificates import of_ecosystem
from zt_gate.ecosystems.registries.client import Client
from zt_gate.ecosystems.registries.package_index import (
    CaFile,
    CertificateFileError,
    Index,
    RegistryError,
)
from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources
from zt_gate.ecosystems.registries.tls import TlsSettings
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with Registry(tls="good") as server:
        server.pypi("zzinhouse-kit", days=900)
        server.npm("zzinhouse-box", days=900)
        yield server


def authority(registry: Registry) -> str:
    return registry.trust()["SSL_CERT_FILE"]


#: Ecosystem, the user's file below the home (or "" for a variable), and its text.
SETTINGS = [
    ("pypi", ".config/pip/pip.conf", "[global]\ncert = {}\n"),
    ("pypi", ".pip/pip.conf", "[install]\ncert={}\n"),
    ("pypi", ".config/pip/pip.conf", "[global]\ncert = ~/ca.pem\n"),
    ("npm", ".npmrc", "cafile={}\n"),
    ("npm", ".npmrc", 'cafile = "${CA_FOLDER}/ca.pem"\n'),
    ("npm", ".npmrc", 'ca="{pem}"\n'),
    ("cargo", ".cargo/config.toml", '[http]\ncainfo = "{}"\n'),
    ("cargo", ".cargo/config.toml", '[http]\ncainfo = "ca.pem"\n'),
    ("cargo", ".gitconfig", "[http]\n\tsslCAInfo = {}\n"),
    ("golang", ".gitconfig", '[user]\n\tname = A\n[http]\n\tsslcainfo = "{}"\n'),
    ("golang", ".config/git/config", "[HTTP]\n\tsslCAInfo = ~/ca.pem\n"),
    ("npm", "", "npm_config_cafile"),
    ("cargo", "", "CARGO_HTTP_CAINFO"),
    ("cargo", "", "GIT_SSL_CAINFO"),
    ("golang", "", "GIT_SSL_CAINFO"),
    ("pypi", "", "PIP_CERT"),
    ("pypi", "", "REQUESTS_CA_BUNDLE"),
    ("pypi", "", "CURL_CA_BUNDLE"),
    ("maven", "", "CURL_CA_BUNDLE"),
    ("npm", "", "NODE_EXTRA_CA_CERTS"),
    ("gem", "", "SSL_CERT_FILE"),
]


def user(home: Path, path: str, text: str, file: str) -> dict[str, str]:
    """Write one setting that names a CA file, and return the environment."""
    home.mkdir(parents=True, exist_ok=True)
    environ = {"HOME": str(home), "CA_FOLDER": str(home)}
    if not path:
        return {**environ, text: file}
    target = home / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pem = Path(file).read_text("utf-8") if "{pem}" in text else ""
    inline = pem.strip().replace("\n", "\\n")
    target.write_text(text.replace("{pem}", inline).replace("{}", file), "utf-8")
    return environ


def asked(ecosystem: str, url: str, environ: Mapping[str, str]) -> int:
    """Ask the address of an ecosystem's registry; raises RegistryError."""
    policy = {ecosystem: url}
    sources = SettingsSources(environ, policy, lambda _path: None, system={})
    index = endpoints(ecosystem, sources).indexes[0]
    assert index.url == url
    client = Client(environ, TlsSettings(environ), time.monotonic() + 10)
    try:
        return client.get(index, "/missing", "*/*").status
    finally:
        client.close()


@each_of(("ecosystem", "path", "text"), SETTINGS)
def test_each_setting_is_honoured(
    tmp_path: Path, registry: Registry, ecosystem: str, path: str, text: str
) -> None:
    home = tmp_path / f"{SETTINGS.index((ecosystem, path, text))}"
    home.mkdir()
    (home / "ca.pem").write_bytes(Path(authority(registry)).read_bytes())
    environ = user(home, path, text, authority(registry))
    assert asked(ecosystem, registry.url, environ) == 404
    with pytest.raises(RegistryError, match="not trusted"):
        asked(ecosystem, registry.url, {"HOME": str(tmp_path / "other")})


@each_of(("ecosystem", "path", "text"), SETTINGS[:12])
def test_a_setting_counts_for_its_ecosystem_alone(
    tmp_path: Path, registry: Registry, ecosystem: str, path: str, text: str
) -> None:
    home = tmp_path / f"{SETTINGS.index((ecosystem, path, text))}"
    environ = user(home, path, text, authority(registry))
    (home / "ca.pem").write_bytes(Path(authority(registry)).read_bytes())
    with pytest.raises(RegistryError, match="not trusted"):
        asked("composer", registry.url, environ)


@each_of(("ecosystem", "path", "text"), SETTINGS)
def test_a_missing_file_is_a_clear_error(
    tmp_path: Path, registry: Registry, ecosystem: str, path: str, text: str
) -> None:
    if "pem" in text:
        return
    home = tmp_path / f"{SETTINGS.index((ecosystem, path, text))}"
    environ = user(home, path, text, "/nowhere/ca.pem")
    with pytest.raises(CertificateFileError) as caught:
        asked(ecosystem, registry.url, environ)
    message = str(caught.value)
    assert message.startswith("was not asked: the CA file '")
    assert message.endswith("cannot be used: No such file or directory")
    assert (path or text) in message


def test_what_cannot_be_used_is_named(tmp_path: Path, registry: Registry) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    broken = tmp_path / "broken.pem"
    lines = Path(authority(registry)).read_text().splitlines()
    broken.write_text("\n".join([lines[0], lines[1][::-1], *lines[2:]]))
    reasons = {
        str(text): "no certificate in PEM format",
        str(broken): "an invalid certificate",
        "ca.pem": "its path is relative",
    }
    for path, reason in reasons.items():
        with pytest.raises(CertificateFileError, match=reason):
            asked("pypi", registry.url, {"PIP_CERT": path})


def test_a_folder_of_certificates_is_read(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / "a.pem").write_bytes(Path(authority(registry)).read_bytes())
    (folder / "README").write_text("Räum auf")
    assert asked("pypi", registry.url, {"REQUESTS_CA_BUNDLE": str(folder)}) == 404


def test_names_between_the_certificates_of_a_bundle_may_be_in_any_language(
    tmp_path: Path, registry: Registry
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(f"# Prüfstelle\n{Path(authority(registry)).read_text()}# Ende\n")
    assert asked("npm", registry.url, {"NODE_EXTRA_CA_CERTS": str(bundle)}) == 404


def scan(
    registry: Registry, tmp_path: Path, environ: dict[str, str], **files: str
) -> ScannerRun:
    contents = {path.encode(): text.encode() for path, text in files.items()}
    here = context(
        RULES, tmp_path, cache_dir=tmp_path, trusted_file=contents.get,
        environ={**registry.environment(), "HOME": str(tmp_path / "home"), **environ},
    )  # fmt: skip
    new: dict[str, str | bytes | None] = {
        "requirements.txt": "zzinhouse-kit==1.0\nzzinhouse-more==1\n",
        "package.json": json.dumps({"dependencies": {"zzinhouse-box": "1"}}),
    }
    return SCANNER.scan(change_of(new), here)


@each_of(
    ("path", "text"),
    [
        (".npmrc", "cafile={}\n"),
        ("pip.conf", "[global]\ncert = {}\n"),
        (".cargo/config.toml", '[http]\ncainfo = "{}"\n'),
        ("pyproject.toml", '[tool.uv.pip]\ncert = "{}"\n'),
        (".yarnrc.yml", "httpsCaFilePath: {}\n"),
        ("bunfig.toml", '[install]\ncafile = "{}"\n'),
    ],
)
def test_a_projects_own_setting_is_ignored(
    tmp_path: Path, registry: Registry, path: str, text: str
) -> None:
    setting = text.replace("{}", authority(registry))
    run = scan(registry, tmp_path, {}, **{path: setting})
    assert {one.rule for one in run.findings} == {"dependencies/unverified"}
    assert all("not trusted" in one.message for one in run.findings)


def test_a_scan_trusts_registries_and_their_services(
    tmp_path: Path, registry: Registry
) -> None:
    home = tmp_path / "home"
    user(home, ".config/pip/pip.conf", SETTINGS[0][2], authority(registry))
    user(home, ".npmrc", SETTINGS[3][2], authority(registry))
    run = scan(registry, tmp_path, {})
    assert [one.rule for one in run.findings] == ["dependencies/missing"]
    assert run.not_inspected == ()


def test_a_missing_file_has_one_cause_for_all_packages(
    tmp_path: Path, registry: Registry
) -> None:
    run = scan(registry, tmp_path, {"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"})
    assert {one.rule for one in run.findings} == {"dependencies/unverified"}
    causes = {one.cause.partition(" was not asked")[2] for one in run.not_inspected}
    file = "the CA file '/nowhere/ca.pem' of REQUESTS_CA_BUNDLE"
    assert causes == {f": {file} cannot be used: No such file or directory"}


def test_npm_that_started_the_gate_sets_no_file(tmp_path: Path) -> None:
    environ = {"npm_lifecycle_event": "test", "npm_config_cafile": "/project/ca.pem"}
    sources = SettingsSources(environ, {}, lambda _path: None, system={})
    assert of_ecosystem("npm", sources) == ()


def test_a_bundle_for_other_programs_has_the_users_certificates(
    tmp_path: Path, registry: Registry
) -> None:
    path = tls.bundle([CaFile(authority(registry), "x")], tmp_path)
    text = Path(path).read_text("utf-8")
    assert Path(authority(registry)).read_text().strip() in text
    assert text.count("-----BEGIN CERTIFICATE") > 1
    with pytest.raises(CertificateFileError):
        tls.bundle([CaFile("/nowhere", "x")], tmp_path)


def test_an_index_keeps_its_files_in_every_place(tmp_path: Path) -> None:
    settings = "@corp:registry=https://c.example\ncafile=/c.pem\n"
    environ = user(tmp_path, ".npmrc", settings, "")
    sources = SettingsSources(environ, {}, lambda _path: None, system={})
    found = endpoints("npm", sources)
    indexes: tuple[Index | None, ...] = (
        *found.indexes, *found.scopes.values(), *found.explicit_indexes, found.service,
    )  # fmt: skip
    assert {index.ca_files[0].path for index in indexes if index} == {"/c.pem"}
