"""``create_scoped_session_token`` and the issuers' settings, from the user's file on."""

from __future__ import annotations

import json
import os

import pytest

from tests.guard.tokens.conftest import Vaulted  # noqa: TC001 - pytest reads it
from tests.guard.tokens.test_aws_sts import POLICY, SECRET, stand
from zt_gate import api
from zt_gate.errors import GateError
from zt_gate.guard import places
from zt_gate.guard.tokens import session_tokens
from zt_gate.guard.tokens.for_task import create_for_task

__all__ = ["stand"]  # the fixture


def test_a_python_caller_gets_a_token_that_ends_with_the_block(
    vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "guard_places", lambda: vaulted.places)
    with api.create_scoped_session_token("ci", 20, folder=vaulted.root) as token:
        assert [one.value for one in vaulted.server.alive()] == [token.value]
        assert vaulted.server.issued[0].ttl == 1200
    assert vaulted.server.alive() == []
    with (
        pytest.raises(ZeroDivisionError),
        api.create_scoped_session_token("ci", folder=vaulted.root),
    ):
        raise ZeroDivisionError
    assert vaulted.server.alive() == []


def test_the_variable_of_the_issuing_token_comes_before_its_file(
    vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch
) -> None:
    (vaulted.home / ".vault-token").unlink()
    monkeypatch.setattr(places, "guard_places", lambda: vaulted.places)
    environ = {"VAULT_TOKEN": vaulted.server.root.value}
    with api.create_scoped_session_token("ci", folder=vaulted.root, environ=environ):
        assert len(vaulted.server.alive()) == 1
    with pytest.raises(GateError, match="cannot be read"):
        api.create_scoped_session_token("ci", folder=vaulted.root, environ={})


def test_credentials_of_aws_by_the_users_file(vaulted: Vaulted, stand: object) -> None:
    server, _ = stand  # type: ignore[misc]
    vaulted.configure(
        "[guard.tokens.aws-sts]\nrole = 'arn:aws:iam::123456789012:role/agents'\n"
        f"address = '{server.address}'\niam-address = '{server.address}'\n"
        f"policies = {{ ci = ['{POLICY}'] }}\n"
    )
    file = vaulted.home / ".aws/credentials"
    file.parent.mkdir()
    file.write_text(
        f"[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {SECRET}\n"
    )
    file.chmod(0o600)
    token = create_for_task(vaulted.places, "aws-sts", "ci", 30, str(vaulted.root), {})
    assert json.loads(token.value)[1] == "the-secret-part"
    (record,) = vaulted.records()
    assert "the-secret-part" not in repr(record)
    session_tokens.revoke_of_session(vaulted.places, record.session, {})
    assert len(server.policies) == 1
    file.write_text("[other]\n")
    with pytest.raises(GateError, match="has no keys of the profile 'default'"):
        create_for_task(vaulted.places, "aws-sts", "ci", 30, str(vaulted.root), {})
    assert os.listdir(os.path.join(vaulted.places.state, "tokens")) == []


def test_an_issuer_that_nobody_knows_is_said(vaulted: Vaulted) -> None:
    with pytest.raises(GateError, match="unknown issuer 'x'; known: vault"):
        create_for_task(vaulted.places, "x", "ci", 30, str(vaulted.root), {})
