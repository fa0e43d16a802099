"""A guarded project with an MCP server in its settings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.guard.mcp import review, start
from zt_gate.guard.mcp.compare import ServerProject
from zt_gate.guard.policy import pinned_policy
from zt_gate.guard.repository import surroundings
from zt_gate.guard.scan import ContentScanner

if TYPE_CHECKING:
    from tests.guard.test_hook import Guarded
    from zt_gate.guard.mcp.definitions import ServerDefinition

#: Starts the command line with the places of a test.
GATE = """\
import sys
from zt_gate.guard import places
places.guard_places = lambda: places.GuardPlaces(*{places!r})
from zt_gate.cli import main
sys.exit(main(sys.argv[1:]))
"""
#: A server of the official package; the description stands in a file beside it.
SERVER = """\
import sys
from pathlib import Path
from mcp.server.fastmcp import FastMCP
server = FastMCP("notes")
def add(text: str) -> str:
    return "added " + text
server.add_tool(add, description=Path(__file__).with_name("about.txt").read_text())
more = Path(__file__).with_name("more.py")
if more.exists():
    exec(more.read_text())
server.run()
"""
PLAIN = "Add a note to the list of notes."


class McpProject:
    """The project; its server is called ``notes``."""

    def __init__(self, guarded: Guarded) -> None:
        self.guarded = guarded
        self.root = Path(guarded.root)
        self.server = self.root / "server.py"
        self.server.write_text(SERVER)
        self.about(PLAIN)
        places = guarded.places
        self.gate = Path(places.home) / "gate.py"
        given = (places.home, places.state, places.user_id, places.managed)
        self.gate.write_text(GATE.format(places=given))
        self.command = [sys.executable, str(self.server)]
        self.define()

    def about(self, text: str) -> None:
        """Let the server describe its tool in other words."""
        (self.root / "about.txt").write_text(text)

    def relay_words(self, *options: str) -> list[str]:
        """The arguments of ``python`` that start the server through the relay."""
        run = ["guard", "mcp", "run", *options, "notes"]
        return [str(self.gate), *run, "--", *self.command]

    def define(self, **changes: Any) -> None:
        """Write the project's own settings."""
        words = self.relay_words("--no-sandbox")
        server = {"command": sys.executable, "args": words, **changes}
        path = self.root / ".mcp.json"
        path.write_text(json.dumps({"mcpServers": {"notes": server}}))

    @property
    def project(self) -> ServerProject:
        place = surroundings(self.guarded.root)
        return ServerProject(place.root, place.key, os.defpath)

    def definition(self) -> ServerDefinition:
        known = review.all_definitions(str(self.root), self.guarded.places.home)
        return next(one for one in known if one.name == "notes")

    def seen(self, *, starts: bool = True) -> review.Seen:
        """What a review shows; the server is started for it, but for ``starts=False``."""
        server = self.definition()
        told = None
        if starts:
            told = start.tools_of(self.command, str(self.root), os.environ)
        policy = pinned_policy(self.guarded.places, "")
        scanner = ContentScanner(str(self.root), policy, self.guarded.places)
        return review.seen(server, told, self.project, self.guarded.places, scanner)

    def pin(self, *, starts: bool = True) -> None:
        """Review the server as a person who types its name."""
        review.pin(
            self.seen(starts=starts),
            self.project,
            self.guarded.places,
            pinned_policy(self.guarded.places, ""),
            os.environ,
            "ada",
            "notes",
            "",
            lambda _question: "notes",
        )
