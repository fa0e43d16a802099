"""One credential on a line is one finding, in whatever forms it is there."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from tests.support import changes
from tests.support.offenders import check_each
from zt_gate import rulebook
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.finding import Finding

RULES = rulebook.load("secrets")
TOKEN = "gl" + "pat-" + "Zk3xQ9vB7nMw2LpR8sTy"
OTHER = "gl" + "pat-" + "Yq8wE2rT5uIo1PaS4dFg"
PASSWORD = "Xk92" + "vQmz77Lp0w"
URL = f"postgres://app:{PASSWORD}@db.example.org/app"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in TOKEN)
HEX = TOKEN.encode().hex()
ONE = {
    "again.md": f"Use `{TOKEN}` or {TOKEN}.\n",
    "comment.py": f'TOKEN = "{TOKEN}"  # {TOKEN}\n',
    "base64.py": f'A = "{TOKEN}"; B = "{encoded(TOKEN)}"\n',
    "hex.py": f'A = "{TOKEN}"; B = "{HEX}"\n',
    "escaped.js": f'const a = "{TOKEN}"; const b = "{ESCAPED}";\n',
    "address.sh": f'curl -H "PRIVATE-TOKEN: {TOKEN}" https://x:{TOKEN}@gitlab.example.org/x\n',
    "two-rules.json": json.dumps({"password": PASSWORD, "url": URL}) + "\n",
    "call.py": f'c = connect(user="app", password="{PASSWORD}")  # {URL}\n',
}
TWO = {
    "two-keys.py": f'A = "{TOKEN}"; B = "{OTHER}"\n',
    "two-lines.py": f'A = "{TOKEN}"\nB = "{TOKEN}"\n',
    "two-forms-of-two.py": f'A = "{TOKEN}"; B = "{encoded(OTHER)}"\n',
    "key-and-password.json": json.dumps({"token": TOKEN, "url": URL}) + "\n",
}


def found(name: str, text: str, folder: Path) -> list[Finding]:
    change = changes.change_of({name: text})
    return list(SCANNER.scan(change, changes.context(RULES, folder)).findings)


def test_one_credential_on_a_line_is_one_finding(tmp_path: Path) -> None:
    def wrong(case: tuple[str, str]) -> str:
        findings = found(*case, tmp_path)
        return "" if len(findings) == 1 else str([one.rule for one in findings])

    check_each(ONE.items(), wrong, name=lambda case: case[0])


def test_two_credentials_or_lines_are_two_findings(tmp_path: Path) -> None:
    def wrong(case: tuple[str, str]) -> str:
        findings = found(*case, tmp_path)
        return "" if len(findings) == 2 else str([one.rule for one in findings])

    check_each(TWO.items(), wrong, name=lambda case: case[0])


def test_the_worst_rule_is_kept(tmp_path: Path) -> None:
    for name in ("two-rules.json", "call.py"):
        (finding,) = found(name, ONE[name], tmp_path)
        assert finding.rule == "secrets/url-credentials"


def test_every_form_is_masked(tmp_path: Path) -> None:
    for name, forms in (
        ("base64.py", {TOKEN, encoded(TOKEN)}),
        ("hex.py", {TOKEN, HEX}),
        ("escaped.js", {TOKEN, ESCAPED}),
        ("two-rules.json", {PASSWORD}),
    ):
        (finding,) = found(name, ONE[name], tmp_path)
        assert forms <= set(finding.secrets), name


def test_the_message_counts_the_places(tmp_path: Path) -> None:
    (finding,) = found("again.md", ONE["again.md"], tmp_path)
    assert "It is on this line 2 times." in finding.message
    (single,) = found("one.py", f'A = "{TOKEN}"\n', tmp_path)
    assert "on this line" not in single.message
