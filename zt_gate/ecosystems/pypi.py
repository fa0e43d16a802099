"""Python packages: PyPI and its mirrors, pip, uv, poetry, pdm, pipenv, pixi and conda."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest
from zt_gate.ecosystems.shared_manifest_formats import is_workflow_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.ecosystems.install_tool import InstallTools
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_index import CaFile
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

_REQUIREMENTS_SUFFIXES = (b".txt", b".in", b".pip", b".lock")
_REQUIREMENTS_STEMS = frozenset(
    (b"req", b"reqs", b"requires", b"deps", b"dev-deps", b"test-deps")
)  # fmt: skip
_REQUIREMENTS_FOLDERS = frozenset((b"requirements", b"reqs", b"constraints"))

_OPTIONS_WITH_VALUE = (
    "-r --requirement -c --constraint -t --target --platform -d --dest --python-version "
    "--implementation --abi --root --prefix --src -b --upgrade-strategy --config-settings -C "
    "--global-option --install-option --no-binary --only-binary --progress-bar --log --proxy "
    "--retries --timeout --exists-action --trusted-host --cert --client-cert --cache-dir "
    "--use-feature --use-deprecated --python -p --report --root-user-action --group -G --extra -E "
    "--optional --index-strategy --keyring-provider --resolution --prerelease --exclude-newer "
    "--link-mode --override --package --directory --project --with-requirements --env-file --tag "
    "--branch --rev --source --index --suffix --pip-args --refresh-package --upgrade-package -P "
    "--fetch-python --extra-search-dir --torch-backend --build-constraint --build-constraints"
)
_INDEX_OPTIONS = (
    "-i --index-url --pypi-url --extra-index-url -f --find-links"
    " --index --default-index"
)


def normalise(name: str) -> str:
    """Return the name in the form that indexes compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_requirements(name: bytes, folders: Sequence[bytes]) -> bool:
    if not name.endswith(_REQUIREMENTS_SUFFIXES):
        return False
    parent = folders[-1] if folders else b""
    if parent.endswith(b".egg-info"):
        return False  # setuptools writes its own format there
    stem = name.rpartition(b".")[0]
    has_usual_name = (
        b"requirement" in stem or b"constraint" in stem or stem in _REQUIREMENTS_STEMS
    )
    if name.endswith(b".lock"):
        return has_usual_name
    return has_usual_name or not _REQUIREMENTS_FOLDERS.isdisjoint(folders)


def _is_conda(name: bytes, folders: Sequence[bytes]) -> bool:
    stem, _, suffix = name.rpartition(b".")
    if suffix not in {b"yml", b"yaml"} or is_workflow_folder(folders):
        return False
    return stem.startswith((b"environment", b"conda")) or stem.endswith(
        (b"environment", b"-env")
    )


def _is_named_pylock(name: bytes, folders: Sequence[bytes]) -> bool:  # noqa: ARG001 - part of the matcher signature
    return name.startswith(b"pylock.") and name.endswith(b".toml")


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTool, InstallTools

    value_options = frozenset(_OPTIONS_WITH_VALUE.split())
    index_options = frozenset(_INDEX_OPTIONS.split())
    editable = frozenset(("-e", "--editable"))
    requirement_options = frozenset(("--from", "--spec"))
    extra_packages = frozenset(("--with", "--with-editable"))

    def pip(name: str, name_words: int) -> InstallTool:
        return InstallTool(
            name,
            "pypi",
            name_words,
            value_options=value_options - {"-i"},
            package_options=editable,
            index_options=index_options,
        )

    def adds(name: str, name_words: int, *flags: str) -> InstallTool:
        return InstallTool(
            name,
            "pypi",
            name_words,
            value_options=value_options,
            package_options=editable | {"--with"},
            index_options=index_options,
            flags=frozenset(flags),
            accepts_at_version=True,
        )

    def runs(name: str, name_words: int) -> InstallTool:
        return InstallTool(
            name,
            "pypi",
            name_words,
            max_packages=1,
            value_options=value_options - {"--index"} | {"--verbose-to"},
            package_options=requirement_options | extra_packages,
            requirement_options=requirement_options,
            index_options=index_options,
            accepts_at_version=True,
            comma_separated=True,
        )

    uv_run = InstallTool(
        "uv run",
        "pypi",
        max_packages=0,
        value_options=value_options - {"-n"},
        package_options=extra_packages,
        index_options=index_options,
        comma_separated=True,
    )
    commands = {
        ("pip", "install"): pip("pip install", 2),
        ("pip", "download"): pip("pip install", 2),
        ("pip", "wheel"): pip("pip install", 2),
        ("uv", "add"): adds("uv add", 2, "-U", "--upgrade"),
        ("poetry", "add"): adds("poetry add", 2, "-D"),
        ("poetry", "self", "add"): adds("poetry self add", 3),
        ("pdm", "add"): adds("pdm add", 2, "-d", "--dev"),
        ("rye", "add"): adds("rye add", 2),
        ("rye", "install"): adds("rye install", 2),
        ("pipenv", "install"): pip("pipenv install", 2),
        ("pixi", "add", "--pypi"): adds("pixi add", 3),
        ("uv", "pip", "install"): pip("uv pip install", 3),
        ("uv", "tool", "install"): runs("uv tool install", 3),
        ("uv", "tool", "run"): runs("uv tool run", 3),
        ("uvx",): runs("uvx", 1),
        ("uv", "run"): uv_run,
        ("pipx", "install"): adds("pipx install", 2, "-f"),
        ("pipx", "inject"): adds("pipx inject", 2),
        ("pipx", "run"): runs("pipx run", 2),
        ("easy_install",): pip("easy_install", 1),
    }
    return InstallTools(commands, value_options)


def _registry() -> Registry:
    from zt_gate.ecosystems.registries.pypi import PyPI

    return PyPI()


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import pypi_settings

    return pypi_settings.endpoints(sources)


_TOML_LOCKS = (b"uv.lock", b"poetry.lock", b"pdm.lock")


def _certificates(sources: SettingsSources) -> Iterable[CaFile]:
    from zt_gate.ecosystems.registries import pypi_settings

    return pypi_settings.certificates(sources)


ECOSYSTEM = Ecosystem(
    name="pypi",
    title="Python",
    name_pattern=r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z",
    normalise=normalise,
    example="pkg:pypi/x",
    formats=(
        ManifestFormat("requirements", matches=_is_requirements),
        ManifestFormat("pyproject", (b"pyproject.toml",)),
        ManifestFormat("setup_py", (b"setup.py",)),
        ManifestFormat("setup_cfg", (b"setup.cfg",)),
        ManifestFormat("pipfile", (b"pipfile",)),
        ManifestFormat("tox_ini", (b"tox.ini",)),
        ManifestFormat("tox_toml", (b"tox.toml",)),
        ManifestFormat("hatch_toml", (b"hatch.toml",)),
        ManifestFormat("pixi", (b"pixi.toml",)),
        ManifestFormat(
            "python_settings",
            (b"uv.toml", b"pdm.toml", b".pdm.toml"),
            role="settings",
        ),
        ManifestFormat("conda", matches=_is_conda),
        ManifestFormat(
            "pipfile_lock",
            (b"pipfile.lock",),
            role="lock",
            locks={b"pipfile.lock": b"pipfile"},
        ),
        ManifestFormat(
            "toml_lock",
            (*_TOML_LOCKS, b"pylock.toml"),
            matches=_is_named_pylock,
            role="lock",
            locks=dict.fromkeys(_TOML_LOCKS, b"pyproject.toml"),
        ),
        ManifestFormat(
            "python",
            suffixes=(b"py", b"pyi", b"pyw"),
            role="text",
            marks=(b'"""', b"'''", b"# ///"),
        ),
    ),
    locked_sections=(
        "project.dependencies",
        "project.optional-dependencies",
        "dependency-groups",
        "tool.poetry",
        "tool.uv.dev",
        "tool.pdm.dev",
        "packages",
        "dev-packages",
    ),
    local_packages="zt_gate.ecosystems.local_packages.pypi",
    sample=SampleManifest(
        "requirements.txt",
        lambda name, version: f"{name}=={version}" if version else name,
    ),
    install_tools=_install_tools,
    install_words=(
        b"install",
        b"add",
        b"pip",
        b"uvx",
        b"uv run",
        b"uv tool",
        b"easy_",
        b"/// script",
        b"dependencies",
    ),
    module_names="own",
    module_suffixes=(b".py", b".pyi", b".pyx", b".so", b".pyd", b".ipynb"),
    registry=_registry,
    registry_title="the Python index",
    settings=_settings,
    certificates=_certificates,
    download_service="pypistats",
    canary="requests",
    probe_path="/pip/",
    probe_setting="PIP_INDEX_URL",
    osv_name="PyPI",
    advisory_client="pip-audit",
    snapshot="list",
    version_scheme="zt_gate.ecosystems.version_schemes.pep440",
)
