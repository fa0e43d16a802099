"""Credentials of a role at AWS, against a local stand-in of STS and IAM."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

import pytest

from tests.support.local_server import LocalServer
from zt_gate.guard.tokens.aws_sts import AwsStsIssuer
from zt_gate.guard.tokens.base import TokenError, TokenRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = TokenRequest("ci", 30, "s1")
SECRET = "an-example-key-" + "x" * 20
POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


class StandIn:
    """STS and IAM for one role; ``fault`` names what is wrong."""

    def __init__(self) -> None:
        self.fault = ""
        self.calls: list[dict[str, str]] = []
        self.policies: dict[str, str] = {}
        self.http = LocalServer(_Handler, stand_in=self)
        self.address = self.http.address


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_POST(self) -> None:
        stand = self.stand_in
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = dict(parse_qsl(body.decode()))
        stand.calls.append(asked)
        if not self.is_signed(body):
            self.send(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", "Error")
            return
        if stand.fault == "denied":
            self.send(403, "<Error><Code>AccessDenied</Code></Error>", "Error")
            return
        if stand.fault == "not XML":
            self.send_raw(200, b"hello")
            return
        action = asked["Action"]
        self.send(200, getattr(self, action)(asked), action)

    def AssumeRole(self, asked: dict[str, str]) -> str:  # noqa: N802
        seconds = int(asked["DurationSeconds"])
        if self.stand_in.fault == "longer":
            seconds *= 10
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        name = asked["RoleSessionName"]
        if self.stand_in.fault == "another session":
            name = "root"
        return (
            "<AssumeRoleResult><AssumedRoleUser>"
            f"<AssumedRoleId>AROAEXAMPLE:{name}</AssumedRoleId></AssumedRoleUser>"
            "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
            "<SecretAccessKey>the-secret-part</SecretAccessKey>"
            "<SessionToken>the-session-part</SessionToken>"
            f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            "</AssumeRoleResult>"
        )

    def PutRolePolicy(self, asked: dict[str, str]) -> str:  # noqa: N802
        if self.stand_in.fault != "keeps it":
            self.stand_in.policies[asked["PolicyName"]] = asked["PolicyDocument"]
        return ""

    def GetRolePolicy(self, asked: dict[str, str]) -> str:  # noqa: N802
        document = self.stand_in.policies.get(asked["PolicyName"], "{}")
        return (
            f"<GetRolePolicyResult><PolicyDocument>{quote(document)}</PolicyDocument>"
            "</GetRolePolicyResult>"
        )

    def ListRolePolicies(self, _asked: dict[str, str]) -> str:  # noqa: N802
        rows = "".join(f"<member>{name}</member>" for name in self.stand_in.policies)
        return (
            f"<ListRolePoliciesResult><PolicyNames>{rows}</PolicyNames>"
            "</ListRolePoliciesResult>"
        )

    def DeleteRolePolicy(self, asked: dict[str, str]) -> str:  # noqa: N802
        del self.stand_in.policies[asked["PolicyName"]]
        return ""

    def is_signed(self, body: bytes) -> bool:
        """Whether the signature fits, worked out from what was received."""
        fields = dict(
            part.strip().split("=", 1)
            for part in self.headers["Authorization"].split(" ", 1)[1].split(",")
        )
        _, day, region, service, last = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        canonical = "POST\n/\n\n"
        for name in names:
            canonical += f"{name}:{self.headers[name].strip()}\n"
        canonical += f"\n{fields['SignedHeaders']}\n{hashlib.sha256(body).hexdigest()}"
        text = (
            f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{day}/{region}/{service}/{last}\n"
            + hashlib.sha256(canonical.encode()).hexdigest()
        )
        key = ("AWS4" + SECRET).encode()
        for part in (day, region, service, last):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(fields["Signature"], expected)

    def send(self, status: int, inner: str, action: str) -> None:
        self.send_raw(status, f"<{action}Response>{inner}</{action}Response>".encode())

    def send_raw(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def stand() -> Iterator[tuple[StandIn, AwsStsIssuer]]:
    server = StandIn()
    settings = {
        "role": "arn:aws:iam::123456789012:role/agents",
        "region": "eu-central-1",
        "address": server.address,
        "iam-address": server.address,
        "policies": {"ci": [POLICY], "none": []},
    }
    own = json.dumps({"key": "AKIDEXAMPLE", "secret": SECRET, "token": ""})
    yield server, AwsStsIssuer(settings, own)
    server.http.close()


def test_credentials_are_limited_by_the_policies_of_the_task(
    stand: tuple[StandIn, AwsStsIssuer],
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    (asked,) = server.calls
    assert asked["DurationSeconds"] == "1800"
    assert asked["PolicyArns.member.1.arn"] == POLICY
    assert token.variables["AWS_SESSION_TOKEN"] == "the-session-part"
    assert "the-secret-part" not in token.handle
    assert "the-secret-part" not in repr(token)


def test_revoking_denies_everything_to_that_session_alone(
    stand: tuple[StandIn, AwsStsIssuer],
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    old = f"zt-gate-ended-{int(time.time()) - 90_000}-zt-gate-1"
    server.policies = {old: "{}", "other": "{}"}
    issuer.revoke(token.handle, "")
    issuer.revoke(token.handle, "")
    assert old not in server.policies
    (name,) = server.policies.keys() - {"other"}
    (statement,) = json.loads(server.policies[name])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "*"
    session = server.calls[0]["RoleSessionName"]
    condition = {"StringEquals": {"aws:userid": f"AROAEXAMPLE:{session}"}}
    assert statement["Condition"] == condition


def test_credentials_that_live_longer_are_ended(
    stand: tuple[StandIn, AwsStsIssuer],
) -> None:
    server, issuer = stand
    server.fault = "longer"
    with pytest.raises(TokenError, match="live longer than asked; they were revoked"):
        issuer.issue(REQUEST)
    assert len(server.policies) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("denied", r"AssumeRole failed \(403\): AccessDenied"),
        ("not XML", "the answer is not XML"),
        ("another session", "without credentials of the session"),
    ],
)
def test_a_server_that_does_something_else_is_an_error(
    stand: tuple[StandIn, AwsStsIssuer], fault: str, said: str
) -> None:
    server, issuer = stand
    server.fault = fault
    with pytest.raises(TokenError, match=said):
        issuer.issue(REQUEST)


def test_a_revocation_that_is_only_claimed_is_an_error(
    stand: tuple[StandIn, AwsStsIssuer],
) -> None:
    server, issuer = stand
    token = issuer.issue(REQUEST)
    server.fault = "keeps it"
    with pytest.raises(TokenError, match="did not store the policy"):
        issuer.revoke(token.handle, "")


def test_what_cannot_be_had_is_said(stand: tuple[StandIn, AwsStsIssuer]) -> None:
    _, issuer = stand
    with pytest.raises(TokenError, match="15 minutes or more"):
        issuer.issue(TokenRequest("ci", 5, "s1"))
    with pytest.raises(TokenError, match="all rights of the role"):
        issuer.issue(TokenRequest("none", 30, "s1"))
    with pytest.raises(TokenError, match="no policies for the task 'x'"):
        issuer.issue(TokenRequest("x", 30, "s1"))
