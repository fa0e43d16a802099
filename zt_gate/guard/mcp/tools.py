"""What a server says of its tools: their digests, and hidden instructions in them.

The text goes to the model as it is, so a server that changes it later ("rug pull") can
change what an agent does without a call.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate.record import record
from zt_gate.system.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.guard.scan import ContentScanner

#: The name under which a server's instructions to the model are kept.
INSTRUCTIONS = ""
_MOST_TOOLS = 500
_DEEPEST = 40


class ToolListError(Exception):
    """A server's answer is no list of tools."""


@record
class ToolText:
    """A tool's name, the digest of all that it says of itself, and its texts."""

    name: str
    digest: str
    text: str

    @property
    def title(self) -> str:
        """How the tool is named to a person."""
        return f"tool {self.name}" if self.name else "instructions"


def tools_in(result: Any) -> list[ToolText]:
    """Return the tools of an answer to ``tools/list``; raises ToolListError."""
    tools = result.get("tools") if isinstance(result, dict) else None
    if not isinstance(tools, list) or len(tools) > _MOST_TOOLS:
        raise ToolListError(f"the answer is no list of at most {_MOST_TOOLS} tools")
    return [_tool(one) for one in tools]


def instructions_in(result: Any) -> ToolText:
    """Return the instructions of an answer to ``initialize``."""
    text = result.get("instructions") if isinstance(result, dict) else ""
    text = text if isinstance(text, str) else ""
    return ToolText(INSTRUCTIONS, sha256(text.encode("utf-8", "surrogatepass")), text)


def changed(found: Iterable[ToolText], pinned: Mapping[str, str]) -> Iterator[ToolText]:
    """Yield the tools that are new or say something else than when they were pinned."""
    for tool in found:
        if pinned.get(tool.name) != tool.digest:
            yield tool


def hidden_instructions(
    tools: Iterable[ToolText], scanner: ContentScanner
) -> Iterator[tuple[str, str]]:
    """Yield the names of tools with hidden instructions, and what was found.

    All texts are scanned in one run.  Raises GateError if they cannot be.
    """
    listed = [tool for tool in tools if tool.text.strip()]
    lines: list[tuple[int, ToolText]] = []
    parts = []
    line = 1
    for tool in listed:
        lines.append((line, tool))
        parts.append(tool.text)
        line += tool.text.count("\n") + 2
    if not parts:
        return
    scanned = scanner.text("\n\n".join(parts))
    for problem in scanned.problems:
        yield "the texts", f"could not be scanned: {problem}"
    for item in scanned.found:
        before = [tool for start, tool in lines if start <= max(item.line, 1)]
        yield before[-1].title, f"{item.message.rstrip('.')} ({item.rule})"


def _tool(value: Any) -> ToolText:
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name:
        raise ToolListError("a tool has no name")
    try:
        whole = json.dumps(value, sort_keys=True, separators=(",", ":"))
        text = "\n".join(_texts(value, 0))
    except (ValueError, RecursionError) as error:
        raise ToolListError(f"the tool {name!a} is nested too deeply") from error
    return ToolText(name, sha256(whole.encode("ascii")), text)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield every text of a tool: names and values of its schema reach the model, too."""
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)
