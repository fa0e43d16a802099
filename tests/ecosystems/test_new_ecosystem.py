"""A new ecosystem is one file and one line, tested on a copy of the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import zt_gate
from tests.support.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(zt_gate.__file__).resolve().parent
ROOT = PACKAGE.parent

#: A manifest of it is a file called ``zz.deps`` with a name and a version in each line;
#: its registry answers as npm's does.
FILE = '''
"""Packages of a language that somebody made up."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat, SampleManifest


def read(path, data):
    from zt_gate.ecosystems.manifests.base import Text, decode_manifest, make_dependency

    text = Text.of(decode_manifest(data, 1 << 20, "zz.deps"))
    found, start = [], 0
    for line in text.content.split("\\n"):
        name, _, version = line.partition(" ")
        if name:
            place = text.place(start, start + len(name))
            found.append(make_dependency("zz", name, place, "packages", version))
        start += len(line) + 1
    return tuple(found)


def project(client, index, key, want):
    from zt_gate.ecosystems.registries.base import Missing, parse_timestamp
    from zt_gate.ecosystems.registries.without_counts import dated_project, json_object, object_at

    answer = json_object(client, index, f"/{key}")
    if answer is None:
        return Missing()
    return dated_project(parse_timestamp(object_at(answer, "time")["created"]), ())


def registry():
    from zt_gate.ecosystems.registries.without_counts import RegistryWithoutCounts

    return RegistryWithoutCounts("zz", project)


def install_tools():
    from zt_gate.ecosystems.install_tool import InstallTools, plain_tool

    return InstallTools(dict([plain_tool("zz fetch", "zz")]))


ECOSYSTEM = Ecosystem(
    name="zz",
    title="The made-up language",
    name_pattern=r"[a-z-]+\\Z",
    formats=(ManifestFormat("zz_deps", (b"zz.deps",), reader=__name__),),
    sample=SampleManifest("zz.deps", lambda name, version: f"{name} {version}".strip()),
    install_tools=install_tools,
    install_words=(b"zz fetch",),
    registry=registry,
    registry_title="the registry of zz",
    canary="lodash",
)
'''

PROBE = """
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
folder = Path(sys.argv[2])
from zt_gate.api import UsageError, verify_dependency
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.manifests.commands import in_string
from zt_gate.scanners.dependencies.quick_check import _install_words

told = {"package": sys.modules["zt_gate"].__file__}
manifest = reader_for(b"app/zz.deps").read(b"app/zz.deps", b"kit 1.0\\n")
told["manifest"] = [(one.purl, one.line) for one in manifest]
told["command"] = [one.purl for one in in_string("zz fetch kit@2.0", (1, 1, 1))]
told["first look"] = b"zz fetch" in _install_words()
try:
    verify_dependency("pkg:rpm/x", folder=folder)
except UsageError as error:
    told["unsupported"] = str(error)
for name in ("kit", "young-kit", "absent-kit"):
    report = verify_dependency(f"pkg:zz/{name}", folder=folder, config=folder / "policy.toml")
    told[name] = (report.verdict.value, [one.finding.rule for one in report.findings])
unasked = verify_dependency("pkg:zz/kit", folder=folder)
told["no address"] = unasked.verdict.value
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with a made-up ecosystem: one file, and one line in the tuple."""
    root = tmp_path_factory.mktemp("copy")
    hidden = shutil.ignore_patterns("__pycache__")
    for name in ("zt_gate", "rules", "bench", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=hidden)
    (root / "zt_gate" / "ecosystems" / "zz.py").write_text(FILE)
    registered = root / "zt_gate" / "ecosystems" / "__init__.py"
    text = registered.read_text()
    assert text.count('    "maven",\n') == 1
    registered.write_text(text.replace('    "maven",\n', '    "maven",\n    "zz",\n'))
    return root


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        server.npm("kit", days=900)
        server.npm("young-kit", days=2)
        yield server


def run(copy: Path, *words: str, home: Path) -> str:
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "ZT_GATE_CACHE_DIR": str(home / "c"),
    }
    done = subprocess.run(
        [sys.executable, "-I", *words],
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_file_and_one_line_are_enough(
    copy: Path, registry: Registry, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    address = f"{registry.url}/npm"
    policy.write_text(f'[registries]\nzz = "{address}"\n')
    told: dict[str, Any] = json.loads(
        run(copy, "-c", PROBE, str(copy), str(tmp_path), home=tmp_path)
    )
    assert told["package"].startswith(str(copy))
    assert told["manifest"] == [["pkg:zz/kit@1.0", 1]]
    assert told["command"] == ["pkg:zz/kit@2.0"]
    assert told["first look"] is True
    assert told["unsupported"].endswith("composer, nuget, maven, zz")
    assert told["kit"] == ["pass", []]
    assert told["young-kit"] == ["fail", ["dependencies/too-new"]]
    assert told["absent-kit"] == ["fail", ["dependencies/missing"]]
    # No library names its registry: without an address nothing can be asked.
    assert told["no address"] == "error"


def test_commands_and_documents_list_it(copy: Path, tmp_path: Path) -> None:
    start = f"import sys; sys.path.insert(0, {str(copy)!r}); "
    code = start + "from zt_gate.cli import main; main(['snapshot', 'check', '--help'])"
    assert "maven, zz" in " ".join(run(copy, "-c", code, home=tmp_path).split())
    code = start + "from bench.ecosystem_page import page; print(page())"
    assert "| `zz` | The made-up language | `zz.deps` |" in run(
        copy, "-c", code, home=tmp_path
    )
