"""Write requirements.lock and the pins that are derived from it.

    python scripts/lock_requirements.py [--upgrade]

One file has every version that README's commands, ``.ci/run`` and the action install,
with the hash of every wheel that they may get. A line without a marker is needed at run
time. A line with ``extra == "dev"`` or ``extra == "sarif"`` belongs to that extra of
pyproject.toml alone; pip passes over it until the marker is removed.

pre-commit and build isolation accept versions, but no hashes. So the run-time versions
are also written into ``.pre-commit-hooks.yaml``, and the build backend's into the
``[build-system]`` table of pyproject.toml.

Pip itself resolves and reports the hashes (``pip install --dry-run --report``), once for
each supported Python, system and processor; nothing is installed. It asks the package
index alone: local folders and constraints of this machine's configuration are left out.
Without ``--upgrade`` the versions in the lock are kept where they still fit. A
package without a wheel for one of the platforms ends the run: building from source runs
code of the package.
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
EXTRAS = ("dev", "sarif")
#: The build backend; pyproject.toml has its version range in the extra ``dev``.
BACKEND = "hatchling"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_GLIBC = (*range(5, 36),)  # Ubuntu 22.04 has glibc 2.35
_OLD = {5: "1", 12: "2010", 17: "2014"}
# Apple silicon alone: the newest packages have no wheels for the other one any more.
_MACS = range(15, 10, -1)
#: Settings of pip that say how to reach the index; all others are left out.
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
    """One package of the lock; ``extra`` is "" for what is needed at run time."""

    name: str
    version: str
    extra: str
    hashes: tuple[str, ...]

    def __str__(self) -> str:
        marker = f' ; extra == "{self.extra}"' if self.extra else ""
        rows = [
            f"{self.name}=={self.version}{marker}",
            *(f"--hash=sha256:{it}" for it in self.hashes),
        ]
        return " \\\n    ".join(rows) + "\n"


def platforms() -> list[tuple[str, ...]]:
    """Return pip's names of each platform, the newest first."""
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
    """Return what pip would install on one platform."""
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
            sys.exit(f"{item['metadata']['name']} does not come from a package index")
    return installed


def pins(installed: list[dict[str, Any]]) -> dict[str, str]:
    return {
        normalized(item["metadata"]["name"]): item["metadata"]["version"]
        for item in installed
    }


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def resolved(requirements: list[str], versions: list[str]) -> list[dict[str, Any]]:
    """Return what the requirements bring, dependencies included, at these versions."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(versions), "ascii")
        return report(
            [*requirements, "-c", str(constraints)], platforms()[0], PYTHONS[0]
        )


def check_markers(installed: list[dict[str, Any]]) -> None:
    """End where a package needs something on one platform only: pip looks at this machine's."""
    from packaging.markers import default_environment
    from packaging.requirements import Requirement

    known = pins(installed)
    for item in installed:
        for text in item["metadata"].get("requires_dist", ()):
            requirement = Requirement(text)
            if requirement.marker is None or normalized(requirement.name) in known:
                continue
            for system in ("linux", "darwin"):
                for machine in ("x86_64", "aarch64", "arm64"):
                    for python in PYTHONS:
                        platform = {
                            **default_environment(),
                            "extra": "",
                            "sys_platform": system,
                            "platform_system": {"linux": "Linux"}.get(system, "Darwin"),
                            "platform_machine": machine,
                            "python_version": python,
                            "python_full_version": f"{python}.0",
                        }
                        if requirement.marker.evaluate(platform):
                            sys.exit(
                                f"{item['metadata']['name']} needs {text} on some platform: pin it"
                            )


def wanted() -> dict[str, list[str]]:
    """Return the requirements of the project by extra, "" for those at run time."""
    with PROJECT.open("rb") as file:
        project = tomllib.load(file)["project"]
    return {
        "": project["dependencies"],
        **{extra: project["optional-dependencies"][extra] for extra in EXTRAS},
    }


def kept() -> list[str]:
    """Return the pins of the lock that is there."""
    text = LOCK.read_text("ascii") if LOCK.exists() else ""
    return re.findall(r"^([a-z0-9-]+==[^\s;]+)", text, re.MULTILINE)


def wheel_hashes(versions: dict[str, str]) -> dict[str, set[str]]:
    """Return the SHA-256 of every wheel that pip takes on any of the platforms."""
    hashes: dict[str, set[str]] = {name: set() for name in versions}
    words = ["--no-deps", *(f"{name}=={version}" for name, version in versions.items())]
    for python in PYTHONS:
        for tags in platforms():
            print(f"asking pip for Python {python} on {tags[0]}", file=sys.stderr)
            for item in report(words, tags, python):
                digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
                hashes[next(iter(pins([item])))].add(digest)
    return hashes


def put(file: Path, block: re.Pattern[str], rows: list[str]) -> None:
    """Replace a generated block of a file that is otherwise written by hand."""
    text, count = block.subn("".join(rows), file.read_text("utf-8"))
    if count != 1:
        sys.exit(
            f"{file.name} has {count} places for the locked versions instead of one"
        )
    file.write_text(text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions that fit"
    )
    old = [] if parser.parse_args().upgrade else kept()
    by_extra = wanted()
    # All of them at once, so that one version of each package serves all.
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
    runtime = [f"    - {one.name}=={one.version}\n" for one in locked if not one.extra]
    put(HOOKS, _HOOKS_BLOCK, runtime)
    backend = sorted(pins(resolved([BACKEND], fixed)).items())
    put(
        PROJECT,
        _BUILD_BLOCK,
        [f'  "{name}=={version}",\n' for name, version in backend],
    )


if __name__ == "__main__":
    main()
