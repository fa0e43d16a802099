"""The guard's log."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guard.test_policy import places_in
from zt_gate.audit.chain import LogError
from zt_gate.guard import log
from zt_gate.guard.masked_text import masked
from zt_gate.guard.policy import GuardPolicy

# Put together at run time: a scanner would take them for live ones.
KEY = "AKIA" + "Z5QX7RT2MNB4KLPW"
TOKEN = "ghp_" + "a8Kd03nVbQ91xLmZr7TyUe5WsCf2GhJk4PoI"


def test_lines_are_chained_and_read_in_order(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    for number in range(3):
        log.append(places, GuardPolicy(), {"event": "call", "number": number})
    assert [entry["number"] for entry in log.read_log(places)] == [0, 1, 2]
    (file,) = log.log_files(places)
    assert Path(file).stat().st_mode & 0o777 == 0o600


def test_a_changed_line_is_found(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    for number in range(3):
        log.append(places, GuardPolicy(), {"event": "call", "number": number})
    file = Path(log.log_files(places)[0])
    file.write_bytes(file.read_bytes().replace(b'"number":1', b'"number":7'))
    with pytest.raises(LogError, match="line 2 of the log was changed"):
        list(log.read_log(places))


def test_a_large_file_is_closed_and_the_chain_goes_on(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    policy = GuardPolicy(log_megabytes=0)
    for number in range(4):
        log.append(places, policy, {"event": "call", "number": number})
    assert len(log.log_files(places)) == 4
    assert [entry["number"] for entry in log.read_log(places)] == [0, 1, 2, 3]


def test_a_removed_file_is_found(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    policy = GuardPolicy(log_megabytes=0)
    for number in range(4):
        log.append(places, policy, {"event": "call", "number": number})
    removed = log.log_files(places)[1]
    os.unlink(removed)
    with pytest.raises(LogError, match="does not follow the file before it"):
        list(log.read_log(places))


def test_an_old_file_is_closed_and_older_ones_are_removed(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    log.append(places, GuardPolicy(log_days=1), {"event": "call", "number": 0})
    first = Path(log.log_files(places)[0])
    year = time.strftime("%Y")
    first.write_bytes(first.read_bytes().replace(f'"{year}-'.encode(), b'"2019-', 1))
    days = GuardPolicy(log_days=1, keep_days=30)
    log.append(places, days, {"event": "call", "number": 1})
    old, current = log.log_files(places)
    assert "guard-" in old
    os.utime(old, (0, 0))
    log.append(places, GuardPolicy(log_megabytes=0, keep_days=30), {"event": "call"})
    assert old not in log.log_files(places)
    assert current in log.log_files(places)


def test_a_log_that_is_a_link_is_not_written(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    target = tmp_path / "elsewhere"
    target.write_text("")
    Path(places.logs).mkdir(parents=True)
    Path(places.logs, log.CURRENT).symlink_to(target)
    with pytest.raises(LogError):
        log.append(places, GuardPolicy(), {"event": "call"})
    assert target.read_text() == ""


SECRETS = (
    f"curl -H 'Authorization: Bearer {TOKEN}' https://h.example",
    f'curl -H "authorization: token {TOKEN}" https://h.example',
    f"git clone https://ada:{TOKEN}@h.example/r.git",
    f"export AWS_ACCESS_KEY_ID={KEY}",
    f"aws configure set aws_access_key_id {KEY}",
    f"echo {TOKEN} | gh auth login --with-token",
    f"DB_PASSWORD=hunter-{KEY} ./run",
    f"mysql -p{TOKEN} -u root",
    f"printf 'token: {TOKEN}' > x",
)


@pytest.mark.parametrize("command", SECRETS)
def test_a_secret_of_a_command_is_not_in_the_log(command: str) -> None:
    text = masked(command)
    assert KEY not in text
    assert TOKEN not in text
    assert not re.search(r"hunter|" + TOKEN[8:20], text)


@pytest.mark.parametrize(
    "command",
    [
        "git log --oneline --max-count=20 origin/main..HEAD",
        "pytest -q tests/guard/test_policy.py",
        "npm run build --workspace packages/frontend",
        "sed -n 1,80p zt_gate/scanners/dependencies/registry_names.py",
        "docker-compose -f docker-compose.override.yml up",
    ],
)
def test_an_everyday_command_stays_readable(command: str) -> None:
    assert masked(command) == command


@given(st.text())
def test_masking_takes_any_text(text: str) -> None:
    assert len(masked(text)) <= 40_000
