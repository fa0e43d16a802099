"""Checks whether zt-gate works: cache, rules, policy, engine and registries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.doctor.check import Check
from zt_gate.errors import GateError
from zt_gate.model.profile import Profile
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.doctor.check import DoctorContext
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.tls import TlsSettings
    from zt_gate.system.sealed_cache import SealedCache

#: Seconds that one registry has to answer.
_REGISTRY_TIMEOUT = 5.0
_REINSTALL_GATE = "python -m pip install --force-reinstall zt-gate"
_REINSTALL_ENGINE = "python -m pip install --force-reinstall semgrep"
#: Code with a command injection.  It is assembled, so that the rules do not find it here.
_VULNERABLE_CODE = (
    "import subprocess",
    "",
    "",
    "def run(request):",
    '    name = request.args["name"]',
    "    subprocess.run(f'ls {name}', " + "she" + "ll=True, check=True)",
    "",
)


def checks(context: DoctorContext) -> Iterator[Check]:
    """Yield the checks of the area ``health``."""
    from zt_gate.system.sealed_cache import open_cache

    cache = open_cache(context.environ, (context.git.root,))
    yield _cache(cache, context)
    yield _rules(cache)
    yield _policy(context)
    yield from exceptions(context, cache)
    yield _engine(context)
    yield from _registries(context)


def _cache(cache: SealedCache | None, context: DoctorContext) -> Check:
    if cache is not None:
        message = f"{cache.folder} is writable, and its entries are authenticated"
        return Check("health", "cache", "ok", message)
    from zt_gate.system.ci import in_ci
    from zt_gate.system.sealed_cache import KEY_VARIABLE

    if in_ci(context.environ):
        message = f"not used in CI without {KEY_VARIABLE}"
        return Check("health", "cache", "ok", message)
    message = (
        "no cache folder, or no folder for its key, belongs to this user alone, so "
        "every run starts slowly"
    )
    fix = (
        "mkdir -p ~/.cache ~/.local/state && chmod 700 ~/.cache/zt-gate "
        "~/.local/state/zt-gate, or set ZT_GATE_CACHE_DIR and XDG_STATE_HOME"
    )
    return Check("health", "cache", "fault", message, fix)


def _rules(cache: SealedCache | None) -> Check:
    from zt_gate import rulebook

    try:
        scanners = rulebook.scanners_with_rules()
        count = sum(len(rulebook.load(name, cache=cache)) for name in scanners)
    except GateError as error:
        return Check("health", "rules", "fault", str(error), _REINSTALL_GATE)
    message = f"{count} rules of {len(scanners)} scanners are valid"
    return Check("health", "rules", "ok", message)


def _policy(context: DoctorContext) -> Check:
    """Load the policy at HEAD, as a scan does."""
    from zt_gate.review import run

    request = run.Request(folder=context.git.root, only=("scope",), offline=True)
    try:
        report = run.run(request, context.environ)
    except GateError as error:
        fix = "fix the policy and commit it"
        return Check("health", "policy", "fault", str(error), fix)
    profile = report.policy.profile
    if profile == Profile.ADVISORY:
        message = "the profile is advisory, so nothing blocks"
        fix = 'set profile = "standard" in the policy'
        return Check("health", "policy", "fault", message, fix)
    message = f"the policy at HEAD is valid, profile {profile}"
    return Check("health", "policy", "ok", message)


def exceptions(
    context: DoctorContext, cache: SealedCache | None = None
) -> Iterator[Check]:
    """Name the allowances and ignores of the policy at HEAD that have no effect."""
    from zt_gate.git.trusted_files import list_paths, read_file
    from zt_gate.policy.load import load
    from zt_gate.review import policy_entries
    from zt_gate.rulebook.rule_ids import RuleIds
    from zt_gate.scanners import registered

    git = context.git
    if not git.head:
        return
    scanners = registered()
    rules = RuleIds(cache)
    try:
        policy = load(
            lambda path: read_file(git, git.head, path), git.head, scanners=scanners
        )
        entries = tuple(policy_entries.entries(policy))
        files = list_paths(git, git.head) if entries else ()
    except GateError:
        return  # the check of the policy says so
    names = policy_entries.RuleNames(rules, scanners)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for entry in entries:
        problem = policy_entries.problem(entry, names, today, files)
        if problem:
            what = f"{entry.kind} {', '.join(entry.rules)} in {entry.path}"
            message = f"{what} has no effect: {problem}"
            fix = "zt-gate policy show lists the entries with their lines"
            yield Check("health", "exceptions", "fault", message, fix)


def _engine(context: DoctorContext) -> Check:
    """Scan code with a vulnerability that the engine must find."""
    from zt_gate.review import run
    from zt_gate.system.temporary import private_folder

    with private_folder(context.environ, "zt-gate-doctor") as folder:
        (folder / "planted.py").write_text("\n".join(_VULNERABLE_CODE), "utf-8")
        request = run.Request(
            kind="tree", paths=(".",), folder=folder, only=("code",), offline=True
        )
        try:
            report = run.run(request, context.environ)
        except GateError as error:
            return Check("health", "engine", "fault", str(error), _REINSTALL_ENGINE)
    if report.errors:
        return Check("health", "engine", "fault", report.errors[0], _REINSTALL_ENGINE)
    if not any(item.finding.scanner == "code" for item in report.findings):
        message = "semgrep runs, but does not find a planted vulnerability"
        return Check("health", "engine", "fault", message, _REINSTALL_ENGINE)
    message = "semgrep runs and finds a planted vulnerability"
    return Check("health", "engine", "ok", message)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A registry or advisory service; ``setting`` names the variable that changes it."""

    name: str
    index: Index
    path: str
    setting: str


def _registries(context: DoctorContext) -> Iterator[Check]:
    if context.offline:
        message = "no registry was queried, because of --offline"
        fix = "zt-gate doctor --area health"
        yield Check("health", "registries", "unknown", message, fix)
        return
    from zt_gate.ecosystems.registries.tls import TlsSettings

    tls = TlsSettings(context.environ)
    for endpoint in _endpoints(context):
        yield _registry(endpoint, context, tls)


def _registry(endpoint: _Endpoint, context: DoctorContext, tls: TlsSettings) -> Check:
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import RegistryError

    name = f"registry {endpoint.name}"
    fix = f"check the network and the proxy, or set {endpoint.setting}"
    client = Client(context.environ, tls, time.monotonic() + _REGISTRY_TIMEOUT)
    try:
        status = client.head(endpoint.index, endpoint.path)
    except RegistryError as fault:
        return Check("health", name, "fault", f"it {fault}", fix)
    finally:
        client.close()
    # A server that rejects HEAD or does not have this page is reachable, too.
    if status < 400 or status in {404, 405, 501}:
        return Check("health", name, "ok", "it answers")
    return Check("health", name, "fault", f"it answers with HTTP status {status}", fix)


def _endpoints(context: DoctorContext) -> Iterator[_Endpoint]:
    """Yield the registries that the environment and the user's settings select."""
    from zt_gate.ecosystems import all_ecosystems
    from zt_gate.ecosystems.registries import endpoints, osv
    from zt_gate.ecosystems.registries.package_manager_settings import (
        SettingsSources,
        configured_service,
        make_index,
    )

    sources = SettingsSources(context.environ, {}, lambda _path: None)
    for ecosystem in all_ecosystems():
        if ecosystem.probe_path:
            index = endpoints(ecosystem.name, sources).indexes[0]
            yield _Endpoint(
                ecosystem.name, index, ecosystem.probe_path, ecosystem.probe_setting
            )
    own_service = configured_service(sources, "ZT_GATE_OSV_URL", "osv", "/v1")
    service = own_service or make_index(osv.PUBLIC_URL, cleartext=False)
    yield _Endpoint("osv", service, "/v1/query", "ZT_GATE_OSV_URL")
