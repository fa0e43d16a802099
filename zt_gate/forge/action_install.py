"""Installs the gate for action.yml, before any dependency is available.

    python -I action_install.py plan        # write the outputs for the caching steps
    python -I action_install.py install     # install gate and engine into RUNNER_TEMP

Uses only the standard library. The engine comes from wheels whose hashes are in
``requirements.lock``, so a cache written by a pull request can only cost time. The
gate's cached answers are authenticated with the key in ``ZT_GATE_CACHE_KEY``; without
it the gate reads no cache in CI, so none is kept. They are kept only for events whose
cache no pull request can write (see ``ANSWER_EVENTS``).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = "requirements.lock"
#: Events whose runs read only caches that branches of the base repository wrote.
ANSWER_EVENTS = frozenset(
    ("merge_group", "workflow_dispatch", "workflow_run", "schedule")
)


def main(arguments: list[str]) -> int:
    """Run ``plan`` or ``install`` and return the exit code."""
    temp = Path(os.environ["RUNNER_TEMP"], "zt-gate")
    if arguments == ["plan"]:
        return plan(temp)
    if arguments == ["install"]:
        return install(temp)
    print("::error title=zt-gate::usage: action_install.py plan|install")
    return 2


def plan(temp: Path) -> int:
    """Write the cache folders, the cache key and whether answers are cached."""
    lock = hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()[:24]
    version = ".".join(map(str, sys.version_info[:2]))
    machine = f"{platform.system()}-{platform.machine()}-py{version}".lower()
    outputs = {
        "key": f"zt-gate-{machine}-{lock}",
        "wheels": temp / "wheels",
        "answers": temp / "answers",
        "keep-answers": "true" if _keeps_answers() else "false",
        "python": temp / "venv" / "bin" / "python",
    }
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    return 0


def _keeps_answers() -> bool:
    """Whether the gate has a key, and no pull request can write the cache that this run reads."""
    if not os.environ.get("ZT_GATE_CACHE_KEY"):
        return False
    event = os.environ.get("GITHUB_EVENT_NAME")
    if event != "push":
        return event in ANSWER_EVENTS
    default_branch = os.environ.get("ZT_DEFAULT_BRANCH", "")
    ref = os.environ.get("GITHUB_REF")
    return bool(default_branch) and ref == f"refs/heads/{default_branch}"


def install(temp: Path) -> int:
    """Create the virtual environment; returns the exit code of a failed pip, else 0."""
    target = temp / "venv"
    wheels = temp / "wheels"
    shutil.rmtree(target, ignore_errors=True)
    venv.EnvBuilder(symlinks=True).create(target)
    python = target / "bin" / "python"
    has_cache = wheels.is_dir() and any(wheels.iterdir())
    if not has_cache or _install_wheels(python, wheels, quiet=True) != 0:
        # The cache is empty, or its wheels do not match the lock file.
        code = _download_and_install(python, wheels)
        if code:
            print("::error title=zt-gate::the gate's engine could not be installed")
            return code
    _copy_gate(target)
    (temp / "answers").mkdir(mode=0o700, exist_ok=True)
    return 0


def _download_and_install(python: Path, wheels: Path) -> int:
    shutil.rmtree(wheels, ignore_errors=True)
    options = ("--only-binary=:all:", "--dest", str(wheels), *_lock_options())
    code = _pip("download", *options)
    return code or _install_wheels(python, wheels)


def _lock_options() -> tuple[str, ...]:
    return ("--require-hashes", "--no-deps", "--requirement", str(ROOT / LOCK))


def _install_wheels(python: Path, wheels: Path, *, quiet: bool = False) -> int:
    """Install from the folder only; each wheel must have a hash of the lock file."""
    source = ("--no-index", "--find-links", str(wheels))
    return _pip(
        "install",
        *source,
        "--no-compile",
        *_lock_options(),
        python=python,
        quiet=quiet,
    )


def _pip(
    verb: str, *options: str, python: Path | None = None, quiet: bool = False
) -> int:
    target = ("--python", str(python)) if python else ()
    general = ("--quiet", "--disable-pip-version-check", "--no-input")
    command = [sys.executable, "-I", "-m", "pip", *target, verb, *general, *options]
    # The output can quote an index, so it must not reach the log unescaped.
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if result.returncode and not quiet:
        lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
        for line in lines[-5:]:
            print("pip:", line.replace("##", "#-").strip())
    return result.returncode


def _copy_gate(target: Path) -> None:
    """Copy the gate beside its engine, in the layout of its wheel, without a build."""
    version = ".".join(map(str, sys.version_info[:2]))
    packages = target / "lib" / f"python{version}" / "site-packages"
    excluded = shutil.ignore_patterns("__pycache__", "_rules")
    shutil.copytree(ROOT / "zt_gate", packages / "zt_gate", ignore=excluded)
    shutil.copytree(ROOT / "rules", packages / "zt_gate" / "_rules", ignore=excluded)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
