"""Texts of a log-in page, identifiers, ciphertext and invented keys stop nobody."""

from __future__ import annotations

import pytest

from tests.scanners.secrets.one_file import RULES, findings_in
from tests.scanners.secrets.templates import expand
from tests.support.offenders import check_each
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import checksums

LOGIN = '{"login": {"username": "Nom", "password": "Mot de passe", "token": "Bestaetigungscode"}}\n'
BODY = expand("{30*A-Za-z0-9}")
SEALED = "AgBL" + expand("{400*A-Za-z0-9+/}")


def levels(text: str, path: str) -> list[Level]:
    found = findings_in(text, path)
    levels = [finding.level or RULES[finding.rule].level for finding in found]
    return [level for level in levels if level is not None and level is not Level.INFO]


@pytest.mark.parametrize(
    "path",
    [
        "locales/en/auth.json",
        "src/i18n/locales/fr/auth.json",
        "public/lang/de/auth.json",
        "app/messages/auth.json",
        "backend/auth.json",
    ],
)
def test_the_texts_of_a_login_page_are_no_credentials(path: str) -> None:
    assert levels(LOGIN, path) == []
    assert levels('{"auth": "Authentication", "authed": "Signed in"}\n', path) == []


def test_composers_credentials_block_wherever_they_are() -> None:
    password = expand("{20*A-Za-z0-9}")
    account = f'{{"username": "a", "password": "{password}"}}'
    basic = f'{{"http-basic": {{"repo.corp.internal": {account}}}}}'
    check_each(
        [
            ("auth.json", basic),
            ("backend/auth.json", basic),
            (
                ".composer/auth.json",
                f'{{"bearer": {{"repo.corp.internal": "{password}"}}}}',
            ),
            ("home/.config/composer/auth.json", f'"password": "{password}"'),
            ("services/api/auth.json", basic.replace(":", ":\n  ")),
        ],
        lambda case: Level.BLOCK not in levels(case[1] + "\n", case[0]) and "passes",
    )


WRONG = (
    "ghp_" + BODY + ("000000" if checksums.base62_crc32(BODY) != "000000" else "000001")
)
VALID = "ghp_" + BODY + checksums.base62_crc32(BODY)


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_client.py",
        "docs/setup.md",
        "examples/client.py",
        "spec/fixtures/token.txt",
        "pkg/client_test.go",
    ],
)
def test_a_key_with_a_wrong_checksum_warns_where_keys_are_invented(path: str) -> None:
    assert levels(f"token = '{WRONG}'\n", path) == [Level.WARN]
    assert levels(f"token = '{VALID}'\n", path) == [Level.BLOCK]


@pytest.mark.parametrize("path", ["src/client.py", "config.yml", ".env", "deploy.sh"])
def test_a_key_with_a_wrong_checksum_blocks_elsewhere(path: str) -> None:
    assert Level.BLOCK in levels(f"token = '{WRONG}'\n", path)


UUID = "f886cd42-d3af-4244-92ca-" + "f284082ce74a"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"Copilot-Session: {UUID}\n", "notes.txt"),
        (f"Claude-Session: https://claude.ai/code/session_{BODY[:22]}\n", "notes.txt"),
        (f"CLAUDE_CODE_SESSION_ID={UUID}\n", "notes.txt"),
        (f"Codex-Session-Id: {UUID}\n", "notes.txt"),
        (f"client_id: {UUID}\ntenant_id: {UUID}\n", "azure.yml"),
        (f"idempotency_key: {UUID}\n", "a.yml"),
        (f"credentialsId: '{UUID}'\n", "Jenkinsfile"),
        (f"ssh_host_key: SHA256:{expand('{43*A-Za-z0-9+/}')}\n", "a.yml"),
        (f"encryptedData:\n  password: {SEALED}==\n", "k8s/sealed.yaml"),
        ('    "@inquirer/password": "^4.0.1",\n', "package.json"),
    ],
)
def test_an_identifier_is_no_secret(text: str, path: str) -> None:
    assert levels(text, path) == []


def test_a_session_key_and_a_secret_id_still_are() -> None:
    value = expand("{32*A-Za-z0-9}")
    check_each(
        [
            f"session_secret: {value}",
            f"client_secret: {value}",
            f"session_token: {value}",
            f"api_token: {UUID}",
            f"client_id_token: {value}",
        ],
        lambda text: levels(text + "\n", "a.yml") == [] and "passes",
    )


KUBERNETES = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  value: {}\n"
)


@pytest.mark.parametrize(
    "value",
    [
        '"postgres://{{ .Values.user }}:{{ .Values.password }}@db:5432/app"',
        '"user={{ .Values.user }} pass={{ .Values.pass }}"',
        "changeme",
        "{{ .Values.password | b64enc }}",
        "postgres://{{ .Values.user }}:{{ .Values.password }}@db",
        "'{{ .Values.token }} x'",
    ],
)
def test_a_template_of_a_kubernetes_secret_is_no_value(value: str) -> None:
    assert levels(KUBERNETES.format(value), "chart/templates/secret.yaml") == []


def test_a_value_of_a_kubernetes_secret_blocks() -> None:
    for value in (expand("{14*A-Za-z0-9}"), f'"{expand("{14*A-Za-z0-9}")} x"'):
        assert Level.BLOCK in levels(
            KUBERNETES.format(value), "chart/templates/secret.yaml"
        )


def test_a_password_of_a_redaction_test_warns() -> None:
    password = "hunter2" + "secret"
    url = f"https://svc:{password}@internal.host/mcp"
    assert levels(f'got := Redact("{url}")\n', "internal/log_test.go") == [Level.WARN]
    assert levels(f'url := "{url}"\n', "internal/log.go") == [Level.BLOCK]
