"""Write docs/policy.schema.json from the policy reader's own tables.

    python scripts/policy_schema.py [--check]

``--check`` writes nothing and ends with 1 if the file is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from zt_gate.commands.policy import schema_text

FILE = Path(__file__).resolve().parents[1] / "docs" / "policy.schema.json"


def main(words: list[str]) -> int:
    text = schema_text()
    if words == ["--check"]:
        if FILE.read_text("utf-8") == text:
            return 0
        print(f"{FILE} is not current; run: python scripts/policy_schema.py")
        return 1
    FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
