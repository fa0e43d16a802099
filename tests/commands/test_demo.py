"""``zt-gate demo`` works anywhere, queries no other host and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("tmp", "home", "cwd"):
        (tmp_path / name).mkdir()
    return tmp_path


def demo(place: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"HOME": str(place / "home"), "TMPDIR": str(place / "tmp"), **env}
    return gate("demo", *words, cwd=place / "cwd", stdin=b"", **given)


def shown(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    stopped, _, passed = done.stdout.partition("\nEach of the ")
    assert re.search(r"^FAIL ", stopped, re.MULTILINE)
    assert re.search(r"^PASS ", passed, re.MULTILINE)
    scanners = {"agent_config", "code", "dependencies", "injection", "secrets"}
    assert {
        name for name in scanners if re.search(rf"BLOCK +{name}/", stopped)
    } == scanners
    assert not re.search(r"api03-[0-9a-f]{20}", done.stdout)


def test_it_shows_fail_and_pass_and_leaves_nothing(place: Path) -> None:
    shown(demo(place))
    assert {name: os.listdir(place / name) for name in ("tmp", "home", "cwd")} == {
        "tmp": [], "home": [], "cwd": [],
    }  # fmt: skip


def test_it_queries_no_other_host(place: Path) -> None:
    """Every setting points to a server that must not receive a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        other = f"http://127.0.0.1:{server.getsockname()[1]}"
        (place / "home" / ".npmrc").write_text(f"registry={other}/\n")
        for folder, text in ((".config/pip", "[global]\nextra-index-url = {}/simple\n"),
                             (".config/uv", 'index = [{{ url = "{}/simple" }}]\n')):  # fmt: skip
            (place / "home" / folder).mkdir(parents=True)
            name = "pip.conf" if "pip" in folder else "uv.toml"
            (place / "home" / folder / name).write_text(text.format(other))
        names = (
            "PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX UV_INDEX_URL UV_DEFAULT_INDEX "
            "UV_EXTRA_INDEX_URL npm_config_registry NPM_CONFIG_REGISTRY HTTP_PROXY http_proxy "
            "HTTPS_PROXY ALL_PROXY all_proxy ZT_GATE_PYPISTATS_URL ZT_GATE_NPM_DOWNLOADS_URL"
        )
        shown(demo(place, **dict.fromkeys(names.split(), other)))
        with pytest.raises(TimeoutError):
            server.accept()


def test_hostile_git_settings_have_no_effect(place: Path) -> None:
    repo = Repo.create(place / "mine")
    repo.write("a.txt", "one\n")
    repo.commit()
    before = repo.git("status", "--porcelain"), repo.head()
    hooks, mark = place / "hooks", place / "ran"
    hooks.mkdir()
    for name in ("pre-commit", "post-commit", "commit-msg", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\necho ran >> '{mark}'\nexit 1\n")
        (hooks / name).chmod(0o755)
    settings = place / "home" / ".gitconfig"
    settings.write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n\tfsmonitor = {hooks / 'pre-commit'}\n"
        f"[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {hooks / 'pre-commit'}\n"
        f"[init]\n\ttemplateDir = {hooks}\n\tdefaultBranch = a b\n"
    )
    done = demo(
        place,
        GIT_CONFIG_GLOBAL=str(settings),
        GIT_DIR=str(repo.path / ".git"),
        GIT_WORK_TREE=str(repo.path),
        GIT_INDEX_FILE=str(repo.path / ".git" / "index"),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="core.hooksPath",
        GIT_CONFIG_VALUE_0=str(hooks),
        GIT_TEMPLATE_DIR=str(hooks),
        PRE_COMMIT="1",
    )
    shown(done)
    assert not mark.exists()
    assert (repo.git("status", "--porcelain"), repo.head()) == before


def test_keep_leaves_the_repository(place: Path) -> None:
    shown(demo(place, "--keep", str(place / "kept")))
    kept = Repo(place / "kept" / "repository")
    assert kept.git("log", "--format=%s") == b"A small service\n"
    assert b"app/settings.py" in kept.git("diff", "--cached", "--name-only")
    for target in (place / "kept", place / "absent" / "kept"):
        done = demo(place, "--keep", str(target))
        assert done.returncode == 2
        assert "--keep" in one_line(done)
    assert kept.head()


def test_without_git_it_names_git(place: Path) -> None:
    done = demo(place, PATH=str(place / "home"))
    assert done.returncode == 3
    assert "git" in one_line(done)
    assert os.listdir(place / "tmp") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_leaves_nothing(number: signal.Signals, place: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-I", "-m", "zt_gate", "demo"],
        cwd=place / "cwd", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**GIT_ENV, "HOME": str(place / "home"), "TMPDIR": str(place / "tmp")},
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list((place / "tmp").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.15)
    child.send_signal(number)
    _, stderr = child.communicate(timeout=300)
    assert child.returncode == 130, stderr
    assert os.listdir(place / "tmp") == []
