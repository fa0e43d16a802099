"""The steps of a release; docs/releasing.md says when a person runs which.

    python scripts/release.py coordinates URL      # name the repository, once
    python scripts/release.py check [--tag TAG]    # what must hold before a release
    python scripts/release.py build FOLDER         # build twice, compare, write SHA256SUMS
    python scripts/release.py sbom FILE            # CycloneDX, from requirements.lock
    python scripts/release.py formula DIST FILE    # Homebrew, for the files in DIST
    python scripts/release.py readme DIST          # after publishing: the bare name

The project's coordinates are in one place, ``[project.urls]`` of pyproject.toml; README's
install lines, the formula, the SBOM and ``zt-gate init`` (through the package's metadata)
take them from there. README tells nobody to install by the bare name before ``readme`` has
seen that the package index has exactly the files of ``DIST``: until then the name could be
a stranger's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import uuid
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAME = "zt-gate"
LABEL = "Repository"
_ADDRESS = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?:/[\w.-]+){2,}", re.ASCII)
_URLS = re.compile(r"^\[project\.urls\]\n(?:[^\[\n].*\n)*\n?", re.MULTILINE)
_INSTALL = re.compile(r"(?<=<!-- install -->\n).*?(?=<!-- /install -->)", re.DOTALL)
_PUBLISHED = re.compile(r"<!-- published: (\S+) sha256:([0-9a-f]{64}) -->\n")
_PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<extra> ; extra == \"\w+\")? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def project(root: Path = ROOT) -> dict[str, Any]:
    """Return ``[project]`` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return table


def address(root: Path = ROOT) -> str:
    """Return the address of the repository, "" if the project does not name it yet."""
    return str(project(root).get("urls", {}).get(LABEL, ""))


def version(root: Path = ROOT) -> str:
    text = (root / "zt_gate" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if not found:
        sys.exit("zt_gate/__init__.py has no version")
    return found[1]


def coordinates(url: str, root: Path = ROOT) -> None:
    """Write ``[project.urls]`` and README's install lines."""
    url = url.removesuffix("/").removesuffix(".git")
    if not _ADDRESS.fullmatch(url):
        sys.exit(f"not the https address of a repository: {url}")
    rows = {
        "Homepage": url,
        LABEL: url,
        "Documentation": f"{url}/tree/main/docs",
        "Changelog": f"{url}/blob/main/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }
    block = "[project.urls]\n"
    block += "".join(f'{name} = "{value}"\n' for name, value in rows.items()) + "\n"
    file = root / "pyproject.toml"
    text = _URLS.sub("", file.read_text("utf-8"))
    head, table, tail = text.partition("[project.optional-dependencies]\n")
    file.write_text(f"{head}{block}{table}{tail}", "utf-8")
    if address(root) != url:
        sys.exit("pyproject.toml has no place for [project.urls]")
    write_readme(root)


def published(root: Path = ROOT) -> str:
    """Return the version whose publication README states, "" for none."""
    found = _PUBLISHED.search((root / "README.md").read_text("utf-8"))
    return found[1] if found else ""


def install_lines(url: str, tag: str, *, is_published: bool) -> str:
    """Return README's first commands."""
    if is_published:
        return (
            "```sh\n"
            f"uvx {NAME} demo               # or: pipx run {NAME} demo\n"
            f"pipx install {NAME}\n"
            "```\n"
        )
    if url:
        source = f"git+{url}@{tag}"
        return f"```sh\nuvx --from {source} {NAME} demo\npipx install {source}\n```\n"
    return (
        "In a clone of this repository:\n\n"
        "```sh\n"
        f"uvx --from . {NAME} demo      # or: pipx run --spec . {NAME} demo\n"
        "pipx install .\n"
        "```\n"
    )


def write_readme(root: Path = ROOT, mark: str = "") -> None:
    """Write the install lines for the present state; ``mark`` states a publication."""
    file = root / "README.md"
    text = file.read_text("utf-8")
    if mark:
        text = _PUBLISHED.sub("", text)
    elif _PUBLISHED.search(text):
        return
    lines = mark + install_lines(
        address(root), f"v{version(root)}", is_published=bool(mark)
    )
    text, count = _INSTALL.subn(lambda _: lines, text)
    if count != 1:
        sys.exit("README.md has not one block <!-- install --> … <!-- /install -->")
    file.write_text(text, "utf-8")


def problems(tag: str, environ: dict[str, str], root: Path = ROOT) -> list[str]:
    """Return what prevents a release of ``tag`` ("" to leave the tag out)."""
    found = []
    number = version(root)
    if tag and tag != f"v{number}":
        found.append(f"the tag {tag} is not v{number}, the version of the package")
    url = address(root)
    if not url:
        found.append("no address: python scripts/release.py coordinates URL")
    place = environ.get("GITHUB_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL", "")
    if url and place and url.lower() != f"{server}/{place}".lower():
        found.append(f"the project's address is {url}, this is {server}/{place}")
    changes = (root / "CHANGELOG.md").read_text("utf-8")
    heading = re.search(rf"^## {re.escape(number)}\b(.*)$", changes, re.MULTILINE)
    if not heading or "unreleased" in heading[1]:
        found.append(f"CHANGELOG.md needs the heading: ## {number} (YYYY-MM-DD)")
    return found


def build(folder: Path, root: Path = ROOT) -> None:
    """Build twice and compare; exit unless both builds have the same digests.

    The time in the archives is that of the commit (SOURCE_DATE_EPOCH), if none is given.
    """
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch(root))}
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        for target in (folder, Path(temporary)):
            subprocess.run(
                [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target),
                 str(root)],
                env=environ, check=True,
            )  # fmt: skip
            results.append(digests(target))
    if results[0] != results[1]:
        sys.exit(f"the build is not reproducible: {results[0]} and {results[1]}")
    rows = [f"{digest}  {name}\n" for name, digest in sorted(results[0].items())]
    (folder / "SHA256SUMS").write_text("".join(rows), "ascii")


def epoch(root: Path = ROOT) -> int:
    """Return SOURCE_DATE_EPOCH, or else the time of the commit, or else of 2020-02-02."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    text = done.stdout.strip()
    return int(text) if text.isdigit() else 1580601600


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each wheel and source distribution in a folder."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name.endswith((".whl", ".tar.gz"))
    }


def locked(root: Path = ROOT) -> list[dict[str, Any]]:
    """Return the run-time packages of the lock: name, version, hashes."""
    text = (root / "requirements.lock").read_text("ascii")
    return [
        {
            "name": pin["name"],
            "version": pin["version"],
            "hashes": re.findall(r"[0-9a-f]{64}", pin["hashes"]),
        }
        for pin in _PIN.finditer(text)
        if not pin["extra"]
    ]


def bill_of_materials(root: Path = ROOT) -> dict[str, Any]:
    """Return the SBOM in CycloneDX 1.6; equal for equal sources and times."""
    own = f"pkg:pypi/{NAME}@{version(root)}"
    packages = locked(root)
    references = {
        package["name"]: f"pkg:pypi/{package['name']}@{package['version']}"
        for package in packages
    }
    lock = (root / "requirements.lock").read_bytes()
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{own}#{hashlib.sha256(lock).hexdigest()}")
    main: dict[str, Any] = {
        "type": "application",
        "bom-ref": own,
        "name": NAME,
        "version": version(root),
        "purl": own,
        "description": project(root)["description"],
        "licenses": [{"license": {"id": project(root)["license"]}}],
    }
    url = address(root)
    if url:
        main["externalReferences"] = [{"type": "vcs", "url": url}]
    needs = _names(project(root)["dependencies"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch(root))),
            "lifecycles": [{"phase": "build"}],
            "component": main,
        },
        "components": [
            {
                "type": "library",
                "bom-ref": references[package["name"]],
                "name": package["name"],
                "version": package["version"],
                "purl": references[package["name"]],
                "properties": [
                    {"name": f"{NAME}:wheel:sha256", "value": digest}
                    for digest in package["hashes"]
                ],
            }
            for package in packages
        ],
        "dependencies": [
            {"ref": own, "dependsOn": _references(needs, references)},
            *(
                {
                    "ref": references[package["name"]],
                    "dependsOn": _references(_needs(package), references),
                }
                for package in packages
            ),
        ],
    }


def _needs(package: dict[str, Any]) -> set[str]:
    """Return what an installed package requires; none if another version is installed."""
    try:
        installed = distribution(package["name"])
    except PackageNotFoundError:
        return set()
    if installed.version != package["version"]:
        return set()
    return _names(text for text in installed.requires or () if "extra ==" not in text)


def _names(requirements: Any) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


def _references(names: set[str], known: dict[str, str]) -> list[str]:
    return sorted(known[name] for name in names if name in known)


def formula(dist: Path, root: Path = ROOT) -> str:
    """Return the Homebrew formula for the files of a release; exit without an address."""
    url = address(root)
    if not url:
        sys.exit("no address: python scripts/release.py coordinates URL")
    files = digests(dist)
    (wheel,) = (name for name in files if name.endswith(".whl"))
    (source,) = (name for name in files if name.endswith(".tar.gz"))
    place = f"{url}/releases/download/v{version(root)}"
    # Homebrew's descriptions begin without an article.
    description = project(root)["description"].partition(":")[0].removeprefix("A ")
    values = {
        "DESCRIPTION": description[:1].upper() + description[1:],
        "HOMEPAGE": url,
        "SOURCE_URL": f"{place}/{source}",
        "SOURCE_SHA256": files[source],
        "WHEEL_URL": f"{place}/{wheel}",
        "WHEEL_SHA256": files[wheel],
        "VERSION": version(root),
        "LICENSE": project(root)["license"],
    }
    text = (root / "packaging" / "homebrew" / f"{NAME}.rb.in").read_text("utf-8")
    filled = re.sub(r"@([A-Z0-9_]+)@", lambda match: values[match[1]], text)
    unused = [name for name in values if f"@{name}@" not in text]
    if unused:
        sys.exit(f"the formula's template lacks {', '.join(unused)}")
    return filled


def readme(dist: Path, root: Path = ROOT) -> None:
    """State the publication in README; exit unless the index has the same wheel."""
    number = version(root)
    wheels = {
        name: digest for name, digest in digests(dist).items() if name.endswith(".whl")
    }
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir",
             "--only-binary=:all:", "--dest", temporary, f"{NAME}=={number}"],
            check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"the package index does not have {NAME} {number}")
        found = digests(Path(temporary))
    if found != wheels:
        sys.exit(f"the package index has other files of {NAME} {number}: {found}")
    (digest,) = wheels.values()
    write_readme(root, f"<!-- published: {number} sha256:{digest} -->\n")


def main(words: list[str]) -> int:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("coordinates").add_argument("url")
    steps.add_parser("check").add_argument("--tag", default="")
    steps.add_parser("build").add_argument("folder", type=Path)
    steps.add_parser("sbom").add_argument("file", type=Path)
    step = steps.add_parser("formula")
    step.add_argument("dist", type=Path)
    step.add_argument("file", type=Path)
    steps.add_parser("readme").add_argument("dist", type=Path)
    options = parser.parse_args(words)
    if options.step == "coordinates":
        coordinates(options.url)
    elif options.step == "check":
        found = problems(options.tag, dict(os.environ))
        print("\n".join(found) or "ready for a release")
        return 1 if found else 0
    elif options.step == "build":
        build(options.folder)
    elif options.step == "sbom":
        text = json.dumps(bill_of_materials(), indent=2) + "\n"
        options.file.write_text(text, "utf-8")
    elif options.step == "formula":
        options.file.write_text(formula(options.dist), "utf-8")
    else:
        readme(options.dist)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
