"""References without a registry here: pinned or not, new or not, imitated or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import change_of
from zt_gate import rulebook
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.scanners.dependencies.references import _resembles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.scanners.dependencies.manifest_difference import Difference

RULES = rulebook.load("dependencies")
KNOWN = RULES["dependencies/similar-publisher"].data["known"]
SHA = "a" * 40
DIGEST = "sha256:" + "b" * 64
WORKFLOW = ".github/workflows/ci.yml"


def of(
    new: Mapping[str, str],
    old: Mapping[str, str] | None = None,
    trusted: Mapping[str, str] | None = None,
) -> Difference:
    before = {path.encode(): text.encode() for path, text in (trusted or {}).items()}
    before |= {path.encode(): text.encode() for path, text in (old or {}).items()}
    change = change_of({**new}, {**(old or {})})
    return difference(change, before.get, lambda: tuple(before), RULES)


def remarks(found: Difference) -> list[str]:
    return [
        f"{one.rule.partition('/')[2]} {one.addition.dependency.name}"
        for one in found.manifest_findings
    ]


def uses(*actions: str) -> str:
    steps = "".join(f"      - uses: {action}\n" for action in actions)
    return f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}"


def module(source: str, version: str = "") -> str:
    line = f'\n  version = "{version}"' if version else ""
    return f'module "m" {{\n  source = "{source}"{line}\n}}\n'


UNPINNED = (
    ("Dockerfile", "FROM python\n", "python"),
    ("Dockerfile", "FROM python:latest\n", "python"),
    ("Dockerfile-dev", "FROM o/a AS b\nFROM node:lts-alpine\n", "o/a, node"),
    ("compose.yml", "services:\n  db:\n    image: redis\n", "redis"),
    ("docker-compose.dev.yml", "services:\n  d:\n    image: redis:edge\n", "redis"),
    (WORKFLOW, "jobs:\n  a:\n    container: node:latest\n", "node"),
    ("k8s/app.yaml", "spec:\n  containers:\n  - image: nginx:latest\n", "nginx"),
    ("values.yaml", "image:\n  repository: nginx\n  tag: latest\n", "nginx"),
    ("Chart.yaml", "dependencies:\n- name: redis\n  repository: https://charts.bitnami.com/bitnami\n",
     "charts.bitnami.com/bitnami/redis"),
    ("main.tf", 'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws" }\n }\n}\n',
     "hashicorp/aws"),
    ("m.tf", module("terraform-aws-modules/vpc/aws"), "terraform-aws-modules/vpc/aws"),
    ("g.tf", module("git::https://github.com/hashicorp/x.git?ref=main"), "github.com/hashicorp/x"),
    (".pre-commit-config.yaml", "repos:\n- repo: https://github.com/psf/black\n  rev: main\n",
     "github.com/psf/black"),
    (".pre-commit-config.yaml", "repos:\n- repo: https://github.com/psf/black\n  rev: stable\n",
     "github.com/psf/black"),
    ("Package.swift", '.package(url: "https://github.com/apple/swift-log", branch: "main")\n',
     "github.com/apple/swift-log"),
    ("pubspec.yaml", "dependencies:\n  http: any\n", "http"),
    (".devcontainer/devcontainer.json", '{"image": "mcr.microsoft.com/devcontainers/base"}',
     "mcr.microsoft.com/devcontainers/base"),
)  # fmt: skip
PINNED = (
    ("Dockerfile", f"FROM python:3.12-slim\nFROM node@{DIGEST}\nFROM scratch\n"),
    ("Dockerfile", "ARG V=3\nFROM python:${V}\nFROM golang:1 AS b\nFROM b\n"),
    ("Dockerfile", "FROM debian:bookworm\nFROM ubuntu:jammy\n"),
    ("compose.yml", "services:\n  a:\n    build: .\n    image: own\n  b:\n    image: redis:7\n"),
    (".gitlab-ci.yml", "x:\n  image: python:$V\n  services: ['postgres:16']\n"),
    ("k8s/app.yaml", "image: '{{ .Values.image }}'\n"),
    (".gitlab-ci.yml", "x:\n  image: macos-15-xcode-16\n"),
    ("main.tf", module("terraform-aws-modules/vpc/aws", "~> 5.0") + module("./own")),
    (".pre-commit-config.yaml",
     "repos:\n- repo: https://github.com/psf/black\n  rev: 24.1.0\n- repo: local\n"),
    ("Package.swift", '.package(url: "https://github.com/apple/swift-log", from: "1.0.0")\n'),
    ("pubspec.yaml", "dependencies:\n  http: ^1.0.0\n  flutter:\n    sdk: flutter\n"),
    ("Podfile", "pod 'Alamofire', '~> 5'\npod 'Own', :path => '.'\n"),
    ("environment.yml", "dependencies:\n- python=3.12\n- numpy\n- conda-forge::scipy>=1\n"),
    ("flake.nix", '{ inputs.nixpkgs.url = "github:NixOS/nixpkgs"; }\n'),
    (".vscode/extensions.json", '{"recommendations": ["ms-python.python"]}'),
    (WORKFLOW, uses(f"actions/checkout@{SHA}", "./own")),
)  # fmt: skip
SIMILAR = (
    ("Dockerfile", "FROM pyhton:3.12\n", "pyhton"),
    ("Dockerfile", "FROM bitnamii/redis:7\n", "bitnamii/redis"),
    ("compose.yml", "services:\n  a:\n    image: postgress:16\n", "postgress"),
    (WORKFLOW, uses(f"acti0ns/checkout@{SHA}"), "acti0ns/checkout"),
    (WORKFLOW, uses(f"action/checkout@{SHA}"), "action/checkout"),
    (WORKFLOW, uses(f"astralsh/setup-uv@{SHA}"), "astralsh/setup-uv"),
    ("main.tf", module("hashicrop/consul/aws", "1.0"), "hashicrop/consul/aws"),
    ("main.tf", module("terraform-aws-module/vpc/aws", "1.0"), "terraform-aws-module/vpc/aws"),
    ("main.tf", module("hashi-corp/consul/aws", "1.0"), "hashi-corp/consul/aws"),
    (".vscode/extensions.json", '{"recommendations": ["ms-pyhton.python"]}', "ms-pyhton.python"),
    (".vscode/extensions.json", '{"recommendations": ["anthropics.claude"]}', "anthropics.claude"),
    (".devcontainer/devcontainer.json",
     '{"customizations": {"vscode": {"extensions": ["redhat-official.java"]}}}',
     "redhat-official.java"),
    (".pre-commit-config.yaml", "repos:\n- repo: https://github.com/pre-comit/hooks\n  rev: v1\n",
     "github.com/pre-comit/hooks"),
    ("Package.swift", '.package(url: "https://github.com/aple/swift-log", from: "1.0.0")\n',
     "github.com/aple/swift-log"),
    ("pubspec.yaml", "dependencies:\n  provder: ^1.0.0\n", "provder"),
    ("Podfile", "pod 'Alamofre', '~> 5'\n", "Alamofre"),
    ("environment.yml", "dependencies:\n- pytroch=2\n", "pytroch"),
    ("flake.nix", '{ inputs.x.url = "github:nix-comunity/x"; }\n', "github.com/nix-comunity/x"),
)  # fmt: skip
NEW = (
    ("Dockerfile", "FROM stranger/app:1.0\n", "stranger/app"),
    ("compose.yml", "services:\n  a:\n    image: ghcr.io/stranger/app:1\n", "ghcr.io/stranger/app"),
    ("k8s/a.yaml", "image: quay.io/stranger/app:1\n", "quay.io/stranger/app"),
    (WORKFLOW, uses(f"stranger/action@{SHA}"), "stranger/action"),
    (WORKFLOW, "jobs:\n  a:\n    uses: stranger/x/.github/workflows/y.yml@" + SHA + "\n",
     "stranger/x/.github/workflows/y.yml"),
    ("main.tf", module("stranger/vpc/aws", "1.0"), "stranger/vpc/aws"),
    (".pre-commit-config.yaml", "repos:\n- repo: https://forge.example/stranger/x\n  rev: v1\n",
     "forge.example/stranger/x"),
    (".vscode/extensions.json", '{"recommendations": ["stranger.tool"]}', "stranger.tool"),
    (".devcontainer/devcontainer.json", '{"features": {"ghcr.io/stranger/features/x:1": {}}}',
     "ghcr.io/stranger/features/x"),
    ("flake.nix", '{ inputs.x.url = "github:stranger/x"; }\n', "github.com/stranger/x"),
    ("charts/x/templates/a.yaml", "{{ if .x }}\n  - image: stranger/x:1 # y\n{{ end }}\n",
     "stranger/x"),
    (".mcp.json",
     '{"x": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "KEY", "stranger/mcp:1"]}}',
     "stranger/mcp"),
    ("Package.swift", '.package(url: "https://github.com/stranger/x", from: "1.0.0")\n',
     "github.com/stranger/x"),
)  # fmt: skip


def expected(rule: str, names: str) -> list[str]:
    return [f"{rule} {name}" for name in names.split(", ")]


@pytest.mark.parametrize(("path", "text", "names"), UNPINNED)
def test_a_floating_reference_is_reported(path: str, text: str, names: str) -> None:
    assert remarks(of({path: text})) == expected("unpinned-reference", names)


@pytest.mark.parametrize(("path", "text"), PINNED)
def test_a_reference_with_a_version_of_a_known_publisher_is_not(
    path: str, text: str
) -> None:
    assert remarks(of({path: text})) == []


@pytest.mark.parametrize(("path", "text", "names"), SIMILAR)
def test_an_imitated_name_is_reported(path: str, text: str, names: str) -> None:
    assert remarks(of({path: text})) == expected("similar-publisher", names)


@pytest.mark.parametrize(("path", "text", "names"), NEW)
def test_a_publisher_that_is_new_to_the_project_is_reported(
    path: str, text: str, names: str
) -> None:
    assert remarks(of({path: text})) == expected("new-publisher", names)


@pytest.mark.parametrize(("path", "text", "names"), [*UNPINNED, *SIMILAR, *NEW])
def test_what_the_project_has_already_is_quiet(
    path: str, text: str, names: str
) -> None:
    assert remarks(of({path: f"{text}\n"}, {path: text})) == [], names


@pytest.mark.parametrize(("path", "text", "names"), NEW)
def test_another_file_of_the_project_names_it_already(
    path: str, text: str, names: str
) -> None:
    folder, slash, name = path.rpartition("/")
    other = f"other/{path}" if name.startswith((".", "main")) else path
    trusted = {"Dockerfile.old": f"# {names}\nFROM {names}\n"} if not slash else {}
    trusted |= {f"x/{folder}{slash}{name}": text, other + ".x": text}
    assert remarks(of({path: text}, None, trusted)) == []


@pytest.mark.parametrize(("path", "text", "names"), [*UNPINNED, *SIMILAR, *NEW])
def test_a_new_reference_is_listed_with_its_name(
    path: str, text: str, names: str
) -> None:
    listed = [
        item.reason
        for item in of({path: text}).not_inspected
        if item.kind == "not_applicable"
    ]
    for name in names.split(", "):
        assert any(f" {name}" in reason for reason in listed), listed


def test_a_pin_that_is_lost_is_reported() -> None:
    old = {"Dockerfile": f"FROM python:3.12@{DIGEST}\n"}
    assert remarks(of({"Dockerfile": "FROM python:3.12\n"}, old)) == [
        "unpinned-reference python"
    ]
    old = {"Dockerfile": "FROM python:3.12\n"}
    assert remarks(of({"Dockerfile": "FROM python:latest\n"}, old)) == [
        "unpinned-reference python"
    ]
    assert remarks(of({"Dockerfile": "FROM python:3.13\n"}, old)) == []


def test_one_new_publisher_is_one_finding() -> None:
    text = "FROM stranger/one:1 AS a\nFROM stranger/two:1\n"
    assert remarks(of({"Dockerfile": text})) == ["new-publisher stranger/one"]


def test_a_computed_image_is_listed_as_computed() -> None:
    found = of({"Dockerfile": "FROM ${BASE}\n"})
    assert remarks(found) == []
    assert "name is computed" in found.not_inspected[0].reason


def test_prose_and_test_data_bring_no_finding() -> None:
    fenced = "```dockerfile\nFROM stranger/app\n```\n"
    assert remarks(of({"README.md": fenced})) == []
    assert remarks(of({"tests/fixtures/Dockerfile": "FROM stranger/app\n"})) == []


def test_the_well_known_names_do_not_resemble_each_other() -> None:
    similar = RULES["dependencies/similar-publisher"].data["similar"]
    for lists in KNOWN.values():
        for names in lists.values():
            assert len(set(names)) == len(names)
    for name in KNOWN["docker"]["names"]:
        assert remarks(of({"Dockerfile": f"FROM {name}:1\n"})) == [], name
    for owner in KNOWN["github"]["publishers"]:
        found = remarks(of({WORKFLOW: uses(f"{owner}/x@{SHA}")}))
        assert found == [], (owner, similar)


@given(st.text("abcdefgh-_.01", min_size=1, max_size=20), st.data())
def test_one_slip_resembles_and_a_name_resembles_itself(
    name: str, data: st.DataObject
) -> None:
    assert _resembles(name, name, 1, ()) is bool(name.strip("-_."))
    at = data.draw(st.integers(0, len(name)))
    added = name[:at] + "x" + name[at:]
    letters = sum(character not in "-_." for character in name)
    assert _resembles(added, name, 1, ()) is bool(letters)
    assert _resembles(name, added, 1, ()) is bool(letters)
