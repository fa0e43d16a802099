"""Which variables an agent sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.sandbox.client import client_of, folders_of
from zt_gate.guard.sandbox.environment import CredentialPassesError, scrubbed

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.text(alphabet="ABCDEFGHIJ_", min_size=1, max_size=12)


def is_credential(value: str) -> bool:
    return value.startswith("long-lived")


def test_only_the_prefix_harmless_names_and_the_clients_own_pass() -> None:
    given = {
        "AI_ACCESSIBLE_STAGE": "test",
        "DATABASE_URL": "x",
        "LANG": "C",
        "LC_ALL": "C",
        "MODEL_KEY": "long-lived",
        "LD_PRELOAD": "/x.so",
    }
    result = scrubbed(
        given, client_variables=frozenset(("MODEL_KEY",)), is_credential=is_credential
    )
    assert result.passed == {
        "AI_ACCESSIBLE_STAGE": "test",
        "LANG": "C",
        "LC_ALL": "C",
        "MODEL_KEY": "long-lived",
    }
    assert result.dropped == ("DATABASE_URL", "LD_PRELOAD")


def test_the_prefix_can_be_stripped() -> None:
    result = scrubbed(
        {"AI_ACCESSIBLE_STAGE": "test"},
        client_variables=frozenset(),
        is_credential=is_credential,
        strip_prefix=True,
    )
    assert result.passed == {"STAGE": "test"}


@pytest.mark.parametrize("name", ["AI_ACCESSIBLE_KEY", "LANG", "LC_X", "TERM"])
def test_a_credential_that_would_pass_is_refused(name: str) -> None:
    with pytest.raises(CredentialPassesError, match=f"the variable {name} holds"):
        scrubbed(
            {name: "long-lived-1"},
            client_variables=frozenset(),
            is_credential=is_credential,
        )


@given(st.dictionaries(NAMES, st.just("x")))
def test_nothing_passes_without_a_reason(environ: dict[str, str]) -> None:
    result = scrubbed(
        environ, client_variables=frozenset(), is_credential=is_credential, prefix="AB"
    )
    assert set(result.passed) | set(result.dropped) == set(environ)
    assert all(name.startswith("AB") or name == "CI" for name in result.passed)


def test_a_script_of_the_project_is_no_client(tmp_path: Path) -> None:
    """It would get the client's login, and a way to its model."""
    root, tools = tmp_path / "project", tmp_path / "tools"
    for folder in (root, tools):
        folder.mkdir()
        (folder / "claude").write_text("#!/bin/sh\n")
        (folder / "claude").chmod(0o755)
    path = {"PATH": f"{root}:{tools}"}
    assert client_of("claude", str(root), path) is None
    assert client_of(str(root / "claude"), str(root), path) is None
    assert client_of("claude", str(root), {"PATH": str(tools)}) is not None


def test_a_client_of_npm_brings_the_folder_of_its_modules(tmp_path: Path) -> None:
    """Installed elsewhere than in the home or the system's folders it was absent inside."""
    script = tmp_path / "tools/node_modules/@openai/codex/bin/codex.js"
    link = tmp_path / "tools/node_modules/.bin/codex"
    script.parent.mkdir(parents=True)
    link.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    link.symlink_to(script)
    found = client_of("codex", "/project", {"PATH": str(link.parent)})
    assert found is not None
    assert folders_of(found) == (str(tmp_path / "tools/node_modules"),)
