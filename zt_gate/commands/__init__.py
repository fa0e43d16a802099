"""The verbs; the tuple below is the registry.

Each module has ``arguments(parser)`` and ``main(options) -> int``; it is imported
only when its verb is asked for.
"""

from __future__ import annotations

#: Verb, module, one line of help.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    (
        "scan",
        "zt_gate.commands.scan",
        "judge a change: staged, a range, a patch, a tree",
    ),
    (
        "explain",
        "zt_gate.commands.explain",
        "say what a rule finds, why, and what to do",
    ),
    ("rules", "zt_gate.commands.rules", "list the rules"),
    (
        "baseline",
        "zt_gate.commands.baseline",
        "write down what is there, so that only new counts",
    ),
    ("ignore", "zt_gate.commands.ignore", "write an exception into the policy"),
    ("approve", "zt_gate.commands.approve", "say yes to a finding, at a terminal"),
    (
        "snapshot",
        "zt_gate.commands.snapshot",
        "ask about packages; refresh the known names",
    ),
    ("hook", "zt_gate.commands.hook", "install git's hooks; what they call"),
    (
        "ci",
        "zt_gate.commands.ci",
        "judge what a CI system's event is about, and tell it there",
    ),
    ("init", "zt_gate.commands.init", "write a first policy, and wire the gate up"),
    ("doctor", "zt_gate.commands.doctor", "is the gate enforced, and is it well"),
    (
        "demo",
        "zt_gate.commands.demo",
        "see the gate stop a change in a throw-away repository",
    ),
    ("log", "zt_gate.commands.log", "check the log of runs, and say what it tells"),
    (
        "replay",
        "zt_gate.commands.replay",
        "judge past commits, as if each were being made",
    ),
    (
        "drill",
        "zt_gate.commands.drill",
        "attack the gate, and see what it lets through",
    ),
)
