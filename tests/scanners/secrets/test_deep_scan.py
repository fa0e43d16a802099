"""Concatenated strings, encodings, keys without their first line, values below a name."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scanners.secrets.templates import expand
from tests.support import changes
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.model.change import Blob, ChangeSet, ContentUnavailableError
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import SCANNER
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.text_block import block_of

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.finding import Finding

RULES = rulebook.load("secrets")
BLOCK_SCANNER = BlockScanner(RULES)
KEY = expand("ghp_{36*A-Za-z0-9}")
PEM_BEGIN = "-----BEGIN" + " PRIVATE KEY-----"
PEM_END = "-----END" + " PRIVATE KEY-----"
BODY = [expand(f"{{64*A-Za-z0-9{n}}}") for n in range(6)]


def found(text: str, path: str = "app.py") -> list[Finding]:
    blocks = block_of(path.encode(), text.encode())
    return [
        BLOCK_SCANNER.finding(block, hit)
        for block in blocks
        for hit in BLOCK_SCANNER.hits(block)
    ]


def rules(text: str, path: str = "app.py") -> set[str]:
    return {
        finding.rule for finding in found(text, path) if finding.level is not Level.INFO
    }


@each_of(
    "text",
    [
        f'key = "{KEY[:4]}" + "{KEY[4:]}"',
        f'key = ("{KEY[:10]}"\n       "{KEY[10:22]}"\n       "{KEY[22:]}")',
        f"key = ''.join(['{KEY[:8]}', '{KEY[8:]}'])",
        f"$key = '{KEY[:9]}' . '{KEY[9:]}';",
        f"export KEY={KEY[:9]}\\\n{KEY[9:]}",
        f'"{KEY[:9]}" \\\n    "{KEY[9:]}"',
        f'key = "{KEY[:9]}"\nkey += "{KEY[9:]}"',
        f"$key = '{KEY[:9]}';\n$key .= '{KEY[9:]}';",
        f'a = "{KEY[:9]}"\nb = "{KEY[9:]}"\nkey = a + b',
        f'key = ("{KEY[:9]}"  # one\n\n       "{KEY[9:]}")',
        f'new StringBuilder("{KEY[:9]}").append("{KEY[9:]}")',
        f'key = "%s%s" % ("{KEY[:9]}", "{KEY[9:]}")',
        f'KEY={KEY[:9]}"{KEY[9:]}"',
        f"set KEY={KEY[:9]}^\n{KEY[9:]}",
    ],
)
def test_a_key_in_concatenated_strings_is_found(text: str) -> None:
    (finding,) = (f for f in found(text) if f.rule == "secrets/github-token")
    assert finding.subject == KEY
    assert KEY[12:20] in " ".join(finding.secrets)


@settings(deadline=None)
@given(st.integers(4, 36), st.sampled_from(["+", ".", "&", ""]), st.booleans())
def test_a_key_split_at_any_place_is_found(
    cut: int, operator: str, broken: bool
) -> None:
    between = "\n    " if broken else " "
    text = f'k = ("{KEY[:cut]}" {operator}{between}"{KEY[cut:]}")'
    assert "secrets/github-token" in rules(text)


def encodings() -> list[str]:
    plain = f"token={KEY}".encode()
    once = base64.b64encode(plain)
    return [
        once.decode(),
        base64.b64encode(once).decode(),
        plain.hex(),
        quote(KEY.encode(), safe="").replace("g", "%67").replace("p", "%70"),
        "".join(f"\\x{byte:02x}" for byte in KEY.encode()),
        base64.urlsafe_b64encode(plain).decode().rstrip("="),
        base64.b64encode(plain.hex().encode()).decode(),
        ", ".join(f"0x{byte:02x}" for byte in KEY.encode()),
        "".join(f"\\u{byte:04x}" for byte in KEY.encode()),
        wrapped(b"a remark, long enough for some lines: " * 4 + plain, "\n    "),
        wrapped(b"a remark, long enough for some lines: " * 4 + plain, "\\n"),
    ]


def wrapped(data: bytes, end: str) -> str:
    text = base64.b64encode(data).decode()
    return end.join(text[n : n + 64] for n in range(0, len(text), 64))


@pytest.mark.parametrize("text", encodings())
def test_encoding_hides_nothing(text: str) -> None:
    hits = [f for f in found(f'data = "{text}"') if f.rule == "secrets/github-token"]
    assert len(hits) == 1
    assert KEY in hits[0].secrets
    assert "encoded" in hits[0].message


def test_the_body_of_a_key_is_found_without_its_head(tmp_path: Path) -> None:
    old = "\n".join([PEM_BEGIN, *BODY[:2], PEM_END]) + "\n"
    new = "\n".join([PEM_BEGIN, BODY[0], *BODY[2:5], BODY[1], PEM_END]) + "\n"
    change = changes.change_of({"k.txt": new}, {"k.txt": old})
    run = SCANNER.scan(change, changes.context(RULES, tmp_path))
    (finding,) = (f for f in run.findings if f.rule == "secrets/private-key")
    assert (finding.location.line, finding.location.end_line) == (3, 5)
    assert set(BODY[2:5]) <= set(finding.secrets)


def test_a_body_that_cannot_be_looked_up_is_listed(tmp_path: Path) -> None:
    old = "\n".join([PEM_BEGIN, *BODY[:2], PEM_END]) + "\n"
    new = "\n".join([PEM_BEGIN, BODY[0], *BODY[2:5], BODY[1], PEM_END]) + "\n"
    file = changes.file_change("k.txt", new, old)

    def fails(_limit: int) -> bytes:
        raise ContentUnavailableError("the blob is missing")

    broken = replace(file, new=Blob("", fails))
    change = ChangeSet("staged", "", "", "", (broken,))
    run = SCANNER.scan(change, changes.context(RULES, tmp_path))
    assert [(skip.kind, skip.reason) for skip in run.not_inspected] == [
        ("failed", "the blob is missing")
    ]


def test_an_aws_secret_is_found_beside_its_id() -> None:
    key_id, secret = expand("AKIA{16*A-Z2-7}"), expand("{40*A-Za-z0-9/+}")
    text = f"id: {key_id}\nregion: eu-west-1\nvalue: {secret}\n"
    assert {f.subject for f in found(text, "notes.txt")} >= {key_id, secret}
    assert secret not in {f.subject for f in found(f"value: {secret}\n", "notes.txt")}


def test_a_kubernetes_secret_is_decoded() -> None:
    value = base64.b64encode(expand("{14*A-Za-z0-9}").encode()).decode()
    text = f"kind: Secret\ndata:\n  # none\n  x: |\n    {value}\nmetadata:\n  name: x\n"
    assert rules(text, "deploy/x.yaml") == {"secrets/kubernetes-secret"}
    assert (
        rules(text.replace("kind: Secret", "kind: ConfigMap"), "deploy/x.yaml") == set()
    )


def lock(key: str = "") -> str:
    lines = ["{", ' "packages": {']
    for n in range(30):
        digest = base64.b64encode(expand(f"{{64*A-Za-z0-9}}{n}").encode()).decode()
        lines.append(
            f'  "a{n}": {{"version": "1.0.{n}", "integrity": "sha512-{digest}",'
        )
        lines.append(f'    "checksum": "{expand(f"{{64*a-f0-9}}{n}")}"}},')
    return "\n".join([*lines, key, " }", "}"])


@pytest.mark.parametrize(
    "name", ["package-lock.json", "a/yarn.lock", "poetry.lock", "go.sum"]
)
def test_lock_files_are_scanned_except_for_their_checksums(name: str) -> None:
    assert found(lock(), name) == []
    planted = f'  "resolved": "https://npm.corp.internal/x.tgz?token={KEY}"'
    assert rules(lock(planted), name) == {"secrets/github-token"}


def test_test_and_documentation_paths_lower_keyword_findings_alone() -> None:
    anchored = expand("glpat-{20*A-Za-z0-9}")
    text = f'password = "{expand("{8*a-z}{4*0-9}")}"\nkey = "{anchored}"\n'
    levels = {f.rule: f.level for f in found(text, "tests/test_a.py")}
    assert levels["secrets/keyword-assignment"] is Level.INFO
    assert levels["secrets/gitlab-token"] is Level.BLOCK
    assert {f.level for f in found(text, "src/a.py")} == {
        None,
        Level.BLOCK,
        Level.WARN,
    } - {None}


def test_a_key_store_is_recognised_by_its_name(tmp_path: Path) -> None:
    run = SCANNER.scan(
        changes.change_of({"certs/app.p12": b"0\x82\0\0\1"}),
        changes.context(RULES, tmp_path),
    )
    assert [(f.rule, f.location.kind) for f in run.findings] == [
        ("secrets/key-store-file", "file")
    ]


FAKES = [
    "password = os.environ['PASSWORD']",
    'password: "{{ vault.password }}"',
    "PASSWORD=${PASSWORD}",
    'api_key = "your-api-key-here"',
    'token = "xxxxxxxxxxxxxxxxxxxxxxxx"',
    'secret = "changeme"',
    "postgres://user:pass@localhost:5432/db",
    "amqp://guest:guest@rabbit:5672",
    "redis://:${REDIS_PASSWORD}@cache:6379/0",
    'aws_access_key_id = "AKIAIOSFODNN7' + 'EXAMPLE"',
    'key = "ghp_' + "x" * 36 + '"',
    'key = "ghp_' + "abcdefghijklmnopqrstuvwxyz0123456789" + '"',
    "def check(password: str) -> bool:\n    return password == self.password\n",
    "self.token = self.get_token(request)",
    'primary_key = "customer_identifier_2024"',
    'parser.add_argument("--password", help="The password to use")',
    "ResourceArn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:DatabaseSecret-a1B2c3",
    "self.oauth2_credential = GoogleOAuth2Credential(self.user_id)",
    f'if key[0] == "{PEM_BEGIN}":\n    kind = "PRIVATE"\n' + "    call(kind)\n" * 9,
    f'{{"type": "service_account", "private_key": "{PEM_BEGIN}\\n<the bytes>\\n"}}',
]


@each_of("text", FAKES)
def test_fakes_are_not_reported(text: str) -> None:
    assert rules(text) == set()


def test_a_documented_sample_is_recognised_by_its_digest() -> None:
    sample = "sk_test_" + "4eC39HqLyjWDarjtT1" + "zdp7dc"
    assert rules(f'key = "{sample}"') == set()
    assert rules(f'key = "{sample[:-1]}e"') == {"secrets/stripe-test-key"}


def test_a_key_with_a_split_first_line_is_found() -> None:
    body = "\\n".join(BODY)
    (finding,) = (
        f
        for f in found(f'k = "-----BEGIN " + "PRIVATE KEY-----\\n{body}\\n-----END"')
        if f.rule == "secrets/private-key"
    )
    assert finding.level is Level.BLOCK


PASSWORD = expand("{14*A-Za-z0-9}")


@pytest.mark.parametrize(
    "text",
    [
        f"db:\n  password: |\n    {PASSWORD}\n",
        f"db:\n  password: >-  # folded\n    {PASSWORD}\n",
        f'password:\n  # a remark\n\n  "{PASSWORD}"\n',
        f"- name: DB_PASSWORD\n  value: {PASSWORD}\n",
        f'{{"name": "DB_PASSWORD", "value": "{PASSWORD}"}}',
        f'variable "db_password" {{\n  type = string\n  default = "{PASSWORD}"\n}}',
        f"DbPassword:\n  Type: String\n  NoEcho: true\n  Default: {PASSWORD}\n",
        f"password: !!str {PASSWORD}\n",
    ],
)
def test_a_value_below_its_name_is_found(text: str) -> None:
    assert [f.subject for f in found(text, "deploy/app.yaml")] == [PASSWORD]


@pytest.mark.parametrize(
    "text",
    [
        "password:\n  description: the password\n  type: string\n",
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n",
        "- name: DB_PASSWORD\n  value: ${DB_PASSWORD}\n",
        "password: |\n  Tell us your password\n",
        "token:\n  - first\n  - second\n",
    ],
)
def test_lines_below_a_name_that_are_not_its_value(text: str) -> None:
    assert rules(text, "deploy/app.yaml") == set()


def test_a_kubernetes_secret_in_json_and_in_a_list_is_decoded() -> None:
    value = base64.b64encode(PASSWORD.encode()).decode()
    for text in (
        f'{{"apiVersion": "v1", "kind": "Secret", "data": {{"a": "{value}"}}}}',
        f"kind: List\nitems:\n- kind: Secret\n  data:\n    a: {value}\n",
    ):
        assert rules(text, "deploy/x.yaml") == {"secrets/kubernetes-secret"}


@pytest.mark.parametrize(
    "text",
    [
        "Server=db.corp.internal;Database=x;User Id=app;Password=tri" + "color;",
        f"host=db.corp.internal user=app password={PASSWORD} dbname=x",
        f"cache.corp.internal:6380,password={PASSWORD},ssl=True",
        f"jdbc:sqlserver://db.corp.internal:1433;databaseName=x;user=app;password={PASSWORD};",
    ],
)
def test_connection_strings_block(text: str) -> None:
    assert [(f.rule, f.level) for f in found(f'x = "{text}"', "src/Db.cs")] == [
        ("secrets/connection-string", Level.BLOCK)
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"docker login -u ada -p {PASSWORD} registry.corp.internal",
        f"redis-cli -h cache -a {PASSWORD} ping",
        f"sqlplus app/{PASSWORD}@db",
        "Authorization: Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode(),
        f"conn.login('ada', '{PASSWORD}')",
    ],
)
def test_passwords_on_command_lines_and_in_calls_warn(text: str) -> None:
    assert [(f.rule, f.level) for f in found(text, "run.sh")] == [
        ("secrets/command-credentials", Level.WARN)
    ]
