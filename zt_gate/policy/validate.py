"""What a policy may say: from the table of a TOML document to a ``Policy``.

The first thing that is wrong ends the reading: the message names the nearest
right key, and its path lets ``load`` say on which line it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from zt_gate.model.finding import Level
from zt_gate.model.profile import Profile
from zt_gate.model.scanner import OWN_RULE_PREFIX
from zt_gate.policy.rule_globs import GlobError, compile_glob
from zt_gate.policy.schema import (
    GATE,
    Allowance,
    Dependencies,
    Ignore,
    OnUnverified,
    Policy,
    Scope,
    ScopeLimits,
)
from zt_gate.policy.typed_reader import KEYS, TableReader, near, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zt_gate.model.scanner import ScannerInfo, ScannerSetting

_LEVELS = tuple(level.value for level in Level)
_PROFILES = tuple(profile.value for profile in Profile)
_WILD = "*?[\\"
# A task has paths of its own; how much may be touched is said once, in [scope].
_TASK = ("allowed", "restricted")
_SWITCHES = frozenset(("enabled", "enable", "disabled", "disable"))


def policy_of(
    table: Mapping[str, Any],
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Check a policy's table and return what it says; raises InvalidError.

    ``scanners`` are the registered ones by name.  Where ``rules`` are given, a rule
    that ``[levels]`` names must be one of them.
    """
    top = TableReader(table)
    top.only(KEYS[""])
    names = _Names(scanners, rules)
    return Policy(
        profile=Profile(top.choice("profile", _PROFILES, Profile.STANDARD)),
        levels=_levels(top.table("levels"), names),
        paths=_allowances(top.table("paths"), names),
        scanners=_options(top.table("scanners"), scanners),
        dependencies=_dependencies(top.table("dependencies")),
        registries=_registries(top.table("registries")),
        scope=_scope(top.table("scope"), KEYS["scope"]),
        scope_limits=_limits(top.table("scope")),
        tasks=_tasks(top.table("tasks")),
        ignores=_ignores(top, names),
        ai=_ai(top.table("ai")),
        audit=_audit(top.table("audit")),
    )


class _Names:
    """What rule ids and rule globs may speak of."""

    def __init__(
        self, scanners: Mapping[str, ScannerInfo], rules: Collection[str] | None
    ) -> None:
        self.scanners = (*scanners, GATE)
        self.rules = rules
        self._own = tuple(
            f"{name}/{OWN_RULE_PREFIX}"
            for name, info in scanners.items()
            if info.takes_own_rules
        )

    def check(self, reader: TableReader, key: str, name: str) -> None:
        """Check a scanner, a rule id or a rule glob that stands at ``key``."""
        scanner, slash, rest = name.partition("/")
        if not name.strip() or (slash and not rest):
            reader.fail(key, f"{shown(name)} is no rule; write scanner/rule or a glob")
        if scanner not in self.scanners and not any(mark in scanner for mark in _WILD):
            reader.fail(
                key, f"{shown(name)} names no scanner{near(scanner, self.scanners)}"
            )
        try:
            compile_glob(name)
        except GlobError as error:
            reader.fail(key, f"{shown(name)}: {error}")

    def check_exact(self, reader: TableReader, name: str) -> None:
        """Check a key that is a scanner or a rule id, no glob."""
        if any(mark in name for mark in _WILD):
            reader.fail(
                name, f"{shown(name)} is a glob; [levels] takes scanners and rules"
            )
        self.check(reader, name, name)
        own = name.startswith(self._own)
        if (
            "/" in name
            and not own
            and self.rules is not None
            and name not in self.rules
        ):
            reader.fail(name, f"there is no rule {shown(name)}{near(name, self.rules)}")


def _levels(levels: TableReader, names: _Names) -> dict[str, Level]:
    for name in levels:
        names.check_exact(levels, name)
    return {name: Level(levels.choice(name, _LEVELS, "")) for name in levels}


def _allowances(paths: TableReader, names: _Names) -> tuple[Allowance, ...]:
    found = []
    for pattern in paths:
        paths.check_glob(pattern, pattern)
        entry = paths.table(pattern)
        # An unquoted path of dots makes tables of its parts.
        entry.only(
            ("allow", "reason"),
            hint="" if "allow" in entry else "; a path with dots needs quotes",
        )
        rules = entry.strings("allow")
        if not rules:
            entry.fail("allow", f"{entry.header} lacks allow, a list of rule globs")
        for rule in rules:
            names.check(entry, "allow", rule)
        found.append(Allowance(pattern, rules, entry.reason()))
    return tuple(found)


def _ignores(top: TableReader, names: _Names) -> tuple[Ignore, ...]:
    entries = top.data.get("ignore", [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        top.fail("ignore", "ignore is a list of tables; write [[ignore]]")
    found = []
    for number, data in enumerate(entries):
        entry = TableReader(data, ("ignore", number))
        entry.only(KEYS["ignore"])
        rule, path = entry.string("rule"), entry.string("path")
        for key, value in (("rule", rule), ("path", path)):
            if not value:
                entry.fail(key, f"[[ignore]] lacks {key}, a glob")
        names.check(entry, "rule", rule)
        entry.check_glob("path", path)
        found.append(Ignore(rule, path, entry.reason(), _expiry(entry)))
    return tuple(found)


def _expiry(entry: TableReader) -> str:
    """Return ``expires`` as an ISO date; TOML's own dates and strings mean the same."""
    value = entry.data.get("expires")
    if value is None:
        return ""
    from datetime import date, datetime

    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        # Week dates and the basic format of ISO 8601 do not come back as they went in.
        valid = (
            isinstance(value, str) and date.fromisoformat(value).isoformat() == value
        )
    except ValueError:
        valid = False
    if not valid:
        entry.fail("expires", "[[ignore]] 'expires' is a date such as 2027-01-31")
    return str(value)


def _dependencies(table: TableReader) -> Dependencies:
    table.only(KEYS["dependencies"])
    known = Dependencies()
    unverified = table.choice("on-unverified", ("error", "warn"), known.on_unverified)
    age = "min-version-age-days"
    return Dependencies(
        min_age_days=table.number("min-age-days", known.min_age_days),
        min_weekly_downloads=table.number(
            "min-weekly-downloads", known.min_weekly_downloads
        ),
        min_version_age_days=table.number(age, 0) if age in table else None,
        on_unverified=cast("OnUnverified", unverified),
    )


def _registries(table: TableReader) -> dict[str, str]:
    if not table.data:
        return {}
    from zt_gate.ecosystems import registry_keys

    table.only(registry_keys())
    urls = {key: table.string(key) for key in table}
    for key, url in urls.items():
        problem = _url_problem(url)
        if problem:
            # Never the value: it may hold a password.
            table.fail(key, f"[registries] {shown(key)} {problem}")
    return urls


def _url_problem(url: str) -> str:
    """Say what keeps ``url`` from being a base URL that may be asked, or return ""."""
    from urllib.parse import urlsplit

    if "$" in url:
        return "holds a variable; variables are only expanded in the user's own files"
    if not url.isprintable() or " " in url or "\\" in url:
        return "is no URL: it holds a space, a backslash or a control character"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "is not an http or https URL"
    if "@" in parts.netloc:
        return "holds credentials; put them into the user's own files"
    if "?" in url or "#" in url:
        return "has a query or a fragment; give the base URL"
    return ""


def _scope(table: TableReader, known: Collection[str]) -> Scope:
    table.only(known)
    return Scope(table.globs("allowed"), table.globs("restricted"))


def _limits(table: TableReader) -> ScopeLimits:
    default = ScopeLimits()
    return ScopeLimits(
        max_files=table.number("max-files", default.max_files),
        max_lines=table.number("max-lines", default.max_lines),
        max_deletions=table.number("max-deletions", default.max_deletions),
        max_binaries=table.number("max-binaries", default.max_binaries),
    )


def _tasks(table: TableReader) -> dict[str, Scope]:
    for name in table:
        plain = name.translate({ord(mark): None for mark in "-_."})
        if not (plain.isascii() and plain.isalnum()) or len(name) > 64:
            table.fail(
                name, f"[tasks] {shown(name)}: a task's name has letters, digits, '-_.'"
            )
    return {name: _scope(table.table(name), _TASK) for name in table}


def _options(
    table: TableReader, scanners: Mapping[str, ScannerInfo]
) -> dict[str, Mapping[str, Any]]:
    """Read ``[scanners.NAME]``."""
    for name in table:
        if name not in scanners:
            table.fail(name, f"there is no scanner {shown(name)}{near(name, scanners)}")
    return {name: _option(scanners[name], table.table(name)) for name in table}


def _option(scanner: ScannerInfo, table: TableReader) -> dict[str, Any]:
    for key in table:
        if key in _SWITCHES:
            table.fail(
                key,
                "a policy cannot switch a scanner off; use --skip, or lower it in [levels]",
            )
    table.only(("deadline-seconds", *(setting.key for setting in scanner.settings)))
    found: dict[str, Any] = {}
    if "deadline-seconds" in table:
        found["deadline-seconds"] = table.seconds("deadline-seconds")
    for setting in scanner.settings:
        if setting.key in table:
            found[setting.key] = _setting(setting, table)
    return found


def _setting(setting: ScannerSetting, table: TableReader) -> Any:
    if setting.kind == "number":
        return table.number(setting.key, 0)
    if setting.kind == "pinned-rule-files":
        return _packs(setting.key, table)
    return table.strings(setting.key)


def _packs(key: str, table: TableReader) -> tuple[dict[str, str], ...]:
    """Read files of rules, each pinned by its SHA-256."""
    entries = table.data[key]
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        table.fail(key, f'{key} is a list of tables: {{ path = "…", sha256 = "…" }}')
    found = []
    for number, data in enumerate(entries):
        entry = TableReader(data, (*table.where, key, number))
        entry.only(("path", "sha256"))
        path, digest = entry.string("path"), entry.string("sha256").lower()
        if not path:
            entry.fail("path", "a pack lacks path")
        if len(digest) != 64 or digest.strip("0123456789abcdef"):
            entry.fail("sha256", "a pack is pinned by sha256: 64 hexadecimal digits")
        found.append({"path": path, "sha256": digest})
    return tuple(found)


def _ai(table: TableReader) -> dict[str, tuple[str, ...]]:
    table.only(KEYS["ai"])
    return {key: table.strings(key) for key in table}


def _audit(table: TableReader) -> dict[str, str]:
    """Read where the log is: a plain path, since the project's own file names it."""
    table.only(KEYS["audit"])
    said = {key: table.string(key) for key in table}
    for key, path in said.items():
        if not path or "\0" in path or path.endswith("/") or len(path) > 4096:
            table.fail(key, f"{key} is the path of a file")
        if path[0] in "~$%" or "$" in path or ".." in path.split("/"):
            table.fail(key, f"{key} is a plain path, without ~, variables and '..'")
    return said
