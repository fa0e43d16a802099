"""Checks agents' permission rules and tool lists: how much they allow, and whether they apply.

Follows the documentation of Claude Code: ``Tool`` or ``Tool(specifier)``; deny,
then ask, then allow; ``Bash(git * main)`` matches with a wildcard anywhere; path
rules on Write, NotebookEdit, Glob and MultiEdit are accepted and never consulted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

_RULE = lazy_re.compile(r"\s*([\w*-]{1,120})\s*(?:\((.{0,600})\))?\s*\Z", re.DOTALL)
#: A tool by the name of its server, extension or group: ``search/codebase``, ``github/*``.
_QUALIFIED_TOOL = lazy_re.compile(r"\s*@?[\w.-]{1,120}(?:[./][\w.*-]{1,120})+\s*\Z")
_SHELLS = frozenset(
    ["Bash", "Shell", "PowerShell", "run_shell_command", "ShellTool", "shell", "bash", "execute"]
)  # fmt: skip
#: Tools whose path rules are never consulted.
_IGNORES_PATHS = frozenset(["Write", "NotebookEdit", "Glob", "MultiEdit"])
_EVERYTHING = frozenset(["", "*", ":*", "**", "* *", "*:*", "/.*/", ".*", "* :*"])
#: Keys of an entry that limit what it allows.
_LIMITS = (
    "matches",
    "commandPrefix",
    "commandRegex",
    "argsPattern",
    "mcpName",
    "modes",
)
_WHOLE_FILE_SYSTEM = frozenset(["//**", "~/**", "/**", "//"])
#: A specifier that reads as a sentence: words of prose that no command begins with.
_PROSE = lazy_re.compile(
    r"(?i)^(?:in|only|within|inside|for|with|on|to|the|any|all|read[- ]only|safe|allowed|specified"
    r"|approved|trusted|limited|restricted|non-?destructive|project|files?|commands?)"
    r"(?:\s[\w ,'/.-]*)?$"
)
_TOOLS_PROSE = lazy_re.compile(
    r"(?i)\b(?:only|specified|approved|within|allowed|restricted|limited|project files|no access)\b"
)
_WILDCARD_IN_THE_MIDDLE = lazy_re.compile(r"[\s:]\*\s+\S")
_SEQUENCE = lazy_re.compile(r"\s*(?:&&|\|\||;)\s*")
#: Programs that start the one behind their own options and assignments.
_WRAPPERS = lazy_re.compile(
    r"^(?:(?:env|nohup|time|xargs(?:\s+-\S+)*|timeout\s+[\d.]+[smh]?)\s+(?=[\w./-])(?![*-])"
    r"|[A-Z_]\w*=[\w./:@,-]*\s+(?=[\w./-]))+"
)
#: A shell with one script: only the script's arguments are free.
_SCRIPT = lazy_re.compile(
    r"(?:\S*/)?(?:bash|sh|zsh|dash|fish|ksh|source|pwsh|powershell)\s+(?:-[eux]+\s+)?"
    r"(?:-(?:n|File)\s+)?\.?[\w/~$][\w./~$-]*[\w-](?:\s[^*]*)?[\s:]*\*$"
)
_ENTRY = lazy_re.compile(r"(?:[^,()]|\([^()]{0,600}\))+")

_ANY_COMMAND = "any-command-permission"
_WITHOUT_EFFECT = "permission-without-effect"

Use = Literal["grant", "offer", "limit"]


@dataclass(frozen=True, slots=True)
class PermissionIssue:
    """What is wrong with an entry: the name of the rule, and a clause for the message."""

    rule: str
    level: Level
    entry: str
    clause: str


def check(entry: str, use: Use, rules: RuleIndex) -> PermissionIssue | None:
    """Return what is wrong with one entry, None for nothing.

    ``grant``: runs without asking (``permissions.allow``, a command's
    ``allowed-tools``).  ``offer``: a tool that a sub-agent has.  ``limit``: a
    deny or ask rule.
    """
    match = _RULE.match(entry)
    if match is None:
        is_tool = use != "limit" and _QUALIFIED_TOOL.match(entry) is not None
        return None if is_tool else _prose(entry, use)
    tool, specifier = match[1], match[2]
    argument = (specifier or "").strip()
    if tool == "*" and use == "grant":
        clause = "allows every tool without asking"
        return PermissionIssue(_ANY_COMMAND, Level.BLOCK, entry, clause)
    if tool in _IGNORES_PATHS and specifier and argument not in _EVERYTHING:
        clause = (
            f"has no effect: {tool} never consults path rules"
            " (put them on Edit and Read)"
        )
        return PermissionIssue(_WITHOUT_EFFECT, Level.WARN, entry, clause)
    if _PROSE.match(argument) and not argument.startswith("domain"):
        return _prose(entry, use)
    if use == "limit":
        return None
    if tool in _SHELLS:
        return _shell(entry, specifier, use, rules)
    if use == "grant":
        return _grant(entry, tool, argument)
    return None


def unlimited_grant(entry: dict[str, Any]) -> str:
    """Return the tool that an entry allows without a limit; "" for none.

    The entries of Amp (``tool``, ``action``, ``matches``) and of Gemini CLI's policies
    (``toolName``, ``decision``, ``commandPrefix`` …).
    """
    if (entry.get("action") or entry.get("decision")) != "allow":
        return ""
    names = entry.get("tool", entry.get("toolName"))
    tools = [str(name) for name in (names if isinstance(names, list) else [names])]
    wide = [tool for tool in tools if tool == "*" or tool in _SHELLS]
    limits = [entry[key] for key in _LIMITS if entry.get(key) not in (None, {})]
    if not wide or any(not _is_everything(limit) for limit in limits):
        return ""
    return wide[0]


def _is_everything(limit: Any) -> bool:
    """Whether a limit of an entry excludes nothing."""
    if isinstance(limit, dict):
        return all(map(_is_everything, limit.values()))
    if isinstance(limit, list):
        return any(map(_is_everything, limit))
    return str(limit).strip() in _EVERYTHING


def _grant(entry: str, tool: str, argument: str) -> PermissionIssue | None:
    """Check a grant of another tool than a shell."""
    clause = ""
    if tool in {"Write", "Edit", "MultiEdit"} and argument.startswith(("//", "~")):
        clause = "allows writing outside the project"
    elif tool in {"Read", "Edit"} and argument in _WHOLE_FILE_SYSTEM:
        clause = "allows access to the whole file system or home folder"
    elif tool.startswith("mcp__") and tool.endswith("__*") and tool.count("__") < 2:
        clause = "allows every tool of every server"
    return PermissionIssue(_ANY_COMMAND, Level.WARN, entry, clause) if clause else None


def _prose(entry: str, use: Use) -> PermissionIssue:
    names_shell = re.search(r"\b(?:Bash|Shell)\b", entry) is not None
    level = Level.BLOCK if use == "limit" or names_shell else Level.WARN
    clause = "is not a valid permission rule: no program enforces it"
    if use == "limit":
        clause += ", and nothing is denied"
    elif names_shell:
        clause += ", and the shell is allowed without the limit that it names"
    return PermissionIssue(_WITHOUT_EFFECT, level, entry, clause)


def _shell(
    entry: str, specifier: str | None, use: Use, rules: RuleIndex
) -> PermissionIssue | None:
    """Check an entry that allows a shell."""
    pattern = (specifier or "").strip()
    if pattern in _EVERYTHING and use == "offer" and specifier is None:
        clause = "offers the shell without a limit"
        return PermissionIssue("agent-with-shell", Level.WARN, entry, clause)
    pattern = _last_command(pattern)
    words = re.split(r"[\s:]+", pattern)
    program = words[0].rpartition("/")[2]
    clause = _unlimited_clause(pattern, program, rules)
    if clause:
        return PermissionIssue(_ANY_COMMAND, Level.BLOCK, entry, clause)
    literal_words = [word for word in words if word not in {"*", ""}]
    if (
        program in rules.listed("reaching-programs")
        and pattern.endswith("*")
        and len(literal_words) == 1
    ):
        clause = f"allows every sub-command and option of {program} without asking"
        return PermissionIssue("powerful-program-permission", Level.WARN, entry, clause)
    return None


def _unlimited_clause(pattern: str, program: str, rules: RuleIndex) -> str:
    """Return why a shell pattern allows any command, "" where it does not."""
    if pattern in _EVERYTHING:
        return "runs any command without asking"
    if program in {"*", ""}:
        return "begins with a wildcard, which matches any program"
    wildcard = _WILDCARD_IN_THE_MIDDLE.search(pattern.replace(":*", " *"))
    if wildcard and program in rules.listed("reaching-programs"):
        return (
            "has a wildcard in the middle, which matches every sub-command and option"
            f" of {program}, including those that run a program"
        )
    if program in rules.listed("shell-programs") and pattern.endswith("*"):
        return (
            ""
            if _SCRIPT.match(pattern)
            else f"lets {program} run any command without asking"
        )
    return ""


def _last_command(pattern: str) -> str:
    """Return the part of a pattern that its wildcard belongs to.

    ``source .env && pytest *`` allows pytest, and ``env CI=1 npm test *`` allows npm.
    """
    command = pattern
    if command.endswith("*"):
        parts = _SEQUENCE.split(command)
        is_fixed = all("*" not in part for part in parts[:-1])
        command = parts[-1] if is_fixed and parts[-1].strip(" *:") else command
    return _WRAPPERS.sub("", command.strip(), count=1) or command


def entries(value: Any) -> list[str]:
    """Return the entries of a tool list: a list, or a text with commas outside brackets."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    if not isinstance(value, str):
        return []
    tools: list[str] = []
    for part in _ENTRY.findall(value.strip().strip("[]")):
        entry = part.strip().strip("\"'")
        if _is_blank_separated(entry):
            tools += re.findall(r"[\w*-]+(?:\([^()]*\))?", entry)
        elif entry:
            tools.append(entry)
    return tools


def _is_blank_separated(entry: str) -> bool:
    """Whether blanks alone separate several entries (``Read Grep Bash(git:*)``)."""
    names = re.sub(r"\([^()]*\)", "", entry)
    if " " not in names.strip() or _TOOLS_PROSE.search(names):
        return False
    return re.fullmatch(r"[\w\s*-]+", names) is not None
