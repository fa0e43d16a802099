"""Measures the duration of the action with a cold and with a warm cache.

    python -m bench.action

The action checks a repository with one changed Python file twice, as on a runner: first
without a cache, so that the engine is downloaded, then with the wheels of the first run
and a new environment, as with actions/cache. Prints wall and CPU seconds of all ``run:``
steps with their children, without the setup of Python and the transfer of the cache.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

from tests.support.action import run_action
from tests.support.forge import about, pull
from tests.support.repo import Repo

ROOT = Path(__file__).resolve().parents[1]
_USES = ("actions/setup-python", "actions/cache")
_BEFORE = 'def total(prices: list[int]) -> int:\n    """Add prices."""\n    return sum(prices)\n'


def measure(repo: Repo, temp: Path, base: str) -> tuple[float, float, str]:
    """Return wall seconds, CPU seconds and the verdict of one run."""
    event = {"pull_request": pull(base, repo.head()), "repository": about()}
    environ = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_"))
    }
    environ["GITHUB_SERVER_URL"] = f"file://{repo.path.parents[1]}"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = run_action(
        ROOT, repo.path, event, temp=temp, uses=dict.fromkeys(_USES, lambda _: None),
        inputs={"comment": "false", "offline": "true"}, environ=environ,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu, done.outputs["verdict"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder, "acme", "shop"))
        repo.write("shop.py", _BEFORE)
        base = repo.commit("before")
        repo.git("checkout", "-q", "-b", "topic")
        repo.write("shop.py", _BEFORE.replace("sum(prices)", "sum(prices, start=0)"))
        repo.commit("after")
        temp = Path(folder, "runner")
        temp.mkdir()
        for name in ("cold", "warm"):
            wall, cpu, verdict = measure(repo, temp, base)
            size = sum(
                f.stat().st_size for f in (temp / "zt-gate" / "wheels").iterdir()
            )
            print(f"{name}: {wall:.1f} s, CPU {cpu:.1f} s, verdict {verdict}, "
                  f"cache {size / 1e6:.0f} MB")  # fmt: skip
            shutil.rmtree(temp / "zt-gate" / "answers")


if __name__ == "__main__":
    main()
