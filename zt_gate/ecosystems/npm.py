"""JavaScript packages: npm and registries like it, yarn, pnpm, bun and deno."""

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

_OPTIONS_WITH_VALUE = (
    "--prefix -C --dir --cwd -w --workspace --filter -F --tag --cache --loglevel --otp "
    "--install-strategy --omit --include --userconfig --config --modules-folder --mutex "
    "--network-timeout --node-options --script-shell"
)


def _install_tools() -> InstallTools:
    from zt_gate.ecosystems.install_tool import InstallTool, InstallTools

    value_options = frozenset(_OPTIONS_WITH_VALUE.split())
    index_options = frozenset(("--registry",))
    package_options = frozenset(("-p", "--package"))

    def adds(name: str, name_words: int = 2) -> InstallTool:
        return InstallTool(
            name,
            "npm",
            name_words,
            value_options=value_options,
            index_options=index_options,
        )

    def runs(name: str, name_words: int) -> InstallTool:
        return InstallTool(
            name,
            "npm",
            name_words,
            max_packages=1,
            value_options=value_options - {"-p"} | {"-c", "--call"},
            package_options=package_options,
            requirement_options=package_options,
            index_options=index_options,
        )

    def creates(name: str) -> InstallTool:
        return InstallTool(
            name,
            "npm",
            max_packages=1,
            value_options=value_options,
            index_options=index_options,
            is_create=True,
        )

    commands = {
        ("npx",): runs("npx", 1),
        ("pnpx",): runs("pnpx", 1),
        ("bunx",): runs("bunx", 1),
        ("yarn", "add"): adds("yarn add"),
        ("yarn", "global", "add"): adds("yarn global add", 3),
        ("yarn", "dlx"): runs("yarn dlx", 2),
        ("pnpm", "dlx"): runs("pnpm dlx", 2),
        ("pnpm", "exec"): InstallTool("", "npm"),
        ("bun", "x"): runs("bun x", 2),
        ("bun", "add"): adds("bun add"),
        ("bun", "install"): adds("bun install"),
        ("bun", "i"): adds("bun install"),
        ("npm", "exec"): runs("npm exec", 2),
        ("npm", "x"): runs("npm exec", 2),
        ("npm", "create"): creates("npm create"),
        ("npm", "init"): creates("npm init"),
        ("yarn", "create"): creates("yarn create"),
        ("pnpm", "create"): creates("pnpm create"),
        ("bun", "create"): creates("bun create"),
        ("deno", "add"): adds("deno add"),
        ("deno", "install"): adds("deno install"),
        ("deno", "run"): adds("deno run"),
    }
    for verb in ("install", "i", "in", "ins", "add", "isntall"):
        commands["npm", verb] = adds("npm install")
    for verb in ("install", "i", "add"):
        commands["pnpm", verb] = InstallTool(
            "pnpm add",
            "npm",
            value_options=value_options - {"-w"},
            index_options=index_options,
        )
    return InstallTools(commands, value_options)


def _registry() -> Registry:
    from zt_gate.ecosystems.registries.npm import Npm

    return Npm()


def _settings(sources: SettingsSources) -> Endpoints:
    from zt_gate.ecosystems.registries import npm_settings

    return npm_settings.endpoints(sources)


def _quoted(name: str, version: str) -> str:
    import json

    return f"{json.dumps(name)}: {json.dumps(version or '*')}"


_PACKAGE_LOCKS = (b"package-lock.json", b"npm-shrinkwrap.json")


def _certificates(sources: SettingsSources) -> Iterable[CaFile]:
    from zt_gate.ecosystems.registries import npm_settings

    return npm_settings.certificates(sources)


ECOSYSTEM = Ecosystem(
    name="npm",
    title="npm",
    # Older packages have upper-case letters.  No installable name has a slash except
    # the scope's, a space or a percent sign.
    name_pattern=r"(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*\Z",
    example="pkg:npm/x@1",
    scoped_names=True,
    formats=(
        ManifestFormat("package_json", (b"package.json",)),
        ManifestFormat("package_yaml", (b"package.yaml", b"package.json5")),
        ManifestFormat("pnpm_workspace", (b"pnpm-workspace.yaml",)),
        ManifestFormat("yarnrc", (b".yarnrc.yml",)),
        ManifestFormat("deno", (b"deno.json", b"deno.jsonc", b"import_map.json")),
        ManifestFormat("npmrc", (b".npmrc",), role="settings"),
        ManifestFormat(
            "javascript_settings",
            (b".yarnrc", b"bunfig.toml"),
            role="settings",
        ),
        ManifestFormat(
            "package_lock",
            _PACKAGE_LOCKS,
            role="lock",
            locks=dict.fromkeys(_PACKAGE_LOCKS, b"package.json"),
        ),
        ManifestFormat(
            "yarn_lock",
            (b"yarn.lock",),
            role="lock",
            locks={b"yarn.lock": b"package.json"},
        ),
        ManifestFormat(
            "pnpm_lock",
            (b"pnpm-lock.yaml",),
            role="lock",
            locks={b"pnpm-lock.yaml": b"package.json"},
        ),
        ManifestFormat(
            "bun_lock",
            (b"bun.lock",),
            role="lock",
            locks={b"bun.lock": b"package.json"},
        ),
        ManifestFormat(
            "javascript",
            suffixes=(
                b"js",
                b"mjs",
                b"cjs",
                b"jsx",
                b"ts",
                b"mts",
                b"cts",
                b"tsx",
                b"vue",
                b"svelte",
            ),
            role="text",
            marks=(b"/*", b"*/", b"`", b"import", b"from", b"<script"),
        ),
    ),
    locked_sections=("dependencies", "devDependencies", "optionalDependencies"),
    local_packages="zt_gate.ecosystems.local_packages.npm",
    sample=SampleManifest(
        "package.json", _quoted, head=('{"dependencies": {',), tail=("}}",), between=","
    ),
    install_tools=_install_tools,
    install_words=(
        b"install",
        b"add",
        b"npx",
        b"bunx",
        b"pnx",
        b"dlx",
        b"npm:",
        b"npm i",
        b"npm x",
        b"npm exec",
        b"npm create",
        b"pnpm i",
        b"bun x",
        b"bun i",
        b"bun create",
        b"yarn create",
        b"require",
        b"dependencies",
    ),
    module_names="package",
    module_suffixes=(
        b".js",
        b".mjs",
        b".cjs",
        b".jsx",
        b".ts",
        b".mts",
        b".cts",
        b".tsx",
        b".vue",
        b".svelte",
    ),
    registry=_registry,
    registry_title="the npm registry",
    settings=_settings,
    certificates=_certificates,
    download_service="npm-downloads",
    canary="lodash",
    probe_path="/npm",
    probe_setting="npm_config_registry",
    osv_name="npm",
    advisory_client="registry",
    snapshot="counts",
    version_scheme="zt_gate.ecosystems.version_schemes.npm",
)
