"""What the action installs is what the project asks for, and each file of it has a hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
_PIN = re.compile(
    r"([a-z0-9][a-z0-9-]*)==([0-9][\w.]*) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)


def pins() -> dict[str, str]:
    text = (ROOT / "requirements.lock").read_text("ascii")
    lines = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert _PIN.sub("", lines) == ""  # nothing else: no option, no address, no file without hash
    return {match[1]: match[2] for match in _PIN.finditer(lines)}


def test_every_requirement_of_the_project_is_pinned_as_it_asks() -> None:
    known = pins()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for text in project["dependencies"]:
        wanted = Requirement(text)
        assert known[canonicalize_name(wanted.name)] in wanted.specifier, text


def test_each_pin_has_wheels_for_several_platforms_or_one_for_all() -> None:
    text = (ROOT / "requirements.lock").read_text("ascii")
    several = {match[1]: match[3].count("--hash") for match in _PIN.finditer(text)}
    assert all(several.values())
    assert several["semgrep"] >= 3  # Linux on two processors, macOS
    assert several["pyyaml"] >= 9  # the same for three versions of Python
