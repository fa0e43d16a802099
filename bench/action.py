"""How long the action takes, from a cold and from a warm cache.

    python -m bench.action

A repository with one changed Python file is judged twice as on a runner: first with
nothing kept, so that the engine is downloaded, then with the wheels of the first run and
a new environment, as actions/cache leaves it. Wall and CPU seconds of all ``run:`` steps
(children included); bringing a Python and moving the cache are the runner's own.
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


def measured(repo: Repo, temp: Path, base: str) -> tuple[float, float, str]:
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
            wall, cpu, verdict = measured(repo, temp, base)
            size = sum(
                f.stat().st_size for f in (temp / "zt-gate" / "wheels").iterdir()
            )
            print(f"{name}: {wall:.1f} s, CPU {cpu:.1f} s, verdict {verdict}, "
                  f"cache {size / 1e6:.0f} MB")  # fmt: skip
            shutil.rmtree(temp / "zt-gate" / "answers")


if __name__ == "__main__":
    main()
