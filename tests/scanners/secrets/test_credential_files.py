"""Credential files are recognised by name; in them even plain words count as passwords."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from tests.scanners.secrets.one_file import findings_in
from tests.scanners.secrets.templates import expand
from tests.support.offenders import check_each
from zt_gate.model.finding import Level

WORDS = (
    "tri" + "color",
    "sun" + "flower",
    "ele" + "phant",
    "moun" + "tain",
    "butter" + "fly",
)
SAMPLES = (
    Path(__file__).with_name("named_files.txt").read_text("utf-8").split("=== ")[1:]
)


def test_exactly_the_secret_lines_of_each_kind_are_found() -> None:
    check_each(SAMPLES, check_sample, name=lambda sample: sample.partition("\n")[0])


def check_sample(sample: str) -> None:
    """A line with ``>`` holds a secret; ``{word}`` stands for a word as people choose it."""
    name, *rows = sample.rstrip("\n").split("\n")
    words = cycle(WORDS)
    lines = [expand(row[2:]) for row in rows]
    while any("{word}" in line for line in lines):
        lines = [line.replace("{word}", next(words), 1) for line in lines]
    expected = {number for number, row in enumerate(rows, 1) if row.startswith(">")}
    found: set[int] = set()
    for finding in findings_in("\n".join(lines), name):
        place = finding.location
        if finding.level is not Level.INFO:
            found |= set(
                range(place.line or 0, (place.end_line or place.line or 0) + 1)
            )
    assert found == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            ".env",
            "DB_PASSWORD=postgres\nDB_PASS=\nTOKEN=${TOKEN}\nPASSWORD_FILE=/run/secrets/db",
        ),
        ("config/database.yml", "production:\n  password: <%= ENV['DB_PASSWORD'] %>"),
        ("application.yml", "password: ${DB_PASSWORD}\nreset-password: /account/reset"),
        (
            "settings.py",
            "PASSWORD_HASHERS = ['x.y']\nEMAIL_HOST_PASSWORD = get_password()",
        ),
        (
            "group_vars/all.yml",
            "db_password: !vault |\nvault_password: '{{ vault_db }}'",
        ),
        (".htpasswd", "# user:hash"),
        (".npmrc", "registry=https://npm.corp.internal/\nsave-exact=true"),
        ("tests/settings.py", "DATABASES = {\n 'PASSWORD': '" + WORDS[0] + "',\n}"),
    ],
)
def test_placeholders_in_credential_files_are_not_reported(
    path: str, text: str
) -> None:
    found = findings_in(text, path)
    assert [f.rule for f in found if f.level is not Level.INFO] == []
