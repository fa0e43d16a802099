"""XML as a stream of elements, with bounds and without document types.

Entities are declared in a document type: without one nothing can be expanded,
and nothing outside the file is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zt_gate.ecosystems.manifests.base import ManifestError

_LIMIT = 4 * 1024 * 1024
_DEEPEST = 100
_LONGEST = 10_000


@dataclass(slots=True)
class Element:
    """An element that ended: its path of local names, attributes, text and place.

    ``children`` holds the texts of elements directly below, by local name.
    """

    path: tuple[str, ...]
    attributes: dict[str, str]
    line: int
    column: int
    text: str = ""
    children: dict[str, tuple[str, int, int]] = field(default_factory=dict)


def elements(data: bytes, what: str) -> list[Element]:
    """Return all elements in the order of their ends; raises ManifestError."""
    if len(data) > _LIMIT:
        raise ManifestError(0, f"larger than 4 MB, which no {what} is")
    from xml.parsers import expat

    parser = expat.ParserCreate(namespace_separator="}")
    found: list[Element] = []
    stack: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition("}")[2]
        path = (*(stack[-1].path if stack else ()), local)
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber
        if len(path) > _DEEPEST:
            raise ManifestError(line, f"nested deeper than {_DEEPEST} levels")
        plain = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        stack.append(Element(path, plain, line, column + 1))

    def end(_name: str) -> None:
        element = stack.pop()
        element.text = element.text.strip()
        found.append(element)
        if stack:
            stack[-1].children[element.path[-1]] = (element.text, element.line, element.column)

    def characters(words: str) -> None:
        if stack and len(stack[-1].text) < _LONGEST:
            stack[-1].text += words

    def refuse(*_: object) -> None:
        raise ManifestError(parser.CurrentLineNumber, "has a document type, which is not read")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's only form
    except expat.ExpatError as error:
        raise ManifestError(error.lineno, "is no valid XML") from error
    except (ValueError, LookupError) as error:
        raise ManifestError(0, "is no valid XML") from error
    return found
