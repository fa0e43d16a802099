"""A few look-ups of well-known packages at the registries that this machine uses.

They are skipped where no registry answers; which ones are asked, the machine's
own settings say.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.base import DependencySettings
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.live

KNOWN = {
    "requirements.txt": ("flask", "attrs", "PyYAML"),
    "package.json": ("lodash", "@babel/core"),
}
# Older than the snapshot proves, so that the registry is asked.
SETTINGS = DependencySettings(min_age_days=365)


@pytest.mark.parametrize("path", KNOWN)
def test_the_registry_has_well_known_packages(path: str, tmp_path: Path) -> None:
    made_up = f"zt-gate-{uuid.uuid4().hex}"
    names = [*KNOWN[path], made_up]
    text = json.dumps({"dependencies": dict.fromkeys(names, "*")}) if "json" in path else (
        "\n".join(names)
    )  # fmt: skip
    here = context(
        rulebook.load("dependencies"), tmp_path, environ=os.environ, cache_dir=tmp_path,
        dependencies=SETTINGS,
    )  # fmt: skip
    run = SCANNER.scan(change_of({path: text}), here)
    said = {
        one.message.partition(" ")[0]: one.rule.partition("/")[2]
        for one in run.findings
    }
    if said.get(made_up) == "unverified":
        pytest.skip(
            f"no registry answers: {run.findings[-1].message.partition(': ')[2]}"
        )
    assert said.pop(made_up) == "missing"
    # Services of downloads and advisories may be out of reach where the registry is not.
    assert set(said.values()) <= {"unverified"}
    assert all(
        "service" in one.message for one in run.findings if made_up not in one.message
    )
