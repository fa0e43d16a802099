"""Write docs/zt-gate.1 from the parsers of the commands.

    python scripts/man_page.py [--check]

``--check`` writes nothing and ends with 1 if the page is not current.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zt_gate.commands.command_tree import command_tree
from zt_gate.commands.man_page import man_page

FILE = Path(__file__).resolve().parents[1] / "docs" / "zt-gate.1"


def main(words: list[str]) -> int:
    os.environ["COLUMNS"] = "80"  # argparse wraps usage to the terminal
    text = man_page(command_tree())
    if words == ["--check"]:
        if FILE.read_text("utf-8") == text:
            return 0
        print(f"{FILE} is not current; run: python scripts/man_page.py")
        return 1
    FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
