"""Validates the table of a TOML document and converts it to a ``Policy``.

The first invalid value raises InvalidError: its message suggests the closest valid
key, and from its path ``load`` finds the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from zt_gate.model.finding import Level
from zt_gate.model.profile import Profile
from zt_gate.model.scanner import OWN_RULE_PREFIX
from zt_gate.policy.exclude import matches_everything
from zt_gate.policy.rule_globs import GlobError, compile_glob
from zt_gate.policy.schema import (
    GATE,
    GUARD_MODES,
    PROOFS,
    TOKEN_ISSUERS,
    AgentRights,
    Allowance,
    Dependencies,
    GuardMode,
    GuardSettings,
    Ignore,
    OnUnverified,
    Policy,
    Proof,
    Scope,
    ScopeLimits,
    TokenIssuer,
)
from zt_gate.policy.typed_reader import KEYS, TableReader, near, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zt_gate.model.scanner import ScannerInfo, ScannerSetting

LEVELS = tuple(level.value for level in Level)
PROFILES = tuple(profile.value for profile in Profile)
_GLOB_CHARACTERS = "*?[\\"
# A task has its own paths; the limits on the size of a change are only in [scope].
SKILL_KEYS = (
    "allowed",
    "restricted",
    "tools",
    "commands",
    "network",
    "limits",
    "ttl",
)
TASK_KEYS = (*SKILL_KEYS, "token")
#: What a session may do at most, counted by the guard, and what a command may use in the
#: sandbox.
LIMIT_KEYS = (
    "calls",
    "commands",
    "reads",
    "writes",
    "deletions",
    "fetches",
    "seconds",
    "cpu-seconds",
    "memory-megabytes",
    "processes",
    "open-files",
    # Thresholds of unusual behaviour: rules/guard/anomalies.json.
    "anomaly-files-read",
    "anomaly-files-written",
    "anomaly-files-deleted",
    "anomaly-write-spike",
    "anomaly-encrypted",
    "anomaly-outside",
    "anomaly-secrets",
    "anomaly-denied",
    "anomaly-new-hosts",
    "anomaly-sent-after-secret",
    "anomaly-after-untrusted-text",
    "anomaly-reached",
    "anomaly-grave",
)
_MODE_GLOB_LETTERS = {ord(letter): None for letter in "-/*"}
_SWITCH_KEYS = frozenset(("enabled", "enable", "disabled", "disable"))


def policy_of(
    table: Mapping[str, Any],
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy in a table; raises InvalidError.

    ``scanners`` are the registered ones by name.  If ``rules`` are given, a rule in
    ``[levels]`` must be one of them.
    """
    top = TableReader(table)
    top.only(KEYS[""])
    names = _RuleNames(scanners, rules)
    return Policy(
        profile=Profile(top.choice("profile", PROFILES, Profile.STANDARD)),
        levels=_levels(top.table("levels"), names),
        paths=_allowances(top.table("paths"), names),
        exclude=_excluded(top),
        scanners=_scanner_options(top.table("scanners"), scanners),
        dependencies=_dependencies(top.table("dependencies")),
        registries=_registries(top.table("registries")),
        scope=_scope(top.table("scope"), KEYS["scope"]),
        scope_limits=_limits(top.table("scope")),
        tasks={
            name: rights.paths for name, rights in _rights(top.table("tasks")).items()
        },
        task_rights=_rights(top.table("tasks")),
        skills=_rights(top.table("skills")),
        guard=_guard(top.table("guard")),
        ignores=_ignores(top, names),
        ai=_ai(top.table("ai")),
        audit=_audit(top.table("audit")),
        approval_proof=_approval_proof(top.table("approval")),
    )


class _RuleNames:
    """Checks rule ids and rule globs against the existing scanners and rules."""

    def __init__(
        self, scanners: Mapping[str, ScannerInfo], rules: Collection[str] | None
    ) -> None:
        self.scanners = (*scanners, GATE)
        self.rules = rules
        self._own_rule_prefixes = tuple(
            f"{name}/{OWN_RULE_PREFIX}"
            for name, info in scanners.items()
            if info.takes_own_rules
        )

    def check(self, reader: TableReader, key: str, name: str) -> None:
        """Check the value of ``key``: a scanner, a rule id or a rule glob."""
        scanner, slash, rule = name.partition("/")
        if not name.strip() or (slash and not rule):
            reader.fail(key, f"{shown(name)} is not a rule; use scanner/rule or a glob")
        if scanner not in self.scanners and not _is_glob(scanner):
            suggestion = near(scanner, self.scanners)
            reader.fail(key, f"unknown scanner in {shown(name)}{suggestion}")
        try:
            compile_glob(name)
        except GlobError as error:
            reader.fail(key, f"{shown(name)}: {error}")

    def check_exact(self, reader: TableReader, name: str) -> None:
        """Check a key that must be a scanner or a rule id, not a glob."""
        if _is_glob(name):
            reader.fail(
                name, f"{shown(name)} is a glob; [levels] takes scanners and rules"
            )
        self.check(reader, name, name)
        is_own_rule = name.startswith(self._own_rule_prefixes)
        if "/" not in name or is_own_rule or self.rules is None:
            return
        if name not in self.rules:
            reader.fail(name, f"unknown rule {shown(name)}{near(name, self.rules)}")


def _is_glob(text: str) -> bool:
    return any(character in text for character in _GLOB_CHARACTERS)


def _levels(levels: TableReader, names: _RuleNames) -> dict[str, Level]:
    for name in levels:
        names.check_exact(levels, name)
    return {name: Level(levels.choice(name, LEVELS, "")) for name in levels}


def _allowances(paths: TableReader, names: _RuleNames) -> tuple[Allowance, ...]:
    allowances = []
    for pattern in paths:
        paths.check_glob(pattern, pattern)
        entry = paths.table(pattern)
        hint = ""
        if "allow" not in entry:
            # TOML reads an unquoted path with dots as nested tables.
            hint = "; a path with dots needs quotes"
        entry.only(("allow", "reason"), hint=hint)
        rules = entry.strings("allow")
        if not rules:
            entry.fail("allow", f"{entry.header} has no allow, a list of rule globs")
        for rule in rules:
            names.check(entry, "allow", rule)
        allowances.append(Allowance(pattern, rules, entry.reason()))
    return tuple(allowances)


def _excluded(table: TableReader) -> tuple[str, ...]:
    """Return the globs of ``exclude``; some path must remain."""
    patterns = table.globs("exclude")
    if patterns and matches_everything(patterns):
        table.fail(
            "exclude",
            "exclude matches every path; name the folders or files to leave out",
        )
    return patterns


def _ignores(top: TableReader, names: _RuleNames) -> tuple[Ignore, ...]:
    entries = top.data.get("ignore", [])
    if not _is_list_of_tables(entries):
        top.fail("ignore", "ignore must be a list of tables; write [[ignore]]")
    ignores = []
    for number, data in enumerate(entries):
        entry = TableReader(data, ("ignore", number))
        entry.only(KEYS["ignore"])
        rule = entry.string("rule")
        path = entry.string("path")
        for key, value in (("rule", rule), ("path", path)):
            if not value:
                entry.fail(key, f"[[ignore]] needs {shown(key)}, a glob")
        names.check(entry, "rule", rule)
        entry.check_glob("path", path)
        ignores.append(Ignore(rule, path, entry.reason(), _expiry(entry)))
    return tuple(ignores)


def _is_list_of_tables(value: object) -> bool:
    if not isinstance(value, list):
        return False
    return all(isinstance(entry, dict) for entry in value)


def _expiry(entry: TableReader) -> str:
    """Return ``expires`` as an ISO date, "" if missing; a TOML date or a string."""
    value = entry.data.get("expires")
    if value is None:
        return ""
    from datetime import date, datetime

    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str) or not _is_iso_date(value):
        entry.fail("expires", "[[ignore]] 'expires' must be a date such as 2027-01-31")
    return value


def _is_iso_date(text: str) -> bool:
    """Whether a text is a date of the form YYYY-MM-DD."""
    from datetime import date

    try:
        # The round trip excludes week dates and the basic format of ISO 8601.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _dependencies(table: TableReader) -> Dependencies:
    table.only(KEYS["dependencies"])
    default = Dependencies()
    on_unverified = None
    if "on-unverified" in table:
        choice = table.choice("on-unverified", ("error", "warn"), "")
        on_unverified = cast("OnUnverified", choice)
    version_age = None
    if "min-version-age-days" in table:
        version_age = table.number("min-version-age-days", 0)
    return Dependencies(
        min_age_days=table.number("min-age-days", default.min_age_days),
        min_weekly_downloads=table.number(
            "min-weekly-downloads", default.min_weekly_downloads
        ),
        min_version_age_days=version_age,
        on_unverified=on_unverified,
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
            # The message omits the value: it may contain a password.
            table.fail(key, f"[registries] {shown(key)} {problem}")
    return urls


def _url_problem(url: str) -> str:
    """Return why ``url`` is not a valid base URL of a registry, "" if it is."""
    from urllib.parse import urlsplit

    if "$" in url:
        return (
            "contains a variable; variables are expanded only in the user's own files"
        )
    if not url.isprintable() or " " in url or "\\" in url:
        return "is not a URL: it contains a space, a backslash or a control character"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "is not an http or https URL"
    if "@" in parts.netloc:
        return "contains credentials; put them in the user's own files"
    if "?" in url or "#" in url:
        return "has a query or a fragment; use the base URL"
    return ""


def _scope(table: TableReader, keys: Collection[str]) -> Scope:
    table.only(keys)
    return Scope(table.globs("allowed"), table.globs("restricted"))


def _limits(table: TableReader) -> ScopeLimits:
    default = ScopeLimits()
    return ScopeLimits(
        max_files=table.number("max-files", default.max_files),
        max_lines=table.number("max-lines", default.max_lines),
        max_deletions=table.number("max-deletions", default.max_deletions),
        max_binaries=table.number("max-binaries", default.max_binaries),
    )


def _rights(table: TableReader) -> dict[str, AgentRights]:
    """Read ``[tasks.NAME]`` or ``[skills.NAME]``."""
    (what,) = table.where
    for name in table:
        if len(name) > 64 or not _is_task_name(name):
            table.fail(
                name,
                f"[{what}] {shown(name)}: the name of a {str(what)[:-1]} has at most 64 "
                "letters, digits, '-', '_' and '.'",
            )
    keys = TASK_KEYS if what == "tasks" else SKILL_KEYS
    return {name: _rights_of(table.table(name), keys) for name in table}


def _rights_of(table: TableReader, keys: Collection[str]) -> AgentRights:
    paths = _scope(table, keys)
    token = table.choice("token", TOKEN_ISSUERS, "vault") if "token" in table else None
    return AgentRights(
        paths=paths,
        tools=table.strings("tools") if "tools" in table else None,
        commands=table.strings("commands") if "commands" in table else None,
        network=_network(table) if "network" in table else None,
        limits=_counts(table.table("limits")) if "limits" in table else None,
        ttl=table.number("ttl", 0) if "ttl" in table else None,
        token=cast("TokenIssuer | None", token),
    )


def _network(table: TableReader) -> tuple[str, ...]:
    """Read false, or a list of host names; ``*.`` stands for all below a name."""
    if table.data["network"] is False:
        return ()
    if not isinstance(table.data["network"], list):
        table.fail(
            "network",
            f"{table.header} 'network' must be false or a list of host names",
        )
    hosts = table.strings("network")
    for host in hosts:
        if not _is_host(host):
            table.fail(
                "network",
                f"{shown(host)} is not a host name; give names such as "
                "registry.example, *.registry.example, or * for all hosts",
            )
    return hosts


def _is_host(host: str) -> bool:
    name = host.removeprefix("*.")
    if host == "*":
        return True
    letters = name.translate({ord(character): None for character in "-.:[]"})
    return letters.isascii() and letters.isalnum() and not name.startswith(("-", "."))


def _counts(table: TableReader) -> dict[str, int]:
    table.only(LIMIT_KEYS)
    return {key: table.number(key, 0) for key in table}


def _guard(table: TableReader) -> GuardSettings:
    table.only(KEYS["guard"])
    default = GuardSettings()
    task = table.string("task")
    if task and not _is_task_name(task):
        table.fail("task", f"{shown(task)} is not the name of a task")
    modes = table.table("modes")
    for control in modes:
        letters = control.translate(_MODE_GLOB_LETTERS)
        if letters and not (letters.isascii() and letters.isalnum()):
            modes.fail(
                control,
                f"{shown(control)} is not the id of a control; "
                "use control/name, or * for any text",
            )
    return GuardSettings(
        task=task,
        modes={
            control: cast("GuardMode", modes.choice(control, GUARD_MODES, ""))
            for control in modes
        },
        log_days=table.number("log-days", default.log_days),
        log_megabytes=table.number("log-megabytes", default.log_megabytes),
        keep_days=table.number("keep-days", default.keep_days),
    )


def _is_task_name(name: str) -> bool:
    letters = name.translate({ord(character): None for character in "-_."})
    return letters.isascii() and letters.isalnum()


def _scanner_options(
    table: TableReader, scanners: Mapping[str, ScannerInfo]
) -> dict[str, Mapping[str, Any]]:
    """Read ``[scanners.NAME]``."""
    for name in table:
        if name not in scanners:
            table.fail(name, f"unknown scanner {shown(name)}{near(name, scanners)}")
    return {name: _options_of(scanners[name], table.table(name)) for name in table}


def _options_of(scanner: ScannerInfo, table: TableReader) -> dict[str, Any]:
    for key in table:
        if key in _SWITCH_KEYS:
            table.fail(
                key,
                "a policy cannot disable a scanner; use --skip, or lower it in [levels]",
            )
    if "exclude" in table and not scanner.can_exclude:
        table.fail("exclude", f"{scanner.name} inspects every path; remove exclude")
    known = ["deadline-seconds", *(setting.key for setting in scanner.settings)]
    if scanner.can_exclude:
        known.append("exclude")
    table.only(known)
    options: dict[str, Any] = {}
    if "exclude" in table:
        options["exclude"] = _excluded(table)
    if "deadline-seconds" in table:
        options["deadline-seconds"] = table.seconds("deadline-seconds")
    for setting in scanner.settings:
        if setting.key in table:
            options[setting.key] = _setting(setting, table)
    return options


def _setting(setting: ScannerSetting, table: TableReader) -> Any:
    if setting.kind == "number":
        return table.number(setting.key, 0)
    if setting.kind == "pinned-rule-files":
        return _rule_packs(setting.key, table)
    return table.strings(setting.key)


def _rule_packs(key: str, table: TableReader) -> tuple[dict[str, str], ...]:
    """Read the paths of rule files, each pinned by its SHA-256."""
    entries = table.data[key]
    if not _is_list_of_tables(entries):
        table.fail(
            key, f'{key} must be a list of tables: {{ path = "…", sha256 = "…" }}'
        )
    packs = []
    for number, data in enumerate(entries):
        entry = TableReader(data, (*table.where, key, number))
        entry.only(("path", "sha256"))
        path = entry.string("path")
        digest = entry.string("sha256").lower()
        if not path:
            entry.fail("path", "a pack has no path")
        if len(digest) != 64 or digest.strip("0123456789abcdef"):
            entry.fail("sha256", "a pack needs sha256: 64 hexadecimal digits")
        packs.append({"path": path, "sha256": digest})
    return tuple(packs)


def _ai(table: TableReader) -> dict[str, tuple[str, ...]]:
    table.only(KEYS["ai"])
    return {key: table.strings(key) for key in table}


def _audit(table: TableReader) -> dict[str, str]:
    """Read the path of the log; it is not expanded, because the project chooses it."""
    table.only(KEYS["audit"])
    paths = {key: table.string(key) for key in table}
    for key, path in paths.items():
        if not path or "\0" in path or path.endswith("/") or len(path) > 4096:
            table.fail(key, f"{key} must be the path of a file")
        if path[0] in "~$%" or "$" in path or ".." in path.split("/"):
            table.fail(key, f"{key} must be a path without '~', variables and '..'")
    return paths


def _approval_proof(table: TableReader) -> Proof:
    table.only(KEYS["approval"])
    return cast("Proof", table.choice("proof", PROOFS, "none"))
