"""What a look at a short text costs from a cold process, in milliseconds of CPU."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_RUNS = 15
_ALIKE = b"curl https://corp.internal/sk-x\nglpat-x npm_x AKIAX key_x\n"

_LOOK = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from zt_gate import rulebook
from zt_gate.scanners.secrets import scan_formats
rules = rulebook.load("secrets", cache=Path(sys.argv[2]))
assert not scan_formats(b"export PATH=/usr/bin\\nmake all\\n", b"a.sh", rules)
"""
_COLD = """
import sys
sys.path.insert(0, sys.argv[1])
from zt_gate.scanners.secrets import scan_formats_cold
assert not scan_formats_cold({text!r}, b"a.sh", sys.argv[2])
"""
_MODEL = """
import sys
sys.path.insert(0, sys.argv[1])
import json, pathlib
from zt_gate.model import rule
"""


def main() -> None:
    """Print the least and the median of some runs, for the interpreter and what is on top of it."""
    print("\n### A short text from a cold process, milliseconds of CPU (least, median)\n")
    print("| what | least | median |")
    print("|---|---:|---:|")
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run([sys.executable, "-c", _LOOK, str(ROOT), cache], check=True)
        for title, program in (
            ("the interpreter alone", "pass"),
            ("with the standard library's and the gate's nouns imported", _MODEL),
            (
                "`scan_formats_cold` on two lines",
                _COLD.format(text=b"export PATH=/usr/bin\nmake\n"),
            ),
            ("… where something begins like a key and like a URL", _COLD.format(text=_ALIKE)),
            ("`scan_formats` on two lines, rules from the cache", _LOOK),
        ):
            spent = sorted(_cpu(program, cache) for _ in range(_RUNS))
            print(f"| {title} | {spent[0]:.1f} | {spent[_RUNS // 2]:.1f} |")


def _cpu(program: str, cache: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program, str(ROOT), cache], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    main()
