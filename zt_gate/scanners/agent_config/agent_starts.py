"""Tells code that starts an agent with a flag from code that refuses, finds or names the flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.agent_config import code_statements, forbidding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.scanners.agent_config.code_statements import Call, CodeStatement

_AGENT = (
    r"(?:claude|gemini|codex|qwen|copilot|cursor-agent|opencode|amp|crush|goose"
    r"|kiro|q|aider|droid)"
    r"(?:-code|-cli)?(?:\.(?:exe|cmd))?"
)
#: A program is started, and an agent is named in the same statement.
_STARTS = lazy_re.compile(
    r"(?i)\b(?:spawn|exec|popen|subprocess|system|command|check_output|check_call"
    r"|processbuilder|execa|shell|run)\w*[(.!`:]"
)
_NAMES_AGENT = lazy_re.compile(rf"(?i)[\"'`/\s(=]{_AGENT}[\"'`\s,)]")
#: A command line in a literal or a script: the agent, then its options.
_COMMAND = lazy_re.compile(
    rf"(?i)(?:^|[\s\"'`/;&|(=@]){_AGENT}[\"']?\s[^\n|;&]{{0,300}}$"
)
#: What comes directly before or after the literal where it is compared, found or removed.
_FINDS_BEFORE = lazy_re.compile(
    r"(?i)(?:[=!]==?|\bin|\bnot|\bcase|\bwhen|=~|\b(?:includes?|indexof|has\w*"
    r"|contains?|containsstring|(?:starts|ends)_?with|hasprefix"
    r"|match\w*|search|test|findall|find|count|equals?|eq|tocontain\w*|toequal|tobe"
    r"|tomatch\w*|assert\w*|expect\w*|not_?contains?|filter"
    r"|replace\w*|strip\w*|remove\w*|discard|delete|split|sub|compile|regexp?"
    r"|mustcompile|grep)"
    r"\s{0,2}[(\[]?)[\s\"'`(\[rbf^\\*$%]{0,8}$"
)
#: The same where it is declared as an option of the program itself, or printed.
_DECLARES_BEFORE = lazy_re.compile(
    r"(?i)\b(?:option|add_?argument|add_?option|flag|boolvar|bool|boolp|arg|long"
    r"|stringarray|describe|it|log|info|warn\w*|error\w*|fail\w*"
    r"|print\w*|echo|raise|throw)\s{0,2}[(\[=][\s\"'`(\[rbf^\\*$%]{0,8}$"
)
_FINDS_AFTER = lazy_re.compile(
    r"(?i)^[\w*\\$-]{0,40}[\"'`]?\s{0,2}(?:[=!]==?|\bin\b|\bnot in\b|//?g?[\"']|->|=>)"
)
_SHELL_TEST = lazy_re.compile(r"\[\[?\s|\bgrep\b|\bsed\b|\becho\b|\bprintf\b")
_FINDING_CALL = lazy_re.compile(
    r"(?i)(?:includes?|index_?of|has\w*|contains?\w*|(?:starts|ends)_?with|match\w*"
    r"|search|test|find\w*|count|equals?|not_?contains?"
    r"|to_?contain\w*|to_?equal|to_?be|assert\w*|expect\w*|filter|replace\w*"
    r"|strip\w*|remove\w*|discard|delete|compile|must_?compile|regexp?)"
)
#: A label of ``case`` in a script.
_CASE_LABEL = lazy_re.compile(r"^\s*[^()\s]{3,160}(?:\s*\|\s*[^()\s]{1,80}){0,8}\)")
#: Names of lists and texts that are about flags and start nothing.
_NAMES_LIST = lazy_re.compile(
    r"(?i)forbid|block|den(?:y|ied)|\bban|banned|danger|unsafe|reject|strip"
    r"|disallow|suspicious|pattern|risky|refus|warn|detect|signature"
    r"|known|\brules?|regex|malicious|threat|indicator|needle|help|description"
    r"|doc(?:s|string)?\b|message|\bmsg|label|title|\btext|hint"
    r"|example|usage|removed|ignored|invalid|prohibit|restrict|sensitive|scan|audit"
    r"|policy|violation"
)
_CONTAINER = lazy_re.compile(
    r"\b(?:docker|podman|nerdctl|container)[\"'`\s,)\[]{1,8}(?:run|exec|compose)\b"
)
#: What opens a container: the user's home, the whole machine, the host's network or rights.
_OPEN_CONTAINER = lazy_re.compile(
    r"docker\.sock|--privileged|(?:--pid|--net(?:work)?)[=\s\"',]{1,6}host\b"
    r"|(?:-v|--volume|source=|src=)[=\s\"',]{0,6}(?:/:|~|\$HOME|\$\{HOME)"
)
_PROSE = lazy_re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}")


class AgentStarts:
    """The statements of added lines, read once."""

    def __init__(
        self, texts: Sequence[str], numbers: Sequence[int], *, is_test: bool
    ) -> None:
        self._texts = texts
        self._is_test = is_test
        self._by_line: dict[int, CodeStatement] = {}
        for row in code_statements.statements(texts, numbers):
            for index, _ in row.lines:
                self._by_line[index] = row

    def starts(self, index: int, start: int, end: int) -> bool:
        """Whether the flag in a line is given to an agent that the code starts."""
        line = self._texts[index]
        row = self._by_line.get(index)
        if row is None or row.is_text:
            return False
        before, after = line[:start], line[end:]
        if _FINDS_BEFORE.search(before) or _FINDS_AFTER.search(after):
            return False
        if _SHELL_TEST.search(before) or _CASE_LABEL.match(line):
            return False
        if any(
            _finds(call, line[start:end]) for call in code_statements.calls(row.text)
        ):
            return False
        literal = code_statements.literal_around(line, start)
        is_prose = literal is not None and _PROSE.search(literal) is not None
        if is_prose and _is_forbidden(str(literal), line[start:end]):
            return False
        if self._is_test and _is_in_container(row.text):
            return False
        if _STARTS.search(row.text) and _NAMES_AGENT.search(row.text):
            return True
        if self._is_test or _DECLARES_BEFORE.search(before):
            return False
        if is_prose:
            position = max(0, str(literal).find(line[start:end]))
            return _COMMAND.search(str(literal)[:position]) is not None
        names, _ = code_statements.assignment(row.text)
        return not any(_NAMES_LIST.search(name) for name in (*names, *row.containers))


def _is_in_container(statement: str) -> bool:
    """Whether a container runs the agent, and gets neither the home folder nor the host."""
    container = _CONTAINER.search(statement)
    if container is None or _OPEN_CONTAINER.search(statement):
        return False
    return _NAMES_AGENT.search(statement, container.end()) is not None


def _finds(call: Call, flag: str) -> bool:
    """Whether a call looks for the flag, or takes it out."""
    if _FINDING_CALL.fullmatch(call.name.rpartition(".")[2]) is None:
        return False
    return any(flag in part and "(" not in part for part in call.arguments)


def _is_forbidden(literal: str, flag: str) -> bool:
    position = literal.find(flag)
    return position >= 0 and forbidding.is_forbidden(
        [literal], 0, position, position + len(flag)
    )
