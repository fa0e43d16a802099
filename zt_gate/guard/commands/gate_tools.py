"""Judges what reaches the gate and the guard themselves: zt-gate, hook managers, agents."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

#: zt-gate's verbs that only look; its other verbs change what it enforces.
_ZT_GATE_LOOKS = frozenset(
    (
        "scan",
        "explain",
        "rules",
        "doctor",
        "check",
        "drill",
        "demo",
        "replay",
        "lsp",
        "mcp",
        "completion",
        "verify",
        "report",
        "merge",
        "fix",
        "near-miss",
        "--version",
        "--help",
        "-h",
        "help",
        "list",
        "log",
    )
)
_GUARD_LOOKS = frozenset(
    (
        "check",
        "capabilities",
        "report",
        "permissions",
        "posture",
        "--help",
        "-h",
        "hook",
    )
)


def zt_gate(case: CommandCase, reading: Reading) -> None:
    """Judge our own program: an agent may look, and may not change what is enforced."""
    words = [word.text for word in reading.arguments]
    verb = words[0] if words else "--help"
    if verb == "guard":
        if len(words) > 1 and words[1] not in _GUARD_LOOKS:
            case.add("guard/reconfigured", " ".join(words[:3]))
    elif verb == "hook":
        if words[1:2] in (["uninstall"], ["install"]):
            control = (
                "guard/reconfigured"
                if words[1] == "uninstall"
                else "gate/hooks-installed"
            )
            case.add(control, " ".join(words[:2]))
    elif verb == "init":
        case.add("gate/hooks-installed", "init")
    elif verb == "policy" and words[1:2] in (["check"], ["show"], ["explain"], []):
        return
    elif verb == "log" and words[1:2] == ["export"]:
        case.add("guard/reconfigured", "log export")
    elif verb == "snapshot" or verb in _ZT_GATE_LOOKS:
        _settings(case, reading, verb)
    else:
        case.add("guard/reconfigured", " ".join(words[:2]))


def _settings(case: CommandCase, reading: Reading, verb: str) -> None:
    if reading.has("--accept"):
        case.add("guard/reconfigured", f"{verb} --accept")


def kill(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge ``kill``: of all processes, or of the first one."""
    words = [word.text for word in invocation.arguments]
    # ``-1`` is a signal as the first word, and all processes behind one.
    if "-1" in words[1:] or {"0", "1"} & {word.text for word in reading.arguments}:
        case.add("system/processes-killed", f"kill {' '.join(words)}")
    if any("PPID" in word.names for word in reading.arguments):
        case.add("guard/stopped", "kill $PPID")
    names_client = case.names_client or any(
        name in one.text for run in case.runs for one in run.words for name in _CLIENTS
    )
    if names_client and any(not word.is_known for word in reading.arguments):
        case.add("guard/stopped", "kill")


def pkill(case: CommandCase, reading: Reading) -> None:
    """Judge ``pkill``: not the client or the guard itself."""
    words = [word.text.lower() for word in reading.arguments]
    text = " ".join(words)
    if any(_finds(word, name) for word in words for name in _CLIENTS):
        case.add("guard/stopped", text)
    elif reading.has("-u", "-U", "--euid", "--uid") and len(words) < 2:
        case.add("system/processes-killed", text)


def _finds(pattern: str, name: str) -> bool:
    """Whether ``pkill`` with a pattern would find a program's name."""
    import re

    try:
        return re.search(pattern, name) is not None
    except re.error:
        return name in pattern


_CLIENTS = ("claude", "codex", "zt-gate", "zt_gate", "gemini", "copilot", "opencode")


def pgrep(case: CommandCase, reading: Reading) -> None:
    """Note a search for the client's processes, which a ``kill`` may use."""
    text = " ".join(word.text for word in reading.arguments).lower()
    case.names_client = case.names_client or any(name in text for name in _CLIENTS)


_GATE_PACKAGES = frozenset(
    (
        "zt-gate",
        "zt_gate",
        "husky",
        "lefthook",
        "pre-commit",
        "pre_commit",
        "simple-git-hooks",
        "prek",
    )
)


def uninstalled(case: CommandCase, reading: Reading) -> None:
    """Judge which packages are removed: not the gate, nor what runs the hooks."""
    for word in reading.arguments:
        if word.text.lower() in _GATE_PACKAGES:
            case.add("gate/hooks-removed", f"{' '.join(reading.path)} {word.text}")


_OTHER_AGENTS = frozenset(
    ("gemini", "cursor-agent", "aider", "qwen", "amp", "opencode")
)
_UNASKED = frozenset(
    ("-y", "-f", "--force", "--yes", "--yes-always", "--trust-all-tools")
)


def agent(case: CommandCase, invocation: Invocation) -> None:
    """Judge a nested agent: not without its guard."""
    text = " ".join(word.text for word in invocation.arguments)
    flags = (
        "dangerously",
        "--plugin-dir",
        "--yolo",
        "--full-auto",
        "--bare",
        "--setting-sources",
        "--settings",
        "disableAllHooks",
        "features.hooks",
        "--permission-mode",
        "--allow-all",
        "--allowedTools",
        "--allowed-tools",
        "-a never",
        "--ask-for-approval",
        "--approval-mode",
        "--sandbox danger",
        "-s danger",
        "--mcp-config",
        "--add-dir",
        "--no-hooks",
        "--pure",
        "--safe-mode",
        "config set",
        "mcp add",
        "plugin install",
        "hooks",
    )
    words = {word.text for word in invocation.arguments}
    if any(flag in text for flag in flags) or (
        invocation.program in _OTHER_AGENTS and words & _UNASKED
    ):
        case.add("guard/nested-unguarded", f"{invocation.program} {text}")


def husky(case: CommandCase, reading: Reading) -> None:
    """Judge ``husky``: installing is what a project's prepare script does."""
    words = [word.text for word in reading.arguments]
    if words[:1] in (["uninstall"], ["set"], ["add"]):
        case.add(
            "gate/hooks-removed" if words[0] == "uninstall" else "gate/hook-files",
            " ".join(words[:2]),
        )
