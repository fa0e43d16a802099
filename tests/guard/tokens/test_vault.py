"""Tokens of a Vault-compatible server: what they can do, and what a bad server can do."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zt_gate.errors import GateError, UsageError
from zt_gate.guard.private_file import GuardStateError
from zt_gate.guard.tokens import ask, records, session_tokens
from zt_gate.guard.tokens.base import TokenError
from zt_gate.guard.tokens.for_task import create_for_task

if TYPE_CHECKING:
    from tests.guard.tokens.conftest import Vaulted
    from zt_gate.guard.tokens.session_tokens import ScopedToken


TABLE = "[guard.tokens.vault]\n"
ONE = "policies = { ci = ['a'] }\n"
SAFE = f"{TABLE}address = 'https://vault.example'\n{ONE}"


def create(vaulted: Vaulted, task: str = "ci", minutes: int = 30) -> ScopedToken:
    return create_for_task(
        vaulted.places, "vault", task, minutes, str(vaulted.root), {}
    )


def test_a_token_has_the_policy_of_its_task_and_the_lifetimes_and_no_more(
    vaulted: Vaulted,
) -> None:
    with create(vaulted) as token:
        (issued,) = vaulted.server.issued
        assert token.value == issued.value
        assert issued.policies == ["ci-read"]
        assert (issued.ttl, issued.explicit_max_ttl) == (1800, 3600)
        assert issued.renewable is False
        assert issued.kind == "service"
        assert issued.meta["zt-gate-task"] == "ci"
        assert issued.meta["zt-gate-session"] == token.record.session
        assert token.variables["VAULT_TOKEN"] == issued.value
        assert token.seconds == 1800
        assert issued.value not in repr(token)
    assert vaulted.server.alive() == []
    assert vaulted.records() == []


def test_the_record_has_the_accessor_and_never_the_token(vaulted: Vaulted) -> None:
    token = create(vaulted)
    (record,) = vaulted.records()
    assert record.handle == vaulted.server.issued[0].accessor
    for folder, _, names in os.walk(vaulted.places.state):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            assert token.value.encode() not in content, name
            assert vaulted.server.root.value.encode() not in content, name
    mode = os.stat(records.path_of(vaulted.places, record.id)).st_mode
    assert mode & 0o077 == 0
    token.revoke()


def test_revoking_twice_is_no_error(vaulted: Vaulted) -> None:
    token = create(vaulted)
    token.revoke()
    token.revoke()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("more policies", "it has the policies root, too; it was revoked"),
        ("lies about policies", "it has the policies root, too; it was revoked"),
        ("longer", "it lives longer; it was revoked"),
        ("no maximum", "another maximal lifetime; it was revoked"),
        ("renewable", "it can be renewed; it was revoked"),
        ("batch", "it cannot be revoked; it was revoked"),
        ("no accessor", "answered without a new token"),
        ("own token", "answered without a new token"),
        ("garbage", "the answer is not JSON"),
        ("elsewhere", "did not create a token"),
        ("sealed", "it is sealed or not ready"),
    ],
)
def test_a_server_that_does_not_do_what_was_asked_gives_no_session(
    vaulted: Vaulted, fault: str, said: str
) -> None:
    vaulted.server.fault = fault
    with pytest.raises(TokenError, match=said) as raised:
        create(vaulted)
    assert vaulted.records() == []
    if "was revoked" in said:
        assert vaulted.server.alive() == []
    for secret in (vaulted.server.root, *vaulted.server.issued):
        assert secret.value not in str(raised.value)


@pytest.mark.parametrize("fault", ["slow", "drip"])
def test_a_server_that_is_slow_is_given_up(
    vaulted: Vaulted, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "SECONDS", 4.0)
    vaulted.server.fault = fault
    with pytest.raises(TokenError, match="no answer within 4 s"):
        create(vaulted)
    assert vaulted.records() == []


def test_a_server_that_is_down_is_said(vaulted: Vaulted) -> None:
    vaulted.server.close()
    with pytest.raises(TokenError, match=r"did not create a token: no answer"):
        create(vaulted)


def test_a_policy_that_the_server_does_not_know_is_said(vaulted: Vaulted) -> None:
    vaulted.server.known_policies.remove("ci-read")
    with pytest.raises(TokenError, match=r"ci-read.* does not exist; it was revoked"):
        create(vaulted)
    assert vaulted.server.alive() == []


def test_an_issuing_token_without_the_right_is_said(vaulted: Vaulted) -> None:
    vaulted.server.root.policies = ["nothing"]
    with pytest.raises(TokenError, match="permission denied"):
        create(vaulted)


def test_a_revocation_that_is_only_claimed_is_an_error_and_tried_again(
    vaulted: Vaulted,
) -> None:
    token = create(vaulted)
    vaulted.server.fault = "keeps it"
    with pytest.raises(TokenError, match="says that the token was revoked, but"):
        token.revoke()
    assert [one.id for one in vaulted.records()] == [token.record.id]
    vaulted.server.fault = ""
    (done,) = session_tokens.revoke_of_session(vaulted.places, token.record.session, {})
    assert done.problem == ""
    assert vaulted.server.alive() == []


@pytest.mark.parametrize("fault", ["drop before", "drop after"])
def test_a_server_that_breaks_off_half_way_through_a_revocation(
    vaulted: Vaulted, fault: str
) -> None:
    token = create(vaulted)
    vaulted.server.fault = fault
    with pytest.raises(TokenError, match="did not revoke a token: no answer"):
        token.revoke()
    assert vaulted.records(), "not confirmed, so not forgotten"
    vaulted.server.fault = ""
    session_tokens.revoke_of_session(vaulted.places, token.record.session, {})
    assert vaulted.records() == []
    assert vaulted.server.alive() == []


def test_what_an_ended_process_left_is_revoked_with_any_session(
    vaulted: Vaulted,
) -> None:
    """Behind a broker a command has another session than its agent."""
    token = create(vaulted)
    other = create(vaulted)
    ended = replace(
        token.record, process=f"{token.record.process.rpartition(':')[0]}:1"
    )
    records.store(vaulted.places, ended)
    done = session_tokens.revoke_of_session(vaulted.places, "another", {})
    assert [one.record.id for one in done] == [token.record.id]
    assert [one.value for one in vaulted.server.alive()] == [other.value]
    other.revoke()


def test_what_a_task_has_no_policy_for_is_refused(vaulted: Vaulted) -> None:
    with pytest.raises(UsageError, match="1 to 1440 minutes"):
        create(vaulted, "deploy", minutes=0)
    with pytest.raises(TokenError, match="no policies for the task 'deploy'"):
        create(vaulted, "deploy")
    with pytest.raises(GateError, match="has no task 'x'"):
        create(vaulted, "x")
    assert vaulted.server.calls == []


def test_one_session_has_one_task(vaulted: Vaulted) -> None:
    create(vaulted).revoke()
    with pytest.raises(UsageError, match="one session has one task"):
        create(vaulted, "develop")


def test_a_full_disk_leaves_no_token(
    vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise GuardStateError("the record cannot be written: No space left on device")

    monkeypatch.setattr(records, "store", full)
    with pytest.raises(GuardStateError, match="No space left"):
        create(vaulted)
    assert len(vaulted.server.issued) == 1
    assert vaulted.server.alive() == []


def test_a_contained_session_gets_no_token(vaulted: Vaulted) -> None:
    from zt_gate.guard.session import records as sessions

    create(vaulted).revoke()
    with sessions.opened(vaulted.places) as known:
        known.known[-1].contain("a test")
        known.changed = True
    with pytest.raises(UsageError, match="is contained: a test"):
        create(vaulted)
    assert len(vaulted.server.issued) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no table"),
        (f"{TABLE}address = 'http://vault.example'\n{ONE}", "must begin with https://"),
        (f"{TABLE}address = 'https://u@vault.example'\n{ONE}", "is no address"),
        (f"{TABLE}address = 'https://vault.example'", "policies is missing"),
        (f"{TABLE}address = 5\npolicies = {{}}", "wrong type"),
        (f"{TABLE}addres = 'x'", "unknown key 'addres'"),
        (f"{SAFE}token-file = '/nonexistent/t'", "cannot be read"),
        (f"{SAFE}token-file = '~/project/t'", "must not be in the project"),
    ],
)  # fmt: skip
def test_wrong_settings_are_said(vaulted: Vaulted, text: str, said: str) -> None:
    vaulted.configure(text)
    with pytest.raises(GateError, match=said):
        create(vaulted)


def test_an_issuing_token_that_others_can_read_is_not_used(vaulted: Vaulted) -> None:
    (vaulted.home / ".vault-token").chmod(0o644)
    with pytest.raises(TokenError, match="other users can read"):
        create(vaulted)
    assert vaulted.server.calls == []


def test_a_damaged_record_is_said(vaulted: Vaulted) -> None:
    token = create(vaulted)
    with open(records.path_of(vaulted.places, token.record.id), "w") as file:
        file.write("{")
    with pytest.raises(GuardStateError, match="a token may still be valid"):
        session_tokens.revoke_leftovers(vaulted.places, {})
