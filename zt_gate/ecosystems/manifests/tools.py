"""The tools that install packages when they are run: their words and their options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.manifests.base import Ecosystem
    from zt_gate.syntax.shell import Word


@dataclass(frozen=True, slots=True)
class Tool:
    """How the arguments of one installing command read.

    ``words`` of the command are its own name.  At most ``most`` arguments are
    packages.  ``values`` are options that take a value, ``packages`` those
    whose value is a package (with ``instead``, one that stands for the first
    argument), ``indexes`` those that name an index.  ``at``: a version may
    stand behind an ``@``.  ``commas``: one word may name several.
    """

    name: str
    ecosystem: Ecosystem
    words: int = 2
    most: int = 1000
    values: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()
    indexes: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    at: bool = False
    commas: bool = False
    create: bool = False


_PIP_VALUES = frozenset(
    ("-r", "--requirement", "-c", "--constraint", "-t", "--target", "--platform", "-d", "--dest",
     "--python-version", "--implementation", "--abi", "--root", "--prefix", "--src", "-b",
     "--upgrade-strategy", "--config-settings", "-C", "--global-option", "--install-option",
     "--no-binary", "--only-binary", "--progress-bar", "--log", "--proxy", "--retries",
     "--timeout", "--exists-action", "--trusted-host", "--cert", "--client-cert", "--cache-dir",
     "--use-feature", "--use-deprecated", "--python", "-p", "--report", "--root-user-action",
     "--group", "-G", "--extra", "-E", "--optional", "--index-strategy", "--keyring-provider",
     "--resolution", "--prerelease", "--exclude-newer", "--link-mode", "--override", "--package",
     "--directory", "--project", "--with-requirements", "--env-file", "--tag", "--branch", "--rev",
     "--source", "--index", "--suffix", "--pip-args", "--refresh-package", "--upgrade-package",
     "-P", "--fetch-python", "--extra-search-dir", "--torch-backend", "--build-constraint",
     "--build-constraints")
)  # fmt: skip
_PIP_INDEXES = frozenset(
    ("-i", "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links", "--index",
     "--default-index")
)  # fmt: skip
_NPM_VALUES = frozenset(
    ("--prefix", "-C", "--dir", "--cwd", "-w", "--workspace", "--filter", "-F", "--tag", "--cache",
     "--loglevel", "--otp", "--install-strategy", "--omit", "--include", "--userconfig",
     "--config", "--modules-folder", "--mutex", "--network-timeout", "--node-options",
     "--script-shell")
)  # fmt: skip
_NPM_INDEXES = frozenset(("--registry",))
_EDITABLE = frozenset(("-e", "--editable"))
_FROM = frozenset(("--from", "--spec"))
_WITH = frozenset(("--with", "--with-editable"))
_PACKAGE = frozenset(("-p", "--package"))


def _pip(name: str, words: int) -> Tool:
    return Tool(
        name, "pypi", words, values=_PIP_VALUES - {"-i"}, packages=_EDITABLE, indexes=_PIP_INDEXES
    )


def _python(name: str, words: int, *, flags: Sequence[str] = ()) -> Tool:
    return Tool(
        name,
        "pypi",
        words,
        values=_PIP_VALUES,
        indexes=_PIP_INDEXES,
        at=True,
        packages=_EDITABLE | {"--with"},
        flags=frozenset(flags),
    )


def _runs(name: str, words: int) -> Tool:
    return Tool(
        name,
        "pypi",
        words,
        most=1,
        values=_PIP_VALUES - {"--index"} | {"--verbose-to"},
        packages=_FROM | _WITH,
        instead=_FROM,
        indexes=_PIP_INDEXES,
        at=True,
        commas=True,
    )


def _npm(name: str, words: int = 2) -> Tool:
    return Tool(name, "npm", words, values=_NPM_VALUES, indexes=_NPM_INDEXES)


def _npx(name: str, words: int) -> Tool:
    values = _NPM_VALUES - {"-p"} | {"-c", "--call"}
    return Tool(name, "npm", words, 1, values, _PACKAGE, _PACKAGE, _NPM_INDEXES)


def _create(name: str, words: int = 2) -> Tool:
    return Tool(name, "npm", words, 1, _NPM_VALUES, indexes=_NPM_INDEXES, create=True)


def _other(
    name: str, ecosystem: Ecosystem, words: int = 2, values: str = "", most: int = 1000
) -> Tool:
    return Tool(name, ecosystem, words, most, frozenset(values.split()))


_CARGO = (
    "--features -F --version --vers --git --branch --tag --rev --path --registry --index --root "
    "--target --profile --bin --manifest-path -p --package --rename --jobs -j"
)
_ADD = {
    ("uv", "add"): _python("uv add", 2, flags=("-U", "--upgrade")),
    ("poetry", "add"): _python("poetry add", 2, flags=("-D",)),
    ("poetry", "self", "add"): _python("poetry self add", 3),
    ("pdm", "add"): _python("pdm add", 2, flags=("-d", "--dev")),
    ("rye", "add"): _python("rye add", 2),
    ("rye", "install"): _python("rye install", 2),
    ("pipenv", "install"): _pip("pipenv install", 2),
    ("pixi", "add", "--pypi"): _python("pixi add", 3),
    ("uv", "pip", "install"): _pip("uv pip install", 3),
    ("uv", "tool", "install"): _runs("uv tool install", 3),
    ("uv", "tool", "run"): _runs("uv tool run", 3),
    ("uvx",): _runs("uvx", 1),
    ("uv", "run"): Tool(
        "uv run", "pypi", 2, 0, _PIP_VALUES - {"-n"}, _WITH, indexes=_PIP_INDEXES, commas=True
    ),
    ("pipx", "install"): _python("pipx install", 2, flags=("-f",)),
    ("pipx", "inject"): _python("pipx inject", 2),
    ("pipx", "run"): _runs("pipx run", 2),
    ("easy_install",): _pip("easy_install", 1),
    ("npx",): _npx("npx", 1),
    ("pnpx",): _npx("pnpx", 1),
    ("bunx",): _npx("bunx", 1),
    ("yarn", "add"): _npm("yarn add"),
    ("yarn", "global", "add"): _npm("yarn global add", 3),
    ("yarn", "dlx"): _npx("yarn dlx", 2),
    ("pnpm", "dlx"): _npx("pnpm dlx", 2),
    ("pnpm", "exec"): Tool("", "npm"),
    ("bun", "x"): _npx("bun x", 2),
    ("bun", "add"): _npm("bun add"),
    ("bun", "install"): _npm("bun install"),
    ("bun", "i"): _npm("bun install"),
    ("npm", "exec"): _npx("npm exec", 2),
    ("npm", "x"): _npx("npm exec", 2),
    ("npm", "create"): _create("npm create"),
    ("npm", "init"): _create("npm init"),
    ("yarn", "create"): _create("yarn create"),
    ("pnpm", "create"): _create("pnpm create"),
    ("bun", "create"): _create("bun create"),
    ("deno", "add"): _npm("deno add"),
    ("deno", "install"): _npm("deno install"),
    ("deno", "run"): _npm("deno run"),
    ("cargo", "add"): _other("cargo add", "cargo", 2, _CARGO),
    ("cargo", "install"): _other("cargo install", "cargo", 2, _CARGO),
    ("go", "get"): _other("go get", "golang"),
    ("go", "install"): _other("go install", "golang", 2, "-ldflags -tags -o"),
    ("gem", "install"): _other(
        "gem install", "gem", 2, "-v --version -i --install-dir -s --source -n -P"
    ),
    ("bundle", "add"): _other(
        "bundle add", "gem", 2, "-v --version --group -g --source -s --git --branch"
    ),
    ("composer", "require"): _other("composer require", "composer", 2, "-d --working-dir"),
    ("composer", "global", "require"): _other("composer require", "composer", 3),
    ("dotnet", "add", "package"): _other("dotnet add package", "nuget", 3, "-v --version -f -s", 1),
    ("dotnet", "tool", "install"): _other(
        "dotnet tool install", "nuget", 3, "--version --tool-path", 1
    ),
    ("install-package",): _other("Install-Package", "nuget", 1, "-Version -Source", 1),
}
for _name in ("install", "i", "in", "ins", "add", "isntall"):
    _ADD["npm", _name] = _npm("npm install")
for _name in ("install", "i", "add"):
    _ADD["pnpm", _name] = Tool(
        "pnpm add", "npm", 2, values=_NPM_VALUES - {"-w"}, indexes=_NPM_INDEXES
    )
_PIP_PROGRAM = re.compile(r"pip(?:[23](?:\.\d{1,2})?)?\Z")
_PYTHON_PROGRAM = re.compile(r"(?:python|pypy|py|pythonw)(?:\d(?:\.\d{1,2})?)?\Z")
_MODULES = frozenset(("pip", "pipx", "uv", "poetry", "pdm", "pipenv"))
_HEADS = frozenset(words[0] for words in _ADD)
_NPM_HEADS = frozenset(("npm", "pnpm", "yarn", "bun"))


def tool_of(words: Sequence[Word]) -> Tool | None:
    """Return the tool that a command without prefixes starts, None for all others."""
    head = words[0].text.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    texts = [head, *(word.text for word in words[1:8])]
    before = 0
    if "-m" in texts[1:4] and (_PYTHON_PROGRAM.match(head) or not words[0].literal):
        before = texts.index("-m") + 1
        texts = texts[before:]
        if not texts or texts[0] not in _MODULES:
            return None
    if not texts:
        return None
    options = _options(texts)
    if _PIP_PROGRAM.match(texts[0]):
        found = options < len(texts) and texts[options] in {"install", "download", "wheel"}
        return _pip("pip install", before + options + 1) if found else None
    if texts[0] not in _HEADS:
        return None
    plain = [texts[0], *texts[options:]]
    if (texts[0],) in _ADD:
        return _shifted(_ADD[texts[0],], before)
    if texts[0] == "dotnet" and len(texts) > 3 and texts[1] == "add" and texts[3] == "package":
        plain = ["dotnet", "add", "package"]
        options += 1
    for size in (3, 2):
        tool = _ADD.get(tuple(plain[:size]))
        if tool is not None:
            return _shifted(tool, before + options - 1) if tool.name else None
    return None


def _options(texts: Sequence[str]) -> int:
    """Return where the subcommand stands: ``pip -q install``, ``yarn workspace web add``."""
    values = _NPM_VALUES if texts[0] in _NPM_HEADS else _PIP_VALUES
    at = 1
    while at < len(texts) and texts[at].startswith("-") and texts[at] != "--":
        at += 2 if texts[at] in values else 1
    if texts[0] == "yarn" and texts[at : at + 1] == ["workspace"]:
        at += 2
    return at


def _shifted(tool: Tool, by: int) -> Tool:
    if not by:
        return tool
    import dataclasses

    return dataclasses.replace(tool, words=tool.words + by)
