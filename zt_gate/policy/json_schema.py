"""The JSON schema of ``.zt-gate.toml``, for editors.

Keys, choices and limits are those of the reader (``typed_reader``, ``validate``, the
registered scanners and ecosystems).  The reader decides: a schema cannot express all of
it, such as whether a rule exists or a list of globs leaves a path over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from zt_gate.policy.exclude import matches_everything
from zt_gate.policy.schema import (
    GATE,
    GUARD_MODES,
    PROOFS,
    TOKEN_ISSUERS,
    Dependencies,
    GuardSettings,
    OnUnverified,
    ScopeLimits,
)
from zt_gate.policy.typed_reader import KEYS, MAX_NUMBER, MAX_SECONDS
from zt_gate.policy.validate import (
    LEVELS,
    LIMIT_KEYS,
    PROFILES,
    SKILL_KEYS,
    TASK_KEYS,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zt_gate.model.scanner import ScannerInfo, ScannerSetting

Schema = dict[str, Any]

#: Draft 7, which the editors' TOML plugins and SchemaStore take.
DRAFT = "http://json-schema.org/draft-07/schema#"
#: Globs that match every path, of which ``exclude`` takes none.
_EVERYTHING = tuple(
    glob for glob in ("*", "**", "**/*", "/*", "/**") if matches_everything([glob])
)
_PATH_GLOB = r"^(?!!)(?!/*$)(?!(?:.*/)?\.{1,2}(?:/|$))(?!.*//)(?!.*\[\[:)[^\n\u0000]+$"
_TASK = r"^(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}$"
_NO_TASK_OR_TASK = r"^(?:|(?=.*[A-Za-z0-9])[A-Za-z0-9._-]+)$"
_HOST = r"^(?:\*|(?:\*\.)?(?![-.])(?=.*[A-Za-z0-9])[A-Za-z0-9.:\[\]-]+)$"
_URL = r"^[hH][tT][tT][pP][sS]?://[^\s\\$@?#/\u0000-\u001f]+(?:/[^\s\\$?#\u0000-\u001f]*)?$"
_LOG = r"^(?![~%$])(?!.*\$)(?!(?:.*/)?\.\.(?:/|$))(?:[^\u0000]*[^\u0000/])$"


def policy_schema(
    scanners: Mapping[str, ScannerInfo], registries: Collection[str]
) -> Schema:
    """Return the schema; ``scanners`` and ``registries`` are the registered ones."""
    names = (*scanners, GATE)
    top = _table(
        KEYS[""],
        {
            "profile": _choice(
                PROFILES, "standard", "How strictly changes are judged."
            ),
            "levels": {
                "type": "object",
                "description": "Level by scanner or rule; a rule takes precedence.",
                "propertyNames": {"pattern": _exact_rule(names)},
                "additionalProperties": {"enum": list(LEVELS)},
            },
            "paths": {
                "type": "object",
                "description": "Findings that are expected at a path (a glob).",
                "propertyNames": {"pattern": _PATH_GLOB},
                "additionalProperties": _allowance(names),
            },
            "exclude": _excluded("Paths that no scanner of file contents gets."),
            "scanners": {
                "type": "object",
                "description": "Settings of one scanner.",
                "additionalProperties": False,
                "properties": {name: _scanner(info) for name, info in scanners.items()},
            },
            "dependencies": _dependencies(),
            "registries": {
                "type": "object",
                "description": "Base URL of an ecosystem or a service.",
                "additionalProperties": False,
                "properties": {
                    name: {"type": "string", "pattern": _URL} for name in registries
                },
            },
            "scope": _scope(),
            "tasks": _tasks("A task: its paths can only narrow [scope].", TASK_KEYS),
            "skills": _tasks("What the guard lets an agent's skill use.", SKILL_KEYS),
            "guard": _guard(),
            "ignore": {
                "type": "array",
                "description": "Findings that are accepted, with a reason.",
                "items": _ignore(names),
            },
            "ai": _table(
                KEYS["ai"],
                {
                    "labels": _strings("Labels that mark a change as AI-written."),
                    "marks": _strings("Further marks, with * for any text."),
                },
            ),
            "audit": _table(
                KEYS["audit"],
                {
                    "log": {
                        "type": "string",
                        "description": "Path of the audit log.",
                        "maxLength": 4096,
                        "pattern": _LOG,
                    }
                },
            ),
            "approval": _table(
                KEYS["approval"],
                {"proof": _choice(PROOFS, "none", "What an approval must prove.")},
            ),
        },
    )
    return {
        "$schema": DRAFT,
        "title": "Policy of zt-gate (.zt-gate.toml)",
        "description": "What blocks, what warns and what is allowed.",
        **top,
    }


def _tasks(description: str, names: Collection[str]) -> Schema:
    host = {"type": "string", "pattern": _HOST}
    count = _number(None, "")
    keys = {
        "allowed": _globs(""),
        "restricted": _globs(""),
        "tools": _strings("Tools by kind or name."),
        "commands": _strings("Programs with leading words."),
        "network": {
            "description": "false, or the hosts.",
            "anyOf": [{"const": False}, {"type": "array", "items": host}],
        },
        "limits": _table(LIMIT_KEYS, dict.fromkeys(LIMIT_KEYS, count)),
        "ttl": _number(None, "Minutes."),
        "token": {
            "description": "The issuer of a token without which nothing starts.",
            "enum": list(TOKEN_ISSUERS),
        },
    }
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": _TASK},
        "additionalProperties": _table(
            names, {name: keys[name] for name in keys if name in names}
        ),
    }


def _guard() -> Schema:
    default = GuardSettings()
    modes = {
        "type": "object",
        "description": "Mode by control, with * for any text.",
        "propertyNames": {"pattern": r"^[A-Za-z0-9*/-]+$"},
        "additionalProperties": {"enum": list(GUARD_MODES)},
    }
    return _table(
        KEYS["guard"],
        {
            "task": _described(
                {"type": "string", "pattern": _NO_TASK_OR_TASK}, "The default task."
            ),
            "modes": modes,
            "log-days": _number(default.log_days, "Days until a new log file."),
            "log-megabytes": _number(default.log_megabytes, "Size of a log file."),
            "keep-days": _number(default.keep_days, "Days that old files are kept."),
        },
    )


def _table(
    keys: Collection[str],
    properties: Mapping[str, Schema],
    required: Collection[str] = (),
) -> Schema:
    """Return the schema of a table with exactly the reader's keys."""
    if set(keys) != set(properties):
        different = ", ".join(sorted(set(keys) ^ set(properties)))
        raise ValueError(f"the schema and the reader differ in the keys {different}")
    table: Schema = {"type": "object", "additionalProperties": False}
    table["properties"] = {key: properties[key] for key in keys}
    if required:
        table["required"] = list(required)
    return table


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


def _choice(values: Collection[str], default: str, description: str) -> Schema:
    return _described({"enum": list(values), "default": default}, description)


def _number(default: int | None, description: str) -> Schema:
    number: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}
    if default is not None:
        number["default"] = default
    return _described(number, description)


def _strings(description: str) -> Schema:
    items = {"type": "string", "minLength": 1}
    return _described({"type": "array", "items": items}, description)


def _globs(description: str) -> Schema:
    items = {"type": "string", "pattern": _PATH_GLOB}
    return _described({"type": "array", "items": items}, description)


def _excluded(description: str) -> Schema:
    every = {"not": {"contains": {"enum": list(_EVERYTHING)}}}
    return {**_globs(description), **every}


def _exact_rule(names: Collection[str]) -> str:
    """Return the pattern of a scanner or a rule id."""
    return rf"^(?:{'|'.join(names)})(?:/[^*?\[\\]+)?$"


def _rule_glob(names: Collection[str]) -> Schema:
    """Return the schema of a scanner, a rule id or a glob for rules."""
    pattern = rf"^(?:{'|'.join(names)}|[^/]*[*?\[\\][^/]*)(?:/.+)?$"
    return {"type": "string", "pattern": pattern}


def _reason() -> Schema:
    return {
        "type": "string",
        "description": "Why the finding is expected; required.",
        "pattern": r"\S",
    }


def _allowance(names: Collection[str]) -> Schema:
    rules = {"type": "array", "minItems": 1, "items": _rule_glob(names)}
    return _table(
        ("allow", "reason"),
        {"allow": rules, "reason": _reason()},
        ("allow", "reason"),
    )


def _ignore(names: Collection[str]) -> Schema:
    return _table(
        KEYS["ignore"],
        {
            "rule": _described(_rule_glob(names), "Rule, scanner or glob."),
            "path": {
                "type": "string",
                "description": "Glob of the paths.",
                "pattern": _PATH_GLOB,
            },
            "reason": _reason(),
            "expires": {
                "type": "string",
                "description": "Last day on which the entry counts.",
                "format": "date",
                "pattern": r"^\d{4}-\d{2}-\d{2}$",
            },
        },
        ("rule", "path", "reason"),
    )


def _dependencies() -> Schema:
    default = Dependencies()
    return _table(
        KEYS["dependencies"],
        {
            "min-age-days": _number(
                default.min_age_days, "Days since a package was first published."
            ),
            "min-weekly-downloads": _number(
                default.min_weekly_downloads, "Downloads a week."
            ),
            "min-version-age-days": _number(
                default.min_version_age_days, "Days since a version was published."
            ),
            "on-unverified": _described(
                {"enum": list(get_args(OnUnverified))},
                "What a package means that could not be checked.",
            ),
        },
    )


def _scope() -> Schema:
    default = ScopeLimits()
    return _table(
        KEYS["scope"],
        {
            "allowed": _globs("Paths that a change may touch."),
            "restricted": _globs("Paths that it may not touch."),
            "max-files": _number(default.max_files, "Changed files."),
            "max-lines": _number(default.max_lines, "Added and removed lines."),
            "max-deletions": _number(default.max_deletions, "Deleted files."),
            "max-binaries": _number(default.max_binaries, "Binary files."),
        },
    )


def _scanner(info: ScannerInfo) -> Schema:
    properties: dict[str, Schema] = {
        "deadline-seconds": {
            "type": "number",
            "description": "CPU seconds for the scanner.",
            "exclusiveMinimum": 0,
            "maximum": MAX_SECONDS,
        }
    }
    if info.can_exclude:
        properties["exclude"] = _excluded("Paths that are left out of this scanner.")
    properties |= {setting.key: _setting(setting) for setting in info.settings}
    return _table(tuple(properties), properties)


def _setting(setting: ScannerSetting) -> Schema:
    if setting.kind == "number":
        return _number(None, "")
    if setting.kind == "pinned-rule-files":
        digest = {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
        path = {"type": "string", "minLength": 1}
        pack = _table(
            ("path", "sha256"), {"path": path, "sha256": digest}, ("path", "sha256")
        )
        return {"type": "array", "items": pack}
    return _strings("")
