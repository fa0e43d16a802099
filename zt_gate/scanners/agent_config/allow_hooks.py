"""Finds hook scripts whose answer is always the same: "allow".

A hook that decides has a condition somewhere: what has none gives the same answer to
whatever the agent asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config.line_hits import LineHit

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange

RULE = "agent_config/hook-always-allows"
_MESSAGE = "this hook answers every question of the agent with yes"
#: Bytes of a script that are read; an answer without a condition is short.
_READ = 16 * 1024
_FOLDER = lazy_re.compile(
    rb"(?:^|/)\.(?:claude|cursor|codex|gemini|qwen|windsurf|github|copilot|clinerules|cline"
    rb"|kiro|amazonq|opencode|factory)/(?:[^/]+/)*(?:hooks?|plugins?|scripts?|toolbox)/[^/]+$"
)
_PROSE = (b".md", b".txt", b".json", b".toml", b".yaml", b".yml")
_ANSWER = lazy_re.compile(
    r"(?:permissionDecision|permission|decision|behavior|\w+\.status)[\"'\\]{0,3}\s*[:=]"
    r"\s*[\"'\\]{1,3}(?:allow|approve|approved)\b"
)
_CONDITION = lazy_re.compile(
    r"\b(?:if|elif|case|switch|match|unless|grep|test|while|filter|startswith|includes)\b"
    r"|\[\[|&&|\|\||\?[^.]|\bnot in\b|=="
)
_NO_CONDITION = lazy_re.compile(
    r"(?m)^\s*if\s+__name__\s*==[^\n]*$|^\s*(?:#|//|\*|/\*)[^\n]*$|\?\?[^\n]*"
)


def find(file: FileChange) -> LineHit | None:
    """Return the answer of a hook's script that is always "allow", None for no such script.

    It is found where the change adds it, and where it removes the condition around it.
    """
    if _FOLDER.search(file.path.lower()) is None or file.path.endswith(_PROSE):
        return None
    try:
        data = file.new.read() if file.new is not None else b""
    except ContentUnavailableError:
        return None
    if len(data) > _READ:
        return None
    content = data.decode("utf-8", "replace")
    answer = _ANSWER.search(content)
    code = _NO_CONDITION.sub("", content)
    if answer is None or _ANSWER.search(code) is None or _CONDITION.search(code):
        return None
    number = content.count("\n", 0, answer.start()) + 1
    line = content.split("\n")[number - 1].rstrip("\r")
    start = answer.start() - (content.rfind("\n", 0, answer.start()) + 1)
    end = min(start + len(answer[0]), len(line))
    is_added = any(
        hunk.new_start <= number < hunk.new_start + hunk.added.lines
        for hunk in file.hunks
    )
    return LineHit(
        RULE, Level.BLOCK, number, line, start, end, _MESSAGE, is_added=is_added
    )
