"""The JSON schema of the policy accepts and refuses what the reader does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.test_load import WHOLE, WRONG
from tests.support.offenders import each_of
from zt_gate.commands.init_files import POLICY_TEXT
from zt_gate.commands.policy import schema_text
from zt_gate.policy import load as loading
from zt_gate.policy.json_schema import policy_schema
from zt_gate.policy.schema import PolicyError
from zt_gate.policy.typed_reader import KEYS
from zt_gate.scanners import registered

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "policy.schema.json"
VALIDATOR = jsonschema.Draft7Validator(json.loads(FILE.read_text("utf-8")))

parse = partial(loading.parse, scanners=registered())

#: What only the reader can refuse, by a part of its message.
READERS_OWN = (
    "'[' without its ']'",
    "'pypi' is not a URL",  # a port that is too large
    "[scanners.code] 'deadline-seconds' must be",  # nan, which JSON does not have
)


def as_json(value: Any) -> Any:
    """Return TOML's values as an editor hands them to a schema: dates are strings."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def accepts(text: str) -> bool:
    """Whether the schema accepts a policy."""
    return VALIDATOR.is_valid(as_json(tomllib.loads(text)))


def test_the_file_is_current() -> None:
    assert FILE.read_text("utf-8") == schema_text(), "run: scripts/policy_schema.py"
    script = ROOT / "scripts" / "policy_schema.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0


def test_it_is_a_valid_schema_without_links() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert set(schema["properties"]) == set(KEYS[""])
    assert "$ref" not in schema_text()


def test_a_key_of_the_reader_that_the_schema_lacks_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(KEYS, "audit", ("log", "copies"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="copies"):
        policy_schema(registered(), ())


def examples() -> list[tuple[str, str]]:
    """Every TOML block of the documentation that is a policy, with its page."""
    found = []
    for page in sorted(ROOT.glob("docs/*.md")):
        for text in re.findall(
            r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL
        ):
            table = tomllib.loads(text)
            # The user's own settings name issuers of tokens; no policy may.
            is_users = "tokens" in table.get("guard", {})
            if set(table) <= set(KEYS[""]) and not is_users:
                found.append((f"{page.name}: {text[:30]!r}", text))
    return found


def test_every_policy_in_the_documentation_is_accepted_by_both() -> None:
    pages = {name.partition(":")[0] for name, _ in examples()}
    assert pages >= {"policy.md", "scope.md", "log.md", "code.md"}
    for name, text in examples():
        parse(text.encode(), name)
        errors = list(VALIDATOR.iter_errors(as_json(tomllib.loads(text))))
        assert errors == [], name


@each_of("text", [WHOLE.decode(), POLICY_TEXT, "", "#:schema https://h.test/s.json\n"])
def test_a_policy_that_the_reader_accepts(text: str) -> None:
    parse(text.encode(), "p")
    assert accepts(text)


@each_of(("text", "message"), WRONG)
def test_a_policy_that_the_reader_refuses(text: str, message: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # an editor says so without a schema
    if any(part in message for part in READERS_OWN):
        parse_fails(text)
        return
    assert not VALIDATOR.is_valid(as_json(table)), text


def parse_fails(text: str) -> None:
    with pytest.raises(PolicyError):
        parse(text.encode(), "p")


@each_of(
    "text",
    [
        'exclude = ["*"]',
        'exclude = ["a", "**"]',
        '[scanners.code]\nexclude = ["*"]',
        '[scanners.tampering]\nexclude = ["a"]',
        '[audit]\nlog = ""',
        '[audit]\nlog = "a/"',
        '[audit]\nlog = "~/a"',
        '[audit]\nlog = "a/../b"',
        '[audit]\nlog = "$HOME/a"',
        '[approval]\nproof = "password"',
        '[tasks."-"]',
        '[registries]\npypi = "https://user@h/"',
        '[paths]\n"a" = { allow = [], reason = "r" }',
        '[[ignore]]\nrule = "*"\npath = "*"\nreason = "r"\nexpires = 2027-01-01T00:00:00',
        "[scope]\nmax-files = 1000000001",
        "[[scope]]",
    ],
)
def test_further_policies_that_both_refuse(text: str) -> None:
    parse_fails(text)
    assert not accepts(text)


WORDS = st.sampled_from(
    [
        "*",
        "a/b",
        "code",
        "code/*",
        "secrets",
        "x",
        "",
        "!a",
        "..",
        "/",
        "warn",
        "strict",
        "r",
    ]
)
VALUES = st.one_of(
    WORDS, st.integers(-1, 3), st.booleans(), st.lists(WORDS, max_size=2)
)
POLICIES = st.dictionaries(
    st.sampled_from([*KEYS[""], "extra"]),
    st.one_of(
        VALUES,
        st.dictionaries(
            st.sampled_from([key for keys in KEYS.values() for key in keys] + ["code"]),
            VALUES,
            max_size=3,
        ),
    ),
    max_size=3,
)


@given(POLICIES)
def test_what_the_reader_accepts_the_schema_accepts(table: dict[str, Any]) -> None:
    """An editor must not mark a valid policy."""
    try:
        parse(toml_of(table).encode(), "p")
    except PolicyError:
        return
    assert VALIDATOR.is_valid(table), table


def toml_of(table: dict[str, Any]) -> str:
    """Write a table as inline TOML; JSON's strings, numbers and lists are TOML's."""
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner = ", ".join(
                f"{json.dumps(name)} = {json.dumps(item)}"
                for name, item in value.items()
            )
            lines.append(f"{key} = {{ {inner} }}")
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines)


def test_the_command_prints_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", "policy", "schema"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == FILE.read_text("utf-8")
