"""Temporary credentials of a role at AWS (STS), ended by a policy of the role.

AWS takes temporary credentials back in one way: a policy of the role that denies
everything to the session.  ``aws:userid`` names that session alone, so others go on.
"""

from __future__ import annotations

import configparser
import hashlib
import hmac
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from zt_gate.guard.tokens.base import (
    IssuedToken,
    TokenError,
    TokenRequest,
    checked_address,
    for_task,
    host_of,
    shown,
)
from zt_gate.guard.tokens.http import call
from zt_gate.guard.tokens.secret_file import read_secret_file
from zt_gate.syntax import xml
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Answer = dict[str, list[str]]

NEEDED = ("role", "policies")
KEYS = (
    "role", "policies", "region", "credentials-file", "profile", "address", "iam-address",
)  # fmt: skip
#: AWS gives a session at least these seconds.
_SHORTEST = 900
_PREFIX = "zt-gate-ended-"
_MOST_OLD = 20


def issuer(settings: Mapping[str, Any], secret: str) -> AwsStsIssuer:
    """Return the issuer; ``secret`` is the JSON of the person's own credentials."""
    return AwsStsIssuer(settings, secret)


def issuing_secret(
    home: str, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> str:
    """Return the person's own credentials as JSON; raises TokenError."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    if environ.get(names[0]) and "credentials-file" not in settings:
        key, secret, token = (environ.get(name, "") for name in names)
        return json.dumps({"key": key, "secret": secret, "token": token})
    path = str(
        settings.get("credentials-file") or os.path.join(home, ".aws/credentials")
    )
    parser = configparser.RawConfigParser()
    profile = str(settings.get("profile") or "default")
    try:
        parser.read_string(read_secret_file(path))
        table = parser[profile]
        key, secret = table["aws_access_key_id"], table["aws_secret_access_key"]
    except (configparser.Error, KeyError):
        # The file's own words are no part of the message: they are secrets.
        raise TokenError(f"{path} has no keys of the profile {profile!a}") from None
    return json.dumps(
        {"key": key, "secret": secret, "token": table.get("aws_session_token", "")}
    )


class AwsStsIssuer:
    """Issues and revokes for one role; see ``TokenIssuer``."""

    def __init__(self, settings: Mapping[str, Any], secret: str) -> None:
        self._settings = settings
        self._own: dict[str, str] = json.loads(secret)
        self._region = str(settings.get("region") or "us-east-1")
        self._sts = checked_address(
            str(settings.get("address") or f"https://sts.{self._region}.amazonaws.com"),
            "aws-sts's address",
        )
        self._iam = checked_address(
            str(settings.get("iam-address") or "https://iam.amazonaws.com"),
            "aws-sts's iam-address",
        )
        self._role = str(settings["role"])

    def issue(self, request: TokenRequest) -> IssuedToken:
        """Return credentials that the task's policies limit; see ``TokenIssuer``."""
        seconds = 60 * request.minutes
        if seconds < _SHORTEST:
            raise TokenError("credentials of AWS live 15 minutes or more: ask for more")
        name = f"zt-gate-{os.urandom(8).hex()}"
        asked = {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": self._role,
            "RoleSessionName": name,
            "DurationSeconds": str(seconds),
        }
        policies = for_task(self._settings, "policies", request.task, "aws-sts")
        if not policies:
            raise TokenError(
                f"the task {request.task!a} has no policy in [guard.tokens.aws-sts]: it "
                "would have all rights of the role"
            )
        for number, policy in enumerate(policies, 1):
            asked[f"PolicyArns.member.{number}.arn"] = str(policy)
        root = self._call(self._sts, "sts", asked)
        texts = [
            _text(root, f"AssumeRoleResult/Credentials/{part}")
            for part in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        ]
        user = _text(root, "AssumeRoleResult/AssumedRoleUser/AssumedRoleId")
        if not all(texts) or not user.endswith(f":{name}"):
            raise TokenError(f"{self._sts} answered without credentials of the session")
        self._check_life(root, seconds, user)
        variables = {
            "AWS_ACCESS_KEY_ID": texts[0],
            "AWS_SECRET_ACCESS_KEY": texts[1],
            "AWS_SESSION_TOKEN": texts[2],
            "AWS_REGION": self._region,
        }
        value = json.dumps(texts)
        # The end is in the handle, so that a later revocation can clear old ones away.
        handle = f"{int(time.time()) + seconds} {user}"
        hosts = tuple(
            dict.fromkeys((host_of(self._sts), f"*.{self._region}.amazonaws.com"))
        )
        return IssuedToken(handle, value, variables, hosts, seconds, seconds)

    def revoke(self, handle: str, value: str) -> None:
        """Deny everything to the session by a policy of the role; see ``TokenIssuer``."""
        del value
        end, _, user = handle.partition(" ")
        name = f"{_PREFIX}{end}-{user.partition(':')[2]}"
        document = json.dumps(_denial(user), separators=(",", ":"))
        role = self._role.rpartition("/")[2]
        self._clear_old(role)
        self._on_role(
            role, "PutRolePolicy", {"PolicyName": name, "PolicyDocument": document}
        )
        stored = self._on_role(role, "GetRolePolicy", {"PolicyName": name})
        text = unquote(_text(stored, "GetRolePolicyResult/PolicyDocument"))
        try:
            is_stored = json.loads(text) == _denial(user)
        except ValueError:
            is_stored = False
        if not is_stored:
            raise TokenError(
                f"{self._iam} did not store the policy that ends the session"
            )

    def _check_life(self, root: _Answer, seconds: int, user: str) -> None:
        from datetime import UTC, datetime

        text = _text(root, "AssumeRoleResult/Credentials/Expiration")
        try:
            expires = datetime.fromisoformat(text)
            life = (expires - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            life = float("inf")
        if life > seconds + 300:
            self.revoke(f"{int(time.time()) + 12 * 3600} {user}", "")
            raise TokenError(
                f"{self._sts} issued credentials that live longer than asked; they were "
                "revoked"
            )

    def _clear_old(self, role: str) -> None:
        """Remove denials of sessions that ended: a role has room for a few dozen."""
        root = self._on_role(role, "ListRolePolicies", {})
        names = root.get("ListRolePoliciesResult/PolicyNames/member", [])
        for name in names[:_MOST_OLD]:
            end = name.removeprefix(_PREFIX).partition("-")[0]
            if (
                name.startswith(_PREFIX)
                and end.isdigit()
                and int(end) < time.time() - 3600
            ):
                self._on_role(role, "DeleteRolePolicy", {"PolicyName": name})

    def _on_role(self, role: str, action: str, asked: Mapping[str, str]) -> _Answer:
        fields = {"Action": action, "Version": "2010-05-08", "RoleName": role, **asked}
        return self._call(self._iam, "iam", fields)

    def _call(self, address: str, service: str, asked: Mapping[str, str]) -> _Answer:
        """Make a signed call and return the root of the answer; raises TokenError."""
        body = urlencode(asked).encode("ascii")
        region = self._region if service == "sts" else "us-east-1"
        headers = _signed(address, service, region, body, self._own)
        status, content = call("POST", f"{address}/", headers, body)
        place = f"{address}: {asked['Action']}"
        try:
            root = _answer(content)
        except SyntaxReadError:
            raise TokenError(f"{place}: the answer is not XML ({status})") from None
        if status != 200:
            code = _text(root, "Error/Code")
            raise TokenError(f"{place} failed ({status}): {shown(code)}")
        return root


def _denial(user: str) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:userid": user}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _signed(
    address: str, service: str, region: str, body: bytes, own: Mapping[str, str]
) -> dict[str, str]:
    """Return the headers of a request, signed (AWS Signature Version 4)."""
    now = time.gmtime()
    at, day = time.strftime("%Y%m%dT%H%M%SZ", now), time.strftime("%Y%m%d", now)
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": urlsplit(address).netloc,
        "x-amz-date": at,
    }
    if own.get("token"):
        headers["x-amz-security-token"] = own["token"]
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join(("POST", quote("/"), "", lines, names, digest))
    scope = f"{day}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}"
    key = f"AWS4{own['secret']}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={own['key']}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return headers


def _answer(content: bytes) -> _Answer:
    """Return the texts of an answer's elements by their path below the outermost."""
    found: _Answer = {}
    for path, _key, element in xml.elements(xml.read(content)):
        found.setdefault("/".join(path[1:]), []).append(element.value)
    return found


def _text(answer: _Answer, path: str) -> str:
    found = answer.get(path)
    return found[0] if found else ""
