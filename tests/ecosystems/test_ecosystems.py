"""Every ecosystem's record is complete, and using it imports no slow module."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib import import_module

import pytest

from bench.ecosystem_page import PAGE, page
from zt_gate.ecosystems import (
    ECOSYSTEMS,
    all_ecosystems,
    ecosystem_named,
    find_ecosystem,
    registry_keys,
    supported,
)
from zt_gate.ecosystems.manifest_formats import format_of, formats
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import valid_name
from zt_gate.ecosystems.manifests.commands import in_string
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.shared_manifest_formats import FORMATS as SHARED_FORMATS


def test_a_record_has_the_name_of_its_module() -> None:
    assert [ecosystem.name for ecosystem in all_ecosystems()] == list(ECOSYSTEMS)
    assert find_ecosystem("rpm") is None
    with pytest.raises(KeyError):
        ecosystem_named("base")


def test_formats_have_one_name_each_and_a_reader() -> None:
    own = [one.name for ecosystem in all_ecosystems() for one in ecosystem.formats]
    repeated = Counter([*own, *(one.name for one in SHARED_FORMATS)])
    assert repeated.most_common(1)[0][1] == 1
    for name in formats():
        assert callable(reader_named(name).read)
    files = Counter(file for one in formats().values() for file in one.files)
    suffixes = Counter(suffix for one in formats().values() for suffix in one.suffixes)
    assert files.most_common(1)[0][1] == suffixes.most_common(1)[0][1] == 1


def test_ecosystems_with_a_registry_have_all_its_settings() -> None:
    references = {item.name for item in all_ecosystems() if item.noun}
    assert supported() == tuple(name for name in ECOSYSTEMS if name not in references)
    for name in supported():
        ecosystem = ecosystem_named(name)
        assert registry_for(name).ecosystem == name
        assert valid_name(name, ecosystem.canary), name
        assert ecosystem.registry_title.startswith("the "), name
        assert ecosystem.osv_name, name
        assert ecosystem.sample is not None, name
        assert format_of(ecosystem.sample.file.encode()) in {
            one.name for one in ecosystem.formats
        }
        scheme = import_module(ecosystem.version_scheme)
        assert scheme.pinned_version("=1.0.0") == "1.0.0"
    assert len(set(registry_keys())) == len(registry_keys())
    with pytest.raises(KeyError):
        registry_for("github")


def test_each_installing_command_is_read_and_found_by_the_quick_check() -> None:
    unseen, unread = [], []
    for ecosystem in all_ecosystems():
        if ecosystem.install_tools is None:
            continue
        example = ecosystem.canary
        for words, tool in ecosystem.install_tools().commands.items():
            if not tool.name:
                continue  # it installs nothing
            is_deno = words[0] == "deno"
            option = "--with " if tool.name == "uv run" else ""
            line = f"{' '.join(words)} {option}{'npm:' if is_deno else ''}{example}"
            if tool.needs_version:
                line += f"{ecosystem.version_sign}1.0"
            if not any(word in line.encode() for word in ecosystem.install_words):
                unseen.append(line)
            kinds = {entry.ecosystem for entry in in_string(line, (1, 1, 1))}
            if kinds != {ecosystem.name}:
                unread.append(line)
    assert (unseen, unread) == ([], [])


def test_the_page_about_ecosystems_matches_the_records() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python bench/ecosystem_page.py"


def test_importing_an_ecosystem_imports_no_reader_and_no_network() -> None:
    code = (
        "import sys\nfrom zt_gate.ecosystems import registry_keys\n"
        "from zt_gate.ecosystems.manifest_formats import format_of\n"
        "registry_keys(), format_of(b'go.mod'), format_of(b'a.py')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    below = ("manifests", "registries", "version_schemes", "install_tool")
    heavy = tuple(f"zt_gate.ecosystems.{room}" for room in below)
    assert [name for name in loaded if name.startswith(heavy)] == []
    assert not loaded & {
        "http.client",
        "ssl",
        "json",
        "packaging",
        "packageurl",
        "tomllib",
        "xml",
    }
