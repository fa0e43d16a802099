"""Codex's settings: hooks, the features that they need, and rules for commands."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zt_gate.guard.install import hook_groups, json_merge, toml_key
from zt_gate.guard.install.settings_change import SettingsChange, read_settings
from zt_gate.guard.install.setup import InstallPlan
from zt_gate.syntax import guard_hook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.guard.install.setup import Setup

EVENTS = (
    "PreToolUse", "PostToolUse", "UserPromptSubmit", "SessionStart", "SessionEnd",
    "SubagentStart",
)  # fmt: skip
#: What the hooks need.  Text that is typed into a terminal comes to no hook, so there are
#: no terminals.
_FEATURES = (("hooks", "true"), ("unified_exec_tty", "false"))
_SANDBOX = (("sandbox_mode", '"workspace-write"'), ("approval_policy", '"on-request"'))
_MANAGED = "etc/codex/requirements.toml"
_MARK = "# Written by zt-gate guard install --managed; changes here are replaced.\n"
#: Commands that no task needs, whatever the hooks do: words from the start.
_FORBIDDEN = (
    ("zt-gate", "approve"), ("zt-gate", "ignore"), ("zt-gate", "baseline"),
    ("zt-gate", "guard", "install"), ("zt-gate", "guard", "uninstall"),
    ("zt-gate", "guard", "session", "release"), ("gh", "auth", "token"),
)  # fmt: skip
_RULES_FILE = "rules/zt-gate.rules"


class CodexInstaller:
    """The installer of ``codex``."""

    name = "codex"

    def install(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes of the user's settings."""
        hooks_path, config_path, rules_path = _paths(setup)
        old_hooks, old_config = read_settings(hooks_path), read_settings(config_path)
        document = json_merge.parsed(old_hooks, hooks_path)
        hooks, _ = json_merge.merged(
            hook_groups.without_guard(document), _wanted(setup), hooks_path
        )
        text = _text(old_config, config_path)
        settings, kept = _with_keys(text, setup, config_path)
        changes = (
            SettingsChange(
                hooks_path,
                old_hooks,
                old_hooks if hooks == document else json_merge.rendered(hooks),
            ),
            SettingsChange(config_path, old_config, settings.encode()),
            SettingsChange(rules_path, read_settings(rules_path), _rules()),
        )
        earlier = {str(row[:2]): row for row in record.get("keys", [])}
        keys = [earlier.get(str(row[:2]), row) for row in kept]
        lost = [row for row in record.get("keys", []) if row not in keys]
        note = (
            "Codex skips a new hook until a person has reviewed it: start codex, enter"
            " /hooks and accept the guard's. Until then nothing is guarded."
        )
        return InstallPlan(changes, {"keys": [*keys, *lost]}, (note,))

    def uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes that take the guard out of the user's settings."""
        hooks_path, config_path, rules_path = _paths(setup)
        changes = []
        old_hooks, old_config = read_settings(hooks_path), read_settings(config_path)
        if old_hooks is not None:
            document = json_merge.parsed(old_hooks, hooks_path)
            hooks = hook_groups.without_guard(document)
            new = json_merge.rendered(hooks) if hooks else None
            unchanged = old_hooks if hooks == document else new
            changes.append(SettingsChange(hooks_path, old_hooks, unchanged))
        if old_config is not None:
            text = _text(old_config, config_path)
            for table, key, literal, old in record.get("keys", []):
                text = _restored(text, (table, key, literal, old), config_path)
            changes.append(SettingsChange(config_path, old_config, text.encode()))
        rules = read_settings(rules_path)
        if rules is not None:
            changes.append(SettingsChange(rules_path, rules, None))
        return InstallPlan(tuple(changes))

    def problems(self, setup: Setup) -> tuple[str, ...]:
        """Return what is not as ``install`` leaves it, or switches the hooks off."""
        hooks_path, config_path, rules_path = _paths(setup)
        document = json_merge.parsed(read_settings(hooks_path), hooks_path)
        found = [
            f"{hooks_path}: {lack}"
            for lack in json_merge.missing(document, _wanted(setup))
        ]
        found += hook_groups.shape_problems(document, hooks_path)
        text = _text(read_settings(config_path), config_path)
        config = toml_key.table_of(text, config_path)
        found += _key_problems(config, setup, config_path)
        if read_settings(rules_path) != _rules():
            found.append(f"{rules_path} is not as it was installed")
        if not found and not _is_reviewed(config, hooks_path):
            found.append(
                f"{config_path}: no person has reviewed the guard's hooks, so Codex"
                " skips them: start codex, enter /hooks and accept them"
            )
        return tuple(found)

    def managed(
        self, setup: Setup, record: Mapping[str, Any] | None = None
    ) -> InstallPlan:
        """Return the change of the managed requirements."""
        del record  # the file is the guard's own
        path = setup.managed(_MANAGED)
        old = read_settings(path)
        if old is not None and not old.startswith(_MARK.encode()):
            raise toml_key.TomlKeyError(
                f"{path} is there already. Add to it, and leave the rest as it is:\n"
                f"{requirements(setup)}"
            )
        return InstallPlan(
            (SettingsChange(path, old, requirements(setup).encode(), 0o644),)
        )

    def managed_uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the change that removes the managed requirements, if they are ours."""
        del record
        path = setup.managed(_MANAGED)
        old = read_settings(path)
        if old is None or not old.startswith(_MARK.encode()):
            return InstallPlan(())
        return InstallPlan((SettingsChange(path, old, None),))

    def managed_problems(self, setup: Setup) -> tuple[str, ...]:
        """Return whether the managed requirements have what ``managed`` writes."""
        path = setup.managed(_MANAGED)
        text = _text(read_settings(path), path)
        found = toml_key.table_of(text, path)
        wanted = toml_key.table_of(requirements(setup), path)
        return tuple(f"{path}: {lack}" for lack in json_merge.missing(found, wanted))


def _paths(setup: Setup) -> tuple[str, str, str]:
    folder = setup.environ.get("CODEX_HOME") or os.path.join(setup.home, ".codex")
    names = ("hooks.json", "config.toml", _RULES_FILE)
    hooks, config, rules = (os.path.join(folder, name) for name in names)
    return hooks, config, rules


def _wanted(setup: Setup) -> dict[str, Any]:
    return {"hooks": hook_groups.wanted(setup.interpreter, "codex", EVENTS)}


def _text(content: bytes | None, name: str) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise toml_key.TomlKeyError(f"{name} is not UTF-8") from error


def _keys(setup: Setup) -> Iterator[tuple[str, str, str]]:
    """Yield table, key and literal of the settings."""
    for key, literal in _FEATURES:
        yield "features", key, literal
    if setup.with_sandbox:
        for key, literal in _SANDBOX:
            yield "", key, literal


def _value(config: Mapping[str, Any], table: str, key: str) -> Any:
    holder = config.get(table, {}) if table else config
    return holder.get(key) if isinstance(holder, dict) else None


def _with_keys(text: str, setup: Setup, name: str) -> tuple[str, list[list[Any]]]:
    """Return the text with all keys, and for each changed one what it was before."""
    kept = []
    for table, key, literal in _keys(setup):
        old = _value(toml_key.table_of(text, name), table, key)
        changed = toml_key.with_key(text, table, key, literal, name)
        if changed != text:
            kept.append([table, key, literal, None if old is None else json.dumps(old)])
        text = changed
    return text, kept


def _restored(text: str, row: tuple[str, str, str, str | None], name: str) -> str:
    """Return the text with a key as it was, unless a person changed it meanwhile."""
    table, key, literal, old = row
    value = _value(toml_key.table_of(text, name), table, key)
    if value != toml_key.table_of(f"v = {literal}", name)["v"]:
        return text
    if old is None:
        return toml_key.without_key(text, table, key, name)
    return toml_key.with_key(text, table, key, old, name)


def _key_problems(config: Mapping[str, Any], setup: Setup, name: str) -> Iterator[str]:
    for table, key, literal in _keys(setup):
        if _value(config, table, key) != toml_key.table_of(f"v = {literal}", name)["v"]:
            yield f"{name}: {f'{table}.' if table else ''}{key} is not {literal}"


def _is_reviewed(config: Mapping[str, Any], hooks_path: str) -> bool:
    """Whether the client's own record has a review of hooks of the file."""
    state = _value(config, "hooks", "state")
    if not isinstance(state, dict):
        return False
    return any(
        key.startswith(hooks_path)
        and isinstance(value, dict)
        and value.get("trusted_hash")
        for key, value in state.items()
    )


def _rules() -> bytes:
    """Return the rules file: the client consults it before it runs a command."""
    lines = ["# Written by zt-gate guard install."]
    lines += [
        f'prefix_rule(pattern={json.dumps(words)}, decision="forbidden")'
        for words in _FORBIDDEN
    ]
    return "\n".join([*lines, ""]).encode()


def requirements(setup: Setup) -> str:
    """Return the managed requirements: hooks that need no review, and their features."""
    handler = guard_hook.handler(setup.interpreter, "codex")
    # A hook of the user's could rewrite a call after it was judged.
    parts = [_MARK, "allow_managed_hooks_only = true\n\n[features]\n"]
    parts += [f"{key} = {literal}\n" for key, literal in _FEATURES]
    for event in EVENTS:
        parts.append(f"\n[[hooks.{event}]]\n[[hooks.{event}.hooks]]\n")
        parts += [f"{key} = {json.dumps(value)}\n" for key, value in handler.items()]
    return "".join(parts)


INSTALLER = CodexInstaller()
