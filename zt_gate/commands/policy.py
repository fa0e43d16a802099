"""``zt-gate policy``: show which policy applies, and what it says about a path."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.policy.rule_globs import compile_glob
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.schema import Policy
    from zt_gate.rulebook.rule_ids import RuleIds
    from zt_gate.syntax.document import Document

Key = tuple[str | int, ...]

_OID_LENGTH = 12


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="show | test | schema"
    )
    show = verbs.add_parser("show", help="list the keys in force and where they stand")
    test = verbs.add_parser("test", help="say what applies to a path, and from where")
    test.add_argument(
        "paths", nargs="+", metavar="PATH", help="path relative to the root"
    )
    verbs.add_parser("schema", help="print the JSON schema of a policy, for editors")
    for verb in (show, test):
        verb.add_argument(
            "--config", metavar="FILE", help="use this policy file instead of git's"
        )
        verb.add_argument(
            "--policy-rev", metavar="REV", help="read the policy from this revision"
        )


def main(options: Namespace) -> int:
    """Print the policy, or what it says about each path; returns 0.

    The policy is the one that judges a staged change: of HEAD, or of ``--policy-rev``.
    Raises UsageError, PolicyError and GitError.
    """
    if options.verb == "schema":
        print(schema_text(), end="")
        return 0
    loaded = _load(options.config or "", options.policy_rev or "")
    if options.verb == "show":
        lines = list(_shown(loaded))
    else:
        lines = [line for path in options.paths for line in _tested(loaded, path)]
    from zt_gate.reports.escape import visible

    for line in lines:
        print(visible(line))
    return 0


def schema_text() -> str:
    """Return the JSON schema of a policy, as ``docs/policy.schema.json`` has it."""
    import json

    from zt_gate.ecosystems import registry_keys
    from zt_gate.policy.json_schema import policy_schema
    from zt_gate.scanners import registered

    schema = policy_schema(registered(), registry_keys())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A policy with its document; ``table`` is the path of its table in it.

    ``origin`` names the file and its revision, ``name`` the file; both are "" for the
    defaults.
    """

    policy: Policy
    scanners: Mapping[str, ScannerInfo]
    rules: RuleIds
    #: The paths of HEAD, None where there is no commit.
    files: Sequence[bytes] | None = None
    origin: str = ""
    name: str = ""
    document: Document | None = None
    table: tuple[str, ...] = ()
    today: str = field(default_factory=lambda: time.strftime("%Y-%m-%d", time.gmtime()))

    def place(self, key: Key) -> str:
        """Return file and line of a key, "default" if the file does not have it."""
        full = (*self.table, *key)
        if self.document is None or self.document.find(full) is None:
            return "default"
        return f"{self.name}:{self.document.line(full)}"

    def value(self, *key: str | int) -> Any:
        """Return a value as it is written, None if the file does not have it."""
        if self.document is None:
            return None
        value: Any = self.document.value
        for part in (*self.table, *key):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def _load(config: str, policy_rev: str) -> _Loaded:
    """Read the policy as a scan of the staged change does."""
    from zt_gate.policy.load import FILE, PYPROJECT, TABLE, load, load_file
    from zt_gate.rulebook.rule_ids import RuleIds
    from zt_gate.scanners import registered

    if config and policy_rev:
        raise UsageError("give --config or --policy-rev, not both: each names a policy")
    scanners = registered()
    rules = RuleIds(None)
    if config:
        policy = load_file(config, scanners=scanners, rules=rules)
        data = Path(config).read_bytes()
        name = Path(config).name
        table = TABLE if name == PYPROJECT.decode() else ()
        files = _files_at_head()
        return _Loaded(policy, scanners, rules, files, config, name, _read(data), table)
    from zt_gate.git.history import resolve
    from zt_gate.git.run import Git
    from zt_gate.git.trusted_files import list_paths, read_file

    git = Git.open(Path.cwd(), os.environ)
    revision = resolve(git, policy_rev) if policy_rev else git.head
    contents: dict[bytes, bytes | None] = {FILE: None, PYPROJECT: None}
    if revision:
        contents = {path: read_file(git, revision, path) for path in contents}
    policy = load(contents.get, revision, scanners=scanners, rules=rules)
    if not policy.rev:
        return _Loaded(policy, scanners, rules)
    files = list_paths(git, git.head) if git.head else None
    path = PYPROJECT if contents[FILE] is None else FILE
    name = path.decode()
    label = policy_rev or "HEAD"
    origin = f"{name} at {label} ({revision[:_OID_LENGTH]})"
    table = TABLE if path == PYPROJECT else ()
    document = _read(contents[path] or b"")
    return _Loaded(policy, scanners, rules, files, origin, name, document, table)


def _files_at_head() -> Sequence[bytes] | None:
    """Return the paths of HEAD, None outside of a repository and before its first commit."""
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.run import Git
    from zt_gate.git.trusted_files import list_paths

    try:
        git = Git.open(Path.cwd(), os.environ)
    except NotARepositoryError:
        return None
    return list_paths(git, git.head) if git.head else None


def _read(data: bytes) -> Document:
    from zt_gate.policy.load import MAX_PYPROJECT_BYTES
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import Limits

    return toml.read(data, limits=Limits(size=MAX_PYPROJECT_BYTES))


# show


def _shown(loaded: _Loaded) -> Iterator[str]:
    policy = loaded.policy
    origin = loaded.origin or "the defaults; HEAD has no .zt-gate.toml"
    yield f"policy: {origin}"
    yield f"digest: {policy.digest[:_OID_LENGTH]}"
    yield _row(f"profile = {policy.profile}", loaded.place(("profile",)))
    for name, level in policy.levels.items():
        yield _row(f"[levels] {name} = {level}", loaded.place(("levels", name)))
    if policy.exclude:
        yield _row(f"exclude = {_list(policy.exclude)}", loaded.place(("exclude",)))
    for allowance in policy.paths:
        text = f"[paths] {allowance.path}: {_list(allowance.rules)}"
        key: Key = ("paths", allowance.path)
        yield _row(f"{text}{_problem(loaded, key, loaded.files)}", loaded.place(key))
    for number, ignore in enumerate(policy.ignores):
        until = f" until {ignore.expires}" if ignore.expires else ""
        text = f"[[ignore]] {ignore.rule} in {ignore.path}{until}"
        key = ("ignore", number)
        yield _row(f"{text}{_problem(loaded, key, loaded.files)}", loaded.place(key))
    for table in (
        "scanners",
        "dependencies",
        "registries",
        "scope",
        "tasks",
        "ai",
        "audit",
    ):
        yield from _table_rows(loaded, (table,), loaded.value(table))


def _table_rows(loaded: _Loaded, key: tuple[str, ...], value: Any) -> Iterator[str]:
    """Yield the keys of a table as they are written; nested tables have their own rows."""
    if value is None:
        return
    for name, item in value.items():
        path = (*key, name)
        if isinstance(item, dict):
            yield from _table_rows(loaded, path, item)
            continue
        shown = _list(item) if isinstance(item, list) else str(item)
        yield _row(f"[{'.'.join(key)}] {name} = {shown}", loaded.place(path))


def _row(text: str, place: str) -> str:
    return f"{text}  ({place})"


def _list(values: Sequence[object]) -> str:
    return ", ".join(map(str, values)) or "none"


def _problem(loaded: _Loaded, key: Key, files: Sequence[bytes] | None = None) -> str:
    """Return why the entry at ``key`` has no effect, after two blanks; "" if it can have one."""
    from zt_gate.review import policy_entries

    names = policy_entries.RuleNames(loaded.rules, loaded.scanners)
    for entry in policy_entries.entries(loaded.policy):
        if entry.key == key:
            text = policy_entries.problem(entry, names, loaded.today, files)
            return f"  {text}" if text else ""
    return ""


# test


def _tested(loaded: _Loaded, path: str) -> Iterator[str]:
    from zt_gate.syntax.paths import facts

    name = os.fsencode(_relative(path))
    yield f"{os.fsdecode(name)}:"
    kinds = ", ".join(sorted(facts(name).kinds)) or "none"
    yield f"  kind of path: {kinds}"
    rows = [
        *_exclusions(loaded, name),
        *_allowances(loaded, name),
        *_ignores(loaded, name),
        *_scope(loaded, name),
    ]
    if not rows:
        yield "  no entry of the policy names this path"
    for row in rows:
        yield f"  {row}"


def _relative(path: str) -> str:
    """Return a path as the policy's globs see it; raises UsageError for one outside."""
    normal = os.path.normpath(path)
    if os.path.isabs(normal) or normal.split("/")[0] in {"..", "."}:
        raise UsageError(f"policy test takes a path below the root, not {path!a}")
    return normal


def _exclusions(loaded: _Loaded, path: bytes) -> Iterator[str]:
    policy = loaded.policy
    excludable = [name for name, info in loaded.scanners.items() if info.can_exclude]
    for pattern in policy.exclude:
        if compile_glob(pattern).matches(path):
            text = f"excluded from {_list(excludable)}: {pattern}"
            yield _row(text, loaded.place(("exclude",)))
    for name, options in policy.scanners.items():
        for pattern in options.get("exclude", ()):
            if compile_glob(pattern).matches(path):
                place = loaded.place(("scanners", name, "exclude"))
                yield _row(f"excluded from {name}: {pattern}", place)


def _allowances(loaded: _Loaded, path: bytes) -> Iterator[str]:
    for allowance in loaded.policy.paths:
        if compile_glob(allowance.path).matches(path):
            text = f"ignored: {_list(allowance.rules)}: {allowance.reason}"
            key: Key = ("paths", allowance.path)
            yield _row(f"{text}{_problem(loaded, key)}", loaded.place(key))


def _ignores(loaded: _Loaded, path: bytes) -> Iterator[str]:
    for number, ignore in enumerate(loaded.policy.ignores):
        if compile_glob(ignore.path).matches(path):
            text = f"ignored: {ignore.rule}: {ignore.reason}"
            key = ("ignore", number)
            yield _row(f"{text}{_problem(loaded, key)}", loaded.place(key))


def _scope(loaded: _Loaded, path: bytes) -> Iterator[str]:
    """Yield the patterns of the scope and of the tasks that restrict or allow a path."""
    layers: list[tuple[str, Key, Any]] = [("[scope]", ("scope",), loaded.policy.scope)]
    for name, task in loaded.policy.tasks.items():
        layers.append((f"[tasks.{name}]", ("tasks", name), task))
    # Restrictions ignore letter case, as many file systems do.
    lower = os.fsencode(os.fsdecode(path).lower())
    for label, key, layer in layers:
        for pattern in layer.restricted:
            if compile_glob(pattern.lower()).matches(lower):
                place = loaded.place((*key, "restricted"))
                yield _row(f"{label} restricts it: {pattern}", place)
        matching = [p for p in layer.allowed if compile_glob(p).matches(path)]
        place = loaded.place((*key, "allowed"))
        if matching:
            yield _row(f"{label} allows it: {matching[0]}", place)
        elif layer.allowed:
            yield _row(f"{label} does not allow it", place)
