"""Where zt-gate was installed from, read from real clones and installers' records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import zt_gate
from tests.support.repo import GIT_ENV, Repo
from tests.support.scratch import Scratch
from zt_gate import __version__
from zt_gate.commands import installed_from
from zt_gate.commands.installed_from import InstallSource, as_address

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://github.com/acme/zt-gate"
COMMIT = "b2" * 20


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URL, URL),
        (f"{URL}.git", URL),
        (f"git+{URL}.git/", URL),
        ("https://user:secret-word@github.com/acme/zt-gate", URL),
        ("https://token@git.acme.test/zt.git", "https://git.acme.test/zt.git"),
        ("git@github.com:acme/zt-gate.git", "ssh://git@github.com/acme/zt-gate"),
        ("ssh://git@h.test:2222/a/b.git", "ssh://git@h.test:2222/a/b.git"),
        ("/srv/zt-gate", ""),
        ("file:///srv/zt-gate", ""),
        ("http://github.com/acme/zt-gate", ""),
        ("git://github.com/acme/zt-gate", ""),
        ("ext::sh -c touch% ran", ""),
        ("https://h.test/a/../../b", ""),
        ("https://h.test/a/$OWNER", ""),
        ("https://h.test/a\nb", ""),
        ("https://h.test/a'b", ""),
        ("https://h.test", ""),
        ("-o@h.test:a", ""),
        ("ssh://git@-o/a", ""),
        ("", ""),
    ],
)
def test_addresses_are_https_or_ssh_without_credentials(url: str, address: str) -> None:
    assert as_address(url) == address


class Clone:
    """A clone of the package, with a remote of its own on this disk."""

    def __init__(self, folder: Path) -> None:
        self.scratch = Scratch.create(folder)
        self.repo = Repo.create(self.scratch.package)
        self.repo.git("config", "user.email", "ada@example.org")
        self.head = self.repo.commit("the package")
        self.server = folder / "server.git"
        self.repo.git("init", "-q", "--bare", str(self.server))
        self.repo.git("remote", "add", "origin", str(self.server))
        self.repo.git("push", "-q", "origin", "main")
        self.repo.git("remote", "set-url", "origin", f"{URL}.git")

    def source(self) -> str:
        """What zt-gate says where it comes from, or why it does not know."""
        done = self.scratch.gate("init", "--print-source")
        return (done.stdout or done.stderr).strip()


def test_a_clone_names_its_remote_and_its_commit(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    assert clone.source() == f"zt-gate @ git+{URL}@{clone.head}"
    done = clone.scratch.gate("init", "--pre-commit", "--github")
    assert done.returncode == 0, done.stderr
    root = clone.scratch.repo.path
    assert f"rev: {clone.head}\n" in (root / ".pre-commit-config.yaml").read_text()
    workflow = (root / ".github/workflows/zt-gate.yml").read_text()
    assert f"uses: acme/zt-gate@{clone.head}\n" in workflow


def test_explain_links_to_the_pages_of_the_clone_s_commit(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    pages = f"{URL}/blob/{clone.head}/docs"
    done = clone.scratch.gate("explain", "code/python-sql-injection")
    assert f"  {pages}/rules/code-python.md#python-sql-injection\n" in done.stdout
    assert f"  {pages}/exceptions.md\n" in done.stdout


def test_a_commit_with_the_version_s_tag_is_named_with_it(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.repo.git("tag", f"v{__version__}")
    clone.scratch.gate("init", "--pre-commit")
    text = (clone.scratch.repo.path / ".pre-commit-config.yaml").read_text()
    assert f"rev: {clone.head}  # frozen: v{__version__}\n" in text


def test_a_commit_that_is_not_pushed_is_not_named(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    new = clone.repo.commit("not pushed")
    assert f"{new[:12]} is not pushed" in clone.source()
    done = clone.scratch.gate("init", "--pre-commit")
    assert "left out" in done.stdout
    assert not (clone.scratch.repo.path / ".pre-commit-config.yaml").exists()


@pytest.mark.parametrize("remote", ["", "/srv/zt-gate.git", "file:///srv/zt-gate"])
def test_a_clone_without_a_remote_that_others_reach(
    remote: str, tmp_path: Path
) -> None:
    clone = Clone(tmp_path)
    if remote:
        clone.repo.git("remote", "set-url", "origin", remote)
    else:
        clone.repo.git("remote", "remove", "origin")
    assert "no remote with an https or ssh address" in clone.source()


def test_the_credentials_of_a_remote_are_not_written(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    url = "https://ada:secret-word@github.com/acme/zt-gate.git"
    clone.repo.git("remote", "set-url", "origin", url)
    assert clone.source() == f"zt-gate @ git+{URL}@{clone.head}"


def test_a_folder_in_somebody_else_s_repository_is_no_clone(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    outer = Repo.create(tmp_path)
    outer.git("remote", "add", "origin", "https://github.com/acme/other")
    outer.git("commit", "-q", "--allow-empty", "-m", "outer")
    done = scratch.gate("init", "--print-source")
    assert "no git clone" in done.stderr


class Installed:
    """The metadata of an installed distribution."""

    def __init__(self, folder: Path, direct: object, *urls: str) -> None:
        info = folder / "zt_gate-0.0.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.4", "Name: zt-gate", "Version: 0.0"]
        lines += [f"Project-URL: {url}" for url in urls]
        (info / "METADATA").write_text("\n".join([*lines, "", ""]))
        if direct is not None:
            text = direct if isinstance(direct, str) else json.dumps(direct)
            (info / "direct_url.json").write_text(text)


def vcs(**info: Any) -> dict[str, Any]:
    return {"url": URL, "vcs_info": {"vcs": "git", "commit_id": COMMIT, **info}}


PROJECT = ("Repository, https://github.com/zt/zt-gate",)


@pytest.mark.parametrize(
    ("direct", "urls", "built", "expected"),
    [
        (vcs(), (), "", (URL, COMMIT, "")),
        (vcs(requested_revision=f"v{__version__}"), (), "", (URL, COMMIT, f"v{__version__}")),
        (vcs(requested_revision="main"), PROJECT, "", (URL, COMMIT, "")),
        (vcs(vcs="hg"), PROJECT, "", ("", "", "")),
        (vcs(commit_id="abc"), PROJECT, "", ("", "", "")),
        ({"url": f"{URL}/archive/{COMMIT}.zip", "archive_info": {}}, (), "", (URL, COMMIT, "")),
        ({"url": "file:///w/zt_gate.whl", "archive_info": {}}, PROJECT, COMMIT,
         ("https://github.com/zt/zt-gate", COMMIT, "")),
        # From an index: the project's own coordinates, and the release's tag.
        (None, PROJECT, COMMIT, ("https://github.com/zt/zt-gate", COMMIT, f"v{__version__}")),
        (None, PROJECT, "", ("https://github.com/zt/zt-gate", "", f"v{__version__}")),
        (None, (), COMMIT, ("", "", "")),
        (None, ("Homepage, https://github.com/zt/zt-gate",), COMMIT, ("", "", "")),
        ("{", PROJECT, COMMIT, ("https://github.com/zt/zt-gate", COMMIT, f"v{__version__}")),
        ({"url": 1, "vcs_info": 2}, PROJECT, "",
         ("https://github.com/zt/zt-gate", "", f"v{__version__}")),
    ],
)  # fmt: skip
def test_what_installers_record(
    direct: object,
    urls: tuple[str, ...],
    built: str,
    expected: tuple[str, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Installed(tmp_path, direct, *urls)
    package = tmp_path / "zt_gate"
    package.mkdir()
    if built:
        (package / installed_from.COMMIT_FILE).write_text(f"{built}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(zt_gate, "__file__", str(package / "__init__.py"))
    origin = installed_from.read_source(GIT_ENV)
    assert (origin.address, origin.commit, origin.tag) == expected
    assert bool(origin.doubt) != bool(origin.address and origin.commit)


def test_files_and_pages_of_known_forges() -> None:
    github, gitlab, other = (
        InstallSource(f"https://{host}/acme/zt-gate", COMMIT)
        for host in ("github.com", "gitlab.com", "git.acme.test")
    )
    assert github.raw_file("a") == (
        f"https://raw.githubusercontent.com/acme/zt-gate/{COMMIT}/a"
    )
    assert gitlab.raw_file("a") == f"https://gitlab.com/acme/zt-gate/-/raw/{COMMIT}/a"
    assert github.page("a") == f"{URL}/blob/{COMMIT}/a"
    assert (other.raw_file("a"), other.page("a")) == ("", "")
    assert InstallSource("https://github.com/acme/zt-gate").raw_file("a") == ""
