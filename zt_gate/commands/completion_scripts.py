"""Completion scripts for bash, zsh and fish, made from the commands' parsers.

Options and fixed values are in the script, so that completing starts no Python.  Only
ids of rules are asked for (``zt-gate rules``), and revisions (git).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zt_gate.commands.command_tree import CommandNode, CommandOption, CommandValue

    Script = Callable[[Sequence[CommandNode]], Iterator[str]]

_HEAD = "# Completion of zt-gate; written by: zt-gate completion"
_REVISIONS = "git for-each-ref '--format=%(refname:short)' 2>/dev/null"
_RULES = "zt-gate rules 2>/dev/null | cut -d ' ' -f 1"


def bash(commands: Sequence[CommandNode]) -> Iterator[str]:
    """Yield the lines of the script for bash 3.2 or later."""
    yield f"{_HEAD} bash"
    yield "_zt_gate() {"
    yield "  local IFS=$' \\t\\n' current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}"
    yield "  local previous=${COMP_WORDS[COMP_CWORD-1]} inner=${COMP_WORDS[2]-} words= kind= word"
    # bash splits --option=value into three words.
    yield '  if [ "$current" = = ]; then current=; previous=${COMP_WORDS[COMP_CWORD-1]}'
    yield '  elif [ "$previous" = = ]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi'
    yield "  COMPREPLY=()"
    yield '  if [ "$COMP_CWORD" -eq 1 ]; then'
    names = [command.name for command in commands]
    yield f"    words={_quoted(' '.join([*names, '--help', '--version']))}"
    yield "  else"
    yield '    case "$command $inner $previous" in'
    for command, inner in _nodes(commands):
        place = f"{command.name} {inner.name}" if inner else f"{command.name} *"
        for option in (inner or command).options:
            if option.value:
                pattern = "|".join(
                    _bash_word(f"{place} {name}") for name in option.names
                )
                yield f"      {pattern}) {_bash_value(option.value)} ;;"
    yield "    esac"
    yield '    if [ -z "$words$kind" ]; then case "$command $inner" in'
    for command, inner in sorted(_nodes(commands), key=lambda pair: pair[1] is None):
        node = inner or command
        place = f"{command.name} {inner.name}" if inner else f"{command.name} *"
        yield f"      {_bash_word(place)}) {_bash_rest(node)} ;;"
    yield "    esac; fi"
    yield "  fi"
    # Only fixed words go through -W, which expands what it gets.
    yield '  COMPREPLY=($(compgen -W "$words" -- "$current"))'
    yield "  case $kind in"
    yield "    path|paths) while IFS= read -r word; do"
    yield '        COMPREPLY+=("$word")'
    yield '      done < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;'
    yield f"    revision) _zt_gate_add < <({_REVISIONS}) ;;"
    yield f"    rule) _zt_gate_add < <({_RULES}) ;;"
    yield "  esac"
    yield "}"
    # A branch of a repository may have any name; bash puts it on the command line as it is.
    yield "_zt_gate_add() {"
    yield "  while IFS= read -r word; do case $word in"
    yield "    -*|*[!A-Za-z0-9._/@+=,:-]*) ;;"
    yield '    "$current"*) COMPREPLY+=("$word") ;;'
    yield "  esac; done"
    yield "}"
    yield "complete -F _zt_gate zt-gate"


def _bash_word(text: str) -> str:
    """Return a case pattern for a text in which ``*`` stands for any word."""
    return "*".join(f"'{part}'" if part else "" for part in text.split("*"))


def _bash_value(value: CommandValue) -> str:
    if value.kind == "choice":
        return f"words={_quoted(' '.join(value.choices))}"
    return f"kind={value.kind}"


def _bash_rest(node: CommandNode) -> str:
    """Return the words where no option waits for a value: options and positionals."""
    words = [name for option in node.options for name in _long(option)]
    kind = ""
    for value, _ in node.values:
        words += value.choices
        kind = kind or ("" if value.kind in {"choice", "text"} else value.kind)
    words += [inner.name for inner in node.commands]
    rest = f"words={_quoted(' '.join(words))}"
    if kind:
        rest += f" kind={'paths' if kind == 'path' else kind}"
    return rest


def zsh(commands: Sequence[CommandNode]) -> Iterator[str]:
    """Yield the lines of the script for zsh."""
    yield "#compdef zt-gate"
    yield f"{_HEAD} zsh"
    yield f'_zt_gate_revisions() {{ compadd -- ${{(f)"$({_REVISIONS})"}}; }}'
    yield f'_zt_gate_rules() {{ compadd -- ${{(f)"$({_RULES})"}}; }}'
    yield "_zt_gate() {"
    yield "  local -a names  # commands is a parameter of zsh itself"
    yield "  if (( CURRENT == 2 )); then"
    yield "    names=("
    for command in commands:
        yield f"      {_quoted(f'{command.name}:{command.summary}')}"
    yield "    )"
    yield "    _describe command names"
    yield "    return"
    yield "  fi"
    yield "  shift words; (( CURRENT-- ))"
    yield "  case ${words[1]} in"
    for command in commands:
        yield f"    {command.name})"
        yield from _zsh_node(command, "      ")
        yield "      ;;"
    yield "  esac"
    yield "}"
    # Loaded from fpath zsh calls the file's name; with eval the function is registered.
    yield 'if [ "$funcstack[1]" = _zt-gate ]; then _zt_gate "$@"'
    yield "elif (( $+functions[compdef] )); then compdef _zt_gate zt-gate; fi"


def _zsh_node(node: CommandNode, indent: str) -> Iterator[str]:
    if node.commands:
        names = " ".join(inner.name for inner in node.commands)
        yield f"{indent}if (( CURRENT == 2 )); then compadd -- {names}; return; fi"
        yield f"{indent}shift words; (( CURRENT-- ))"
        yield f"{indent}case ${{words[1]}} in"
        for inner in node.commands:
            yield f"{indent}  {inner.name})"
            yield from _zsh_node(inner, f"{indent}    ")
            yield f"{indent}    ;;"
        yield f"{indent}esac"
        return
    yield f"{indent}_arguments \\"
    lines = [
        _zsh_option(option, name) for option in node.options for name in _long(option)
    ]
    for place, (value, text) in enumerate(node.values, 1):
        which = "*" if value.repeats else str(place)
        lines.append(f"{which}:{_zsh_text(text or value.metavar)}:{_zsh_value(value)}")
    for number, line in enumerate(lines, 1):
        end = "" if number == len(lines) else " \\"
        yield f"{indent}  {_quoted(line)}{end}"


def _zsh_option(option: CommandOption, name: str) -> str:
    text = f"*{name}[{_zsh_text(option.help)}]"
    if option.value is None:
        return text
    place = f"*{name}=[{_zsh_text(option.help)}]"
    return f"{place}:{_zsh_text(option.value.metavar)}:{_zsh_value(option.value)}"


def _zsh_text(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text


def _zsh_value(value: CommandValue) -> str:
    if value.kind == "choice":
        return f"({' '.join(value.choices)})"
    functions = {
        "path": "_files", "revision": "_zt_gate_revisions", "rule": "_zt_gate_rules",
    }  # fmt: skip
    return functions.get(value.kind, " ")


def fish(commands: Sequence[CommandNode]) -> Iterator[str]:
    """Yield the lines of the script for fish 3 or later."""
    yield f"{_HEAD} fish"
    yield "function __zt_gate_is"
    yield "  set -l words (commandline -opc)"
    yield '  test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"; or return 1'
    yield '  test (count $argv) -lt 2; or test "$words[3]" = "$argv[2]"'
    yield "end"
    yield "function __zt_gate_at"
    yield "  set -l words (commandline -opc)"
    yield '  test (count $words) -eq "$argv[1]"; or return 1'
    yield '  test (count $argv) -lt 2; or test "$words[2]" = "$argv[2]"'
    yield "end"
    yield "complete -c zt-gate -f"
    for command in commands:
        yield (
            f"complete -c zt-gate -n '__zt_gate_at 1' -a {command.name}"
            f" -d {_fish_quoted(command.summary)}"
        )
        for inner in command.commands:
            condition = f"'__zt_gate_at 2 {command.name}'"
            summary = _fish_quoted(inner.summary)
            yield f"complete -c zt-gate -n {condition} -a {inner.name} -d {summary}"
    for command, subcommand in _nodes(commands):
        node = subcommand or command
        words = f"{command.name} {subcommand.name}" if subcommand else command.name
        condition = f"complete -c zt-gate -n '__zt_gate_is {words}'"
        for option in node.options:
            for name in _long(option):
                text = f" -d {_fish_quoted(option.help)}"
                yield f"{condition} -l {name[2:]}{_fish_value(option.value)}{text}"
        for value, _ in node.values:
            if value.kind != "text":
                yield f"{condition}{_fish_value(value).removeprefix(' -r').removeprefix(' -x')}"


def _fish_value(value: CommandValue | None) -> str:
    if value is None:
        return ""
    if value.kind == "path":
        return " -r -F"
    values = {
        "choice": " ".join(value.choices), "revision": f"({_REVISIONS})", "rule": f"({_RULES})",
    }  # fmt: skip
    if value.kind in values:
        return f" -x -a {_fish_quoted(values[value.kind])}"
    return " -x"


def _nodes(
    commands: Sequence[CommandNode],
) -> Iterator[tuple[CommandNode, CommandNode | None]]:
    """Yield each command, and each subcommand with its command before it.

    A subcommand has the options of its own subcommands as well.
    """
    for command in commands:
        for inner in command.commands:
            yield command, _with_options_below(inner)
        yield command, None


def _with_options_below(node: CommandNode) -> CommandNode:
    """Return a node that also offers what its subcommands take."""
    options = {option.names: option for option in node.options}
    values = list(node.values)
    for inner in node.commands:
        options |= {option.names: option for option in inner.options}
        values += [value for value in inner.values if value not in values]
    return replace(node, options=tuple(options.values()), values=tuple(values))


def _long(option: CommandOption) -> Iterator[str]:
    yield from (name for name in option.names if name.startswith("--"))


def _quoted(text: str) -> str:
    """Quote a text for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


#: The scripts by shell.
SCRIPTS: Mapping[str, Script] = {"bash": bash, "zsh": zsh, "fish": fish}
