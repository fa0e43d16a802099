"""The pages that people read, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from tests.support.lock import ROOT

if TYPE_CHECKING:
    from pathlib import Path

#: docs/rules is generated from the rules, whose own tests check their examples.
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "rules" / "README.md"]
)
SHELL = ("sh", "bash", "console")
_PROMPT = re.compile(r"^\$ (.*)$", re.MULTILINE)
_HERE_DOCUMENT = re.compile(r"<<-?\s*'?(\w+)'?(.*\n)(?:.*\n)*?\s*\1$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: its page, the heading above it, its first line and its text.

    ``language`` is "" for an indented block.
    """

    page: str
    heading: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def script(self) -> str:
        """The shell text of the block, without output and here-documents."""
        text = self.text
        if self.language == "console":
            text = "\n".join(_PROMPT.findall(text))
        return _HERE_DOCUMENT.sub(r"\2", text)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of code of a page, those in lists and quotes too."""
    name = str(page.relative_to(ROOT))
    found: list[Block] = []
    heading = ""
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            heading = following.content
        if token.type in {"fence", "code_block"} and token.map:
            line = token.map[0] + 1
            language = token.info.partition(" ")[0]
            found.append(Block(name, heading, line, language, token.content))
    return found


def spans(page: Path) -> list[str]:
    """Return what stands between backticks in the text of a page."""
    return [
        child.content
        for token in MarkdownIt("commonmark")
        .enable("table")
        .parse(page.read_text("utf-8"))
        for child in token.children or ()
        if child.type == "code_inline"
    ]


ALL_BLOCKS = [block for page in PAGES for block in blocks(page)]
