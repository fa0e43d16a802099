"""Passwords in URLs: which block, which warn, which are not reported."""

from __future__ import annotations

import pytest

from tests.scanners.secrets.templates import expand
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets.single_text import scan_formats

RULES = rulebook.load("secrets")
RULE = "secrets/url-credentials"
WORD = "sun" + "shine"
MADE, HEX = expand("{12*A-Za-z0-9}"), expand("{40*a-f0-9}")


def levels(text: str, path: str = "app.cfg") -> list[Level | None]:
    found = scan_formats(text.encode(), path.encode(), RULES)
    assert {finding.rule for finding in found} <= {RULE}
    return [finding.level for finding in found]


@pytest.mark.parametrize(
    "text",
    [
        f"postgres://app:{WORD}@db.prod.internal:5432/app",
        f"redis://:{MADE}@cache:6379/0",
        f"amqps://app:{MADE}@[2001:db8::1]:5671",
        f"smtp://ada@corp.io:{MADE}@smtp.corp.io:587",
        f"https://{HEX}:x-oauth-basic@git.corp.io/x",
        f"jdbc:postgresql://db.corp.io/app?user=app&password={MADE}",
        f"jdbc:mysql://db.corp.io/app?password={WORD}&user=app",
        f"jdbc:oracle:thin:app/{MADE}@//db.corp.io:1521/x",
        f"jdbc:oracle:thin:app/{MADE}@db.corp.io:1521:x",
    ],
)
def test_a_password_that_is_not_a_placeholder_blocks(text: str) -> None:
    assert levels(text) == [Level.BLOCK]


def test_a_plain_word_in_a_test_and_a_token_alone_warn() -> None:
    assert levels(f"redis://:{WORD}@cache:6379/0", "tests/system/test_cache.py") == [
        Level.WARN
    ]
    assert levels(f"redis://:{MADE}@cache:6379/0", "tests/system/test_cache.py") == [
        Level.BLOCK
    ]
    assert levels(f"https://{HEX}@git.corp.io/x") == [Level.WARN]


@pytest.mark.parametrize(
    "text",
    [
        "postgres://user:pass@db.corp.io/app",
        f"postgres://app:{WORD}@localhost/app",
        "https://${USER}:${PASSWORD}@git.corp.io/x",
        "jdbc:mysql://db.corp.io/app?user=app&password=${DB_PASSWORD}",
        f"jdbc:mysql://localhost/app?user=app&password={WORD}",
        f"https://{HEX[:32]}@o12345.ingest.sentry.io/6789",
        "https://cdn.corp.io/a@b.corp.io:8080/x",
        "https://continuous-integration-user@git.corp.io/x",
    ],
)
def test_placeholders_and_names_are_not_reported(text: str) -> None:
    assert levels(text) == []
