"""Which runs of the action keep the gate's own cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.offenders import check_each
from zt_gate.forge import action_install

if TYPE_CHECKING:
    import pytest

KEY = {"ZT_GATE_CACHE_KEY": "k" * 32}
MAIN = {"GITHUB_REF": "refs/heads/main", "ZT_DEFAULT_BRANCH": "main"}


def test_answers_are_kept_with_a_key_and_where_no_pull_request_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forms: tuple[tuple[bool, dict[str, str]], ...] = (
        (True, {"GITHUB_EVENT_NAME": "merge_group", **KEY}),
        (True, {"GITHUB_EVENT_NAME": "workflow_dispatch", **KEY}),
        (True, {"GITHUB_EVENT_NAME": "push", **MAIN, **KEY}),
        (False, {"GITHUB_EVENT_NAME": "merge_group"}),
        (False, {"GITHUB_EVENT_NAME": "push", **MAIN}),
        (False, {"GITHUB_EVENT_NAME": "merge_group", "ZT_GATE_CACHE_KEY": ""}),
        (False, {"GITHUB_EVENT_NAME": "pull_request", **KEY}),
        (False, {"GITHUB_EVENT_NAME": "pull_request_target", **KEY}),
        (
            False,
            {"GITHUB_EVENT_NAME": "push", **MAIN, **KEY, "GITHUB_REF": "refs/heads/x"},
        ),
    )
    names = {name for _, form in forms for name in form}

    def check(form: tuple[bool, dict[str, str]]) -> None:
        for name in names:
            monkeypatch.setenv(name, form[1].get(name, ""))
        assert action_install._keeps_answers() is form[0]

    check_each(forms, check)
