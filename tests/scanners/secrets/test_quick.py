"""The first look from a cold process: it loses nothing, and imports next to nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.scanners.secrets.templates import expand
from zt_gate import rulebook
from zt_gate.scanners.secrets import scan_formats, scan_formats_cold
from zt_gate.scanners.secrets.quick import suspicious

if TYPE_CHECKING:
    from pathlib import Path

RULES = rulebook.load_with_examples("secrets")
KEY = expand("ghp_{36*A-Za-z0-9}")
CLEAN = b"export PATH=/usr/bin\ncurl https://corp.internal/sk-x\nglpat-x npm_x key_x\n"


def test_nothing_that_formats_find_is_lost(tmp_path: Path) -> None:
    for rule in RULES.values():
        for template in rule.data["examples"]["find"]:
            data = expand(template).encode()
            path = rule.data.get("path", "app.cfg").encode()
            found = scan_formats(data, path, RULES)
            assert not found or suspicious(data, str(tmp_path)), rule.id
            assert scan_formats_cold(data, path, tmp_path) == found


@pytest.mark.parametrize("text", [b"", CLEAN, b"git push origin main\n"])
def test_a_clean_text_is_clean_and_costs_no_import(text: bytes, tmp_path: Path) -> None:
    assert not suspicious(text, str(tmp_path))
    program = (
        "import sys\n"
        "from zt_gate.scanners.secrets import scan_formats_cold\n"
        f"assert scan_formats_cold({text!r}, b'a.sh', {str(tmp_path)!r}) == []\n"
        "costly = {'dataclasses', 'inspect', 'pathlib', 'json', 'zt_gate.rulebook.load'}\n"
        "assert not costly & set(sys.modules), costly & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", PATH + program], check=True)


PATH = f"import sys\nsys.path[:0] = {sys.path!r}\n"


@pytest.mark.parametrize("damage", [b"", b"x\n0\n", b"cut"])
def test_a_damaged_index_is_made_anew(damage: bytes, tmp_path: Path) -> None:
    data = f"key = {KEY}".encode()
    assert suspicious(data, str(tmp_path))
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage == b"cut" else damage)
    assert suspicious(data, str(tmp_path))
    assert kept.read_bytes() == whole


def test_where_nothing_can_be_kept_it_still_looks(tmp_path: Path) -> None:
    assert suspicious(f"key = {KEY}".encode(), str(tmp_path / "missing"))
    assert not suspicious(CLEAN, str(tmp_path / "missing"))
