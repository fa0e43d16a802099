"""A private key of a test or an example warns; anywhere else it blocks."""

from __future__ import annotations

import base64

import pytest

from tests.scanners.secrets.one_file import RULES, findings_in
from tests.scanners.secrets.templates import expand
from zt_gate.model.finding import Level

_BODY = "\n".join(expand("{64*A-Za-z0-9+/}") for _ in range(6))
KEY = f"-----BEGIN{' '}PRIVATE KEY-----\n{_BODY}\n-----END{' '}PRIVATE KEY-----\n"
MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: tls\ndata:\n  tls.key: "


def _level(path: str, text: str = KEY) -> Level | None:
    (finding,) = findings_in(text, path)
    assert finding.rule == "secrets/private-key"
    return finding.level or RULES[finding.rule].level


@pytest.mark.parametrize(
    "path",
    [
        "internal/event/testdata/certs/client_key.pem",
        "template/v2/_testdata/root-ca.key",
        "integration/fixtures/https/ca.key",
        "tests/tls/server.key",
        "pkg/keys_test.go",
        "examples/tls/server.key",
        "integration-tests/server.key",
    ],
)
def test_a_key_that_is_plainly_a_fixture_warns(path: str) -> None:
    assert _level(path) is Level.WARN


@pytest.mark.parametrize(
    "path",
    [
        "deploy/server.key",
        "config/tls/server.key",
        "internal/cert.go",
        "tests/production/server.key",
        "examples/deploy/id_rsa",
        "testdata/live/key.pem",
        "docs/tls.md",
        "docs/examples/tls.md",
        "tests/README.md",
        ".github/workflows/root.key",
    ],
)
def test_a_key_anywhere_else_blocks(path: str) -> None:
    assert _level(path) is Level.BLOCK


def test_an_encoded_key_follows_the_path_of_its_manifest() -> None:
    manifest = MANIFEST + base64.b64encode(KEY.encode()).decode() + "\n"
    assert _level("k8s/tls.yaml", manifest) is Level.BLOCK
    assert _level("pkg/fixtures/tls.yaml", manifest) is Level.WARN
