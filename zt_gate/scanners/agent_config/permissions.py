"""Permission rules and tool lists of agents, judged for breadth and for effect.

Follows the documentation of Claude Code: ``Tool`` or ``Tool(specifier)``; deny,
then ask, then allow; ``Bash(git * main)`` matches with a wildcard anywhere; path
rules on Write, NotebookEdit, Glob and MultiEdit are accepted and never consulted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.model.finding import Level

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

_RULE = re.compile(r"\s*([\w*-]{1,120})\s*(?:\((.{0,600})\))?\s*\Z", re.DOTALL)
_SHELLS = frozenset(
    [
        "Bash",
        "Shell",
        "PowerShell",
        "run_shell_command",
        "ShellTool",
        "shell",
        "bash",
        "execute",
    ]
)
_UNREAD = frozenset(["Write", "NotebookEdit", "Glob", "MultiEdit"])
_EVERYTHING = frozenset(["", "*", ":*", "**", "* *", "*:*", "/.*/", ".*", "* :*"])
#: A specifier that reads as a sentence: words of prose that no command begins with.
_PROSE = re.compile(
    r"(?i)^(?:in|only|within|inside|for|with|on|to|the|any|all|read[- ]only|safe|allowed|specified"
    r"|approved|trusted|limited|restricted|non-?destructive|project|files?|commands?)"
    r"(?:\s[\w ,'/.-]*)?$"
)
_TOOLS_PROSE = re.compile(
    r"(?i)\b(?:only|specified|approved|within|allowed|restricted|limited|project files|no access)\b"
)

Use = Literal["grant", "offer", "limit"]


@dataclass(frozen=True, slots=True)
class PermissionIssue:
    """What one entry means: the rule that says so, how bad it is, and a clause."""

    rule: str
    level: Level
    entry: str
    says: str


def judge(entry: str, use: Use, book: RuleIndex) -> PermissionIssue | None:
    """Judge one entry.

    ``grant``: runs without a question (``permissions.allow``, a command's
    ``allowed-tools``).  ``offer``: a tool that a sub-agent has.  ``limit``: a
    deny or ask rule.
    """
    match = _RULE.match(entry)
    if match is None:
        return _prose(entry, use)
    tool, spec = match[1], match[2]
    if tool == "*" and use == "grant":
        return PermissionIssue(
            "any-command-permission",
            Level.BLOCK,
            entry,
            "allows every tool without a question",
        )
    if tool in _UNREAD and spec and spec.strip() not in _EVERYTHING:
        return PermissionIssue(
            "permission-without-effect", Level.WARN, entry,
            f"names paths on {tool}, which never consults them: it limits nothing"
            " (path rules belong on Edit and Read)",
        )  # fmt: skip
    if (
        spec is not None
        and _PROSE.match(spec.strip())
        and not spec.strip().startswith("domain")
    ):
        return _prose(entry, use)
    if use == "limit":
        return None
    if tool in _SHELLS:
        return _shell(entry, spec, use, book)
    if (
        tool in {"Write", "Edit", "MultiEdit"}
        and spec
        and spec.strip().startswith(("//", "~", "//**"))
        and use == "grant"
    ):
        return PermissionIssue(
            "any-command-permission",
            Level.WARN,
            entry,
            "allows writing outside the project",
        )
    if (
        tool in {"Read", "Edit"}
        and spec
        and spec.strip() in {"//**", "~/**", "/**", "//"}
        and use == "grant"
    ):
        return PermissionIssue(
            "any-command-permission",
            Level.WARN,
            entry,
            "reaches the whole file system or home",
        )
    if (
        tool.startswith("mcp__")
        and tool.endswith("__*")
        and use == "grant"
        and tool.count("__") < 2
    ):
        return PermissionIssue(
            "any-command-permission",
            Level.WARN,
            entry,
            "allows every tool of every server",
        )
    return None


def _prose(entry: str, use: Use) -> PermissionIssue:
    broad = re.search(r"\b(?:Bash|Shell)\b", entry)
    level = Level.BLOCK if use != "limit" and broad else Level.WARN
    if use == "limit":
        level = Level.BLOCK
    says = "is prose: no reader enforces it"
    if use == "limit":
        says += ", and nothing is denied"
    elif broad:
        says += ", so that the shell is open without the limit that it claims"
    return PermissionIssue("permission-without-effect", level, entry, says)


def _shell(
    entry: str, spec: str | None, use: Use, book: RuleIndex
) -> PermissionIssue | None:
    what = (spec or "").strip()
    if what in _EVERYTHING:
        if use == "offer" and spec is None:
            return PermissionIssue(
                "agent-with-shell",
                Level.WARN,
                entry,
                "offers the shell without a limit",
            )
        return PermissionIssue(
            "any-command-permission",
            Level.BLOCK,
            entry,
            "runs any command without a question",
        )
    words = re.split(r"[\s:]+", what)
    program = words[0].rpartition("/")[2]
    if program in {"*", ""}:
        return PermissionIssue(
            "any-command-permission",
            Level.BLOCK,
            entry,
            "begins with a wildcard: any program fits",
        )
    if re.search(r"[\s:]\*\s+\S", what.replace(":*", " *")) and program in book.listed(
        "reaching-programs"
    ):
        return PermissionIssue(
            "any-command-permission", Level.BLOCK, entry,
            f"has a wildcard in the middle: every sub-command and option of {program} fits, such as"
            " one that runs a program",
        )  # fmt: skip
    open_end = what.endswith("*")
    if program in book.listed("shell-programs") and open_end:
        return PermissionIssue(
            "any-command-permission",
            Level.BLOCK,
            entry,
            f"lets {program} run any command without a question",
        )
    if (
        program in book.listed("reaching-programs")
        and open_end
        and len([w for w in words if w not in {"*", ""}]) == 1
    ):
        return PermissionIssue(
            "powerful-program-permission",
            Level.WARN,
            entry,
            f"lets {program} do anything that it can without a question",
        )
    return None


def entries(value: Any) -> list[str]:
    """Return the entries of a tool list: a list, or a text with commas outside brackets."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    if not isinstance(value, str):
        return []
    # Entries may be parted by blanks alone ("Read Grep Bash(git:*)").
    text = value.strip().strip("[]")
    parts = re.findall(r"(?:[^,()]|\([^()]{0,600}\))+", text)
    found: list[str] = []
    for part in (piece.strip().strip("\"'") for piece in parts):
        bare = re.sub(r"\([^()]*\)", "", part)
        if (
            " " in bare.strip()
            and not _TOOLS_PROSE.search(bare)
            and re.fullmatch(r"[\w\s*-]+", bare)
        ):
            found += re.findall(r"[\w*-]+(?:\([^()]*\))?", part)
        elif part:
            found.append(part)
    return found
