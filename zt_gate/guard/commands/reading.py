"""Reads the words of a command by its program's table."""

from __future__ import annotations

from zt_gate.guard.commands import tables
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import field, record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from zt_gate.guard.commands.tables import Table


@record(frozen=False)
class Reading:
    """What the words of one command are.

    ``path`` is the program with its subcommands.  ``values`` are words with a role, and
    the option that they belong to ("" for arguments).  ``unknown`` are options and
    subcommands that no table names; ``undecided`` are words that may be options.
    """

    path: list[str]
    table: Table
    values: list[tuple[str, str, CommandWord]] = field(default_factory=list)
    marks: list[tuple[str, str]] = field(default_factory=list)
    does: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    arguments: list[CommandWord] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    undecided: list[CommandWord] = field(default_factory=list)
    is_inplace: bool = False

    def words(self, role: str) -> list[CommandWord]:
        """Return the words with one role."""
        return [word for name, _, word in self.values if name == role]

    def option(self, *names: str) -> CommandWord | None:
        """Return the value of an option, None if it is not there."""
        for _, option, word in self.values:
            if option in names:
                return word
        return None

    def has(self, *names: str) -> bool:
        """Whether one of the options is there."""
        return any(option in names for option in self.options)


def read(program: str, words: Sequence[CommandWord]) -> Reading | None:
    """Return what ``words`` mean to ``program``, None for a program without a table."""
    table = tables.table_of(program)
    if table is None:
        return None
    reading = Reading([tables.canonical(program)], table)
    rest = _in_grammar(table, list(words))
    while True:
        reader = _Options(reading, table)
        inner, rest = reader.read(rest)
        if inner is None:
            break
        table = inner
        reading.table = table
    _give_roles(reading, table)
    _always(reading, table, has_words=bool(words))
    return reading


def _always(reading: Reading, table: Table, *, has_words: bool) -> None:
    reading.does += table.get("does", ())
    can_have_options = table.get("wrapper") or table.get("bare_options")
    is_bare = not has_words or (not reading.arguments and can_have_options)
    if is_bare and "bare" in table:
        reading.marks.append((table["bare"], ""))
    if not reading.arguments:
        reading.does += table.get("bare_does", ())


#: Programs that set variables for the command behind them.
_ASSIGNING = frozenset(("env", "sudo", "doas", "cross-env"))


class _Options:
    """Reads the options of one level, up to a subcommand or the end."""

    def __init__(self, reading: Reading, table: Table) -> None:
        self.reading = reading
        self.table = table
        self.flags = tables.names(
            table.get("flags", "") + " " + table.get("switches", "")
        )
        self.valued = tables.names(table.get("valued", ""))
        self.safe = tables.names(table.get("safe", ""))
        self.roles: dict[str, str] = table.get("roles", {})
        self.marks: dict[str, str] = table.get("marks", {})
        self.pairs: dict[str, str] = table.get("pairs", {})
        self.inplace = table.get("inplace", ())
        self.optional = tables.names(table.get("optional_letters", ""))
        self.any = bool(table.get("any"))

    def read(self, words: list[CommandWord]) -> tuple[Table | None, list[CommandWord]]:  # noqa: C901
        """Return the table of the subcommand and its words, None at the end."""
        reading, table = self.reading, self.table
        has_sub = "sub" in table or "default_sub" in table
        stops = has_sub or table.get("stop") or table.get("wrapper")
        while words:
            word = words.pop(0)
            text = word.text
            if text == "--" and not table.get("keeps_dashes"):
                if has_sub and not reading.arguments and "default_sub" in table:
                    continue
                reading.arguments += words
                break
            if text[:1] == "-" and len(text) > 1:
                self._option(word, words)
                continue
            if word.splits and text[:1] == UNKNOWN:
                reading.undecided.append(word)
            if has_sub:
                if UNKNOWN in text and word not in reading.undecided:
                    reading.undecided.append(word)
                inner = self._sub(text)
                if inner is not None:
                    return inner, words
                if "default_sub" in table:
                    return self._inherited(table["default_sub"]), [word, *words]
                if not table.get("optional_sub") and not self.any:
                    reading.unknown.append(text.replace(UNKNOWN, "…"))
                has_sub = False
            if "=" in text and reading.path[-1] in _ASSIGNING:
                continue
            reading.arguments.append(word)
            if stops and (table.get("stop") or table.get("wrapper")):
                reading.arguments += words
                break
        return None, []

    def _sub(self, name: str) -> Table | None:
        inner = self.table.get("sub", {}).get(name)
        if inner is None:
            return None
        like = inner.get("like", "").split()
        same = len(like) == 2 and like[0] == self.reading.path[0]
        self.reading.path.append(like[1] if same else name)
        merged = tables.resolved(inner)
        return self._inherited(merged)

    def _inherited(self, table: Table) -> Table:
        """Return a subcommand's table with the options that hold for all of them."""
        merged = dict(table)
        if self.table.get("inherit"):
            for key in ("flags", "valued"):
                merged[key] = f"{self.table.get(key, '')} {merged.get(key, '')}"
            merged["roles"] = {**self.roles, **merged.get("roles", {})}
            merged["marks"] = {**self.marks, **merged.get("marks", {})}
        merged.setdefault("family", self.table.get("family", ""))
        return merged

    def _option(self, word: CommandWord, rest: list[CommandWord]) -> None:
        text = word.text
        if UNKNOWN in text.partition("=")[0]:
            self.reading.undecided.append(word)
        if self._exact(text, rest):
            return
        if text.startswith("--"):
            self._long(word, rest)
        elif self.table.get("no_clusters"):
            self._single_dash(word, rest)
        else:
            self._letters(word, rest)

    def _exact(self, name: str, rest: list[CommandWord]) -> bool:
        """Read an option that the table has in these very letters."""
        reading = self.reading
        if name in self.pairs:
            reading.options.append(name)
            if rest:
                rest.pop(0)
            self._value(name, self.pairs[name], rest)
        elif name in self.roles and name not in self.table.get("optional_value", ""):
            reading.options.append(name)
            if self.marks.get(name):
                reading.marks.append((self.marks[name], name))
            self._value(name, self.roles[name], rest)
        elif name in self.valued:
            reading.options.append(name)
            if rest:
                rest.pop(0)
        elif name in self.marks:
            reading.options.append(name)
            if self.marks[name]:
                reading.marks.append((self.marks[name], name))
        elif name in self.inplace:
            reading.options.append(name)
            reading.is_inplace = True
        elif name in self.flags or name in self.safe:
            reading.options.append(name)
        else:
            return False
        return True

    def _value(self, name: str, role: str, rest: list[CommandWord]) -> None:
        if rest and rest[0].text == "inplace":
            # ``awk -i inplace``
            self.reading.is_inplace = True
        if rest:
            self.reading.values.append((role, name, rest.pop(0)))

    def _long(self, word: CommandWord, rest: list[CommandWord]) -> None:
        reading = self.reading
        name, equals, value = word.text.partition("=")
        reading.options.append(name)
        full = self._full_names(name)
        reading.options += [option for option in full if option != name]
        given = replace(word, text=value)
        for option in full:
            if option in self.marks:
                if self.marks[option]:
                    reading.marks.append((self.marks[option], name))
            elif option in self.roles:
                if equals:
                    reading.values.append((self.roles[option], option, given))
                elif rest and name not in self.table.get("optional_value", ""):
                    reading.values.append((self.roles[option], option, rest.pop(0)))
            elif option in self.inplace:
                reading.is_inplace = True
            elif option in self.valued and not equals and rest:
                rest.pop(0)
        if full:
            return
        if not self.any:
            reading.unknown.append(name.replace(UNKNOWN, "…"))
        if equals:
            reading.values.append(("maybe", name, given))

    def _full_names(self, name: str) -> list[str]:
        """Return the options that a long option stands for, which may be shortened."""
        known = (self.marks, self.roles, self.inplace, self.valued, self.flags)
        if any(name in options for options in known):
            return [name]
        if name in self.safe or len(name) < 4 or self.table.get("no_abbreviation"):
            return [name] if name in self.safe else []
        found = [
            option
            for options in known[:3]
            for option in options
            if option.startswith(name)
        ]
        if found:
            return found
        return [
            option
            for options in known[3:]
            for option in options
            if option.startswith(name)
        ][:1]

    def _single_dash(self, word: CommandWord, rest: list[CommandWord]) -> None:
        """Read ``-option=value`` of programs whose options are words with one dash."""
        name, equals, value = word.text.partition("=")
        if equals and (name in self.roles or name in self.marks or name in self.valued):
            self.reading.options.append(name)
            if name in self.marks:
                self.reading.marks.append((self.marks[name], name))
            role = self.roles.get(name, "text")
            self.reading.values.append((role, name, replace(word, text=value)))
            return
        if word.text.startswith("--") or self._exact(f"-{word.text}", rest):
            return
        self.reading.options.append(name)
        for letters in (2, 3):
            option = word.text[:letters]
            if option in self.roles and self.table.get("family") in {
                "network",
                "build",
            }:
                given = replace(word, text=word.text[letters:])
                self.reading.values.append((self.roles[option], option, given))
                return
        if not self.any:
            self.reading.unknown.append(name.replace(UNKNOWN, "…"))
        if equals:
            self.reading.values.append(("maybe", name, replace(word, text=value)))

    def _letters(self, word: CommandWord, rest: list[CommandWord]) -> None:  # noqa: C901, PLR0912
        reading = self.reading
        text = word.text
        at = 1
        while at < len(text):
            option = f"-{text[at]}"
            at += 1
            after = text[at:]
            reading.options.append(option)
            if option in self.roles or option in self.valued:
                role = self.roles.get(option, "")
                if self.marks.get(option):
                    reading.marks.append((self.marks[option], option))
                if self.table.get("clusters_value_last"):
                    # ``bash -cx TEXT``: the letters go on, the value is the next word.
                    continue
                if after:
                    given = replace(word, text=after.removeprefix("="))
                    if role:
                        reading.values.append((role, option, given))
                elif rest:
                    given = rest.pop(0)
                    if role:
                        reading.values.append((role, option, given))
                return
            if option in self.marks:
                if self.marks[option]:
                    reading.marks.append((self.marks[option], option))
            elif option in self.inplace:
                reading.is_inplace = True
                return
            if text[at - 1] in self.optional:
                return
            if option in self.marks or option in self.flags or option in self.safe:
                continue
            if text[at - 1].isdigit() or text[at - 1] == UNKNOWN:
                continue
            if not self.any:
                reading.unknown.append(f"-{text[1:]}".replace(UNKNOWN, "…"))
                return


def _give_roles(reading: Reading, table: Table) -> None:
    pattern = table.get("args", "maybe*" if table.get("any") else "")
    instead = tables.names(" ".join(table.get("pattern", ())))
    if instead & set(reading.options):
        pattern = pattern.partition(" ")[2] or "read*"
    if set(table.get("target", ())) & set(reading.options):
        pattern = pattern.partition(" ")[0]
    roles = tables.roles_of_arguments(pattern, len(reading.arguments))
    if table.get("wrapper"):
        return
    for role, word in zip(roles, reading.arguments, strict=True):
        reading.values.append((role, "", word))


def _in_grammar(table: Table, words: list[CommandWord]) -> list[CommandWord]:
    grammar = table.get("grammar")
    if grammar == "find":
        return _find_words(words)
    if grammar == "chmod":
        return _with_modes(words)
    if grammar == "tar" and words and words[0].text[:1] not in {"-", ""}:
        return [replace(words[0], text=f"-{words[0].text}"), *words[1:]]
    return words


_MODE_LETTERS = frozenset("rwxXstugo")


def _with_modes(words: Sequence[CommandWord]) -> list[CommandWord]:
    """Return the words of ``chmod`` with ``-x`` as what it is there: a mode, no option."""
    return [
        replace(word, text=f"a{word.text}")
        if word.text[:1] == "-"
        and word.text[1:]
        and set(word.text[1:]) <= _MODE_LETTERS
        else word
        for word in words
    ]


_STARTERS = frozenset(
    ("-exec", "-execdir", "-ok", "-okdir", "-x", "--exec", "-X", "--exec-batch")
)


def _find_words(words: Sequence[CommandWord]) -> list[CommandWord]:
    """Leave out the commands that ``find`` runs, which are read as such, and its brackets."""
    kept: list[CommandWord] = []
    inside = False
    for word in words:
        if inside:
            inside = word.text not in {";", "+"}
        elif word.text in _STARTERS:
            inside = True
        elif word.text not in {"(", ")", "!", ","}:
            kept.append(word)
    return kept


def unknown_reading(program: str, words: Sequence[CommandWord]) -> Reading:
    """Return a reading for a program without a table: any word may be a file."""
    empty: dict[str, Any] = {"any": True, "family": ""}
    reading = Reading([program], empty)
    for word in words:
        name, equals, value = word.text.partition("=")
        if word.text.startswith("-"):
            reading.options.append(name)
            if equals:
                reading.values.append(("maybe", name, replace(word, text=value)))
            continue
        reading.arguments.append(word)
        reading.values.append(("maybe", "", word))
    return reading
