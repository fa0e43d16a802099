"""Write requirements.lock and the pins that are derived from it.

    python scripts/lock_requirements.py [--upgrade]

The lock has every version that README's commands, ``.ci/run`` and the action install,
with the hash of every wheel that they can get. A line without a marker is needed at run
time. A line with a marker such as ``extra == "dev"`` is needed only for that extra of
pyproject.toml; pip ignores it until the marker is removed.

pre-commit and build isolation accept versions, but no hashes. So the run-time versions
are also written into ``.pre-commit-hooks.yaml``, and the build backend's into the
``[build-system]`` table of pyproject.toml.

Pip resolves the versions and reports the hashes (``pip install --dry-run --report``), once
for each supported Python, system and processor; nothing is installed. Only the package
index is used: local folders and constraints from the configuration of this machine are
ignored. Without ``--upgrade``, the versions in the lock are kept if they still satisfy the
requirements. A package without a wheel for one of the platforms is an error: building from
source runs code of the package.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
#: Extras of pyproject.toml; a package that several need has the marker of the first.
EXTRAS = ("mcp", "lsp", "vault", "dev", "sarif", "docs")
#: The build backend; pyproject.toml has its version range in the extra ``dev``.
BACKEND = "hatchling"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_GLIBC = (*range(5, 36),)  # Ubuntu 22.04 has glibc 2.35
_OLD = {5: "1", 12: "2010", 17: "2014"}
# Apple silicon only: the newest packages have no wheels for Intel Macs.
_MACS = range(15, 10, -1)
#: Settings of pip for the connection to the index; all others are ignored.
_PIP_SETTINGS = (
    "PIP_CERT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_INDEX_URL",
    "PIP_PROXY",
    "PIP_RETRIES",
)
HEAD = """\
# Written by scripts/lock_requirements.py from pyproject.toml; do not edit.
# README's commands, .ci/run and the action install these versions, each file by its hash.
# Lines without a marker are needed at run time. Pip ignores the lines of an extra until
# its marker is removed, as README's second command does.
"""
_HOOKS_BLOCK = re.compile(r"(?<=  additional_dependencies: &locked\n)(?:    - .+\n)*")
_BUILD_BLOCK = re.compile(
    r"(?<=^\[build-system\]\nrequires = \[\n)(?:  .+\n)*", re.MULTILINE
)


@dataclass(frozen=True)
class Locked:
    """One package of the lock; ``extra`` is "" for packages needed at run time."""

    name: str
    version: str
    extra: str
    hashes: tuple[str, ...]

    def __str__(self) -> str:
        marker = f' ; extra == "{self.extra}"' if self.extra else ""
        rows = [
            f"{self.name}=={self.version}{marker}",
            *(f"--hash=sha256:{digest}" for digest in self.hashes),
        ]
        return " \\\n    ".join(rows) + "\n"


def platforms() -> list[tuple[str, ...]]:
    """Return the platform tags of each platform, the newest first."""
    found = []
    for machine in ("x86_64", "aarch64"):
        names = []
        for minor in reversed(_GLIBC):
            names.append(f"manylinux_2_{minor}_{machine}")
            if minor in _OLD:
                names.append(f"manylinux{_OLD[minor]}_{machine}")
        found.append((*names, f"linux_{machine}"))
    found.append(
        tuple(
            f"macosx_{major}_0_{kind}"
            for major in _MACS
            for kind in ("arm64", "universal2")
        )
    )
    return found


def report(
    words: list[str], tags: tuple[str, ...], python: str
) -> list[dict[str, Any]]:
    """Return the packages that pip would install on one platform, from its report."""
    target = [word for tag in tags for word in ("--platform", tag)]
    abi = f"cp{python.replace('.', '')}"
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PIP_") or name in _PIP_SETTINGS
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "report.json")
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed",
             "--disable-pip-version-check", "--target", folder, "--only-binary=:all:",
             "--python-version", python, "--implementation", "cp", "--abi", abi, "--abi", "abi3",
             "--abi", "none", *target, "--report", str(out), *words],
            check=True, env={**environ, "PIP_CONFIG_FILE": os.devnull},
        )  # fmt: skip
        installed: list[dict[str, Any]] = json.loads(out.read_bytes())["install"]
    for item in installed:
        if not item["download_info"]["url"].startswith("https://"):
            sys.exit(f"{item['metadata']['name']} was not found in a package index")
    return installed


def pins(installed: list[dict[str, Any]]) -> dict[str, str]:
    return {
        normalized(item["metadata"]["name"]): item["metadata"]["version"]
        for item in installed
    }


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def resolved(requirements: list[str], versions: list[str]) -> list[dict[str, Any]]:
    """Return the requirements and their dependencies, resolved with these versions."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(versions), "ascii")
        return report(
            [*requirements, "-c", str(constraints)], platforms()[0], PYTHONS[0]
        )


def check_markers(installed: list[dict[str, Any]]) -> None:
    """Exit if a package has a dependency on other platforms only: pip ignores those."""
    from packaging.requirements import Requirement

    resolved_names = pins(installed)
    for item in installed:
        name = item["metadata"]["name"]
        for text in item["metadata"].get("requires_dist", ()):
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or normalized(requirement.name) in resolved_names:
                continue
            if any(marker.evaluate(environment) for environment in environments()):
                sys.exit(f"{name} needs {text} on another platform; pin it")


def environments() -> Iterator[dict[str, str]]:
    """Yield the values of environment markers on each supported platform."""
    from packaging.markers import default_environment

    defaults = {name: str(value) for name, value in default_environment().items()}
    platform_systems = {"linux": "Linux", "darwin": "Darwin"}
    machines = ("x86_64", "aarch64", "arm64")
    for system, machine, python in product(platform_systems, machines, PYTHONS):
        yield {
            **defaults,
            "extra": "",
            "sys_platform": system,
            "platform_system": platform_systems[system],
            "platform_machine": machine,
            "python_version": python,
            "python_full_version": f"{python}.0",
        }


def project_requirements() -> dict[str, list[str]]:
    """Return the requirements of the project by extra, "" for run time."""
    with PROJECT.open("rb") as file:
        project = tomllib.load(file)["project"]
    return {
        "": project["dependencies"],
        **{extra: project["optional-dependencies"][extra] for extra in EXTRAS},
    }


def locked_pins() -> list[str]:
    """Return the pins of the existing lock."""
    text = LOCK.read_text("ascii") if LOCK.exists() else ""
    return re.findall(r"^([a-z0-9-]+==[^\s;]+)", text, re.MULTILINE)


def wheel_hashes(versions: dict[str, str]) -> dict[str, set[str]]:
    """Return the SHA-256 of each wheel that pip selects on any platform."""
    hashes: dict[str, set[str]] = {name: set() for name in versions}
    words = ["--no-deps", *(f"{name}=={version}" for name, version in versions.items())]
    for python in PYTHONS:
        for tags in platforms():
            print(f"resolving for Python {python} on {tags[0]}", file=sys.stderr)
            for item in report(words, tags, python):
                digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
                hashes[next(iter(pins([item])))].add(digest)
    return hashes


def replace_block(file: Path, block: re.Pattern[str], rows: list[str]) -> None:
    """Replace the generated block of a file."""
    text, count = block.subn("".join(rows), file.read_text("utf-8"))
    if count != 1:
        sys.exit(
            f"{file.name}: expected one block for the locked versions, found {count}"
        )
    file.write_text(text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="use the newest versions that satisfy the requirements",
    )
    old = [] if parser.parse_args().upgrade else locked_pins()
    by_extra = project_requirements()
    # All extras together, so that each package has one version.
    everything = resolved([text for texts in by_extra.values() for text in texts], old)
    check_markers(everything)
    versions = pins(everything)
    fixed = [f"{name}=={version}" for name, version in versions.items()]
    extra_of: dict[str, str] = {}
    for extra, requirements in by_extra.items():
        for name in pins(resolved(requirements, fixed)):
            extra_of.setdefault(name, extra)
    hashes = wheel_hashes(versions)
    locked = [
        Locked(name, version, extra_of[name], tuple(sorted(hashes[name])))
        for name, version in sorted(versions.items())
    ]
    LOCK.write_text(HEAD + "".join(map(str, locked)), "ascii")
    runtime = [
        f"    - {package.name}=={package.version}\n"
        for package in locked
        if not package.extra
    ]
    replace_block(HOOKS, _HOOKS_BLOCK, runtime)
    backend = sorted(pins(resolved([BACKEND], fixed)).items())
    replace_block(
        PROJECT,
        _BUILD_BLOCK,
        [f'  "{name}=={version}",\n' for name, version in backend],
    )


if __name__ == "__main__":
    main()
