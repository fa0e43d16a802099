"""What counts as added, once the whole repository is taken into account."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.changes import change_of, context, file_change
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.model.change import ChangeSet
from zt_gate.scanners.dependencies import SCANNER
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.scanners.dependencies.imported_packages import (
    UNDECLARED_IMPORT,
    ModuleTable,
    suggestion,
)
from zt_gate.scanners.dependencies.quick_check import may_add_dependency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.scanners.dependencies.manifest_difference import Difference

RULES = rulebook.load("dependencies")
TABLE = ModuleTable(RULES[UNDECLARED_IMPORT].data)
Files = dict[str, "str | bytes | None"]
PYPROJECT = '[project]\nname = "own"\ndependencies = ["flask"]\n'


def of(
    new: Files,
    old: Mapping[str, str | bytes] | None = None,
    trusted: Mapping[str, str] | None = None,
) -> Difference:
    before = {path.encode(): text.encode() for path, text in (trusted or {}).items()}
    change = change_of(new, {**(old or {})})
    return difference(change, before.get, lambda: tuple(before), RULES)


def added(found: Difference) -> list[str]:
    return [one.dependency.key for one in found.added]


def remarks(found: Difference) -> list[tuple[str, str]]:
    return [
        (one.rule.partition("/")[2], one.addition.dependency.name)
        for one in found.manifest_findings
    ]


def test_an_undeclared_import_is_an_added_package() -> None:
    code = (
        "import flask, yaml, os\nfrom google.cloud import storage\nimport google\n"
        "import made_up_thing.part\nimport azure.made_up\n"
    )
    found = of({"a.py": code}, trusted={"pyproject.toml": PYPROJECT})
    assert added(found) == [
        "pyyaml",
        "google-cloud-storage",
        "made-up-thing",
        "azure-made-up",
    ]
    assert {rule for rule, _ in remarks(found)} == {"undeclared-import"}
    assert "pyyaml" in found.manifest_findings[0].message


def test_where_a_manifest_declares_nothing_readable_an_import_means_nothing() -> None:
    computed = "from setuptools import setup\nsetup(install_requires=read())\n"
    for trusted in ({"setup.py": computed}, {"requirements.txt": ""}):
        assert added(of({"a.py": "import made_up\n"}, trusted=trusted)) == []


def test_an_import_in_a_repository_without_a_manifest_is_looked_up() -> None:
    for trusted in ({}, {"package.json": "{}"}, {"README.md": "x"}):
        found = of({"a.py": "import made_up, os\nimport yaml\n"}, trusted=trusted)
        assert added(found) == ["made-up", "pyyaml"]
        assert remarks(found) == []


def test_modules_of_the_repository_are_local() -> None:
    trusted = {
        "pyproject.toml": PYPROJECT,
        "src/mine/x.py": "",
        "tools/helper.py": "",
        "n/s/y.txt": "",
    }
    code = "import mine.x\nimport helper\nimport n.s\nimport beside\nimport thing_pb2\nimport bpy\n"
    assert added(of({"a.py": code, "beside.py": "x = 1\n"}, trusted=trusted)) == []


def test_what_stands_in_a_tests_own_folder_is_its_input() -> None:
    files: Files = {
        "tests/roots/test-ext/need.py": "import made_up\n",
        "tests/test_module/bad.py": "import made_up\n",
        "tests/test_group/test_x.py": "import httpx\n",
        "tests/helper.py": "import trio\n",
    }
    assert added(of(files, trusted={"pyproject.toml": PYPROJECT})) == ["httpx", "trio"]


def test_a_composer_lock_answers_for_what_its_packages_provide() -> None:
    require = {"v/kit": "1", "v/log-implementation": "1", "v/lost": "1", "php": ">=8"}
    lock = {"packages": [{"name": "v/kit", "version": "1.0",
                          "provide": {"V/log-implementation": "1"}}]}  # fmt: skip
    files: Files = {
        "composer.json": json.dumps({"require": require}),
        "composer.lock": json.dumps(lock),
    }
    assert remarks(of(files)) == [("lock-mismatch", "v/lost")]


def test_the_version_in_a_changed_lock_is_the_one_that_counts() -> None:
    lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"zzkit": "^1"}},
            "node_modules/a/node_modules/zzkit": {"version": "1.9.0"},
            "node_modules/zzkit": {"version": "1.2.3"}}}  # fmt: skip
    found = of(
        {
            "package.json": '{"dependencies": {"zzkit": "^1"}}',
            "package-lock.json": json.dumps(lock),
        }
    )
    assert [(one.dependency.key, one.constraint) for one in found.added] == [
        ("zzkit", "1.2.3")
    ]
    assert [one.constraint for one in found.constrained] == ["1.9.0"]


def test_a_pin_that_is_taken_away_is_another_version() -> None:
    found = of({"requirements.txt": "flask\n"}, {"requirements.txt": "flask==1.0\n"})
    assert (added(found), [one.constraint for one in found.constrained]) == ([], [""])


def test_thousands_of_names_take_linear_time() -> None:
    """As loops within loops ten thousand took a minute of CPU and more, now one second."""

    def look(count: int) -> None:
        names = [f"zz{n}kit-{n}" for n in range(count)]
        code = "".join(f"import q{n}q\n" for n in range(count))
        table = json.dumps({"name": "own", "dependencies": dict.fromkeys(names, "1")})
        found = of(
            {"requirements.txt": "\n".join(names), "package.json": table, "a.py": code}
        )
        assert len(found.added) == 3 * count

    finishes([10_000], look)


def test_an_import_that_was_there_before_is_not_added() -> None:
    old = {"a.py": "import yaml\nimport os\n"}
    assert added(
        of({"a.py": "import yaml\nimport httpx\n"}, old, {"pyproject.toml": PYPROJECT})
    ) == ["httpx"]


def test_the_change_that_declares_it_declares_it() -> None:
    files: Files = {"a.py": "import bs4\n", "requirements.txt": "beautifulsoup4\n"}
    assert added(of(files, trusted={"pyproject.toml": PYPROJECT})) == ["beautifulsoup4"]


def test_affixes_and_namespaces_count_as_declared() -> None:
    trusted = {"requirements.txt": "python-thing\nother-sdk\nspace-part\n"}
    assert (
        added(of({"a.py": "import thing, other, space.part\n"}, trusted=trusted)) == []
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("tests/test_a.py", "def test():\n    import made_up\n"),
        ("tests/data/a.py", "import made_up\n"),
        ("a.py", "try:\n    import made_up\nexcept ImportError:\n    made_up = None\n"),
    ],
)
def test_what_tests_make_up_and_what_is_optional_is_not_added(
    path: str, code: str
) -> None:
    assert added(of({path: code}, trusted={"pyproject.toml": PYPROJECT})) == []


def test_javascript_imports() -> None:
    package = json.dumps(
        {"name": "own", "dependencies": {"react": "1", "@types/lodash": "1"}}
    )
    code = "import 'react'; import 'lodash'\nimport 'own/x'\nimport 'src/y'\nrequire('made-up/z')\n"
    found = of({"web/a.ts": code}, trusted={"package.json": package, "src/y.ts": ""})
    assert added(found) == ["made-up"]


def test_without_a_list_of_files_imports_are_said_not_to_be_looked_at() -> None:
    change = change_of({"a.py": "import made_up\n", "requirements.txt": "flask\n"})
    found = difference(change, lambda _path: None, lambda: None, RULES)
    assert [item.kind for item in found.not_inspected] == ["not_applicable"]
    tree = dataclasses.replace(change, kind="tree")
    assert "made-up" in added(difference(tree, lambda _path: None, lambda: None, RULES))


def test_commands_add_what_nothing_declares() -> None:
    text = "```\npip install own flask rich\nnpm install left-pad\npip install git+https://h.example/own.git\n```\n"
    found = of(
        {"README.md": text, "docs/a.md": text}, trusted={"pyproject.toml": PYPROJECT}
    )
    assert added(found) == ["rich", "left-pad"]


def test_prose_names_packages_but_no_index() -> None:
    line = "pip install --index-url https://h.example/simple rich\n"
    assert added(of({"a.md": f"```\n{line}```\n"})) == ["rich"]
    assert added(of({"a.sh": line})) == ["", "rich"]


def test_packages_of_a_workspace_are_no_strangers() -> None:
    root = json.dumps({"name": "root", "workspaces": ["packages/*"]})
    sibling = json.dumps({"name": "@me/sibling"})
    new: Files = {
        "packages/b/package.json": json.dumps({"dependencies": {"@me/sibling": "*"}})
    }
    trusted = {"package.json": root, "packages/a/package.json": sibling}
    assert added(of(new, trusted=trusted)) == []
    # A name that only the change claims is the workspace's, or it is nobody's here.
    claimed: Files = {"packages/a/package.json": sibling, **new}
    assert added(of(claimed, trusted={"package.json": root})) == []
    assert added(of(claimed, trusted={"package.json": "{}"})) == ["@me/sibling"]


def test_a_project_may_require_itself() -> None:
    text = '[project]\nname = "Own"\noptional-dependencies.all = ["own[x]", "rich"]\n'
    assert added(of({"pyproject.toml": text})) == ["rich"]


def test_a_lock_says_nothing_that_its_manifest_says() -> None:
    lock = '[[package]]\nname = "{}"\nversion = "1"\n'
    files: Files = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["rich"]\n',
        "poetry.lock": lock.format("rich") + lock.format("deeper"),
    }
    assert added(of(files)) == ["rich", "deeper"]


def test_lock_and_manifest_that_disagree() -> None:
    package = {"name": "own", "dependencies": {"left-pad": "1", "only-here": "1"}}
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"left-pad": "1", "only-locked": "1"}},
            "node_modules/left-pad": {"version": "1.0.0"},
            "node_modules/only-locked": {"version": "1.0.0"},
            "node_modules/deeper": {"version": "1.0.0"},
        },
    }
    found = of(
        {"w/package.json": json.dumps(package), "w/package-lock.json": json.dumps(lock)}
    )
    assert remarks(found) == [
        ("lock-mismatch", "only-here"),
        ("lock-mismatch", "only-locked"),
    ]
    elsewhere = of(
        {"package.json": json.dumps(package), "w/package-lock.json": json.dumps(lock)}
    )
    assert remarks(elsewhere) == []
    alone = of(
        {"w/package.json": json.dumps(package)},
        {"w/package-lock.json": json.dumps(lock)},
    )
    assert remarks(alone) == []


def test_a_foreign_index_of_a_lock_file_is_said_once(tmp_path: Path) -> None:
    source = 'source = { registry = "https://mirror.example/simple" }'
    lock = "".join(
        f'[[package]]\nname = "p{n}"\nversion = "1"\n{source}\n\n' for n in range(9)
    )
    run = SCANNER.scan(
        change_of({"uv.lock": lock}), context(RULES, tmp_path, offline=True)
    )
    assert [finding.rule for finding in run.findings] == [
        "dependencies/outside-registry"
    ]


def test_actions_that_are_not_pinned() -> None:
    pinned = "a" * 40
    text = "jobs:\n  a:\n    steps:\n" + "".join(
        f"      - uses: {action}\n"
        for action in (
            f"o/pinned@{pinned}",
            "o/tag@v1",
            "./own",
            "docker://alpine:3",
            f"o/short@{pinned[:7]}",
        )
    )
    path = ".github/workflows/ci.yml"
    unpinned = [
        name for rule, name in remarks(of({path: text})) if rule == "unpinned-action"
    ]
    assert unpinned == ["o/tag", "alpine", "o/short"]
    assert remarks(of({path: text + "\n# changed: run\n"}, {path: text})) == []
    newer = text.replace("o/tag@v1", "o/tag@v2")
    assert remarks(of({path: newer}, {path: text})) == [("unpinned-action", "o/tag")]


def test_what_only_running_it_would_tell_is_said() -> None:
    found = of(
        {"setup.py": "from setuptools import setup\nsetup(install_requires=read())\n"}
    )
    assert [
        (item.kind, b"setup.py" in (item.path or b"")) for item in found.not_inspected
    ] == [("not_applicable", True)]


def test_a_quote_that_ends_earlier_brings_an_import_to_life() -> None:
    old = {"a.py": '"""\nimport made_up\n"""\n'}
    found = of(
        {"a.py": '"""\n"""\nimport made_up\n'}, old, {"pyproject.toml": PYPROJECT}
    )
    assert added(found) == ["made-up"]


@each_of(
    ("path", "old", "new", "expected"),
    [
        ("a.py", "x = 1\n", "x = 2\n", False),
        ("a.py", "", "import os\nfrom sys import (argv)\n", False),
        ("a.py", "", "from . import x\n", False),
        ("a.py", "", "import os, evil\n", True),
        ("a.py", "", "x = 1; import evil\n", True),
        ("a.py", "", "from evil import x\n", True),
        ("a.py", "", "__import__('evil')\n", True),
        ("README.md", "", "Just words.\n", False),
        ("README.md", "", "pip install x\n", True),
        ("requirements.txt", "", "x\n", True),
        ("notes.csv", "", "pip install x\n", False),
        ("LICENSE", "", "Permission is granted\n", False),
    ],
)
def test_the_first_look(path: str, old: str, new: str, expected: bool) -> None:
    assert may_add_dependency(file_change(path, new, old)) is expected


_LINES = st.lists(
    st.sampled_from(
        [
            "import os\n",
            "import evil\n",
            '"""\n',
            "x = 1\n",
            "from a import b\n",
            "def f():\n",
            "    import evil2\n",
        ]
    ),
    max_size=8,
).map("".join)


@given(_LINES, _LINES)
def test_the_first_look_misses_no_import(old: str, new: str) -> None:
    file = file_change("a.py", new, old)
    change = ChangeSet(
        "staged", "", "", "", (dataclasses.replace(file, hunks=file.hunks),)
    )
    if may_add_dependency(file):
        return
    from zt_gate.ecosystems.manifests import python

    before = {one.name for one in python.read(b"a.py", old.encode())}
    after = {one.name for one in python.read(b"a.py", new.encode())}
    assert after <= before, change


def test_the_table_of_imports() -> None:
    assert TABLE.distributions("google.cloud.storage.client") == [
        "google-cloud-storage"
    ]
    assert TABLE.distributions("PIL.Image") == ["pillow"]
    assert suggestion(RULES, "objc") == "pyobjc"
    assert suggestion(RULES, "cv2") == "opencv-python"
    assert (suggestion(RULES, "pillow"), suggestion(RULES, "made-up")) == ("", "")
    for module, names in TABLE.data["distributions"].items():
        assert all(part.isidentifier() for part in module.split(".")), module
        for name in [names] if isinstance(names, str) else names:
            assert name == name.lower(), name


def test_a_look_at_plain_code_loads_nothing_and_calls_little() -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.support.bounded import calls_of\n"
        "from tests.support.changes import change_of, context\n"
        "from zt_gate.ecosystems.manifest_formats import format_of\n"
        "format_of(b'x.y')\n"  # the records of the ecosystems are loaded once
        "here = context({}, Path('.'))\n"
        "change = change_of({f'p/f{n}.py': 'import os\\n' + 'x = 1\\n' * 500 for n in range(20)})\n"
        "before = set(sys.modules)\n"
        "from zt_gate.scanners.dependencies import SCANNER\n"
        "print(calls_of(lambda: SCANNER.scan(change, here)))\n"
        "assert SCANNER.scan(change, here).status == 'ok'\n"
        "new = set(sys.modules) - before\n"
        "assert not [n for n in new if 'manifests' in n or 'added' in n or n == 'ast'], new\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        cwd=root,
    )
    assert int(done.stdout) < 2 * 20 * 500  # two calls for each line of code
