"""Walks through the syntax tree of a command and lists all that it would run.

Each part of the tree is either read here or named as a problem: a part that is passed
over would be a place to hide in.  Both branches of a condition and the body of a loop
count as run.  A variable that only one branch sets is undecided afterwards.
"""

from __future__ import annotations

import posixpath

from zt_gate.guard.shell import parse, unwrap
from zt_gate.guard.shell.coverage import uncovered
from zt_gate.guard.shell.invocation import (
    Analysis,
    Input,
    Invocation,
    Redirect,
    VariableAssignment,
)
from zt_gate.guard.shell.words import ALIAS, UNKNOWN, CommandWord, Expander
from zt_gate.guard.shell.written import output_text
from zt_gate.record import field, record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

#: Texts inside texts (``bash -c "bash -c …"``), and calls of functions inside functions.
_DEEPEST_SCRIPT = 8
_MOST_SCRIPTS = 40
_MOST_INVOCATIONS = 4000
_MOST_ITEMS = 32
#: Variables of the environment whose values are taken as the shell would.
_INHERITED = ("HOME", "PWD", "OLDPWD", "TMPDIR", "USER", "PATH")
#: Parts whose words are arithmetic, or names with an index.
_ARITHMETIC = frozenset(("ArithmExp", "ArithmCmd", "LetClause", "TestClause"))
_INDEXED = frozenset(("let", "test", "[", "printf", "unset", "read", "mapfile", "wait"))
#: Programs that a container may start, of which only what they change counts here.
_CHANGES_FILES = frozenset(
    ("rm", "mv", "chmod", "find", "git", "shred", "truncate", "unlink", "ln", "rmdir")
)
_SETTERS = frozenset(("read", "mapfile", "readarray", "getopts", "unset", "wait"))


def analyse(
    text: str,
    cwd: str,
    environ: Mapping[str, str],
    *,
    dialect: str = "bash",
) -> Analysis:
    """Return what a shell in the folder ``cwd`` would run for ``text``.

    Raises ShellSyntaxError for a text that cannot be read at all.
    """
    variables = {name: environ[name] for name in _INHERITED if name in environ}
    variables["PWD"] = cwd
    collected = _Collected()
    walker = _Walker(collected, dialect, variables, cwd, text)
    walker.script(text)
    return Analysis(
        tuple(collected.invocations),
        tuple(collected.assignments),
        tuple(collected.redirects),
        tuple(dict.fromkeys(collected.problems)),
    )


def analyse_invocation(
    invocation: Invocation, environ: Mapping[str, str], *, dialect: str = "bash"
) -> Analysis:
    """Return what a command would run whose words are known already."""
    variables = {name: environ[name] for name in _INHERITED if name in environ}
    collected = _Collected()
    walker = _Walker(collected, dialect, variables, invocation.cwd, "")
    walker.host, walker.wrappers = invocation.host, invocation.wrappers
    walker.run(invocation)
    return Analysis(
        tuple(collected.invocations),
        tuple(collected.assignments),
        tuple(collected.redirects),
        tuple(dict.fromkeys(collected.problems)),
    )


@record(frozen=False, slots=True)
class _Collected:
    """The results, shared by all walkers of one text."""

    invocations: list[Invocation] = field(default_factory=list)
    assignments: list[VariableAssignment] = field(default_factory=list)
    redirects: list[tuple[Redirect, str | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    scripts: int = 0


class _Walker:
    """The state of a shell: variables, folder, functions, arguments."""

    def __init__(
        self,
        collected: _Collected,
        dialect: str,
        variables: dict[str, str],
        cwd: str | None,
        source: str,
    ) -> None:
        self.collected = collected
        self.dialect = dialect
        self.variables = variables
        self.cwd = cwd
        self.source = source
        self.functions: dict[str, dict[str, Any]] = {}
        self.arrays: dict[str, tuple[str, ...]] = {}
        self.called: set[str] = set()
        self.positional: tuple[str, ...] | None = None
        self.depth = 0
        self.host = ""
        #: ``$0`` and what follows, for the text of ``sh -c`` that is read next.
        self.script_arguments: tuple[str, ...] = ()
        self.wrappers: tuple[str, ...] = ()
        #: Links that the text itself makes, and folders that a container sees.
        self.aliases: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.mounts: dict[str, str] = {}

    # Texts

    def script(self, text: str) -> None:
        """Read a whole text; raises ShellSyntaxError."""
        tree = parse.syntax_tree(text, self.dialect)
        missed = uncovered(text, tree)
        if missed:
            self.problem(f"a part that no rule reads: {missed[:60]!a}")
        for statement in tree.get("Stmts", []):
            self.statement(statement, Input())
        for name, body in list(self.functions.items()):
            if name not in self.called:
                self._call(name, body, None)

    def nested_script(self, text: CommandWord, why: str) -> None:
        """Read a text that a program would hand to a shell."""
        if not text.is_known:
            self.problem(f"{why} runs a text that only a run would know")
            return
        self.collected.scripts += 1
        too_deep = self.depth >= _DEEPEST_SCRIPT
        if too_deep or self.collected.scripts > _MOST_SCRIPTS:
            self.problem(f"{why} is nested too deep to be read")
            return
        inner = self._copy(text.text)
        inner.depth = self.depth + 1
        given = self.script_arguments
        inner.variables["0"] = given[0] if given else why.partition(" ")[0]
        inner.positional = given[1:]
        try:
            inner.script(text.text)
        except parse.ShellSyntaxError as error:
            self.problem(f"the text that {why} runs cannot be read: {error}")

    def problem(self, text: str) -> None:
        """Name a part that cannot be judged."""
        self.collected.problems.append(text)

    def _copy(self, source: str) -> _Walker:
        """Return a walker for a subshell, which leaves this one's state alone."""
        inner = _Walker(
            self.collected, self.dialect, dict(self.variables), self.cwd, source
        )
        inner.functions = dict(self.functions)
        inner.arrays = dict(self.arrays)
        inner.called = self.called
        inner.positional = self.positional
        inner.depth = self.depth
        inner.host = self.host
        inner.wrappers = self.wrappers
        inner.aliases = self.aliases
        inner.links, inner.mounts = self.links, self.mounts
        return inner

    # Statements

    def statements(self, nodes: Iterable[dict[str, Any]], given: Input) -> None:
        """Read statements in order, all with the same standard input."""
        for node in nodes:
            self.statement(node, given)

    def statement(self, node: dict[str, Any], given: Input) -> None:
        """Read one statement with its redirections."""
        redirects: list[Redirect] = []
        for redirect in node.get("Redirs") or ():
            given = self._redirect(redirect, given, redirects)
        command = node.get("Cmd")
        if command is None:
            for item in redirects:
                self.collected.redirects.append((item, self.cwd))
            return
        is_background = bool(node.get("Background") or node.get("Coprocess"))
        kind = command["Type"]
        if kind == "CallExpr":
            self._call_expression(
                command, given, tuple(redirects), is_background=is_background
            )
            return
        for item in redirects:
            self.collected.redirects.append((item, self.cwd))
        self.command(command, given, is_background=is_background)

    def _redirect(
        self, node: dict[str, Any], given: Input, redirects: list[Redirect]
    ) -> Input:
        operator = node["Op"]
        if operator in {"<<", "<<-"}:
            self.one(node.get("Word"))
            return Input("text", self.one(node.get("Hdoc")))
        target = self.one(node.get("Word"))
        if operator == "<<<":
            return Input("text", target)
        if operator in {">&", "<&"} and (
            target.text.isdigit() or target.text in {"-", ""}
        ):
            return given
        redirects.append(Redirect(operator, target))
        return Input("file", target) if operator == "<" else given

    def command(  # noqa: C901, PLR0912
        self, node: dict[str, Any], given: Input, *, is_background: bool = False
    ) -> None:
        """Read one node of a kind other than a simple command."""
        kind = node["Type"]
        if kind == "BinaryCmd":
            self._binary(node, given)
        elif kind == "Block":
            self.statements(node.get("Stmts", ()), given)
        elif kind == "Subshell":
            self._copy(self.source).statements(node.get("Stmts", ()), given)
        elif kind == "IfClause":
            self._if(node, given)
        elif kind == "WhileClause":
            self._loop(node.get("Cond", []), node.get("Do", []), given)
        elif kind == "ForClause":
            self._for(node, given)
        elif kind == "CaseClause":
            self._case(node, given)
        elif kind == "FuncDecl":
            name = node["Name"]["Value"] if node.get("Name") else ""
            self.functions[name] = node["Body"]
            self.called.discard(name)
        elif kind == "DeclClause":
            self._declaration(node)
        elif kind in {"TimeClause", "CoprocClause"}:
            if node.get("Stmt"):
                self.statement(node["Stmt"], given)
        elif kind in {"ArithmCmd", "LetClause", "TestClause", "TestDecl"}:
            self.nested(node)
            for name in _assigned(node):
                self.variables.pop(name, None)
        elif kind == "CallExpr":
            self._call_expression(node, given, (), is_background=is_background)
        else:
            self.problem(f"a form of syntax that no rule reads ({kind})")
            self.nested(node)

    def _binary(self, node: dict[str, Any], given: Input) -> None:
        if node["Op"] not in {"|", "|&"}:
            self.statement(node["X"], given)
            self.statement(node["Y"], Input())
            return
        start = len(self.collected.invocations)
        self._copy(self.source).statement(node["X"], given)
        writers = tuple(self.collected.invocations[start:])
        self._copy(self.source).statement(node["Y"], Input("commands", None, writers))

    def _if(self, node: dict[str, Any], given: Input) -> None:
        self.statements(node.get("Cond") or (), given)
        before = self._state()
        self.statements(node.get("Then") or (), given)
        if node.get("Else"):
            after = self._state()
            self._restore(before)
            self._if(node["Else"], given)
            self._merge(after)
        else:
            self._merge(before)

    def _loop(
        self,
        condition: Sequence[dict[str, Any]],
        body: Sequence[dict[str, Any]],
        given: Input,
    ) -> None:
        """Read a loop once, with the variables that it sets undecided."""
        for part in (*condition, *body):
            for name in _assigned(part):
                self.variables.pop(name, None)
            if _changes_folder(part):
                self.cwd = None
        before = self._state()
        self.statements(condition, given)
        self.statements(body, given)
        self._merge(before)

    def _for(self, node: dict[str, Any], given: Input) -> None:
        loop = node["Loop"]
        if loop["Type"] != "WordIter":
            self.nested(loop)
            for name in _assigned(loop):
                self.variables.pop(name, None)
            self._loop((), node.get("Do", []), given)
            return
        name = loop["Name"]["Value"]
        items = [word for item in loop.get("Items") or () for word in self.expand(item)]
        is_decided = loop.get("InPos") and len(items) <= _MOST_ITEMS
        if is_decided and len(items) == 1 and items[0].text == UNKNOWN:
            self._set(name, items[0])
            self._loop((), node.get("Do", []), given)
            return
        values = (
            dict.fromkeys(map(_name_of_file, items)) if is_decided else {UNKNOWN: 1}
        )
        body = node.get("Do", [])
        if len(values) == 1:
            self._set(name, CommandWord(next(iter(values))))
            self._loop((), body, given)
            return
        before = self._state()
        for value in values:
            self._set(name, CommandWord(value))
            self._loop((), body, given)
        self._merge(before)

    def _case(self, node: dict[str, Any], given: Input) -> None:
        self.one(node.get("Word"))
        before = self._state()
        states = [before]
        for item in node.get("Items") or ():
            for pattern in item.get("Patterns") or ():
                self.one(pattern)
            self._restore(before)
            self.statements(item.get("Stmts") or (), given)
            states.append(self._state())
        for state in states:
            self._merge(state)

    # State

    def _state(self) -> tuple[dict[str, str], str | None]:
        return dict(self.variables), self.cwd

    def _restore(self, state: tuple[dict[str, str], str | None]) -> None:
        self.variables, self.cwd = dict(state[0]), state[1]

    def _merge(self, other: tuple[dict[str, str], str | None]) -> None:
        """Keep what both ways through a condition agree on."""
        variables, cwd = other
        merged = {
            name: value
            for name, value in self.variables.items()
            if variables.get(name) == value
        }
        self.variables = merged
        if cwd != self.cwd:
            self.cwd = None

    # Words

    def expand(self, node: dict[str, Any]) -> tuple[CommandWord, ...]:
        """Return the words of a node; what runs inside it is read, too."""
        expander = Expander(self.variables, self.positional, self.nested, self.arrays)
        return expander.words(node)

    def one(self, node: dict[str, Any] | None) -> CommandWord:
        """Return the value of a node as one word."""
        return Expander(self.variables, self.positional, self.nested, self.arrays).one(
            node
        )

    def nested(self, node: Any) -> str | None:  # noqa: C901
        """Read all statements below a node that is no statement itself.

        Returns what a substitution writes, as far as that is known.
        """
        if isinstance(node, list):
            for item in node:
                self.nested(item)
        elif isinstance(node, dict):
            if node.get("Type") in _ARITHMETIC:
                self._late(_words_of(node))
            if node.get("Type") == "Exp" and node.get("Op") == "@":
                self._late((node.get("Name", ""),))
            if node.get("Type") in {"CmdSubst", "ProcSubst"}:
                start = len(self.collected.invocations)
                # ``>(program)`` reads what is written to it, which nothing here knows.
                given = Input("commands") if node.get("Op") == ">(" else Input()
                self._copy(self.source).statements(node.get("Stmts") or (), given)
                if any(one.get("Cmd") is None for one in node.get("Stmts") or ()):
                    # ``$(<file)`` writes what the file has.
                    return None
                if node["Type"] == "CmdSubst":
                    return output_text(self.collected.invocations[start:])
                return None
            if node.get("Type") == "Word":
                self.one(node)
                return None
            for key, value in node.items():
                if key == "Stmts":
                    self._copy(self.source).statements(value or (), Input())
                elif isinstance(value, dict | list):
                    self.nested(value)
        return None

    def _late(self, texts: Iterable[str]) -> None:
        """Read the substitutions in texts and variables that the shell expands again.

        Arithmetic runs those in an index (``a[$(program)]``), ``${name@P}`` all of them.
        """
        for text in texts:
            for value in (text, self.variables.get(text, "")):
                start = min(
                    (at for mark in ("$(", "`") if (at := value.find(mark)) >= 0),
                    default=-1,
                )
                if start >= 0:
                    self.nested_script(CommandWord(f": {value[start:]}"), "an index")

    # Simple commands

    def _declaration(self, node: dict[str, Any]) -> None:
        variant = node.get("Variant", {}).get("Value", "declare")
        words = [CommandWord(variant)]
        for argument in node.get("Args") or ():
            if argument.get("Naked"):
                word = self.one(argument.get("Value"))
                words.append(word)
                self._written_assignment(word)
                name = argument.get("Name")
                if name:
                    words.append(CommandWord(name["Value"]))
            else:
                self._assign(argument)
                words.append(CommandWord(argument.get("Name", {}).get("Value", "")))
        self.collected.invocations.append(
            Invocation(tuple(words), self.cwd, wrappers=self.wrappers, host=self.host)
        )

    def _assign(self, node: dict[str, Any]) -> VariableAssignment | None:
        """Set a variable; returns None for ``export NAME`` and options."""
        name = node.get("Name", {}).get("Value", "") if node.get("Name") else ""
        if node.get("Array") or node.get("Index"):
            self._array(name, node)
            self.nested(node.get("Index"))
            value = CommandWord(UNKNOWN)
            self.one(node.get("Value"))
        elif node.get("Naked"):
            self.one(node.get("Value"))
            return None
        else:
            value = self.one(node.get("Value"))
        if node.get("Append"):
            text = self.variables.get(name, UNKNOWN) + value.text
            value = replace(value, text=text)
        self._store(name, value)
        assignment = VariableAssignment(name, value)
        self.collected.assignments.append(assignment)
        return assignment

    def _written_assignment(self, word: CommandWord) -> None:
        """Set the variable of ``export "$name=value"``, which is a word to the parser."""
        name, equals, value = word.text.partition("=")
        if equals and name.isidentifier():
            self._set(name, replace(word, text=value))

    def _set(self, name: str, value: CommandWord) -> None:
        """Set a variable by other means than ``name=value``."""
        self._store(name, value)
        self.collected.assignments.append(VariableAssignment(name, value))

    def _store(self, name: str, value: CommandWord) -> None:
        """Remember a value; one that is a variable of the environment keeps its name."""
        alias = f"{ALIAS}{name}"
        self.variables.pop(alias, None)
        if value.text == UNKNOWN and len(value.names) == 1:
            self.variables.pop(name, None)
            self.variables[alias] = value.names[0]
        else:
            self.variables[name] = value.text

    def _array(self, name: str, node: dict[str, Any]) -> None:
        """Remember the words of ``name=(…)``, unless a key or an unknown word is there."""
        elements = (node.get("Array") or {}).get("Elems") or []
        words: list[str] = list(self.arrays.get(name, ())) if node.get("Append") else []
        is_known = not node.get("Index")
        for element in elements:
            if element.get("Index"):
                is_known = False
                self.nested(element.get("Index"))
            if element.get("Value"):
                words += [word.text for word in self.expand(element["Value"])]
        if is_known and name:
            self.arrays[name] = tuple(words)
        else:
            self.arrays.pop(name, None)

    def _call_expression(
        self,
        node: dict[str, Any],
        given: Input,
        redirects: tuple[Redirect, ...],
        *,
        is_background: bool,
    ) -> None:
        words = tuple(
            word
            for argument in node.get("Args") or ()
            for word in self.expand(argument)
        )
        if not words:
            for assignment in node.get("Assigns") or ():
                self._assign(assignment)
            for item in redirects:
                self.collected.redirects.append((item, self.cwd))
            return
        before = dict(self.variables)
        assignments = tuple(
            done
            for assignment in node.get("Assigns") or ()
            if (done := self._assign(assignment)) is not None
        )
        self.variables = before
        del self.collected.assignments[
            len(self.collected.assignments) - len(assignments) :
        ]
        invocation = Invocation(
            words,
            self.cwd,
            assignments,
            redirects,
            given,
            is_background,
            self.wrappers,
            self.host,
        )
        self.run(invocation)

    def run(self, invocation: Invocation) -> None:
        """Read a call: of a function, of the shell itself, or of a program."""
        if len(self.collected.invocations) >= _MOST_INVOCATIONS:
            self.problem("it runs too many programs to be read")
            return
        name = invocation.program
        body = self.functions.get(name) if "/" not in invocation.words[0].text else None
        if body is not None:
            self._call(name, body, invocation)
            return
        if name in self.aliases and "/" not in invocation.words[0].text:
            self._alias(name, invocation)
            return
        if self.links:
            invocation = self._through_links(invocation)
        self.collected.invocations.append(invocation)
        if self.mounts and invocation.host.startswith("container"):
            self._through_mounts(invocation)
        if invocation.program == "ln":
            self._link(invocation)
        self._shell_effect(invocation)
        unwrap.unwrap(self, invocation)

    def _alias(self, name: str, invocation: Invocation) -> None:
        """Read a call of an alias that the text itself makes."""
        value = self.aliases.pop(name)
        words = tuple(CommandWord(part) for part in value.split())
        self.run(replace(invocation, words=(*words, *invocation.arguments)))
        self.aliases[name] = value

    def _link(self, invocation: Invocation) -> None:
        """Remember a link that a later command may go through."""
        names = [word.text for word in invocation.arguments if word.text[:1] != "-"]
        if len(names) == 1:
            names.append(posixpath.basename(names[0].rstrip("/")))
        if len(names) == 2 and (link := invocation.path(names[1])) is not None:
            folder = posixpath.dirname(link)
            target = names[0] if UNKNOWN not in names[0] else None
            if target is not None:
                self.links[link] = posixpath.normpath(posixpath.join(folder, target))

    def _through_links(self, invocation: Invocation) -> Invocation:
        """Return a command with paths through the text's own links as the real ones."""
        redirects = tuple(
            replace(one, target=self._through(invocation, one.target))
            for one in invocation.redirects
        )
        words = tuple(self._through(invocation, word) for word in invocation.words[1:])
        return replace(
            invocation, words=(invocation.words[0], *words), redirects=redirects
        )

    def _through(self, invocation: Invocation, word: CommandWord) -> CommandWord:
        path = invocation.path(word.text)
        for link, target in self.links.items():
            if path is not None and path.startswith(f"{link}/"):
                return replace(word, text=target.rstrip("/") + path[len(link) :])
            if path == link and (word.text.endswith("/") or invocation.program == "cd"):
                return replace(word, text=target)
        return word

    def _through_mounts(self, invocation: Invocation) -> None:
        """Add what a container does to this machine's files that it sees."""
        if invocation.program not in _CHANGES_FILES:
            return
        words = []
        cwd = self.mounts.get(invocation.cwd or "")
        for word in invocation.arguments:
            for inside, outside in self.mounts.items():
                if inside and (
                    word.text == inside or word.text.startswith(f"{inside}/")
                ):
                    word = replace(word, text=outside + word.text[len(inside) :])  # noqa: PLW2901
                    break
            words.append(word)
        if words != list(invocation.arguments) or cwd:
            name = replace(invocation.words[0], text=invocation.program)
            self.collected.invocations.append(
                replace(invocation, words=(name, *words), host="", cwd=cwd)
            )

    def _call(
        self, name: str, body: dict[str, Any], invocation: Invocation | None
    ) -> None:
        """Read a function's body with the arguments of a call."""
        self.called.add(name)
        if self.depth >= _DEEPEST_SCRIPT:
            self.problem(f"the function {name} calls itself, or too many others")
            return
        saved = self.positional
        self.positional = None
        if invocation is not None:
            self.positional = tuple(word.text for word in invocation.arguments)
        self.depth += 1
        self.statement(body, invocation.input if invocation else Input())
        self.depth -= 1
        self.positional = saved
        if invocation is not None:
            for item in invocation.redirects:
                self.collected.redirects.append((item, self.cwd))

    def _shell_effect(self, invocation: Invocation) -> None:  # noqa: C901, PLR0912
        """Follow what a built-in command changes in the shell itself."""
        name = invocation.program
        arguments = invocation.arguments
        if name in _INDEXED:
            words = [word.text for word in arguments]
            shown = name == "printf" and words[:1] != ["-v"]
            self._late(() if shown else words[1:2] if name == "printf" else words)
        if name in {"cd", "pushd", "chdir"}:
            self._change_folder(arguments)
        elif name == "popd":
            self.cwd = None
        elif name in _SETTERS:
            value = UNKNOWN
            given = invocation.input
            if name == "read" and given.kind == "commands":
                value = output_text(given.commands, names=True) or UNKNOWN
            elif name == "read" and given.text is not None:
                lines = given.text.text.split("\n")
                names = [word for word in arguments if word.text[:1] != "-"]
                value = lines[0].strip() if len(names) == 1 else UNKNOWN
            for word in arguments:
                self.arrays.pop(word.text, None)
                if name in {"unset", "wait"}:
                    self.variables[word.text] = value
                else:
                    self._set(word.text, CommandWord(value))
        elif name == "set" and any(word.text == "--" for word in arguments):
            texts = [word.text for word in arguments]
            self.positional = tuple(texts[texts.index("--") + 1 :])
        elif name == "shift" and self.positional is not None:
            self.positional = self.positional[1:] if not arguments else None
        elif name == "set":
            if any(word.text[:1] not in {"-", "+"} for word in arguments):
                self.positional = None
        elif name == "printf" and [word.text for word in arguments[:1]] == ["-v"]:
            written = replace(
                invocation,
                words=(CommandWord("printf"), *_without_dashes(arguments[2:])),
            )
            text = output_text([written])
            for word in arguments[1:2]:
                self._set(word.text, CommandWord(UNKNOWN if text is None else text))

    def _change_folder(self, arguments: Sequence[CommandWord]) -> None:
        targets = [
            word
            for word in arguments
            if not word.text.startswith("-") or word.text == "-"
        ]
        target = (
            targets[0] if targets else CommandWord(self.variables.get("HOME", UNKNOWN))
        )
        if target.text == "-":
            target = CommandWord(self.variables.get("OLDPWD", UNKNOWN))
        self.variables["OLDPWD"] = self.variables.get("PWD", UNKNOWN)
        if not target.is_known or target.pattern:
            self.cwd = None
        elif target.text.startswith("/"):
            self.cwd = posixpath.normpath(target.text)
        elif self.cwd is not None:
            self.cwd = posixpath.normpath(posixpath.join(self.cwd, target.text))
        self.variables["PWD"] = UNKNOWN if self.cwd is None else self.cwd


def _without_dashes(words: Sequence[CommandWord]) -> Sequence[CommandWord]:
    return words[1:] if words and words[0].text == "--" else words


def _name_of_file(word: CommandWord) -> str:
    """Return the value of a loop's variable; of a pattern only its folder is known."""
    if not word.pattern:
        return word.text
    text = "".join(UNKNOWN if char in "*?[" else char for char in word.text)
    folder, slash, _ = text.partition(UNKNOWN)[0].rpartition("/")
    return f"{folder}{slash or './'}{UNKNOWN}"


def _assigned(node: Any) -> set[str]:  # noqa: C901
    """Return the names that a part of the tree sets anywhere."""
    names: set[str] = set()
    if isinstance(node, list):
        for item in node:
            names |= _assigned(item)
    elif isinstance(node, dict):
        kind = node.get("Type", "")
        if kind in {"BinaryArithm", "UnaryArithm"}:
            names |= set(_words_of(node))
        if kind == "CallExpr":
            first = node.get("Args") or ()
            if first and _literal(first[0]) in _SETTERS:
                names |= {_literal(word) for word in first[1:]}
        if kind in {"CallExpr", "DeclClause"}:
            for item in (*(node.get("Assigns") or ()), *(node.get("Args") or ())):
                if isinstance(item.get("Name"), dict):
                    names.add(item["Name"].get("Value", ""))
        if kind == "WordIter":
            names.add(node["Name"]["Value"])
        for value in node.values():
            if isinstance(value, dict | list):
                names |= _assigned(value)
    return names


def _words_of(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        if node.get("Type") == "Word" or "Parts" in node:
            yield _literal(node)
        for value in node.values():
            if isinstance(value, dict | list):
                yield from _words_of(value)
    elif isinstance(node, list):
        for item in node:
            yield from _words_of(item)


def _literal(word: dict[str, Any]) -> str:
    return "".join(part.get("Value", "") for part in word.get("Parts") or ())


def _changes_folder(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_changes_folder, node))
    if not isinstance(node, dict):
        return False
    words: Sequence[dict[str, Any]] = node.get("Args") or ()
    is_call = node.get("Type") == "CallExpr" and bool(words)
    if is_call and _literal(words[0]) in {"cd", "pushd", "popd", "chdir"}:
        return True
    if node.get("Type") == "Subshell":
        return False
    return any(
        _changes_folder(value)
        for value in node.values()
        if isinstance(value, dict | list)
    )
