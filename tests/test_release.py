"""The steps of a release, on copies of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.lock import LOCK, ROOT, pins
from tests.support.offenders import each_of
from tests.support.scripts import load
from zt_gate import __version__

URL = "https://github.com/acme/zt-gate"


release = load("release")
WORKFLOW_TEXT = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
WORKFLOW = yaml.safe_load(WORKFLOW_TEXT)
CONTAINERFILE = (ROOT / "packaging" / "Containerfile").read_text("utf-8")
# docs/rules shows examples of what rules find, which nobody is told to run.
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
#: A command that installs or runs the package by its bare name.
BARE_NAME = re.compile(
    r"(?:pip3?|uv|uvx|pipx|brew)[ ](?:[^\n`|&;#]*[ ])?[\"']?zt-gate(?:\[\w+\])?(?:==\S+)?"
    r"(?=[\"'\s`]|$)(?! @ )",
    re.MULTILINE,
)
#: Between tool and name: where the package comes from, so the name is not looked up.
SOURCE = re.compile(r"--from |--spec |-r |-e ")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the steps read and write."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "packaging", root / "packaging")
    (root / "zt_gate").mkdir()
    shutil.copy(ROOT / "zt_gate" / "__init__.py", root / "zt_gate" / "__init__.py")
    return root


def bare_names(text: str) -> list[str]:
    return [
        match[0] for match in BARE_NAME.finditer(text) if not SOURCE.search(match[0])
    ]


@each_of(
    ("text", "count"),
    [
        ("pip install zt-gate\n", 1),
        ("`python -m pip install --quiet zt-gate`", 1),
        ("uvx zt-gate demo", 1),
        ("pipx install 'zt-gate[lsp]'", 1),
        ("uv tool install zt-gate==0.1.0\n", 1),
        ("brew install zt-gate\n", 1),
        ("uvx --from . zt-gate demo", 0),
        ("pipx run --spec . zt-gate demo", 0),
        ("pip install 'zt-gate @ git+https://h/a'", 0),
        ("pip install ./zt-gate", 0),
        ("pip install -r zt-gate/requirements.lock", 0),
    ],
)
def test_the_search_for_the_bare_name(text: str, count: int) -> None:
    assert len(bare_names(text)) == count, text


def test_no_page_installs_by_the_bare_name_before_it_is_published() -> None:
    """A stranger could take a name that the documentation tells people to install."""
    if release.published():
        assert release.published() == __version__
        return
    found = {
        page.name: names
        for page in PAGES
        if (names := bare_names(page.read_text("utf-8")))
    }
    assert found == {}


def test_readme_has_the_install_lines_of_the_present_state() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = text.partition("<!-- install -->\n")[2].partition("<!-- /install -->")[0]
    expected = release.install_lines(
        release.address(), f"v{__version__}", is_published=bool(release.published())
    )
    assert block.endswith(expected)


def test_coordinates_are_written_once_and_replaced(copy: Path) -> None:
    before = tomllib.loads((copy / "pyproject.toml").read_text("utf-8"))
    for url in (f"{URL}.git", "https://gitlab.com/group/zt-gate/", URL):
        release.coordinates(url, copy)
    project = tomllib.loads((copy / "pyproject.toml").read_text("utf-8"))
    urls = project["project"].pop("urls")
    before["project"].pop("urls", None)
    assert project == before
    assert release.address(copy) == urls["Homepage"] == URL
    assert urls["Changelog"].startswith(f"{URL}/")
    readme = (copy / "README.md").read_text("utf-8")
    assert f"uvx --from git+{URL}@v{__version__} zt-gate demo" in readme
    assert bare_names(readme) == []


@each_of(
    "url",
    ["", "acme/zt-gate", "http://h/a/b", "file:///a/b", "https://h/a b/c", "git@h:a/b",
     "https://OWNER/a", 'https://h/a/"b'],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SystemExit):
        release.coordinates(url, ROOT)


def test_a_release_needs_version_changes_and_address(copy: Path) -> None:
    found = release.problems("v9.9.9", {}, copy)
    assert [text.split()[0] for text in found] == ["the", "no", "CHANGELOG.md"]
    release.coordinates(URL, copy)
    file = copy / "CHANGELOG.md"
    changes = file.read_text("utf-8").replace("(unreleased)", "(2026-12-01)", 1)
    file.write_text(changes, "utf-8")
    environ = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/zt-gate",
    }
    assert release.problems(f"v{__version__}", environ, copy) == []
    fork = {**environ, "GITHUB_REPOSITORY": "mallory/zt-gate"}
    (text,) = release.problems(f"v{__version__}", fork, copy)
    assert "mallory" in text


def test_the_sbom_is_valid_and_has_the_lock_s_packages() -> None:
    bom = release.bill_of_materials()
    assert bom == release.bill_of_materials()
    packages = {item["name"]: item["version"] for item in bom["components"]}
    assert packages == pins("")
    digests = {
        entry["value"] for item in bom["components"] for entry in item["properties"]
    }
    assert digests <= set(re.findall(r"[0-9a-f]{64}", LOCK))
    references = {item["bom-ref"] for item in bom["components"]}
    (main,) = (item for item in bom["dependencies"] if item["ref"] not in references)
    assert len(main["dependsOn"]) == len(release.project()["dependencies"])
    assert any(item["dependsOn"] for item in bom["dependencies"] if item is not main)
    cyclonedx = pytest.importorskip("cyclonedx")
    schemas = Path(cyclonedx.__file__).parent / "schema" / "_res"
    import referencing

    base = "http://cyclonedx.org/schema/"
    store = {
        base + file.name: json.loads(file.read_text("utf-8"))
        for file in schemas.glob("*.schema.json")
    }
    registry: Any = referencing.Registry().with_resources(
        (url, referencing.Resource.from_contents(schema))
        for url, schema in store.items()
    )
    schema = store[f"{base}bom-1.6.SNAPSHOT.schema.json"]
    jsonschema.Draft7Validator(schema, registry=registry).validate(bom)


def test_the_time_in_the_sbom_is_source_date_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    bom = release.bill_of_materials()
    assert bom["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def packages(folder: Path) -> Path:
    folder.mkdir()
    (folder / f"zt_gate-{__version__}-py3-none-any.whl").write_bytes(b"wheel")
    (folder / f"zt_gate-{__version__}.tar.gz").write_bytes(b"sdist")
    return folder


def test_the_formula_is_filled_and_names_the_release_s_files(copy: Path) -> None:
    dist = packages(copy / "dist")
    with pytest.raises(SystemExit, match="no address"):
        release.formula(dist, copy)
    release.coordinates(URL, copy)
    text = release.formula(dist, copy)
    assert not re.search(r"@[A-Z0-9_]+@", text)
    place = f"{URL}/releases/download/v{__version__}"
    for name, digest in release.digests(dist).items():
        assert f'url "{place}/{name}"' in text
        assert f'sha256 "{digest}"' in text
    assert "--require-hashes" in text
    (description,) = re.findall(r'^  desc "(.+)"$', text, re.MULTILINE)
    assert len(description) < 80
    assert not description.startswith(("A ", "zt-gate"))
    if shutil.which("ruby"):
        subprocess.run(["ruby", "-c"], input=text.encode(), check=True)


def test_readme_names_the_package_only_if_the_index_has_our_wheel(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip asks a folder here; it is asked as the real index is."""
    ours = packages(copy / "dist")
    index = copy / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    before = (copy / "README.md").read_text("utf-8")
    with pytest.raises(SystemExit, match="does not have"):
        release.readme(ours, copy)
    wheel = f"zt_gate-{__version__}-py3-none-any.whl"
    for content in (b"a stranger's", b"ours"):
        with zipfile.ZipFile(index / wheel, "w") as archive:
            info = f"zt_gate-{__version__}.dist-info"
            archive.writestr(
                f"{info}/METADATA",
                f"Metadata-Version: 2.1\nName: zt-gate\nVersion: {__version__}\n",
            )
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
            archive.writestr("content", content)
        if content == b"ours":
            shutil.copy(index / wheel, ours / wheel)
            release.readme(ours, copy)
        else:
            with pytest.raises(SystemExit, match="other files"):
                release.readme(ours, copy)
            assert (copy / "README.md").read_text("utf-8") == before
    text = (copy / "README.md").read_text("utf-8")
    assert release.published(copy) == __version__
    assert "uvx zt-gate demo" in text
    # Naming the repository again does not take it back.
    release.coordinates(URL, copy)
    assert (copy / "README.md").read_text("utf-8") == text


@pytest.mark.slow
def test_two_builds_of_one_commit_are_equal(tmp_path: Path) -> None:
    """Other folders, other times of the files, another umask."""
    results = []
    for number, mask in enumerate((0o022, 0o077)):
        root = tmp_path / f"{'x' * number}project"
        subprocess.run(
            ["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(root)],
            check=True, umask=mask,
        )  # fmt: skip
        for file in root.rglob("*"):
            if number and ".git" not in file.parts:
                os.utime(file, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
        release.build(root / "dist", root)
        results.append((root / "dist" / "SHA256SUMS").read_text("ascii"))
    assert results[0] == results[1]
    assert len(results[0].splitlines()) == 2
    dist = root / "dist"
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("zt_gate/_commit.txt").decode() == head
        names = archive.namelist()
    assert f"zt_gate-{__version__}.dist-info/licenses/LICENSE" in names
    assert f"zt_gate-{__version__}.data/data/share/man/man1/zt-gate.1" in names
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        times = {member.mtime for member in archive.getmembers()}
    assert times == {release.epoch(root)}


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return found


def test_the_workflow_waits_for_a_person_and_stores_no_token() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["publish"]["environment"] == "release"
    assert "publish" in WORKFLOW["jobs"]["image"]["needs"]
    assert "publish" in WORKFLOW["jobs"]["release"]["needs"]
    assert "secrets." not in WORKFLOW_TEXT
    used = [
        step["uses"]
        for job in WORKFLOW["jobs"]
        for step in steps(job)
        if "uses" in step
    ]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in used)
    actions = {name.partition("@")[0] for name in used}
    assert actions >= {
        "actions/attest-build-provenance", "actions/attest", "pypa/gh-action-pypi-publish",
    }  # fmt: skip
    for job in WORKFLOW["jobs"]:
        for step in steps(job):
            assert "${{" not in step.get("run", ""), step["name"]
    # Only the job without a checkout may publish.
    assert not any("checkout" in step.get("uses", "") for step in steps("publish"))


def test_the_steps_of_the_script_that_the_workflow_names_exist() -> None:
    names = set(re.findall(r"scripts/release\.py (\w+)", WORKFLOW_TEXT))
    assert names == {"check", "build", "sbom", "formula"}
    for name in names:
        with pytest.raises(SystemExit) as ended:
            release.main([name, "--help"])
        assert ended.value.code == 0


def test_the_image_is_rootless_and_its_base_is_named_by_digest() -> None:
    lines = [
        line for line in CONTAINERFILE.splitlines() if line and not line.startswith("#")
    ]
    assert lines[0] == "ARG BASE"  # without a default
    assert {line for line in lines if line.startswith("FROM")} == {
        "FROM ${BASE} AS build", "FROM ${BASE}",
    }  # fmt: skip
    last = [line for line in lines if line.startswith(("USER", "ENTRYPOINT"))]
    assert last[0] == "USER 10001:10001"
    assert CONTAINERFILE.count("--require-hashes") == 1
    assert "--only-binary=:all:" in CONTAINERFILE
    for word in ("curl", "wget", "ADD ", "sudo", "http"):
        assert word not in CONTAINERFILE.partition("FROM")[2], word
    (resolve,) = [step for step in steps("image") if step.get("id") == "base"]
    assert "sha256:[0-9a-f]{64}" in resolve["run"]
    (push,) = [step for step in steps("image") if step.get("id") == "push"]
    assert push["env"]["BASE"] == "${{ steps.base.outputs.image }}"
    # The recipe's context is what it copies, nothing else.
    ignored = (ROOT / "packaging" / "Containerfile.dockerignore").read_text("ascii")
    assert ignored.splitlines()[0] == "*"
    for source in re.findall(r"^COPY (?!--from)(\S+)", CONTAINERFILE, re.MULTILINE):
        assert f"!{source}" in ignored.splitlines()


def test_the_digest_check_of_the_workflow_stops_without_a_digest(
    tmp_path: Path,
) -> None:
    """The step, run by the runner's shell with a docker that answers as it does, or not."""
    (resolve,) = [step for step in steps("image") if step.get("id") == "base"]
    docker = tmp_path / "docker"
    for answer, works in (
        ('"sha256:' + "a" * 64 + '"', True), ('"sha256:abc"', False), ("", False),
        ('"latest"', False),
    ):  # fmt: skip
        docker.write_text(f"#!/bin/sh\necho '{answer}'\n")
        docker.chmod(0o755)
        output = tmp_path / "output"
        output.write_text("")
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", resolve["run"]], check=False,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output),
                 "TAG": resolve["env"]["TAG"]},
        )  # fmt: skip
        assert (done.returncode == 0) is works, answer
        assert output.read_text().endswith("a" * 64 + "\n") is works


#: A docker that knows one image, and prints the references in the file REFERENCES.
DOCKER = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$1 $2 $4" in
  "login ghcr.io "*) cat > /dev/null ;;
  "image inspect {{.Config.User}}") echo 10001:10001 ;;
  "image inspect {{join .RepoDigests"*) cat "$REFERENCES" ;;
esac
"""


@pytest.mark.parametrize(
    ("references", "works"),
    [
        ("ghcr.io/acme/zt-gate@sha256:" + "a" * 64, True),
        (
            "docker.io/library/python@sha256:" + "b" * 64
            + "\nghcr.io/acme/zt-gate@sha256:" + "a" * 64,
            True,
        ),
        ("docker.io/library/python@sha256:" + "b" * 64, False),
        ("ghcr.io/acme/zt-gate@sha256:abc", False),
        ("", False),
    ],
)  # fmt: skip
def test_the_image_is_attested_and_named_by_the_digest_that_the_registry_gave(
    references: str, works: bool, tmp_path: Path
) -> None:
    """The step, run by the runner's shell with a docker that answers as it does, or not."""
    (push,) = [step for step in steps("image") if step.get("id") == "push"]
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (tmp_path / "references").write_text(f"{references}\n")
    output = tmp_path / "output"
    output.write_text("")
    base = "docker.io/library/python:3.12-slim@sha256:" + "b" * 64
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", push["run"]], check=False,
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output),
            "GITHUB_SHA": "c" * 40, "BASE": base, "NAME": "Acme/zt-gate", "TAG": "v1.2.3",
            "SOURCE": URL, "TOKEN": "x", "ACTOR": "ada",
            "CALLS": str(tmp_path / "calls"), "REFERENCES": str(tmp_path / "references"),
        },
    )  # fmt: skip
    assert (done.returncode == 0) is works
    calls = (tmp_path / "calls").read_text()
    assert f"--build-arg BASE={base}" in calls
    assert "push ghcr.io/acme/zt-gate:v1.2.3" in calls
    assert "x" not in calls.split()
    expected = f"name=ghcr.io/acme/zt-gate\ndigest=sha256:{'a' * 64}\n"
    assert output.read_text() == (expected if works else "")


def test_the_release_page_names_the_image_by_its_digest() -> None:
    (attest,) = [step for step in steps("image") if "attest" in step.get("uses", "")]
    assert attest["with"]["subject-digest"] == "${{ steps.push.outputs.digest }}"
    outputs = WORKFLOW["jobs"]["image"]["outputs"]
    assert outputs["digest"] == "${{ steps.push.outputs.digest }}"
    (create,) = [
        step for step in steps("release") if "gh release" in step.get("run", "")
    ]
    assert create["env"]["IMAGE"] == (
        "${{ needs.image.outputs.name }}@${{ needs.image.outputs.digest }}"
    )


def test_the_metadata_is_complete() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    trove = pytest.importorskip("trove_classifiers")
    assert set(project["classifiers"]) <= set(trove.classifiers)
    tested = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_bytes())
    for python in tested["jobs"]["check"]["strategy"]["matrix"]["python"]:
        assert f"Programming Language :: Python :: {python}" in project["classifiers"]


def test_the_step_on_the_command_line(copy: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "release.py"), "check", "--tag", "v0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is not v" in done.stdout
    assert "Traceback" not in done.stderr
