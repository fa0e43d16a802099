"""The classification of values, and how long it takes."""

from __future__ import annotations

import base64
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scanners.secrets.templates import expand
from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.scanners.secrets import checksums
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.prefix_formats import is_doubtful
from zt_gate.scanners.secrets.text_block import block_of
from zt_gate.scanners.secrets.value_classifier import ValueClassifier, is_repetitive
from zt_gate.scanners.secrets.variable_names import (
    MEDIUM,
    NONE,
    STRONG,
    WEAK,
    VariableNames,
)
from zt_gate.syntax.text import decode_lossy

RULES = rulebook.load("secrets")
DATA = RULES["secrets/keyword-assignment"].data
CLASSIFIER = ValueClassifier.of(DATA)
NAMES = VariableNames.of(DATA)
BLOCK_SCANNER = BlockScanner(RULES)


@each_of(
    ("name", "strength"),
    [
        ("password", STRONG), ("dbPassword", STRONG), ("DB_PASSWD", STRONG), ("api_key", MEDIUM),
        ("clientSecret", MEDIUM), ("x-auth-token", MEDIUM), ("AWS_ACCESS_KEY_ID", NONE),
        ("key", WEAK), ("password_field", WEAK), ("token_url", WEAK), ("keyboard", NONE),
        ("primary_key", NONE), ("author", NONE), ("public_key", NONE), ("max_tokens", NONE),
    ],
)  # fmt: skip
def test_names(name: str, strength: int) -> None:
    assert NAMES.strength(name) == strength


@pytest.mark.parametrize(
    "template", ["{32*a-f0-9}", "{24*a-z0-9}", "{40*A-Za-z0-9}", "{32*A-Z2-7}"]
)
def test_what_a_generator_makes_is_random(template: str) -> None:
    values = [expand(template + f"{{1*{n}}}") for n in range(10)]
    assert sum(CLASSIFIER.is_random(value) for value in values) >= 9


@pytest.mark.parametrize(
    "value",
    ["customer_identifier", "LicenseRef-scancode-utf8-1.0", "org.apache.commons.lang3.StringUtils",
     "aaaaaaaaaaaaaaaaaaaa", "/usr/local/share/data-2024",
     "2024-01-01T00:00:00Z", "https://corp.internal/a/b", "getAuthenticationTokenProvider"],
)  # fmt: skip
def test_what_people_write_is_not_random(value: str) -> None:
    assert not CLASSIFIER.is_random(value)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_judging_never_fails(value: str) -> None:
    assert isinstance(CLASSIFIER.is_placeholder(value), bool)
    assert isinstance(CLASSIFIER.is_random(value), bool)
    assert isinstance(CLASSIFIER.is_password_like(value), bool)
    assert isinstance(NAMES.strength(value), int)


@settings(deadline=None)
@given(st.text("abcdef0123456789", min_size=1, max_size=6), st.integers(4, 12))
def test_a_repeated_piece_is_no_secret(piece: str, times: int) -> None:
    assert is_repetitive(piece * times) or len(piece * times) < 8


def test_checksums_raise_and_lower() -> None:
    body = expand("{30*A-Za-z0-9}")
    right = f"ghp_{body}{checksums.base62_crc32(body)}"
    assert checksums.check("base62-crc32", right) is True
    assert (
        checksums.check("base62-crc32", right[:-1] + ("0" if right[-1] != "0" else "1"))
        is False
    )
    assert checksums.check("", right) is None


@settings(deadline=None)
@given(
    st.binary(max_size=2000),
    st.sampled_from([b"a.py", b".netrc", b"x.yaml", b"go.sum"]),
)
def test_any_bytes_can_be_scanned(data: bytes, path: bytes) -> None:
    for block in block_of(path, data):
        for finding in (
            BLOCK_SCANNER.finding(block, hit) for hit in BLOCK_SCANNER.hits(block)
        ):
            assert finding.location.line is not None
            assert finding.evidence is not None
            text = finding.evidence.text[finding.evidence.start : finding.evidence.end]
            assert text in decode_lossy(data)


HOSTILE = [
    "a", "secret", "password=", 'password="', "://", "://a:", "eyJ.", "sk-", '"', '" "', "QUJD",
    " -u a:", "Server=x;password=a;", "-----BEGIN RSA PRIVATE " + "KEY-----", "%41", "AKIA",
    "kind: Secret\ndata:\n  a: b\n", '"+"', "<password>", "key=val&", "define('AUTH_KEY', ",
    "secret" + " " * 40, "insert into users ", "\\\n", "service_account",
    '"a"', '"a"\n', 'a"b', "+'", 'x += "a"\n', "://a@", "://a?user=", "&password=", "token:\n ",
    "name: token\n", "password = ;", "Basic QUJD", "QUJD" * 16 + "\n", "0x41, ", "\\u0041",
    ".login('a','", "jdbc:oracle:x:a/b@", "wandb_key ", "BEGIN ", "psql -", "host=a password=b ",
]  # fmt: skip


PATHS = ("a.py", "x.sql", ".env", "prod.tfvars", "k/a.yaml")


def scan_repeated(case: tuple[str, str]) -> None:
    path, piece = case
    data = (piece * (60_000 // len(piece) + 1))[:60_000].encode()
    for block in block_of(path.encode(), data):
        BLOCK_SCANNER.hits(block)


# A step that is quadratic in the length costs three times what one text may take.
CPU_SECONDS = 15


def test_hostile_text_takes_linear_time() -> None:
    finishes(list(zip(cycle(PATHS), HOSTILE)), scan_repeated, cpu_seconds=CPU_SECONDS)


@pytest.mark.slow
def test_every_hostile_text_takes_linear_time_in_every_kind_of_file() -> None:
    every = [(path, piece) for path in PATHS for piece in HOSTILE]
    finishes(every, scan_repeated, cpu_seconds=CPU_SECONDS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mercury_sandbox_rma_" + "4kQ9x" * 6, True),
        ("xoxp-1234-1234-1234-" + "0f3a9c" * 5, True),
        ("xoxd-" + base64.b64encode(bytes(range(36))).decode(), True),
        (expand("xo{1*x}b-1{10*0-8}-2{10*0-8}-") + "pdFZKVeT" * 3, False),
        ("sandboxed" + "4kQ9x" * 6, False),
        ("", False),
    ],
)
def test_doubtful_keys_are_known_by_their_form(value: str, expected: bool) -> None:
    assert is_doubtful(value) is expected
