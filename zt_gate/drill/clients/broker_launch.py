"""Starts a client on a machine of its own: run by ``unshare --mount``, as root.

It mounts what the machine has, starts the broker under its account and the client under
the user's, and ends both.  What to do comes as JSON in the file of the first argument.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

_SECONDS = 60


def main(spec: dict[str, Any]) -> int:
    """Return the client's exit code."""
    for source, target in spec["mounts"]:
        if not source:
            _mount("-t", "tmpfs", "-o", "mode=755", "none", target)
            continue
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        elif not os.path.lexists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "wb").close()
        _mount("--rbind", source, target)
    for place, owner in spec["folders"]:
        os.makedirs(place, mode=0o755, exist_ok=True)
        os.chown(place, owner, owner)
    others = []
    broker = None
    if spec["broker"]:
        broker = _as(spec["broker_user"], spec["broker"], cwd="/")
        others.append(broker)
        _wait_for(spec["socket"])
    if spec["beside"]:
        others.append(_as(spec["user"], spec["beside"], cwd=spec["cwd"]))
    client = _as(
        spec["user"], spec["command"], cwd=spec["cwd"], env=spec["environ"], quiet=False
    )
    try:
        return _waited(client, broker, spec["stop_file"])
    finally:
        for process in others:
            process.kill()
            process.wait()


def _waited(
    client: subprocess.Popen[bytes],
    broker: subprocess.Popen[bytes] | None,
    stop_file: str,
) -> int:
    """Wait for the client; the broker is killed when the client has made a file."""
    while True:
        if broker is not None and os.path.exists(stop_file):
            broker.kill()
            broker = None
        with suppress(subprocess.TimeoutExpired):
            return client.wait(0.05 if broker is not None else None)


def _as(
    user: int,
    words: list[str],
    *,
    cwd: str,
    env: dict[str, str] | None = None,
    quiet: bool = True,
) -> subprocess.Popen[bytes]:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(
        words,
        cwd=cwd,
        env={"PATH": os.defpath} if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        user=user,
        group=user,
        extra_groups=[],
    )


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, stdin=subprocess.DEVNULL)


def _wait_for(path: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path)
            except OSError:
                time.sleep(0.02)
            else:
                return
    raise SystemExit("the broker did not start")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        raise SystemExit(main(json.load(file)))
