"""Every command in README and the documentation is one that the programs accept.

tests/e2e/test_pages.py runs the marked blocks.  Here the real parsers read every line
that starts zt-gate, those in workflows and recipes too.
"""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.offenders import each_of
from tests.support.pages import ALL_BLOCKS, PAGES, SHELL, Block, spans
from zt_gate.cli import _Parser, _refuse_empty_values
from zt_gate.commands import COMMANDS
from zt_gate.commands.report_output import parse_destinations
from zt_gate.errors import UsageError
from zt_gate.policy.validate import PROFILES
from zt_gate.scanners import registered
from zt_gate.syntax import shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MODULES = {name: module for name, module, _ in COMMANDS}
#: Keys of CI systems' files whose values are shell text.
COMMAND_KEYS = {"script", "run", "command"}
#: What a variable of a CI system holds where a parser wants a certain form.
VARIABLES = {
    "$SHARD/4": "1/4",
    "$CI_NODE_INDEX/$CI_NODE_TOTAL": "1/4",
    "$shard/$BUILDKITE_PARALLEL_JOB_COUNT": "1/4",
    "$SYSTEM_JOBPOSITIONINPHASE/$SYSTEM_TOTALJOBSINPHASE": "1/4",
}
#: Other programs than zt-gate, git and those of every Unix, and what tries them.
OTHER_PROGRAMS = {
    "uvx": "asks the package index; tests/test_release.py holds the names",
    "pipx": "asks the package index; tests/test_release.py holds the names",
    "pip": "README's blocks are what .ci/run runs; the rest asks the package index",
    "python": "scripts/ and bench/: tests/test_release.py, tests/test_lock.py, .ci/run",
    "python3": "README's blocks are what .ci/run runs",
    "pre-commit": "tests/e2e/test_hooks.py runs it with the project's hooks",
    "docker": "needs a daemon; tests/test_release.py reads the recipe",
    "useradd": "makes an account of the machine",
    "setcap": "the drill sets the same right (zt_gate/drill/clients/broker_machine.py)",
    "buildkite-agent": "only on a runner of Buildkite",
}
UNIX = {
    "[", "cat", "cd", "echo", "eval", "exit", "export", "grep", "install",
    "mkdir", "printf", "rm", "sed", "set", "source", "(", "git",
}  # fmt: skip


ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
ARITHMETIC = re.compile(r"\$\(\([^()]*\)\)")


def shell_texts(value: Any) -> Iterator[str]:
    """Yield the shell texts in the document of a CI system."""
    if isinstance(value, list):
        for item in value:
            yield from shell_texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in COMMAND_KEYS:
                yield from shell_texts(item)
            elif isinstance(item, str):
                yield item
            elif isinstance(item, list):
                yield from (text for text in item if isinstance(text, str))


def scripts(block: Block) -> list[str]:
    """Return the shell texts of a block."""
    if block.language in SHELL:
        return [block.script]
    if block.language == "yaml":
        # Buildkite writes $$ for the shell's own $.
        return [
            text.replace("$$", "$") for text in shell_texts(yaml.safe_load(block.text))
        ]
    if block.language == "groovy":
        return re.findall(r"^sh '(.*)'$", block.text, re.MULTILINE)
    if not block.language and "zt-gate " in block.text:
        lines = block.text.splitlines()
        return [line for line in lines if line.startswith("zt-gate ")]
    return []


def gate_words(words: Sequence[str]) -> Sequence[str] | None:
    """Return the arguments of a command that starts zt-gate, None for another one."""
    if words[0].rpartition("/")[2] in {"zt-gate", "$gate"}:
        return words[1:]
    if "zt_gate" in words and words[words.index("zt_gate") - 1] == "-m":
        return words[words.index("zt_gate") + 1 :]
    return None


def parser_of(verb: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"zt-gate {verb}", allow_abbrev=False)
    import_module(MODULES[verb]).arguments(parser)
    return parser


def parse(words: Sequence[str]) -> None:
    """Parse the arguments of zt-gate; raises AssertionError with the reason."""
    assert words, "no command"
    if words[0] in {"--version", "--help"}:
        return
    assert words[0] in MODULES, f"{words[0]} is no command"
    values = [VARIABLES.get(word, word) for word in words[1:]]
    if "--help" in values:
        return
    try:
        options = parser_of(words[0]).parse_args(values)
        _refuse_empty_values(options)
        if words[0] in {"scan", "merge"}:
            parse_destinations(options)
    except (UsageError, argparse.ArgumentError) as error:
        raise AssertionError(f"{' '.join(words)}: {error}") from error
    # The review checks these; the commands only pass them on.
    assert set(getattr(options, "scanner", None) or ()) <= set(registered())
    profile = getattr(options, "profile", None)
    assert not profile or profile in PROFILES, f"{profile} is no profile"


COMMANDS_OF = {
    block: [
        command
        for text in scripts(block)
        for command in shell.commands(ARITHMETIC.sub("1", text))
    ]
    for block in ALL_BLOCKS
}
WITH_COMMANDS = [block for block, commands in COMMANDS_OF.items() if commands]


def test_the_pages_have_commands() -> None:
    names = {block.page for block in WITH_COMMANDS}
    assert {
        "README.md",
        "docs/ci.md",
        "docs/shards.md",
        "docs/dependencies.md",
    } <= names
    assert len(WITH_COMMANDS) > 40


@each_of("block", WITH_COMMANDS, ids=str)
def test_every_command_of_a_block_is_parsed(block: Block) -> None:
    for command in COMMANDS_OF[block]:
        words = [word.text for word in command.words]
        while words and ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        gate = gate_words(words) if words else None
        if gate is not None:
            parse(gate)
        elif words:
            program = words[0].rpartition("/")[2]
            assert program in UNIX | OTHER_PROGRAMS.keys(), f"{block}: {words}"


def test_every_other_program_is_in_a_page() -> None:
    used = {
        word.text.rpartition("/")[2]
        for commands in COMMANDS_OF.values()
        for command in commands
        for word in command.words
    }
    assert OTHER_PROGRAMS.keys() - used == set()


@each_of("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_name_verbs_and_options_that_exist(page: Path) -> None:
    for span in spans(page):
        match = re.match(r"zt-gate ([a-z].*)", " ".join(span.split()))
        if not match:
            continue
        verb, *rest = (word.strip("[]()…") for word in match[1].split())
        assert verb in MODULES, span
        parser = parser_of(verb)
        known = {
            text for action in all_actions(parser) for text in action.option_strings
        }
        for word in rest:
            for option in re.findall(r"^--[a-z-]+", word):
                assert option in known, span


def all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options of a parser and of its subcommands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from all_actions(child)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("zt-gate scna", "is no command"),
        ("zt-gate scan --stagedd", "--stagedd"),
        ("python -I -m zt_gate scan --base", "expected one argument"),
        ("zt-gate scan --profile lax", "is no profile"),
        ("zt-gate scan --format xml", "xml"),
        ('zt-gate scan --base ""', "is empty"),
    ],
)
def test_a_wrong_command_is_found(text: str, reason: str) -> None:
    (command,) = shell.commands(text)
    words = gate_words([word.text for word in command.words])
    assert words is not None
    with pytest.raises(AssertionError, match=reason):
        parse(words)
