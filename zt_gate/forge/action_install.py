"""What action.yml runs before the gate is there: where things go, and the installation.

    python -I install.py plan        # outputs for the caching steps
    python -I install.py install     # the gate and its engine, into RUNNER_TEMP

The standard library alone, since nothing is installed yet. The engine comes from wheels
whose hashes stand in ``requirements.lock``: a cache that a pull request has written can
cost time, and nothing else. The gate's own answers have no such hashes, so they are
only kept where no change can write what is read (see ``ANSWERS``).
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
#: Events whose runs read caches that only the base's branches have written.
ANSWERS = frozenset(("merge_group", "workflow_dispatch", "workflow_run", "schedule"))


def main(words: list[str]) -> int:
    """Run one of the two verbs."""
    temp = Path(os.environ["RUNNER_TEMP"], "zt-gate")
    if words == ["plan"]:
        return plan(temp)
    if words == ["install"]:
        return install(temp)
    print("::error title=zt-gate::install.py takes plan or install")
    return 2


def plan(temp: Path) -> int:
    """Say where the caches lie, under which key, and whether answers are kept."""
    lock = hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()[:24]
    version = ".".join(map(str, sys.version_info[:2]))
    machine = f"{platform.system()}-{platform.machine()}-py{version}".lower()
    default = os.environ.get("ZT_DEFAULT_BRANCH", "")
    pushed = (
        os.environ.get("GITHUB_EVENT_NAME") == "push"
        and bool(default)
        and os.environ.get("GITHUB_REF") == f"refs/heads/{default}"
    )
    kept = pushed or os.environ.get("GITHUB_EVENT_NAME") in ANSWERS
    rows = {
        "key": f"zt-gate-{machine}-{lock}",
        "wheels": temp / "wheels",
        "answers": temp / "answers",
        "keep-answers": "true" if kept else "false",
        "python": temp / "venv" / "bin" / "python",
    }
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in rows.items())
    return 0


def install(temp: Path) -> int:
    """Make the environment; returns pip's exit code where it cannot be made."""
    target, wheels = temp / "venv", temp / "wheels"
    shutil.rmtree(target, ignore_errors=True)
    venv.EnvBuilder(symlinks=True).create(target)
    python = target / "bin" / "python"
    if not (
        wheels.is_dir()
        and any(wheels.iterdir())
        and _put(python, wheels, quiet=True) == 0
    ):
        # Nothing was kept, or what was kept is not what the lock says.
        shutil.rmtree(wheels, ignore_errors=True)
        code = _pip(
            "download", "--only-binary=:all:", "--dest", str(wheels), *_locked()
        )
        code = code or _put(python, wheels)
        if code:
            print("::error title=zt-gate::the gate's engine could not be installed")
            return code
    _copy_gate(target)
    (temp / "answers").mkdir(mode=0o700, exist_ok=True)
    return 0


def _locked() -> tuple[str, ...]:
    return ("--require-hashes", "--no-deps", "--requirement", str(ROOT / LOCK))


def _put(python: Path, wheels: Path, *, quiet: bool = False) -> int:
    """Install from the folder alone; every file must have a hash of the lock."""
    words = ("--no-index", "--find-links", str(wheels), "--no-compile", *_locked())
    return _pip("install", *words, python=python, quiet=quiet)


def _pip(
    verb: str, *words: str, python: Path | None = None, quiet: bool = False
) -> int:
    where = ("--python", str(python)) if python else ()
    command = [sys.executable, "-I", "-m", "pip", *where, verb, "--quiet",
               "--disable-pip-version-check", "--no-input", *words]  # fmt: skip
    # Its words quote an index's answers: not into a log that obeys commands.
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode and not quiet:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()[-5:]
        for line in told:
            print("pip:", line.replace("##", "#-").strip())
    return done.returncode


def _copy_gate(target: Path) -> None:
    """Put the gate beside its engine, as its wheel has it; nothing is built."""
    version = ".".join(map(str, sys.version_info[:2]))
    packages = target / "lib" / f"python{version}" / "site-packages"
    left_out = shutil.ignore_patterns("__pycache__", "_rules")
    shutil.copytree(ROOT / "zt_gate", packages / "zt_gate", ignore=left_out)
    shutil.copytree(ROOT / "rules", packages / "zt_gate" / "_rules", ignore=left_out)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
