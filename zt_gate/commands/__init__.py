"""The verbs of the command line; ``COMMANDS`` registers them.

Each module has ``arguments(parser)`` and ``main(options) -> int``.  It is imported
only when its verb is used, so that the others do not slow the start.
"""

from __future__ import annotations

#: Verb, module, one-line help.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    (
        "scan",
        "zt_gate.commands.scan",
        "scan a change: staged, a range, a patch or a tree",
    ),
    ("merge", "zt_gate.commands.merge", "join the reports of the shards of a scan"),
    ("fix", "zt_gate.commands.fix", "show the safe fixes as a diff, and apply them"),
    (
        "explain",
        "zt_gate.commands.explain",
        "show what a rule detects, why it matters and the fix",
    ),
    ("rules", "zt_gate.commands.rules", "list the rules"),
    (
        "baseline",
        "zt_gate.commands.baseline",
        "record existing findings so that only new ones fail",
    ),
    ("ignore", "zt_gate.commands.ignore", "add an ignore entry to the policy"),
    (
        "policy",
        "zt_gate.commands.policy",
        "show the policy in force, or what it says about a path",
    ),
    ("approve", "zt_gate.commands.approve", "approve a finding interactively"),
    (
        "snapshot",
        "zt_gate.commands.snapshot",
        "check packages by name; update the known packages",
    ),
    (
        "audit",
        "zt_gate.commands.audit",
        "look up known vulnerabilities of what is installed or locked",
    ),
    (
        "hook",
        "zt_gate.commands.hook",
        "install or uninstall git hooks; run one of them",
    ),
    (
        "guard",
        "zt_gate.commands.guard",
        "the same checks while an agent acts: install, hook, report",
    ),
    (
        "ci",
        "zt_gate.commands.ci",
        "scan the change of a CI event and report it there",
    ),
    ("init", "zt_gate.commands.init", "create a policy; set up pre-commit and GitHub"),
    ("doctor", "zt_gate.commands.doctor", "check installation and enforcement"),
    (
        "demo",
        "zt_gate.commands.demo",
        "show zt-gate blocking a change in a throw-away repository",
    ),
    ("log", "zt_gate.commands.log", "verify or summarize the audit log"),
    (
        "replay",
        "zt_gate.commands.replay",
        "scan past commits as if each were new",
    ),
    (
        "drill",
        "zt_gate.commands.drill",
        "try known evasion techniques against zt-gate",
    ),
    (
        "lsp",
        "zt_gate.commands.lsp",
        "serve findings to an editor (language server)",
    ),
    (
        "mcp",
        "zt_gate.commands.mcp",
        "serve checks to an agent (Model Context Protocol)",
    ),
    (
        "completion",
        "zt_gate.commands.completion",
        "print a completion script for bash, zsh or fish",
    ),
)
