"""Formats with a fixed literal: when they block, and what lowers their level."""

from __future__ import annotations

import base64
import json

import pytest

from tests.scanners.secrets.templates import expand
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets.single_text import scan_formats

RULES = rulebook.load("secrets")
GOOGLE = expand("AI{1*z}a{35*A-Za-z0-9_-}")


def levels(text: str, path: str = "notes.txt") -> list[tuple[str, Level | None]]:
    return [
        (f.rule, f.level) for f in scan_formats(text.encode(), path.encode(), RULES)
    ]


@pytest.mark.parametrize("text", [GOOGLE, f"x = '{GOOGLE}'", f"?key={GOOGLE}&q=1"])
def test_a_bare_google_key_blocks(text: str) -> None:
    assert levels(text) == [("secrets/google-api-key", Level.BLOCK)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'"current_key": "{GOOGLE}"', "app/google-services.json"),
        (
            f"<key>API_KEY</key><string>{GOOGLE}</string>",
            "ios/GoogleService-Info.plist",
        ),
        (f'apiKey: "{GOOGLE}",\n  authDomain: "app.firebaseapp.com",', "src/main.ts"),
        (f"https://maps.googleapis.com/maps/api/js?key={GOOGLE}", "index.html"),
    ],
)
def test_a_google_key_that_is_published_by_design_warns(text: str, path: str) -> None:
    assert levels(text, path) == [("secrets/google-api-key", Level.WARN)]


def jwt(head: dict[str, object], claims: dict[str, object]) -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (head, claims)
    )
    text = ".".join(part.decode().rstrip("=") for part in parts)
    return f"{text}.{expand('{43*A-Za-z0-9}')}"


def test_a_signed_token_with_a_time_is_no_sample() -> None:
    head: dict[str, object] = {"alg": "HS256", "typ": "JWT"}
    assert levels(jwt(head, {"exp": 1_900_000_000})) == [("secrets/jwt", Level.BLOCK)]
    assert levels(jwt(head, {"sub": "ada", "scope": "all"})) == [
        ("secrets/jwt", Level.BLOCK)
    ]
    assert levels(jwt(head, {"name": "ada"})) == [("secrets/jwt", Level.WARN)]


def test_a_long_value_is_not_taken_for_a_repeat() -> None:
    body = base64.b64encode(expand("{600*A-Za-z0-9}").encode()).decode().rstrip("=")
    assert levels("ops_" + "eyJ" + body) == [
        ("secrets/onepassword-service-token", Level.BLOCK)
    ]
