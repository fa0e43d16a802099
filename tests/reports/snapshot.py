"""What users see, kept as files under ``snapshots/``.

ZT_GATE_REWRITE_SNAPSHOTS=1 writes them anew; look at the difference before
keeping it.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def same_as_snapshot(name: str, data: bytes) -> None:
    file = FOLDER / name
    if os.environ.get("ZT_GATE_REWRITE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_bytes(data)
    assert data.decode() == file.read_bytes().decode(), (
        f"{name} changed; ZT_GATE_REWRITE_SNAPSHOTS=1 keeps the new one"
    )
