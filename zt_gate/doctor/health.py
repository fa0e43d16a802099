"""Whether the gate itself works: rules, engine, caches, registries."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.doctor.check import Check
from zt_gate.errors import GateError
from zt_gate.model.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.doctor.check import DoctorContext
    from zt_gate.ecosystems.registries.package_index import Index

#: Seconds that one registry gets.
_SECONDS = 5.0
_REINSTALL = "python -m pip install --force-reinstall zt-gate"
_ENGINE = "python -m pip install --force-reinstall semgrep"
# Put together when it is needed: this file holds no code that the rules would find.
_PLANTED = ("import subprocess", "", "", "def run(request):", '    name = request.args["name"]',
            "    subprocess.run(f'ls {name}', " + "she" + "ll=True, check=True)", "")  # fmt: skip


def checks(asked: DoctorContext) -> Iterator[Check]:
    """Yield what can be said about each part."""
    from zt_gate.system import cache

    kept = cache.cache_folder(asked.environ, (asked.git.root,))
    if kept is None:
        says = "there is no cache folder that belongs to this user alone; every run starts cold"
        mend = (
            "mkdir -p ~/.cache && chmod 700 ~/.cache/zt-gate, or set ZT_GATE_CACHE_DIR"
        )
        yield Check("health", "cache", "fault", says, mend)
    else:
        yield Check("health", "cache", "ok", f"{kept} can be written")
    yield _rules(kept)
    yield _policy(asked)
    yield _engine(asked)
    yield from _registries(asked)


def _rules(kept: Path | None) -> Check:
    from zt_gate import rulebook

    try:
        names = rulebook.scanners_with_rules()
        count = sum(len(rulebook.load(name, cache=kept)) for name in names)
    except GateError as error:
        return Check("health", "rules", "fault", str(error), _REINSTALL)
    return Check(
        "health", "rules", "ok", f"{count} rules of {len(names)} families load"
    )


def _policy(asked: DoctorContext) -> Check:
    """Read the policy as it stands at HEAD, as a scan would."""
    from zt_gate.review import run

    request = run.Request(folder=asked.git.root, only=("scope",), offline=True)
    try:
        report = run.run(request, asked.environ)
    except GateError as error:
        return Check(
            "health", "policy", "fault", str(error), "mend the policy, and commit it"
        )
    if report.policy.profile == Profile.ADVISORY:
        says = "the profile is advisory: nothing blocks"
        return Check(
            "health", "policy", "fault", says, 'profile = "standard" in the policy'
        )
    return Check(
        "health",
        "policy",
        "ok",
        f"the policy at HEAD reads, profile {report.policy.profile}",
    )


def _engine(asked: DoctorContext) -> Check:
    """Let the engine find a planted weakness, as a scan would."""
    from zt_gate.review import run
    from zt_gate.system.temporary import private_folder

    with private_folder(asked.environ, "zt-gate-doctor") as folder:
        (folder / "planted.py").write_text("\n".join(_PLANTED), "utf-8")
        request = run.Request(
            kind="tree", paths=(".",), folder=folder, only=("code",), offline=True
        )
        try:
            report = run.run(request, asked.environ)
        except GateError as error:
            return Check("health", "engine", "fault", str(error), _ENGINE)
    if report.errors:
        return Check("health", "engine", "fault", report.errors[0], _ENGINE)
    if not any(one.finding.scanner == "code" for one in report.findings):
        says = "semgrep runs and does not find a planted weakness"
        return Check("health", "engine", "fault", says, _ENGINE)
    return Check("health", "engine", "ok", "semgrep runs, and finds a planted weakness")


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    index: Index
    path: str
    setting: str


def _registries(asked: DoctorContext) -> Iterator[Check]:
    if asked.offline:
        says = "--offline: no registry was asked"
        yield Check(
            "health", "registries", "unknown", says, "zt-gate doctor --area health"
        )
        return
    from zt_gate.ecosystems.registries.client import Client, TlsSettings
    from zt_gate.ecosystems.registries.package_index import RegistryError

    tls = TlsSettings(asked.environ)
    for place in _places(asked):
        client = Client(asked.environ, tls, time.monotonic() + _SECONDS)
        name, mend = (
            f"registry {place.name}",
            f"look at the network and the proxy, or set {place.setting}",
        )
        try:
            status = client.head(place.index, place.path)
        except RegistryError as fault:
            yield Check("health", name, "fault", f"it {fault}", mend)
            continue
        finally:
            client.close()
        # Whoever does not know HEAD, or this page, is there all the same.
        if status < 400 or status in {404, 405, 501}:
            yield Check("health", name, "ok", "it answers")
        else:
            yield Check(
                "health", name, "fault", f"it answers with status {status}", mend
            )


def _places(asked: DoctorContext) -> Iterator[_Place]:
    """Yield where names are looked up by the environment and the user's settings."""
    from zt_gate.ecosystems import all_ecosystems
    from zt_gate.ecosystems.registries import endpoints, osv
    from zt_gate.ecosystems.registries.settings import (
        SettingsSources,
        configured_service,
        make_index,
    )

    sources = SettingsSources(asked.environ, {}, lambda _path: None)
    for ecosystem in all_ecosystems():
        if ecosystem.probe_path:
            index = endpoints(ecosystem.name, sources).indexes[0]
            yield _Place(
                ecosystem.name, index, ecosystem.probe_path, ecosystem.probe_setting
            )
    chosen = configured_service(sources, "ZT_GATE_OSV_URL", "osv", "/v1")
    yield _Place(
        "osv",
        chosen or make_index(osv.PUBLIC_URL, cleartext=False),
        "/v1/query",
        "ZT_GATE_OSV_URL",
    )
