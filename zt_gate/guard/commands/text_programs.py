"""Judges programs of awk, sed, jq, sqlite3 and SQL: what they start, read and write."""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.guard.commands import files, places
from zt_gate.guard.commands.secret_names import is_secret_name
from zt_gate.guard.shell.unwrap import SHELLS
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.shell.invocation import Invocation

_AWK_COMMAND = lazy_re.compile(
    r"system\s*\(\s*\"((?:[^\"\\]|\\.)*)\"|\|&?\s*\"((?:[^\"\\]|\\.)*)\"|\"((?:[^\"\\]|\\.)*)\"\s*\|&?\s*getline"
)
_AWK_RUNS = lazy_re.compile(
    r"\bsystem\s*\(|\|&?\s*getline|\|&|\|\s*[\"a-zA-Z(](?<!\|\|)"
)
_AWK_FILE = lazy_re.compile(
    r"(?<![<>=!])>{1,2}\s*\"([^\"]+)\"|getline(?:\s+\w+)?\s*<\s*\"([^\"]+)\""
)
_AWK_COMPUTED_FILE = lazy_re.compile(
    r"\bprintf?\b[^;}|]*?>{1,2}\s*\(?\s*([A-Za-z$(][\w$.]*)"
)


def awk(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:  # noqa: C901, PLR0912
    """Judge an awk program: commands and files that it names."""
    text = word.text
    plain = re.sub(r"\|\|", "  ", text)
    commands = list(_AWK_COMMAND.finditer(plain))
    for match in commands:
        case.script(
            next(group for group in match.groups() if group is not None),
            invocation,
            "awk",
        )
        if any(
            group and group.split()[0].rpartition("/")[2] in SHELLS
            for group in match.groups()[1:2]
            if group and group.strip()
        ):
            case.add("run/undecided", "awk writes to a shell")
    home = case.context.home
    for match in re.finditer(
        r'"([~./][^"]*)"', re.sub(r'ENVIRON\["HOME"\]\s*"', f'"{home}', text)
    ):
        for place in places.places(invocation, CommandWord(match[1]), case.context):
            if place.kind == "credential":
                files.judge(case, invocation, "read", CommandWord(match[1]))
    if text.strip() == UNKNOWN:
        case.add("run/undecided", "awk")
    without_regex = re.sub(r"/(?:[^/\\\n]|\\.)*/|\"(?:[^\"\\]|\\.)*\"", '""', plain)
    if _AWK_RUNS.search(without_regex):
        case.add("run/command-option", "awk starts a program")
        if len(commands) == 0:
            case.add("run/undecided", "awk")
    if "/inet/" in text:
        case.add("network/raw", "awk /inet")
    for match in _AWK_FILE.finditer(text):
        if match[1] and match[1] not in {"/dev/stderr", "/dev/stdout"}:
            files.judge(case, invocation, "write", CommandWord(match[1]))
        elif match[2]:
            files.judge(case, invocation, "read", CommandWord(match[2]))
    if "ENVIRON" in text and not re.search(r"ENVIRON\[\"\w+\"\]", text):
        case.add("credentials/environment-listed", "awk ENVIRON")
    for name in re.findall(r"ENVIRON\[\"?(\w+)", text):
        if is_secret_name(name):
            case.add("credentials/variable", name)
    if case.context.task.is_narrow and _AWK_COMPUTED_FILE.search(without_regex):
        case.add("task/no-writes", "awk writes a file")


_SED_FILE = lazy_re.compile(
    r"(?:^|[;{}\n]|/|\d|\$|'|[gpIiMme])\s*([wWrR])\s+(/?[^\s;}]+)"
)
_SED_RUN = lazy_re.compile(r"(?:^|[;{}\n]|\d|\$|/)\s*e(?:\s+(.+))?\s*(?:$|[\n}])")
_SED_FLAGS = lazy_re.compile(
    r"s(?P<d>[^\w\s\\])(?:\\.|(?!(?P=d)).)*(?P=d)(?:\\.|(?!(?P=d)).)*(?P=d)([a-zA-Z0-9]*)(?:\s+(/?\S+))?",
    re.DOTALL,
)


def sed(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge a sed script: ``w``, ``r`` and ``e`` reach files and programs."""
    text = word.text
    if text.strip() == UNKNOWN:
        case.add("run/undecided", "sed")
    for match in _SED_FLAGS.finditer(text):
        flags = match[2]
        if "e" in flags:
            case.add("run/undecided", "sed s///e")
        if "w" in flags and match[3]:
            files.judge(case, invocation, "write", CommandWord(match[3]))
    rest = _SED_FLAGS.sub(" ", text)
    for match in _SED_FILE.finditer(rest):
        if match[2].startswith("/dev/std"):
            continue
        files.judge(
            case,
            invocation,
            "write" if match[1] in "wW" else "read",
            CommandWord(match[2]),
        )
    found = _SED_RUN.search(rest)
    if found:
        if found[1]:
            case.script(found[1], invocation, "sed e")
        case.add("run/undecided", "sed e")


def jq(case: CommandCase, word: CommandWord) -> None:
    """Judge a jq program: it can read the environment."""
    text = word.text
    if re.search(r"(?<![.\w\"])env\b(?!\s*[.\[]\s*\w|\")|\$ENV\b(?!\s*[.\[])", text):
        case.add("credentials/environment-listed", "jq env")
    for name in re.findall(r"\b(?:str)?env\((\w+)\)", text):
        if is_secret_name(name):
            case.add("credentials/variable", name)
    for name in re.findall(r"(?:(?<![.\w])env|\$ENV)\s*\.?\s*\[?\"?(\w+)", text):
        if is_secret_name(name):
            case.add("credentials/variable", name)


def sqlite(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge what a database's shell is told: it can start programs and read files."""
    text = word.text
    for match in re.finditer(r"\.(?:shell|system)\s+(.+)", text):
        case.script(match[1], invocation, "sqlite3")
    for match in re.finditer(
        r"\.(?:output|once|backup|save|import|read|open)\s+(\S+)", text
    ):
        files.judge(case, invocation, "write", CommandWord(match[1].strip("'\"")))
    for match in re.finditer(r"(?i)\b(read|write)file\s*\(\s*'([^']+)'", text):
        files.judge(case, invocation, match[1].lower(), CommandWord(match[2]))
    sql(case, invocation, word)
    if "load_extension" in text or ".load" in text:
        case.add("run/undecided", "sqlite3 .load")


def sql(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge SQL: what starts programs, and what drops data."""
    text = word.text
    upper = text.upper()
    for match in re.finditer(r"\\!\s*(.+)", text):
        case.script(match[1], invocation, "psql")
    for match in re.finditer(r"(?i)\bPROGRAM\s+'([^']+)'", text):
        case.script(match[1], invocation, "COPY PROGRAM")
        case.add("run/undecided", "COPY PROGRAM")
    for match in re.finditer(r"(?i)\\?copy\b.*?\b(from|to)\s+'?([~./][^\s';]*)", text):
        action = "read" if match[1].lower() == "from" else "write"
        path = match[2].replace("~", case.context.home, 1)
        files.judge(case, invocation, action, CommandWord(path))
    if re.search(r"\b(?:DROP\s+(?:DATABASE|SCHEMA|TABLE)|TRUNCATE)\b", upper) or (
        re.search(r"\bDELETE\s+FROM\s+\w+\s*(?:;|$)", upper)
    ):
        case.add("data/dropped", text)
