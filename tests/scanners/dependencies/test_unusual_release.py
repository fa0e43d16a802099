"""Signs of a takeover in a release that a change adds, against a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
VERSIONS = {"1.0.0": 1500.0, "1.1.0": 900.0, "1.2.0": 3.0}
RECENT = {"1.0.0": 300.0, "1.1.0": 200.0, "1.2.0": 3.0}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        yield server


def scan(
    registry: Registry, folder: Path, ecosystem: str, version: str = "*"
) -> ScannerRun:
    files = {"package.json": json.dumps({"dependencies": {"tidepool-kit": version}})}
    if ecosystem == "pypi":
        pin = "" if version == "*" else f"=={version}"
        files = {"requirements.txt": f"tidepool-kit{pin}\n"}
    here = context(
        RULES,
        folder,
        environ=registry.environment(),
        cache_dir=folder,
        text_findings=lambda _: (),
    )
    return SCANNER.scan(change_of(files, {}), here)


def unusual(run: ScannerRun) -> list[tuple[Level, str]]:
    assert run.not_inspected == ()
    return [
        (finding.level, finding.message.partition(": ")[2])
        for finding in run.findings
        if finding.rule == "dependencies/unusual-release"
        if finding.level is not None
    ]


NPM_SIGNS: list[tuple[dict[str, Any], str]] = [
    ({"taken_over": ("1.2.0",)}, "the account 'newcomer' published it"),
    (
        {"attested": ("1.0.0", "1.1.0")},
        "it has no provenance, which version '1.1.0' had",
    ),
    ({"running": ("1.2.0",)}, "it runs its own code when it is installed"),
    ({"versions": VERSIONS}, "it is the first release after 2 years without one"),
    (
        {
            "repositories": {
                "1.1.0": "git+https://forge.example/good/kit.git",
                "1.2.0": "https://forge.example/other/kit",
            }
        },
        "its source repository changed: 'forge/good/kit -> forge/other/kit'",
    ),
]


@pytest.mark.parametrize(("facts", "text"), NPM_SIGNS)
def test_one_sign_of_npm_warns(
    registry: Registry, tmp_path: Path, facts: dict[str, Any], text: str
) -> None:
    registry.npm("tidepool-kit", **{"versions": RECENT, "days": 2000, **facts})
    ((level, message),) = unusual(scan(registry, tmp_path, "npm"))
    assert level is Level.WARN
    assert message.startswith(text)
    # The cached answer says the same, without a request.
    registry.requests.clear()
    assert unusual(scan(registry, tmp_path, "npm")) == [(level, message)]
    assert not any("/npm/tidepool" in path for path in registry.asked())


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"attested": ("1.0.0", "1.1.0")}, "it has no provenance"),
        ({"running": ("1.2.0",)}, "it runs its own code when it is installed"),
        ({"versions": VERSIONS}, "it is the first release after 2 years"),
    ],
)
def test_one_sign_of_pypi_warns(
    registry: Registry, tmp_path: Path, facts: dict[str, Any], text: str
) -> None:
    registry.pypi("tidepool-kit", **{"versions": RECENT, "days": 2000, **facts})
    ((level, message),) = unusual(scan(registry, tmp_path, "pypi"))
    assert level is Level.WARN
    assert message.startswith(text)


@pytest.mark.parametrize("ecosystem", ["npm", "pypi"])
def test_two_strong_signs_block(
    registry: Registry, tmp_path: Path, ecosystem: str
) -> None:
    add = registry.npm if ecosystem == "npm" else registry.pypi
    add(
        "tidepool-kit",
        days=2000,
        versions=RECENT,
        attested=("1.1.0",),
        running=("1.2.0",),
    )
    ((level, message),) = unusual(scan(registry, tmp_path, ecosystem))
    assert level is Level.BLOCK
    assert "no provenance" in message
    assert "runs its own code" in message


@pytest.mark.parametrize("ecosystem", ["npm", "pypi"])
def test_the_version_that_is_installed_counts(
    registry: Registry, tmp_path: Path, ecosystem: str
) -> None:
    add = registry.npm if ecosystem == "npm" else registry.pypi
    add("tidepool-kit", days=2000, versions=RECENT, attested=("1.1.0",))
    assert unusual(scan(registry, tmp_path, ecosystem, "1.1.0")) == []
    assert len(unusual(scan(registry, tmp_path, ecosystem, "1.2.0"))) == 1


def test_an_old_release_and_an_ordinary_one_are_not_unusual(
    registry: Registry, tmp_path: Path
) -> None:
    old = {"1.0.0": 1500.0, "1.1.0": 100.0}
    registry.npm("tidepool-kit", days=2000, versions=old, taken_over=("1.1.0",))
    assert unusual(scan(registry, tmp_path, "npm")) == []
    registry.pypi("tidepool-kit", days=2000, versions=RECENT)
    assert unusual(scan(registry, tmp_path, "pypi")) == []


def test_a_new_publisher_with_a_provenance_is_a_workflow(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-kit", days=2000, versions=RECENT, taken_over=("1.2.0",),
                 attested=("1.2.0",))  # fmt: skip
    assert unusual(scan(registry, tmp_path, "npm")) == []


def test_a_registry_that_names_no_publishers_is_listed(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-kit", days=2000, versions=RECENT, publishers=False)
    run = scan(registry, tmp_path, "npm")
    assert run.findings == ()
    (note,) = run.not_inspected
    assert note.kind == "not_applicable"
    assert note.reason.startswith("tidepool-kit: not all facts about the releases")
    assert "does not say who published" in note.reason


def test_a_version_of_months_ago_needs_no_publisher(
    registry: Registry, tmp_path: Path
) -> None:
    old = {"1.0.0": 1500.0, "1.1.0": 200.0}
    registry.npm("tidepool-kit", days=2000, versions=old, publishers=False)
    assert unusual(scan(registry, tmp_path, "npm")) == []


def test_the_placeholder_of_npm_is_withdrawn_whatever_it_says(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-kit", placeholder=True, about="An ordinary description")
    (finding,) = scan(registry, tmp_path, "npm").findings
    assert finding.rule == "dependencies/withdrawn"
    assert "is a placeholder" in finding.message


@pytest.mark.parametrize("fault", ["500", "reset", "cut", "html", "wrong-name"])
@pytest.mark.parametrize("ecosystem", ["npm", "pypi"])
def test_without_an_answer_nothing_is_silently_fine(
    registry: Registry, tmp_path: Path, ecosystem: str, fault: Any
) -> None:
    add = registry.npm if ecosystem == "npm" else registry.pypi
    add("tidepool-kit", days=2000, versions=RECENT, running=("1.2.0",))
    registry.fault(fault, part="index")
    run = scan(registry, tmp_path, ecosystem)
    assert "dependencies/unverified" in {finding.rule for finding in run.findings}


def test_a_link_to_the_repository_of_the_imitated_package_is_evidence(
    registry: Registry, tmp_path: Path
) -> None:
    # By its name alone it is not reported: it is neither new nor unused.
    def messages(folder_name: str, **facts: Any) -> list[str]:
        registry.npm("crossenv", days=900, weekly=5000, **facts)
        folder = tmp_path / folder_name
        folder.mkdir()
        here = context(
            RULES,
            folder,
            environ=registry.environment(),
            cache_dir=folder,
            text_findings=lambda _: (),
        )
        text = json.dumps({"dependencies": {"crossenv": "1"}})
        run = SCANNER.scan(change_of({"package.json": text}, {}), here)
        return [finding.message for finding in run.findings]

    assert messages("none") == []
    own = "https://forge.example/someone/crossenv"
    assert messages("own", repositories={"": own}) == []
    other = "git+ssh://git@forge.example/known/cross-env.git"
    (message,) = messages("other", repositories={"": other})
    assert message.endswith("Its repository link leads to that of cross-env.")
