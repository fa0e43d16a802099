"""detect-secrets in process: what the prefilter keeps, and what loading it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scanners.secrets.templates import expand
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.scanners.secrets.detect_secrets_plugins import DetectSecretsPlugins
from zt_gate.scanners.secrets.private_import import PrivateImport
from zt_gate.scanners.secrets.text_block import block_of

RULES = rulebook.load_with_examples("secrets")
PLUGINS = DetectSecretsPlugins(RULES)
CALLED = [rule for rule in RULES.values() if "plugin" in rule.data]
LINES = sorted(
    {
        line
        for rule in RULES.values()
        for template in (
            *rule.data["examples"]["find"],
            *rule.data["examples"]["ignore"],
        )
        for line in expand(template).split("\n")
    }
)
NAMES = ("app.py", "app.yaml", "app.go", "app.cs", "notes.txt", "app.ini")


def filtered(
    plugins: DetectSecretsPlugins, line: str, name: str
) -> set[tuple[str, bytes]]:
    (block,) = block_of(name.encode(), line.encode())
    return {(hit.rule, block.data[hit.start : hit.end]) for hit in plugins.find(block)}


def unfiltered(
    plugins: DetectSecretsPlugins, line: str, name: str
) -> set[tuple[str, bytes]]:
    return {
        (rule.id, value.strip(" \t\"'=:").encode())
        for rule in CALLED
        for value in plugins.analyze(rule, line, name)
        if value.strip(" \t\"'=:")
    }


def test_the_prefilters_keep_every_hit_in_the_examples() -> None:
    for line in LINES:
        for name in NAMES:
            assert filtered(PLUGINS, line, name) == unfiltered(PLUGINS, line, name), (
                line,
                name,
            )


PIECES = st.sampled_from(
    ["password", "API_KEY", "secret", "token", "://", "@", ":", "=", " ", '"', "'", "eyJ", "-us1",
     "xoxb-", "AKIA", "SK", "PRIVATE KEY", "BEGIN ", "aws", "key", "_", ".", "AC", "sq0csp-", "cl"]
) | st.text("abcdef0123456789ABCXYZ", min_size=1, max_size=40)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12), st.sampled_from(NAMES))
def test_the_prefilters_keep_every_hit_in_generated_lines(
    pieces: list[str], name: str
) -> None:
    line = "".join(pieces)
    assert unfiltered(PLUGINS, line, name) <= filtered(PLUGINS, line, name)


@pytest.mark.parametrize(
    "module", ["requests", "multiprocessing", "detect_secrets.settings"]
)
def test_loading_a_plugin_leaves_nothing_behind(module: str) -> None:
    program = (
        "import sys\n"
        "from zt_gate import rulebook\n"
        "from zt_gate.scanners.secrets.block_scan import BlockScanner\n"
        "from zt_gate.scanners.secrets.text_block import block_of\n"
        "scanner = BlockScanner(rulebook.load('secrets'))\n"
        "for block in block_of(b'a.py', b'password = \"abc123!defg\"'): scanner.hits(block)\n"
        f"assert {module!r} not in sys.modules, sorted(sys.modules)\n"
        "import detect_secrets, requests\n"
        "assert detect_secrets.SecretsCollection and requests.get\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


NAMES_OF_PLUGINS = sorted({rule.data["plugin"] for rule in CALLED})
SHIPPED = sorted(
    entry.stem
    for folder in getattr(
        find_spec("detect_secrets.plugins"), "submodule_search_locations", ()
    )
    for entry in Path(folder).glob("[a-z]*.py")
)
LOADS = """
import sys
from zt_gate.scanners.secrets.private_import import PrivateImport
from zt_gate.scanners.secrets.detect_secrets_plugins import DetectSecretsPlugins
{first}
before = {{name: module for name, module in sys.modules.items()
          if name.partition(".")[0] in ("requests", "detect_secrets")}}
for order in {orders}:
    private = PrivateImport("detect_secrets", absent=("requests",))
    for name in order:
        private.module("detect_secrets.plugins." + name)
    plugins = DetectSecretsPlugins({{}})
    for name in {called}:
        if name.partition(".")[0] in order:
            plugins._plugin(name)
after = {{name: module for name, module in sys.modules.items()
         if name.partition(".")[0] in ("requests", "detect_secrets")}}
assert before == after, (sorted(before), sorted(after))
{last}
"""
REAL = """
import requests, detect_secrets.plugins.ibm_cos_hmac
assert issubclass(requests.Response, object) and requests.Response is not object
assert requests.exceptions.RequestException
"""


@pytest.mark.parametrize(
    "first", ["", "import requests", "import detect_secrets.settings"]
)
def test_every_plugin_loads_alone_and_with_all_in_any_order(first: str) -> None:
    orders = [*([name] for name in SHIPPED), SHIPPED, SHIPPED[::-1]]
    program = LOADS.format(
        first=first, last=REAL, orders=orders, called=NAMES_OF_PLUGINS
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@each_of("name", SHIPPED)
def test_each_plugin_loads_in_a_process_of_its_own(name: str) -> None:
    program = LOADS.format(first="", last="", orders=[[name]], called=NAMES_OF_PLUGINS)
    subprocess.run([sys.executable, "-c", program], check=True)


def test_another_thread_gets_the_real_library_while_plugins_load() -> None:
    program = (
        "import threading\n"
        "from zt_gate import rulebook\n"
        "from zt_gate.scanners.secrets.block_scan import BlockScanner\n"
        "from zt_gate.scanners.secrets.text_block import block_of\n"
        "rules = rulebook.load('secrets')\n"
        "def load():\n"
        "    for _ in range(20):\n"
        "        scanner = BlockScanner(rules)\n"
        "        for block in block_of(b'a.py', b'password = \"abc123!defg\"'):\n"
        "            scanner.hits(block)\n"
        "thread = threading.Thread(target=load)\n"
        "thread.start()\n"
        "import requests\n"
        "thread.join()\n"
        "assert requests.Response.__module__ == 'requests.models'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_missing_module_is_an_import_error() -> None:
    private = PrivateImport("detect_secrets", absent=("requests",))
    with pytest.raises(ModuleNotFoundError):
        private.module("detect_secrets.plugins.there_is_none")
    with pytest.raises(ModuleNotFoundError):
        PrivateImport("no_such_package").module("no_such_package.x")
