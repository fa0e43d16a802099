"""Turns other permission files into tasks and skills of the policy, key by key.

The formats are those of the guide that this project follows: ``permissions`` of Claude
Code, ``profiles``, the ``tools`` of a skill's front matter, ``skills`` of
``claude-skills.yaml`` and ``security.audit``.  What no program can enforce is said.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RULE = lazy_re.compile(r"\s*([A-Za-z][\w-]{0,80})\s*(?:\(([^()]{0,600})\))?\s*")
#: Names of tools, as a task has them, by the client's names.
_TOOLS = {
    "Read": "Read", "NotebookRead": "Read", "LS": "Read", "Grep": "Grep", "Glob": "Glob",
    "Edit": "Edit", "MultiEdit": "Edit", "NotebookEdit": "Edit", "Write": "Write",
    "Bash": "Bash", "WebFetch": "Fetch", "WebSearch": "Fetch",
}  # fmt: skip
#: Words of a sentence, and what the guard does of its own accord.
_SENTENCES = (
    (
        r"credential|secret|token|password|key",
        "the guard denies reading credentials anyway",
    ),
    (r"script", "the guard judges the scripts that a session wrote before they run"),
    (r"network|external|internet", "set network = [] in a task"),
    (r"director|folder|file|project", "set allowed = [paths] in a task"),
    (r"command|execut|shell", "set commands = [programs] in a task"),
)
_AUDIT = {
    "log_all_tool_calls": "the guard logs every event; there is no key for it",
    "log_file_access": "the guard logs every file of a call; there is no key for it",
    "alert_on_deny": "name the command in ~/.config/zt-gate/config.toml, [guard] alert",
}
_PROJECT = "/project"


@dataclass(slots=True)
class Imported:
    """What became of a file: tables of the policy, and a line for each key."""

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    skills: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def say(self, key: str, became: str) -> None:
        """Add a line."""
        self.lines.append((key, became))

    def toml(self) -> str:
        """Return the tables as TOML for the policy."""
        parts = []
        for kind, tables in (("tasks", self.tasks), ("skills", self.skills)):
            for name, table in tables.items():
                parts.append(f"[{kind}.{_key(name)}]\n")
                parts += [
                    f"{key} = {json.dumps(value)}\n" for key, value in table.items()
                ]
                parts.append("\n")
        return "".join(parts).rstrip("\n") + "\n" if parts else ""


def imported(name: str, data: bytes) -> Imported:
    """Return what a file becomes; raises UsageError for a file of another kind."""
    document = _document(name, data)
    result = Imported()
    known = {
        "permissions": _permissions,
        "profiles": _profiles,
        "skills": _skills,
        "security": _security,
    }
    stem = os.path.splitext(os.path.basename(name))[0]
    if name.endswith((".md", ".mdc")):
        if stem.upper() == "SKILL":
            stem = os.path.basename(os.path.dirname(os.path.abspath(name))) or "skill"
        _front_matter(document, stem, result)
        return result
    for key, value in document.items():
        reader = known.get(key)
        if reader is None:
            result.say(key, "not a permission; left alone")
        elif isinstance(value, dict | list):
            reader(value, result)
        else:
            result.say(key, "not enforced: it is neither a table nor a list")
    if not known.keys() & document.keys():
        raise UsageError(
            f"{name} has none of the keys {', '.join(known)}, and is no skill (.md)"
        )
    return result


def _document(name: str, data: bytes) -> dict[str, Any]:
    from zt_gate.syntax import front_matter, yaml
    from zt_gate.syntax import json as json_syntax
    from zt_gate.syntax.document import SyntaxReadError

    try:
        if name.endswith((".md", ".mdc")):
            value = front_matter.read(data).value
        elif name.endswith((".yaml", ".yml")):
            value = yaml.read(data).value
        else:
            value = json_syntax.read(data, relaxed=True).value
    except SyntaxReadError as error:
        raise UsageError(f"{name}: {error}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{name} is no table of keys")
    return value


def _permissions(value: Any, result: Imported) -> None:
    """Read Claude Code's allow, ask and deny rules as one task."""
    task: dict[str, Any] = {}
    if not isinstance(value, dict):
        result.say("permissions", "not enforced: it is no table")
        return
    for key, entries in value.items():
        if key not in {"allow", "ask", "deny"} or not isinstance(entries, list):
            result.say(f"permissions.{key}", "a setting of the client; left alone")
            continue
        for entry in entries:
            label = f"permissions.{key}: {entry}"
            if not isinstance(entry, str):
                result.say(label, "not enforced: it is no text")
            elif key == "deny":
                result.say(label, _denied(entry, task))
            elif key == "ask":
                result.say(
                    label, "not enforced: a task allows or denies; the client asks"
                )
            else:
                result.say(label, _allowed(entry, task))
    if task:
        result.tasks["imported"] = _ordered(task)


def _allowed(entry: str, task: dict[str, Any]) -> str:
    """Put an allow rule into a task; return what it became."""
    tool, argument = _parts(entry)
    if not tool:
        return _sentence(entry)
    if tool.startswith("mcp__"):
        _add(task, "tools", tool)
        return f"tools: {tool}"
    kind = _TOOLS.get(tool)
    if kind is None:
        return f"not enforced: no tool of the name {tool} is known"
    if kind == "Bash":
        return _commands(argument, task)
    _add(task, "tools", kind)
    if kind == "Fetch":
        host = argument.removeprefix("domain:").strip()
        task.setdefault("network", [])
        if argument.startswith("domain:") and host:
            _add(task, "network", host)
        return f"tools: Fetch; network: {host or 'none'}"
    if argument:
        pattern, note = _pattern(argument)
        _add(task, "allowed", pattern)
        return f"tools: {kind}; allowed: {pattern}{note} (for every tool of the task)"
    return f"tools: {kind}"


def _commands(argument: str, task: dict[str, Any]) -> str:
    """Put the commands of a Bash rule into a task."""
    _add(task, "tools", "Bash")
    if argument in {"", "*", ":*"}:
        return (
            "tools: Bash without commands: the guard lets no unnamed program run in a"
            " task; name them in commands"
        )
    found = []
    for part in argument.split(","):
        words = re.sub(r"(?::\*|\s\*)$", "", part.strip())
        if re.search(r"[*?$;&|<>`]", words) or not re.match(r"[\w./-]+(?:\s|$)", words):
            return f"not enforced: {part.strip()!a} is no program with leading words"
        if re.match(r"(?i)(?:in|only|within|for|with)\b", words):
            return _sentence(argument)
        found.append(words)
    for words in found:
        _add(task, "commands", words)
    return f"tools: Bash; commands: {', '.join(found)}"


def _denied(entry: str, task: dict[str, Any]) -> str:
    """Put a deny rule into a task; return what it became."""
    tool, argument = _parts(entry)
    if not tool:
        return _sentence(entry)
    kind = _TOOLS.get(tool, tool)
    if kind in {"Read", "Edit", "Write", "Grep", "Glob"} and argument:
        pattern, note = _pattern(argument)
        _add(task, "restricted", pattern)
        return f"restricted: {pattern}{note} (for reading and writing)"
    if tool == "WebFetch" and not argument:
        task["network"] = []
        return "network: none"
    if kind == "Bash" and argument:
        return "nothing to add: a task with commands denies every other program"
    return f"nothing to add: leave {kind} out of the task's tools"


def _profiles(value: Any, result: Imported) -> None:
    """Read task profiles: tools, paths, network and its hosts."""
    if not isinstance(value, dict):
        result.say("profiles", "not enforced: it is no table")
        return
    for name, profile in value.items():
        label = f"profiles.{name}"
        if not isinstance(profile, dict):
            result.say(label, "not enforced: it is no table")
            continue
        table = _with_tools(profile, label, result)
        hosts = profile.get("network_allowlist")
        if profile.get("network") is False:
            table["network"] = []
            result.say(f"{label}.network", "network: none")
        elif isinstance(hosts, list):
            table["network"] = [_host(host) for host in hosts if isinstance(host, str)]
            result.say(
                f"{label}.network_allowlist", f"network: {', '.join(table['network'])}"
            )
        elif profile.get("network") is True:
            table["network"] = ["*"]
            result.say(f"{label}.network", "network: every host; name hosts instead")
        for key in profile.keys() - {"tools", "paths", "network", "network_allowlist"}:
            result.say(f"{label}.{key}", "not enforced: the key is not known")
        result.tasks[str(name)] = _ordered(table)


def _with_tools(
    profile: Mapping[str, Any], label: str, result: Imported
) -> dict[str, Any]:
    table: dict[str, Any] = {}
    tools = profile.get("tools", [])
    for entry in tools if isinstance(tools, list) else []:
        result.say(f"{label}.tools: {entry}", _allowed(str(entry), table))
    for path in profile.get("paths", ()):
        pattern, note = _pattern(str(path))
        _add(table, "allowed", pattern)
        result.say(f"{label}.paths: {path}", f"allowed: {pattern}{note}")
    return table


def _skills(value: Any, result: Imported) -> None:
    """Read the skills of a claude-skills.yaml."""
    for number, skill in enumerate(value if isinstance(value, list) else []):
        if not isinstance(skill, dict) or not isinstance(skill.get("name"), str):
            result.say(f"skills[{number}]", "not enforced: it has no name")
            continue
        name = skill["name"]
        table = _with_tools(skill, f"skills.{name}", result)
        for key, target in (
            ("allowed_paths", "allowed"),
            ("restricted_paths", "restricted"),
        ):
            for path in skill.get(key) or ():
                pattern, note = _pattern(str(path))
                _add(table, target, pattern)
                result.say(f"skills.{name}.{key}: {path}", f"{target}: {pattern}{note}")
        known = {
            "name",
            "tools",
            "paths",
            "allowed_paths",
            "restricted_paths",
            "description",
        }
        for key in skill.keys() - known:
            result.say(f"skills.{name}.{key}", "not enforced: the key is not known")
        result.skills[name] = _ordered(table)


def _front_matter(value: Mapping[str, Any], name: str, result: Imported) -> None:
    """Read the tools of a skill's or subagent's front matter."""
    from zt_gate.scanners.agent_config.permissions import entries

    label = str(value.get("name") or name)
    table: dict[str, Any] = {}
    for key in ("tools", "allowed-tools", "allowed_tools"):
        for entry in entries(value.get(key)):
            result.say(f"{key}: {entry}", _allowed(entry, table))
    if not table:
        result.say(label, "it names no tools: the session's task holds for it")
        return
    result.skills[label] = _ordered(table)


def _security(value: Any, result: Imported) -> None:
    """Read the settings of the audit log."""
    audit = value.get("audit") if isinstance(value, dict) else None
    for key, setting in (audit if isinstance(audit, dict) else {}).items():
        label = f"security.audit.{key}"
        if setting is False:
            result.say(label, "not enforced: the guard's log cannot be switched off")
        else:
            result.say(label, _AUDIT.get(key, "not enforced: the key is not known"))


def _parts(entry: str) -> tuple[str, str]:
    """Return tool and argument of a rule, "" for a sentence."""
    match = _RULE.fullmatch(entry)
    if match is None:
        return "", ""
    return match[1], (match[2] or "").strip()


def _sentence(text: str) -> str:
    """Say that a sentence is no rule, and what comes nearest."""
    for pattern, instead in _SENTENCES:
        if re.search(pattern, text, re.IGNORECASE):
            return f"not enforced: a sentence, which no program reads; {instead}"
    return "not enforced: a sentence, which no program reads"


def _pattern(path: str) -> tuple[str, str]:
    """Return a path as a gitignore pattern below the project, and a remark."""
    text = path.strip().removeprefix("./")
    if text == _PROJECT or text.startswith(_PROJECT + "/"):
        below = text.removeprefix(_PROJECT).strip("/")
        return (f"/{below}" if below else "/**"), " (/project is taken for the root)"
    if text.startswith(("//", "~")):
        return text, " (outside of the project, where a task has no paths)"
    return text, ""


def _host(address: str) -> str:
    """Return the host of an address."""
    rest = address.partition("://")[2] or address
    return rest.partition("/")[0].strip("<> ")


def _add(table: dict[str, Any], key: str, value: str) -> None:
    values = table.setdefault(key, [])
    if value not in values:
        values.append(value)


def _ordered(table: Mapping[str, Any]) -> dict[str, Any]:
    order = ("allowed", "restricted", "tools", "commands", "network")
    return {key: table[key] for key in order if key in table}


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def summary(result: Imported) -> Iterator[str]:
    """Yield a line for each key: what it became."""
    for key, became in result.lines:
        yield f"# {key}: {became}"
