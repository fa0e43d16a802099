"""Helps the CI job "newest" to test versions newer than those of requirements.lock.

    python scripts/newest_versions.py requirements   # requirements without upper bounds
    python scripts/newest_versions.py compare        # compare the environment with the lock

The comparison is a Markdown table with one row for each package that differs. Uses only
the standard library, so that it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The extras that the job installs.
EXTRAS = ("dev", "lsp", "mcp", "vault")
_UPPER_BOUND = re.compile(r",?\s*(?:<=?|~=|==|!=)\s*[^\s,;]+")
_LOCKED = re.compile(
    r"^([a-z0-9-]+)==([^\s;]+)(?: ; extra == \"(\w+)\")?", re.MULTILINE
)


def requirements() -> list[str]:
    """Return the requirements of the project and of its tests without upper bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = list(project["dependencies"])
    for extra in EXTRAS:
        texts += project["optional-dependencies"][extra]
    return [_UPPER_BOUND.sub("", text) for text in texts]


def locked(lock: str) -> dict[str, str]:
    """Return the locked versions of the project and of its tests, by name."""
    return {
        name: version
        for name, version, extra in _LOCKED.findall(lock)
        if extra in {"", *EXTRAS}
    }  # fmt: skip


def installed() -> dict[str, str]:
    """Return the versions in this environment by name, without the project itself."""
    versions = {
        re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(): package.version
        for package in distributions()
    }
    versions.pop("zt-gate", None)
    return versions


def compared(before: dict[str, str], after: dict[str, str]) -> str:
    """Return the differences as Markdown."""
    changed = sorted(
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    )
    if not changed:
        return "All versions are those of requirements.lock.\n"
    rows = [
        f"| {name} | {before.get(name, '-')} | {after.get(name, '-')} |\n"
        for name in changed
    ]
    return (
        f"Packages that differ from requirements.lock: {len(changed)}\n\n"
        "| package | locked | installed |\n|---|---|---|\n" + "".join(rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("requirements", "compare"))
    if parser.parse_args().verb == "requirements":
        print("\n".join(requirements()))
    else:
        lock = (ROOT / "requirements.lock").read_text("ascii")
        print(compared(locked(lock), installed()), end="")


if __name__ == "__main__":
    main()
