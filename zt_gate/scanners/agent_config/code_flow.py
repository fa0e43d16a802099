"""Follows a path in source code from the line that names it to the call that writes to it.

A line that names ``.mcp.json`` beside a line that writes some file is no sign of
anything: the named path itself has to reach the write, in the same call or through
variables, parameters, return values, properties and loops.  The code of any language is
read as statements, names and calls; nothing is parsed in full.  What cannot be followed
(a computed name, another file) is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.scanners.agent_config import code_statements
from zt_gate.scanners.agent_config.code_statements import (
    Call,
    calls,
    names_in,
    statements,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.scanners.agent_config.code_statements import CodeStatement

#: A parameter may be passed on, and its function be defined below: rounds over the text.
_ROUNDS = 3

#: The first argument of these is the file; of those, the second one.
_WRITES_FIRST = frozenset((
    "writefile", "writefilesync", "appendfile", "appendfilesync", "outputfile",
    "outputfilesync", "outputjson", "outputjsonsync", "writejson", "writejsonsync",
    "writetextfile", "writetextfilesync", "createwritestream", "file_put_contents",
    "writealltext", "writeallbytes", "writealllines", "appendalltext", "writestring",
    "createfile", "truncate", "truncatesync", "filewriter", "fileoutputstream",
    "streamwriter", "printwriter",
))  # fmt: skip
_COPIES = frozenset((
    "copy", "copy2", "copyfile", "copyfilesync", "copysync", "copytree", "cp", "cpsync",
    "rename", "renamesync", "replace", "move", "movesync", "symlink", "symlinksync",
    "link", "linksync", "copy_file", "hard_link", "ln_s", "mv", "install", "movefile",
    "moveto", "copyto",
))  # fmt: skip
#: Of those, the names that mean nothing else; the others count in a file module alone.
_PLAIN_COPIES = frozenset((
    "copyfile", "copyfilesync", "copy2", "copytree", "renamesync", "symlinksync",
    "copysync", "cpsync",
))  # fmt: skip
_FILE_MODULES = frozenset((
    "os", "shutil", "fs", "fsp", "fse", "fsx", "fsextra", "fspromises", "promises",
    "file", "files", "fileutils", "io", "ioutil", "deno", "bun", "filesystem", "tokio",
    "afero",
))  # fmt: skip
#: Names of a program's own functions that write a file whose path is an argument.
_WRITER_NAME = lazy_re.compile(
    r"(?:write|save|persist|append|output|dump|overwrite|upsert|patch|inject|install)"
    r"(?=.*(?:file|json|config|settings?|toml|yaml|text|content|atomic|hooks?"
    r"|to_?disk|mcp))",
)
_WRITE_MODE = lazy_re.compile(
    r"""^\s*(?:(?:mode|flags?)\s*[=:]\s*)?[bru]?["'][rbt]{0,2}[wax]|O_(?:WRONLY|RDWR|CREAT|APPEND|TRUNC)"""
    r"""|FileMode\.(?:Create|Append|Open)|FileAccess\.Write|Mode::Write""",
)
_OPEN_TO_WRITE = lazy_re.compile(r"\.(?:write|append|create|truncate)\(\s*true")
_RECEIVER_WRITES = lazy_re.compile(
    r"\.(?:write_text|write_bytes|writeText|writeBytes|appendText|touch|symlink_to"
    r"|hardlink_to|open\(\s*(?:mode\s*=\s*)?[\"'][rbt]{0,2}[wax])\b",
)
#: Expressions that use a path and are none: what they yield is not the file.
_USES_PATH = lazy_re.compile(
    r"(?i)\b(?:read\w*|load\w*|parse\w*|(?:path_?)?exists\w*|is_?(?:file|dir"
    r"|absolute)|l?stat(?:sync)?"
    r"|access(?:sync)?|require|import|get_?text|slurp|len|hash\w*|sha\d*|includes"
    r"|(?:starts|ends)_?with"
    r"|match\w*|test|search|contains|check\w*|has\w*|verif\w*|valid\w*|detect\w*"
    r"|unlink\w*|rm|remove\w*"
    r"|delete\w*|print\w*|log\w*|warn\w*|error\w*|exec\w*|spawn\w*|run\w*|glob\w*"
    r"|walk\w*|open|throw|raise"
    r"|assert\w*|expect)\s*[(!]|\braise\b|\bthrow\b|\bassert\b",
)
_COMPARES = lazy_re.compile(r"[=!<>]=|\bin\s")
_CHOOSES = lazy_re.compile(r"\?|\bif\b")
#: Calls and attributes of a path that yield the same file.
_SAME_FILE = lazy_re.compile(
    r"(?:resolve|absolute|expanduser|as_posix|to_?string(?:_lossy)?|toString|String"
    r"|display|clone"
    r"|as_path|to_path_buf|as_ref|unwrap\w*|value|path|name|fsPath|toFile|toPath"
    r"|items|values|keys|entries"
    r"|iter|into|to_owned|trim|strip)$"
)
_REDIRECT = lazy_re.compile(
    r"(?:(?<![=\-<>])(?:[12&]?>>?)\|?|\btee\b(?:\s+-a|\s+--append)?|\bof="
    r"|\b(?:Set-Content|Add-Content|Out-File)\b"
    r"(?:\s+-(?:File)?Path)?)[ \t]{0,4}[\\\"']{0,2}(?P<file>[^\s\"'"
    r"|;&()<>\\]{1,300}(?:[\\ ][^\s\"'|;&()<>\\]{1,100})?)",
)
_COPY_COMMAND = lazy_re.compile(
    r"(?:^|[\s;&|(\"'`@])(?:cp|mv|install|ln|rsync|Copy-Item"
    r"|Move-Item)[ \t]+(?P<arguments>[^|;&\n]{3,400})"
)
_COMMAND_WORD = lazy_re.compile(
    r"\b(?:echo|cat|printf|jq|curl|wget|tee|sed|awk|envsubst|base64|node|python\d?"
    r"|sh|bash)\b"
)
_SHELL_NAME = lazy_re.compile(r"\$\{?(\w{1,60})")

#: Where a path begins: a folder of the test or of this run, or the user's or project's own.
_TEMPORARY = lazy_re.compile(
    r"(?i)(?<![a-z])(?:tmp|temp|sandbox|scratch|fixture"
    r"|workspace_?copy)(?:_?(?:path|dir|root|home|folder|factory|file|cwd|project"
    r"|repo|s)){0,3}(?![a-z])"
    r"|mkd?temp|mkdtemp|tempfile|temporarydirectory|tempdir|temp_dir|tmpdir|gettempdir"
)
_MAKES_TEMPORARY = lazy_re.compile(
    r"(?i)mkd?temp|tempfile|temporarydirectory|tempdir|temp_dir|tmpdir|gettemp"
)
_REAL_PLACE = lazy_re.compile(
    r"Path\.home\(|expanduser|homedir\(|[\"'`]~|\$HOME|\$\{HOME|USERPROFILE"
    r"|[\"']HOME[\"']|env\.HOME"
    r"|home_dir\(|UserHomeDir|getcwd\(|\bcwd\(|__dirname|Path\.cwd"
)
_PLACE_IS_REPLACED = lazy_re.compile(
    r"(?i)setenv\([^\n]{0,40}(?:HOME|USERPROFILE)|(?:environ\[|env\.|\$env:"
    r"|^\s*(?:export\s+)?)[\"']?(?:HOME|USERPROFILE)[\"'\]]*\s*="
    r"|(?:mock|patch|stub|setattr|spy\w*"
    r"|replace)\w*(?:\.object)?\([^\n]{0,80}(?:home|[\"'](?:node:)?os[\"'])"
    r"|homedir\s*:\s*|(?:chdir|cd)\(|\.chdir\b|isolated_filesystem"
)
_FOR = lazy_re.compile(
    r"\bfor\b\s*\(?\s*(?:(?:const|let|var|auto)\s+)?(?P<names>[\w$, ()\[\]{}]{1,80}?)"
    r"\s*(?:\bin\b|\bof\b|:=\s*range\b)\s*(?P<each>.{1,2000})",
    re.DOTALL,
)
_EACH = lazy_re.compile(
    r"(?P<each>[\w$.\[\]\"', /()-]{1,400})\.(?:forEach|map"
    r"|each)\(\s*(?:async\s*)?\(?\s*(?P<names>[\w$]{1,60})"
)
_WITH = lazy_re.compile(
    r"\bwith\b(?P<each>.{1,400}?)\bas\s+(?P<names>\w{1,60})", re.DOTALL
)
_RETURN = lazy_re.compile(r"^\s*(?:return|yield|=>)\b\s*(?P<value>.+)", re.DOTALL)
_PROPERTY = lazy_re.compile(
    r"^\s*[\"']?(?P<key>[\w$-]{1,60})[\"']?\s*:\s*(?P<value>[^:].*)", re.DOTALL
)
_PROSE = lazy_re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}")


class _Place(NamedTuple):
    """What a name stands for: the mentions that reach it, and whether it is temporary."""

    mentions: frozenset[int] = frozenset()
    temporary: bool | None = None


_NOTHING = _Place()


@dataclass(slots=True)
class _Function:
    """A function of the text: its parameters, what reaches them, what it writes."""

    parameters: tuple[str, ...]
    arguments: dict[str, frozenset[int]] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    returned: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Scope:
    indent: int
    function: _Function | None
    places: dict[str, _Place] = field(default_factory=dict)


def written_lines(
    texts: Sequence[str],
    numbers: Sequence[int],
    pattern: re.Pattern[str],
    kinds: Iterable[str],
) -> frozenset[int]:
    """Return the indexes of the lines that name a path of ``pattern`` which is written.

    ``numbers`` are the line numbers of the texts.  ``kinds`` may hold ``test`` (paths in
    a folder of the test's own do not count) and ``shell`` (redirections count anywhere).
    """
    flow = _Flow(statements(texts, numbers), pattern, frozenset(kinds))
    for _ in range(_ROUNDS):
        known = flow.knowledge()
        flow.walk()
        if flow.knowledge() == known:
            break
    return frozenset(flow.found)


class _Flow:
    """One text, what is known of its functions, and the mentions that were written."""

    def __init__(
        self, rows: list[CodeStatement], pattern: re.Pattern[str], kinds: frozenset[str]
    ) -> None:
        self.rows = rows
        self.pattern = pattern
        self.is_test = "test" in kinds
        # Only in a test is a name enough: elsewhere the folder must be made here.
        self._temporary = _TEMPORARY if self.is_test else _MAKES_TEMPORARY
        self.is_shell = bool(kinds & {"shell", "make", "git-hook"})
        self.functions: dict[str, _Function] = {}
        self.properties: dict[str, frozenset[int]] = {}
        self.found: set[int] = set()
        self._scopes: list[_Scope] = []
        self._is_isolated = self.is_test and any(
            _PLACE_IS_REPLACED.search(row.text) for row in rows
        )

    def knowledge(self) -> tuple[object, ...]:
        """Return what another round may add to."""
        functions = [
            (name, dict(known.arguments), set(known.written), known.returned)
            for name, known in self.functions.items()
        ]
        return functions, dict(self.properties), set(self.found)

    def walk(self) -> None:
        """Follow all statements in order."""
        self._scopes = [_Scope(-1, None)]
        for row in self.rows:
            self._leave_scopes(row)
            definition = code_statements.definition(row.text)
            if definition is not None:
                self._enter(row, *definition)
            self._follow(row)

    def _leave_scopes(self, row: CodeStatement) -> None:
        is_closing = row.text.lstrip()[:1] in (")", "}", "]")
        while len(self._scopes) > 1 and row.indent <= self._scopes[-1].indent:
            if is_closing and row.indent == self._scopes[-1].indent:
                return
            self._scopes.pop()

    def _enter(
        self, row: CodeStatement, name: str, parameters: tuple[str, ...]
    ) -> None:
        function = self.functions.setdefault(name, _Function(parameters))
        scope = _Scope(row.indent, function)
        for parameter in function.parameters:
            temporary = True if self._temporary.search(parameter) else None
            reached = function.arguments.get(parameter, frozenset())
            scope.places[parameter] = _Place(reached, temporary)
        self._scopes.append(scope)

    def _follow(self, row: CodeStatement) -> None:
        """Follow the paths through one statement."""
        mentioned = self._mentions(row)
        for binding, is_loop in ((_FOR, True), (_EACH, True), (_WITH, False)):
            for bound in binding.finditer(row.text):
                place = self._place(bound["each"], row, mentioned, iterated=is_loop)
                for name in names_in(bound["names"]):
                    self._assign(name, place)
        for target in self._targets(row.text):
            self._write(target, row, mentioned)
        for call in calls(row.text):
            self._pass_arguments(call, row, mentioned)
        names, value = code_statements.assignment(row.text)
        if names:
            place = self._place(value, row, mentioned)
            for name in names:
                self._assign(name, place)
        elif mentioned:
            self._keep_in_container(row, mentioned)
        returned = _RETURN.match(row.text)
        function = self._scopes[-1].function
        if returned is not None and function is not None:
            place = self._place(returned["value"], row, mentioned)
            if place.mentions:
                function.returned |= place.mentions

    def _mentions(self, row: CodeStatement) -> frozenset[int]:
        """Return the lines of the statement that name a path, and not in a sentence."""
        if row.is_text:
            return frozenset()
        found = set()
        for index, text in row.lines:
            match = self.pattern.search(text)
            if match is None:
                continue
            literal = code_statements.literal_around(text, match.start())
            if (
                literal is None
                or not _PROSE.search(literal)
                or _COMMAND_WORD.search(literal)
            ):
                found.add(index)
        return frozenset(found)

    def _place(
        self,
        value: str,
        row: CodeStatement,
        mentioned: frozenset[int],
        *,
        iterated: bool = False,
    ) -> _Place:
        """Return what an expression stands for; nothing where it only uses a path."""
        temporary = self._is_temporary(value)
        if not iterated and _only_uses(value):
            return _Place(frozenset(), temporary)
        mentions = self._reaching(value, row, mentioned)
        return _Place(mentions, temporary)

    def _reaching(
        self, value: str, row: CodeStatement, mentioned: frozenset[int]
    ) -> frozenset[int]:
        """Return the mentions that an expression may yield the path of."""
        reached: set[int] = set()
        if mentioned and self.pattern.search(value) and not self._is_harmless(value):
            reached |= {
                index
                for index, text in row.lines
                if index in mentioned and self._shares(text, value)
            }
        for name in names_in(value):
            reached |= self._of_name(name)
        return frozenset(reached)

    def _shares(self, line: str, value: str) -> bool:
        """Whether a line's mention stands in an expression of its statement."""
        match = self.pattern.search(line)
        return match is not None and match[0] in value

    def _of_name(self, name: str) -> frozenset[int]:
        """Return the mentions that reach a name, ``a.b`` only by itself or as ``.b``."""
        place = self._lookup(name)
        if place is not None:
            return place.mentions
        base, _, attribute = name.rpartition(".")
        if base:
            if attribute in self.properties:
                return self.properties[attribute]
            return self._of_name(base) if _SAME_FILE.match(attribute) else frozenset()
        function = self.functions.get(name)
        return function.returned if function is not None else frozenset()

    def _lookup(self, name: str) -> _Place | None:
        for scope in reversed(self._scopes):
            if name in scope.places:
                return scope.places[name]
        return None

    def _assign(self, name: str, place: _Place) -> None:
        base, _, attribute = name.rpartition(".")
        if base in {"self", "this", "cls"} or base.startswith(("self.", "this.")):
            if place.mentions:
                known = self.properties.get(attribute, frozenset())
                self.properties[attribute] = known | place.mentions
            return
        self._scopes[-1].places[name] = place

    def _keep_in_container(self, row: CodeStatement, mentioned: frozenset[int]) -> None:
        """Note a path that is an entry of a table or list, for the table and for its key."""
        entry = _PROPERTY.match(row.text)
        if self._is_harmless(row.text) or (calls(row.text) and not entry):
            return
        if entry is not None and not _only_uses(entry["value"]):
            known = self.properties.get(entry["key"], frozenset())
            self.properties[entry["key"]] = known | mentioned
        for name in row.containers:
            place = self._lookup(name) or _NOTHING
            self._scopes[0].places[name] = _Place(
                place.mentions | mentioned, place.temporary
            )

    def _is_temporary(self, value: str) -> bool | None:
        """Return whether a path begins in a folder of this run; None if it is not said."""
        if _REAL_PLACE.search(value):
            return False
        unknown = None
        for name in names_in(value):
            place = self._lookup(name)
            if place is not None and place.temporary is not None:
                return place.temporary
            if place is None and self._temporary.search(name):
                unknown = True
        return unknown

    def _is_harmless(self, value: str) -> bool:
        """Whether a path lies in a folder of this run or of the test, not in a real place."""
        temporary = self._is_temporary(value)
        if temporary:
            return True
        if not self.is_test:
            return False
        if self._is_isolated:
            return True
        # Without more, a variable of a test is a folder of the test.
        bases = [name for name in names_in(value) if name.lower() not in _PATH_WORDS]
        return temporary is None and bool(bases)

    def _targets(self, text: str) -> Iterator[str]:
        """Yield the expressions that a statement writes to."""
        for match in _RECEIVER_WRITES.finditer(text):
            yield code_statements.expression_before(text, match.start())
        if _OPEN_TO_WRITE.search(text):
            yield text
        for call in calls(text):
            yield from _call_targets(call)
        for match in _REDIRECT.finditer(text):
            if self.is_shell or _COMMAND_WORD.search(text[: match.start()]):
                yield _shell_text(match["file"])
        if self.is_shell or "exec" in text.lower() or "run" in text.lower():
            for match in _COPY_COMMAND.finditer(text):
                words = match["arguments"].strip("\"'`)( \\").split()
                if len(words) > 1:
                    yield _shell_text(words[-1])

    def _write(
        self, target: str, row: CodeStatement, mentioned: frozenset[int]
    ) -> None:
        """Note that an expression is written to."""
        self.found |= self._reaching(target, row, mentioned)
        function = self._scopes[-1].function
        if function is None:
            return
        for name in names_in(target):
            base = name.split(".")[0]
            for parameter in {name, base} & set(function.parameters):
                function.written.add(parameter)

    def _pass_arguments(
        self, call: Call, row: CodeStatement, mentioned: frozenset[int]
    ) -> None:
        """Give arguments to a function of the text, and note those that it writes to."""
        function = self.functions.get(call.name.rpartition(".")[2])
        if function is None:
            return
        parameters = [
            name for name in function.parameters if name not in {"self", "cls", "this"}
        ]
        caller = self._scopes[-1].function
        for position, passed in enumerate(call.arguments):
            argument = passed
            keyword = re.match(r"\s*(\w+)\s*[=:](?!=)\s*", argument)
            parameter = ""
            if keyword is not None and keyword[1] in parameters:
                parameter, argument = keyword[1], argument[keyword.end() :]
            elif position < len(parameters):
                parameter = parameters[position]
            if not parameter or _only_uses(argument):
                continue
            reached = self._reaching(argument, row, mentioned)
            if reached:
                known = function.arguments.get(parameter, frozenset())
                function.arguments[parameter] = known | reached
                if parameter in function.written:
                    self.found |= reached
            if caller is not None and parameter in function.written:
                caller.written |= set(names_in(argument)) & set(caller.parameters)


def _only_uses(value: str) -> bool:
    """Whether an expression reads or compares a path, so that it yields something else."""
    if _USES_PATH.search(value):
        return True
    return _COMPARES.search(value) is not None and _CHOOSES.search(value) is None


_PATH_WORDS = frozenset((
    "path", "join", "os", "filepath", "resolve", "purepath", "pathbuf", "from", "str",
    "string", "process", "cwd", "__dirname", "path.join", "os.path.join",
    "path.resolve", "filepath.join", "os.path", "node_path", "pathlib.path",
    "path.home", "process.cwd", "path.cwd", "os.getcwd", "f", "r", "b", "open", "w",
    "a", "json", "encoding", "utf-8", "utf8",
))  # fmt: skip


def _call_targets(call: Call) -> Iterator[str]:
    """Yield the arguments that a call writes to, by the name of what is called."""
    qualifier, _, name = call.name.lower().replace("::", ".").rpartition(".")
    arguments = call.arguments
    if not arguments:
        return
    module = qualifier.rpartition(".")[2]
    is_module = module in _FILE_MODULES
    if name in {"open", "fopen", "openfile", "opensync"}:
        if any(_WRITE_MODE.search(argument) for argument in arguments[1:]):
            yield arguments[0]
    elif name in _COPIES:
        if len(arguments) > 1 and (is_module or name in _PLAIN_COPIES):
            yield arguments[1]
        elif len(arguments) == 1 and name in {"rename", "replace", "copyto", "moveto"}:
            yield arguments[0]
    elif name in {"write", "create"}:
        if is_module:
            yield arguments[0]
    elif name in _WRITES_FIRST:
        if name != "writestring" or module == "files":
            yield arguments[0]
    elif _WRITER_NAME.search(name):
        first = arguments[0].strip()
        is_literal = first[:1] in {'"', "'", "`"}
        yield from arguments[:1] if is_literal else arguments[:3]


def _shell_text(word: str) -> str:
    """Return a word of a command with its variables as names."""
    plain = word.strip("\"'`")
    return _SHELL_NAME.sub(r" \1 ", plain) if "$" in plain else plain
