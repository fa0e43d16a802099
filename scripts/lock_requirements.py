"""Write requirements.lock: what the action installs, with the hash of every wheel it may get.

    python scripts/lock_requirements.py [--upgrade]

Pip itself resolves and tells the hashes (``pip install --dry-run --report``), once for
each Python, system and processor that the action runs on; nothing is installed. Without
``--upgrade`` the versions of the lock that is there are kept where they still fit. A
package without a wheel for one of the platforms ends the run: building from source runs
code of the package's own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
_GLIBC = (*range(5, 36),)  # Ubuntu 22.04 has glibc 2.35
_OLD = {5: "1", 12: "2010", 17: "2014"}
# Apple silicon alone: the newest packages have no wheels for the other one any more.
_MACS = range(15, 10, -1)
HEAD = """\
# What the action installs. Written by scripts/lock_requirements.py from pyproject.toml;
# pip takes nothing else, and nothing with another hash.
"""


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
        tuple(f"macosx_{major}_0_{kind}" for major in _MACS for kind in ("arm64", "universal2"))
    )
    return found


def report(words: list[str], tags: tuple[str, ...], python: str) -> list[dict[str, Any]]:
    """Return what pip would install on one platform."""
    target = [word for tag in tags for word in ("--platform", tag)]
    abi = f"cp{python.replace('.', '')}"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "report.json")
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed",
             "--disable-pip-version-check", "--target", folder, "--only-binary=:all:",
             "--python-version", python, "--implementation", "cp", "--abi", abi, "--abi", "abi3",
             "--abi", "none", *target, "--report", str(out), *words],
            check=True,
        )  # fmt: skip
        installed: list[dict[str, Any]] = json.loads(out.read_bytes())["install"]
    return installed


def pins(installed: list[dict[str, Any]]) -> dict[str, str]:
    return {
        re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower(): item["metadata"]["version"]
        for item in installed
    }


def check_markers(installed: list[dict[str, Any]]) -> None:
    """End where a package needs something on one platform only: pip looks at this machine's."""
    from packaging.markers import default_environment
    from packaging.requirements import Requirement

    for item in installed:
        for text in item["metadata"].get("requires_dist", ()):
            marker = Requirement(text).marker
            if marker is None:
                continue
            answers = {
                marker.evaluate(
                    {**default_environment(), "extra": "", "sys_platform": system,
                     "platform_system": {"linux": "Linux"}.get(system, "Darwin"),
                     "platform_machine": machine, "python_version": python,
                     "python_full_version": f"{python}.0"}
                )
                for system in ("linux", "darwin")
                for machine in ("x86_64", "aarch64", "arm64")
                for python in PYTHONS
            }  # fmt: skip
            known = Requirement(text).name.lower().replace("_", "-") in pins(installed)
            if True in answers and not known:
                sys.exit(f"{item['metadata']['name']} needs {text} on some platform: pin it")


def wanted() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        dependencies: list[str] = tomllib.load(file)["project"]["dependencies"]
    return dependencies


def kept() -> list[str]:
    """Return the pins of the lock that is there."""
    text = LOCK.read_text("ascii") if LOCK.exists() else ""
    return re.findall(r"^([a-z0-9-]+==\S+)", text, re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    old = [] if parser.parse_args().upgrade else kept()
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(old), "ascii")
        first = report([*wanted(), "-c", str(constraints)], platforms()[0], PYTHONS[0])
    check_markers(first)
    versions = pins(first)
    hashes: dict[str, set[str]] = {name: set() for name in versions}
    for python in PYTHONS:
        for tags in platforms():
            print(f"asking pip for Python {python} on {tags[0]}", file=sys.stderr)
            words = ["--no-deps", *(f"{name}=={version}" for name, version in versions.items())]
            for item in report(words, tags, python):
                digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
                hashes[next(iter(pins([item])))].add(digest)
    lines = [HEAD]
    for name, version in sorted(versions.items()):
        rows = " \\\n    ".join(f"--hash=sha256:{digest}" for digest in sorted(hashes[name]))
        lines.append(f"{name}=={version} \\\n    {rows}\n")
    LOCK.write_text("".join(lines), "ascii")


if __name__ == "__main__":
    main()
