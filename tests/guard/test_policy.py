"""The pinned policy of the guard."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard import policy as guard_policy
from zt_gate.guard.decision import Mode
from zt_gate.guard.name_globs import fits_glob
from zt_gate.guard.places import GuardPlaces
from zt_gate.guard.policy import GuardPolicy, PinnedPolicyError, pin, pin_content
from zt_gate.guard.task import NARROWEST, Task
from zt_gate.guard.tokens.worker import ISSUERS
from zt_gate.policy import load as loading
from zt_gate.policy.schema import TOKEN_ISSUERS
from zt_gate.scanners import registered

parse = partial(loading.parse, scanners=registered())

DEVELOP = Task("develop", commands=("*",), is_narrow=False, may_write=True)
REVIEW = Task("code-review", tools=("Read",), commands=("git log",))

POLICY = b"""
[tasks.docs]
allowed = ["/docs/"]
commands = ["make docs"]
network = ["docs.example.org"]
limits = { calls = 100 }
ttl = 60
token = "vault"
[tasks.code-review]
restricted = ["/infra/"]
[tasks.wide]
tools = ["Read"]
[skills.look]
allowed = ["/src/"]
network = false
[guard]
task = "docs"
modes = { "*" = "observe", "gate/*" = "warn", "gate/hooks-skipped" = "enforce" }
log-days = 3
"""


def built_in(name: str, _allowed: tuple[str, ...] = ()) -> Task | None:
    return {"develop": DEVELOP, "code-review": REVIEW}.get(name)


def places_in(folder: Path) -> GuardPlaces:
    return GuardPlaces(
        str(folder), str(folder / "state"), os.geteuid(), str(folder / "managed")
    )


def pinned(folder: Path, toml: bytes = POLICY, task: str = "") -> GuardPolicy:
    places = places_in(folder)
    content = pin_content(parse(toml, "p.toml"), toml, "p.toml", task)
    pin(places, "/repo/.git", content)
    return guard_policy.pinned_policy(places, "/repo/.git")


def test_without_a_pin_the_narrowest_task_holds(tmp_path: Path) -> None:
    policy = guard_policy.pinned_policy(places_in(tmp_path), "/repo/.git")
    assert policy == GuardPolicy()
    assert policy.task_named(policy.task, built_in) == NARROWEST
    assert policy.mode_of("gate/anything") is Mode.ENFORCE


def test_a_pin_keeps_everything_that_the_guard_needs(tmp_path: Path) -> None:
    policy = pinned(tmp_path)
    assert policy.source == "p.toml"
    assert policy.log_days == 3
    assert policy.scan_policy == POLICY.decode()
    docs = policy.task_named("docs", built_in)
    assert docs == Task(
        "docs",
        allowed=("/docs/",),
        commands=("make docs",),
        network=("docs.example.org",),
        limits={"calls": 100},
        ttl=60,
        token="vault",
        is_narrow=True,
        may_write=True,
    )


def test_a_table_with_a_built_in_name_narrows_that_task(tmp_path: Path) -> None:
    task = pinned(tmp_path).task_named("code-review", built_in)
    assert task.restricted == ("/infra/",)
    assert task.tools == ("Read",)
    assert not task.may_write


def test_tools_without_an_edit_cannot_write(tmp_path: Path) -> None:
    assert not pinned(tmp_path).task_named("wide", built_in).may_write


def test_a_skill_gets_what_the_policy_says(tmp_path: Path) -> None:
    policy = pinned(tmp_path)
    skill = policy.skill_named("look", DEVELOP)
    assert skill is not None
    assert skill.allowed == ("/src/",)
    assert skill.network == ()
    assert policy.skill_named("other", DEVELOP) is None


def test_the_longest_glob_that_fits_gives_the_mode(tmp_path: Path) -> None:
    policy = pinned(tmp_path)
    assert policy.mode_of("files/outside") is Mode.OBSERVE
    assert policy.mode_of("gate/state") is Mode.WARN
    assert policy.mode_of("gate/hooks-skipped") is Mode.ENFORCE


def test_another_repository_has_the_pin_for_all(tmp_path: Path) -> None:
    pinned(tmp_path)
    places = places_in(tmp_path)
    assert guard_policy.pinned_policy(places, "/other") == GuardPolicy()
    toml = b"[guard]\ntask = 'code-review'\n"
    pin(places, "", pin_content(parse(toml, "p"), toml, "p", ""))
    assert guard_policy.pinned_policy(places, "/other").task == "code-review"
    assert guard_policy.pinned_policy(places, "/repo/.git").task == "docs"


def test_the_installation_chooses_the_task(tmp_path: Path) -> None:
    assert pinned(tmp_path, task="develop").task == "develop"


def test_an_unknown_task_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PinnedPolicyError, match="has no task 'nothing'"):
        pinned(tmp_path).task_named("nothing", built_in)


def test_a_pin_that_was_changed_is_not_used(tmp_path: Path) -> None:
    policy = pinned(tmp_path)
    file = Path(policy.file)
    table = json.loads(file.read_bytes())
    table["task"] = "develop"
    file.write_text(json.dumps(table))
    with pytest.raises(
        PinnedPolicyError, match=r"json:1: .* changed after it was pinned"
    ):
        guard_policy.pinned_policy(places_in(tmp_path), "/repo/.git")


def test_a_pin_that_does_not_parse_names_file_and_line(tmp_path: Path) -> None:
    file = Path(pinned(tmp_path).file)
    file.write_bytes(b'{"version": 1,\n"task": }')
    with pytest.raises(PinnedPolicyError) as caught:
        guard_policy.pinned_policy(places_in(tmp_path), "/repo/.git")
    assert str(caught.value).startswith(f"{file}:2: ")


def test_a_pin_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    file = Path(pinned(tmp_path).file)
    file.chmod(0o666)
    with pytest.raises(PinnedPolicyError, match="other users can write it"):
        guard_policy.pinned_policy(places_in(tmp_path), "/repo/.git")


def test_a_managed_policy_that_is_not_roots_denies(tmp_path: Path) -> None:
    """It takes precedence, so a file that the user made there cannot be passed over."""
    managed = tmp_path / "managed"
    managed.mkdir(mode=0o777)
    managed.chmod(0o777)
    (managed / "policy.json").write_text("{}")
    with pytest.raises(PinnedPolicyError, match="is not used"):
        guard_policy.pinned_policy(places_in(tmp_path), "/repo/.git")


@given(
    st.text("ab/*", max_size=8),
    st.text("ab/", max_size=8),
)
def test_globs_for_controls_fit_as_shell_patterns_do(glob: str, text: str) -> None:
    assert fits_glob(glob, text) == fnmatchcase(text, glob)


def test_a_policy_names_the_issuers_that_there_are() -> None:
    assert tuple(ISSUERS) == TOKEN_ISSUERS
