"""What a server says of its tools, prompts and resources: digests, hidden instructions.

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
_MOST_ITEMS = 500
_DEEPEST = 40
#: Between a kind and a name, where it is no tool; no name has it.
_BETWEEN = "\n"


class ToolListError(Exception):
    """A server's answer is no list of what was asked for."""


@record
class ListKind:
    """One list of a server.

    ``method`` asks for it, ``key`` is where the answer has it, ``name_key`` what names an
    item, ``title`` what an item is called.  A server has it with the capability
    ``capability``; what it does not say there is asked for all the same if it is tools.
    ``uses`` are the methods that use an item.
    """

    method: str
    key: str
    name_key: str
    title: str
    capability: str
    uses: tuple[str, ...] = ()

    def texts_in(self, result: Any) -> list[ToolText]:
        """Return the items of an answer; raises ToolListError."""
        items = result.get(self.key) if isinstance(result, dict) else None
        if not isinstance(items, list) or len(items) > _MOST_ITEMS:
            raise ToolListError(
                f"the answer is no list of at most {_MOST_ITEMS} {self.title}s"
            )
        return [_item(one, self) for one in items]


TOOLS = ListKind("tools/list", "tools", "name", "tool", "tools", ("tools/call",))
KINDS = (
    TOOLS,
    ListKind("prompts/list", "prompts", "name", "prompt", "prompts", ("prompts/get",)),
    ListKind(
        "resources/list",
        "resources",
        "uri",
        "resource",
        "resources",
        ("resources/read", "resources/subscribe"),
    ),
    ListKind(
        "resources/templates/list",
        "resourceTemplates",
        "uriTemplate",
        "resource template",
        "resources",
    ),
)


@record
class ToolText:
    """The name of an item, the digest of all that it says of itself, and its texts.

    The name of what is no tool begins with its kind.
    """

    name: str
    digest: str
    text: str

    @property
    def title(self) -> str:
        """How the item is named to a person."""
        kind, between, name = self.name.partition(_BETWEEN)
        if between:
            return f"{kind} {name}"
        return f"tool {self.name}" if self.name else "instructions"


def is_tool(name: str) -> bool:
    """Whether a name of a ``ToolText`` is a tool's."""
    return bool(name) and _BETWEEN not in name


def tools_in(result: Any) -> list[ToolText]:
    """Return the tools of an answer to ``tools/list``; raises ToolListError."""
    return TOOLS.texts_in(result)


def instructions_in(result: Any) -> ToolText:
    """Return the instructions of an answer to ``initialize``."""
    text = result.get("instructions") if isinstance(result, dict) else ""
    text = text if isinstance(text, str) else ""
    return ToolText(INSTRUCTIONS, sha256(text.encode("utf-8", "surrogatepass")), text)


def changed(found: Iterable[ToolText], pinned: Mapping[str, str]) -> Iterator[ToolText]:
    """Yield the items that are new or say something else than when they were pinned."""
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


def _item(value: Any, kind: ListKind) -> ToolText:
    name = value.get(kind.name_key) if isinstance(value, dict) else None
    if not isinstance(name, str) or not name or _BETWEEN in name:
        raise ToolListError(f"a {kind.title} has no name")
    try:
        whole = json.dumps(_lasting(value), sort_keys=True, separators=(",", ":"))
        text = "\n".join(_texts(value, 0))
    except (ValueError, RecursionError) as error:
        raise ToolListError(
            f"the {kind.title} {name!a} is nested too deeply"
        ) from error
    own = name if kind is TOOLS else f"{kind.title}{_BETWEEN}{name}"
    return ToolText(own, sha256(whole.encode("ascii")), text)


def _lasting(value: dict[str, Any]) -> dict[str, Any]:
    """Return an item without what changes with a resource's content: size and time."""
    if not isinstance(value.get("size"), int):
        kept = dict(value)
    else:
        kept = {key: item for key, item in value.items() if key != "size"}
    notes = kept.get("annotations")
    if isinstance(notes, dict) and "lastModified" in notes:
        rest = {key: item for key, item in notes.items() if key != "lastModified"}
        kept["annotations"] = rest
    return kept


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
