"""Claude Code's settings: hooks, permission rules that are consulted, sandbox keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zt_gate.guard.clients.versions import TRIED
from zt_gate.guard.install import hook_groups, json_merge
from zt_gate.guard.install.settings_change import SettingsChange, read_settings
from zt_gate.guard.install.setup import CREDENTIAL_FILES, InstallPlan, denied_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.guard.install.setup import Setup

#: The version that the managed form was tried with; older ones may ignore ``args``.
MINIMUM_VERSION = TRIED["claude-code"]
EVENTS = (
    "PreToolUse", "PostToolUse", "PostToolUseFailure", "PreSkillShellCommand",
    "UserPromptSubmit", "SessionStart", "SessionEnd", "SubagentStart",
)  # fmt: skip
_MANAGED = "etc/claude-code/managed-settings.json"
#: What a session must not edit.  Path rules are consulted on Edit and Read alone, and
#: those on Edit hold for every tool that writes.
_NO_EDIT = (
    "~/.claude/settings.json", "~/.claude/settings.local.json", "~/.claude.json",
    ".claude/settings.json", ".claude/settings.local.json", ".git/hooks/**",
    "~/.local/state/zt-gate/**", "~/.codex/**",
)  # fmt: skip

#: Variables that commands in the client's own sandbox do not see: the client's own
#: credentials, and others that last.
_ABSENT = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "GITLAB_TOKEN",
    "HF_TOKEN", "NPM_TOKEN", "OPENAI_API_KEY", "VAULT_TOKEN",
)  # fmt: skip
#: Those that the client replaces by a made-up value, and the hosts that get the real one.
_MASKED = {
    name: ["api.github.com", "github.com", "uploads.github.com"]
    for name in ("GH_TOKEN", "GITHUB_TOKEN")
}


class ClaudeCodeInstaller:
    """The installer of ``claude-code``."""

    name = "claude-code"

    def install(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes of the user's settings."""
        path = _settings_path(setup)
        old = read_settings(path)
        document = json_merge.parsed(old, path)
        clean = _clean(document, record)
        new, additions = json_merge.merged(clean, wanted(setup), path)
        change = SettingsChange(path, old, _bytes(old, document, new))
        note = (
            "Claude Code uses the hooks from its next start on. A user can switch them"
            " off (disableAllHooks, --bare), so they advise; --managed enforces."
        )
        return InstallPlan((change,), {"additions": additions}, (note,))

    def uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes that take the guard out of the user's settings."""
        path = _settings_path(setup)
        old = read_settings(path)
        if old is None:
            return InstallPlan(())
        document = json_merge.parsed(old, path)
        new = _clean(document, record)
        return InstallPlan((SettingsChange(path, old, _bytes(old, document, new)),))

    def problems(self, setup: Setup) -> tuple[str, ...]:
        """Return what is not as ``install`` leaves it, or switches the hooks off."""
        path = _settings_path(setup)
        document = json_merge.parsed(read_settings(path), path)
        return (
            *(
                f"{path}: {lack}"
                for lack in json_merge.missing(document, wanted(setup))
            ),
            *_switched_off(document, path),
        )

    def managed(
        self, setup: Setup, record: Mapping[str, Any] | None = None
    ) -> InstallPlan:
        """Return the change of the managed settings."""
        path = setup.managed(_MANAGED)
        old = read_settings(path)
        document = json_merge.parsed(old, path)
        clean = _clean(document, record or {})
        new, additions = json_merge.merged(clean, managed_wanted(setup), path)
        change = SettingsChange(path, old, _bytes(old, document, new), 0o644)
        return InstallPlan((change,), {"additions": additions})

    def managed_uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the change that takes the guard out of the managed settings."""
        path = setup.managed(_MANAGED)
        old = read_settings(path)
        if old is None:
            return InstallPlan(())
        document = json_merge.parsed(old, path)
        clean = _clean(document, record)
        new = _bytes(old, document, clean) if clean else None
        return InstallPlan((SettingsChange(path, old, new, 0o644),))

    def managed_problems(self, setup: Setup) -> tuple[str, ...]:
        """Return what of the managed settings is not as ``managed`` leaves it."""
        path = setup.managed(_MANAGED)
        document = json_merge.parsed(read_settings(path), path)
        lacks = json_merge.missing(document, managed_wanted(setup))
        return (
            *(f"{path}: {lack}" for lack in lacks),
            *_switched_off(document, path),
        )


def _settings_path(setup: Setup) -> str:
    folder = setup.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(
        setup.home, ".claude"
    )
    return os.path.join(folder, "settings.json")


def _clean(document: dict[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    additions = record.get("additions", [])
    return hook_groups.without_guard(json_merge.without(document, additions))


def _bytes(
    old: bytes | None, document: dict[str, Any], new: dict[str, Any]
) -> bytes | None:
    """Return the new content; the old bytes if only the layout would change."""
    return old if new == document and old is not None else json_merge.rendered(new)


def wanted(setup: Setup) -> dict[str, Any]:
    """Return what the settings must have."""
    return {
        "hooks": hook_groups.wanted(setup.interpreter, "claude-code", EVENTS),
        "permissions": {"deny": _denied(setup)},
        "sandbox": _sandbox(setup),
    }


def managed_wanted(setup: Setup) -> dict[str, Any]:
    """Return what the managed settings must have."""
    hooks = hook_groups.wanted(
        setup.interpreter, "claude-code", EVENTS, without_shell=True
    )
    return {
        **wanted(setup),
        "hooks": hooks,
        # A hook of the user's could rewrite a call after it was judged.
        "allowManagedHooksOnly": True,
        "requiredMinimumVersion": MINIMUM_VERSION,
    }


def _denied(setup: Setup) -> list[str]:
    """Return deny rules; there are no allow rules: the guard never allows."""
    rules = [f"Edit({path})" for path in _NO_EDIT]
    for path in CREDENTIAL_FILES:
        rules += [f"Read(~/{path})", f"Edit(~/{path})"]
    for pattern in setup.task.restricted:
        rule = _path_rule(pattern)
        rules += [f"Read({rule})", f"Edit({rule})"] if rule else []
    return [
        *rules,
        *denied_tools(
            setup.task,
            ("Edit", "Write", "NotebookEdit"),
            ("WebFetch", "WebSearch"),
        ),
    ]


def _path_rule(pattern: str) -> str:
    """Return a gitignore pattern below the project as the client reads one, "" for none."""
    if pattern.startswith("!") or not set(pattern).isdisjoint("()\n"):
        return ""
    inner = pattern.strip("/")
    anchored = pattern.startswith("/") or "/" in inner
    below = f"{inner}/**" if pattern.endswith("/") else inner
    return f"/{below}" if anchored else f"**/{below}"


def _sandbox(setup: Setup) -> dict[str, Any]:
    """Return sandbox keys: fail closed if a person turns it on, and on with the option."""
    closed: dict[str, Any] = {
        "failIfUnavailable": True,
        "allowUnsandboxedCommands": False,
    }
    if not setup.with_sandbox:
        return closed
    # "@registries" and the like are the guard's own names for hosts it looks up.
    named = [host for host in setup.task.network if not host.startswith("@")]
    is_listed = "*" not in named and len(named) == len(setup.task.network)
    network: dict[str, Any] = {"allowedDomains": named, "strictAllowlist": True}
    return {
        "enabled": True,
        **closed,
        "autoAllowBashIfSandboxed": True,
        "filesystem": {
            "denyRead": [f"~/{path.removesuffix('/**')}" for path in CREDENTIAL_FILES],
        },
        "credentials": {"envVars": _variables()},
        **({"network": network} if is_listed else {}),
    }


def _variables() -> list[dict[str, Any]]:
    masked = [
        {"name": name, "mode": "mask", "injectHosts": hosts}
        for name, hosts in _MASKED.items()
    ]
    return [*({"name": name, "mode": "deny"} for name in _ABSENT), *masked]


def _switched_off(document: Mapping[str, Any], name: str) -> Iterator[str]:
    yield from hook_groups.shape_problems(document, name)
    if document.get("disableAllHooks"):
        yield f"{name}: disableAllHooks switches the guard off"
    permissions = document.get("permissions", {})
    for key in ("allow", "deny", "ask"):
        entries = permissions.get(key, []) if isinstance(permissions, dict) else None
        if not isinstance(entries, list):
            yield (
                f"{name}: permissions.{key} is no list, and the client ignores the file"
            )


INSTALLER = ClaudeCodeInstaller()
