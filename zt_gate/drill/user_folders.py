"""Cases in which someone else has written the user's cache or the record of approvals."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted
from zt_gate.drill.outcome import GateOutcome
from zt_gate.errors import UsageError
from zt_gate.system.ci import with_ci_marker
from zt_gate.system.sealed_cache import SealedCache, open_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_GROUP = "environment"
_KEY = "block secrets/anthropic-api-key"
_STRANGER = b"a key that is not the user's own"
_UNSAFE = "def run(text):\n    return eval(text)\n"
_MISSING = "flask-session-lantern"


def _folders(workspace: CaseWorkspace, **more: str) -> dict[str, str]:
    """Return a user's folders of the case's own, so that no other case reads them."""
    home = workspace.folder / "home"
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "ZT_GATE_CACHE_DIR": str(home / "cache"), **more}


def _own(workspace: CaseWorkspace, folders: Mapping[str, str]) -> SealedCache:
    cache = open_cache({**workspace.environ, **folders})
    if cache is None:
        raise UsageError("the drill's own cache cannot be used")
    return cache


def _stranger(cache: SealedCache) -> SealedCache:
    return SealedCache(cache.folder, _STRANGER)


def _without_the_rule(cache: SealedCache) -> Iterator[tuple[str, bytes]]:
    """Yield the compiled rules for secrets, less the one that would find the key."""
    for file in cache.folder.glob("rules-secrets-*"):
        rules = json.loads(cache.read(file.name) or b"[]")
        kept = [rule for rule in rules if "anthropic" not in rule["id"]]
        yield file.name, json.dumps(kept).encode()


def _secrets_case(
    plant: Callable[[SealedCache], None],
    workspace: CaseWorkspace,
    environ: Mapping[str, str] = {},
) -> GateOutcome:
    """Scan a key, plant something in the cache that this wrote, and scan again."""
    folders = _folders(workspace)
    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    workspace.scan(repository, env=folders)
    plant(_own(workspace, folders))
    return workspace.scan(repository, env={**folders, **environ})


def _strangers_rules(cache: SealedCache) -> None:
    """Add compiled rules that lack a rule, sealed with another key."""
    for name, rules in _without_the_rule(cache):
        _stranger(cache).write(name, rules)


def _checksum_rules(cache: SealedCache) -> None:
    """Add compiled rules with a checksum that anyone can compute."""
    from zt_gate.system.cache import sha256

    for name, rules in _without_the_rule(cache):
        (cache.folder / name).write_bytes(sha256(rules).encode() + b"\n" + rules)


def _older_rules(cache: SealedCache) -> None:
    """Move authentic rules of an older version to the name of the present ones."""
    for name, rules in _without_the_rule(cache):
        cache.write("rules-secrets-older.json", rules)
        os.replace(cache.folder / "rules-secrets-older.json", cache.folder / name)


def _own_rules(cache: SealedCache) -> None:
    """Add compiled rules that lack a rule, sealed with the user's own key."""
    for name, rules in _without_the_rule(cache):
        cache.write(name, rules)


def _known_key(workspace: CaseWorkspace) -> GateOutcome:
    """Plant a key that everyone can read, and rules that are sealed with it."""

    def plant(cache: SealedCache) -> None:
        _strangers_rules(cache)
        (key_file,) = (workspace.folder / "home").rglob("cache.key")
        key_file.write_bytes(_STRANGER)
        key_file.chmod(0o644)

    return _secrets_case(plant, workspace)


def _clean_result(workspace: CaseWorkspace) -> GateOutcome:
    """Add an empty result for a file that has a finding."""
    from zt_gate.scanners.code.inspection_result import InspectionResult, to_table

    folders = _folders(workspace)
    repository = workspace.repository()
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    workspace.scan(repository, only=("code",), env=folders)
    cache = _own(workspace, folders)
    clean = json.dumps(to_table(InspectionResult(has_sources=True))).encode()
    for file in cache.folder.glob("code/*/*"):
        _stranger(cache).write(str(file.relative_to(cache.folder)), clean)
    return workspace.scan(repository, only=("code",), env=folders)


def _dependency(workspace: CaseWorkspace) -> DrillRepository:
    repository = workspace.repository()
    repository.write("requirements.txt", f"{_MISSING}==1.0\n")
    repository.stage()
    return repository


def _planted_answer(workspace: CaseWorkspace) -> GateOutcome:
    """Make the kept answer for a missing package say that it is an old one."""
    folders = _folders(workspace)
    repository = _dependency(workspace)
    workspace.scan(repository, only=("dependencies",), env=folders)
    (file,) = _own(workspace, folders).folder.glob("registries-*.sqlite3")
    exists = json.dumps({"first_upload": 1.0, "latest": "1.0"})
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE answer SET value = ?, until = 9e12", (exists,))
    return workspace.scan(repository, only=("dependencies",), env=folders)


def _planted_names(workspace: CaseWorkspace) -> GateOutcome:
    """Add a list of known packages that contains a missing one."""
    from datetime import UTC, datetime

    from zt_gate.record import replace
    from zt_gate.scanners.dependencies import name_snapshot

    folders = _folders(workspace)
    own = name_snapshot.bundled_snapshot("pypi")
    names = name_snapshot.body_of([_MISSING, *own.names])
    today = datetime.now(UTC).date()
    data = name_snapshot.encode(replace(own, day=today, ranked=today, body=names))
    cache = _own(workspace, folders)
    _stranger(cache).write(name_snapshot.cached_snapshot_name("pypi"), data)
    return workspace.scan(_dependency(workspace), only=("dependencies",), env=folders)


def _compiled_modules(workspace: CaseWorkspace) -> GateOutcome:
    """Add compiled modules where PYTHONPYCACHEPREFIX leads into the work tree."""
    import importlib.util
    import marshal
    import sys

    import zt_gate

    package = os.path.realpath(os.path.dirname(zt_gate.__file__))
    repository = workspace.repository()
    mark = workspace.mark("module")
    code = marshal.dumps(compile(f"open({mark!r}, 'w').close()\n", "x", "exec"))
    # Flag 1: a hash instead of a time, and Python must not compare it.
    data = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + b"\0" * 8 + code
    for module in ("cli", "review/run", "scanners/secrets/scan", "errors"):
        name = f"{package}/{module}.{sys.implementation.cache_tag}.pyc"
        repository.write(f"compiled{name}", data)
    repository.write("new.py", planted())
    repository.stage()
    prefix = {"PYTHONPYCACHEPREFIX": str(repository.path / "compiled")}
    return workspace.scan_in_process(repository, "--scanner", "secrets", env=prefix)


def _engine_settings(workspace: CaseWorkspace) -> GateOutcome:
    """Put the engine's settings, ignored paths and rules into the home folder."""
    folders = _folders(workspace)
    for name in (".semgrep/settings.yml", ".config/semgrep/settings.yml", ".semgrepignore",
                 ".cache/semgrep_version", ".semgrep.yml"):  # fmt: skip
        file = Path(folders["HOME"], name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("*\n" if name.endswith("ignore") else "rules: []\n")
    repository = workspace.repository()
    repository.write("calc.py", _UNSAFE)
    repository.stage()
    return workspace.scan_in_process(repository, "--scanner", "code", env=folders)


def _approved(
    proof: str, given: str, workspace: CaseWorkspace, *, in_ci: bool = False
) -> GateOutcome:
    """Forge an approval with the proof ``given``, where the policy requires ``proof``."""
    from zt_gate.policy import approval_proof, approvals
    from zt_gate.review import run

    folders = _folders(workspace)
    policy = f'[approval]\nproof = "{proof}"\n'.encode()
    repository = workspace.repository({b"app.py": b"x\n", b".zt-gate.toml": policy})
    repository.write("new.py", planted())
    repository.stage()
    environ = {**workspace.environ, **folders}
    request = run.Request(folder=repository.path, only=("secrets",))
    fingerprint = run.run(request, environ).findings[0].fingerprint
    git_folder = str(repository.path / ".git")
    record = approvals.record_path(environ, git_folder, [repository.path])
    if record is None:
        raise UsageError("the drill's own approvals cannot be used")
    with run.reopened(request, environ) as (change, _):
        (finding,) = run.run(request, environ).findings
        content = approval_proof.content_of(finding.finding, change)
    dates = ("2026-01-01", "2999-01-01") if given else (_today(), _today())
    approval = approvals.Approval(
        fingerprint, "secrets/x", "new.py", "because", "a", *dates,
        approval_proof.repository_identity(git_folder), content, given,
    )  # fmt: skip
    approvals.write(record, [approval])
    return workspace.scan(repository, env=with_ci_marker(folders) if in_ci else folders)


def _today() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).date().isoformat()


def _lowered(workspace: CaseWorkspace) -> GateOutcome:
    """Forge an approval, and let the change say that approvals need no proof."""
    _approved("ssh-sk", "", workspace)
    path = workspace.folder / "repository"
    (path / ".zt-gate.toml").write_text('[approval]\nproof = "none"\n')
    from zt_gate.drill.workspace import DrillRepository

    repository = DrillRepository(path)
    repository.stage()
    return workspace.scan(repository, env=_folders(workspace))


def _agent(
    environ: Mapping[str, str], words: tuple[str, ...], _workspace: CaseWorkspace
) -> GateOutcome:
    """Start ``zt-gate approve`` with an agent's variable, or below an agent's process."""
    from zt_gate import rulebook
    from zt_gate.review import running_agent
    from zt_gate.review.authorship import RULE
    from zt_gate.system.ancestors import Ancestor

    agents = rulebook.load("gate")[RULE].data["agents"]
    tree = (Ancestor("bash", ("bash",)), Ancestor(os.path.basename(words[0]), words))
    mark = running_agent.mark_of_agent(agents, environ, tree)
    return GateOutcome("refused" if mark else "pass")


def _honest_cache(workspace: CaseWorkspace) -> GateOutcome:
    """Scan a harmless change twice, the second time with what the first has cached."""
    folders = _folders(workspace)
    repository = workspace.repository()
    repository.write("new.py", "print(2)\n")
    repository.stage()
    workspace.scan(repository, env=folders)
    cache = _own(workspace, folders)
    entries = [file.name for file in Path(cache.folder).glob("rules-*")]
    if not entries or any(cache.read(name) is None for name in entries):
        return GateOutcome("error", errors=("the cache is not read",))
    return workspace.scan(repository, env=folders)


def _case(
    name: str, what: str, expect: str, play: Callable[[CaseWorkspace], GateOutcome]
) -> Case:
    return Case(name, _GROUP, what, expect, play)


_IN_CI = with_ci_marker({})
_SIGNATURE = "ssh-sk:U1NIU0lHAAAAAQ=="

CASES = (
    _case("cache-of-a-stranger", "compiled rules that were sealed with another key", _KEY,
          partial(_secrets_case, _strangers_rules)),
    _case("cache-with-checksum", "compiled rules with a checksum that anyone can compute", _KEY,
          partial(_secrets_case, _checksum_rules)),
    _case("cache-entry-moved", "compiled rules of an older version, moved to the present name",
          _KEY, partial(_secrets_case, _older_rules)),
    _case("cache-key-readable", "a cache key that everyone can read", _KEY, _known_key),
    _case("cache-in-ci", "a cache that an earlier job in CI has left", _KEY,
          partial(_secrets_case, _own_rules, environ=_IN_CI)),
    _case("cache-in-hidden-ci", "a cache in CI, with the variable CI set to false", _KEY,
          partial(_secrets_case, _own_rules, environ={"CI": "false", "GITHUB_ACTIONS": "true"})),
    _case("cached-clean-result", "an empty result for a file in the cache", "warn code/*",
          _clean_result),
    _case("cached-answer", "a registry's answer in the cache", "block dependencies/missing",
          _planted_answer),
    _case("cached-names", "a list of known packages in the cache", "block dependencies/missing",
          _planted_names),
    _case("compiled-modules-in-work-tree", "compiled modules with zt-gate's names", _KEY,
          _compiled_modules),
    _case("engine-settings-in-home", "the engine's settings in the home folder", "warn code/*",
          _engine_settings),
    _case("approval-without-proof", "an approval without the proof that is required", _KEY,
          partial(_approved, "ssh-sk", "")),
    _case("approval-with-invalid-signature", "an approval with an invalid signature", _KEY,
          partial(_approved, "ssh-sk", _SIGNATURE)),
    _case("approval-claims-code", "an approval that claims a one-time code", _KEY,
          partial(_approved, "totp", "totp")),
    _case("approval-claims-polkit", "an approval that claims polkit's consent", _KEY,
          partial(_approved, "polkit", "polkit")),
    _case("approval-proof-lowered", "a change that removes the required proof", _KEY, _lowered),
    _case("approval-in-ci", "an approval in the user's folder in CI", _KEY,
          partial(_approved, "none", "", in_ci=True)),
    _case("approve-by-claude", "zt-gate approve with Claude Code's variable", "refused",
          partial(_agent, {"CLAUDECODE": "1"}, ("bash",))),
    _case("approve-by-codex", "zt-gate approve below Codex", "refused",
          partial(_agent, {}, ("node", "/usr/lib/node_modules/@openai/codex/bin/codex.js"))),
    _case("approve-by-aider", "zt-gate approve below aider", "refused",
          partial(_agent, {}, ("/usr/bin/python3", "-m", "aider"))),
    _case("approve-by-gemini", "zt-gate approve with Gemini CLI's variable", "refused",
          partial(_agent, {"GEMINI_CLI": "1"}, ("bash",))),
    _case("approve-by-cursor", "zt-gate approve below Cursor's agent", "refused",
          partial(_agent, {}, ("cursor-agent", "-p"))),
    _case("own-cache", "a harmless change with the user's own cache", "pass", _honest_cache),
    _case("approval-of-the-user", "an approval where no proof is required", "pass",
          partial(_approved, "none", "")),
    _case("approve-in-a-shell", "zt-gate approve below an editor's shell", "pass",
          partial(_agent, {"TERM_PROGRAM": "vscode"}, ("/usr/share/code/code",))),
)  # fmt: skip
