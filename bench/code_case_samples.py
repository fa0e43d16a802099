"""Writes the project's own cases of mistakes in code as samples for ``bench/code.py``.

    python -m bench.code_case_samples bench/code_cases/python.txt > cases.jsonl
    python -m bench.code --samples cases.jsonl --brief

A case is ``=== NAME CWE``, the vulnerable code, ``--- IMPORTS`` (for both forms) and the
safe code.  A hash of the name puts a third of the cases into the source ``own-held``: their
results must not be looked at one by one while rules are written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_CASE = re.compile(r"^=== (\S+) (\d+)\n", re.MULTILINE)
#: Names that the cases use without an import.
_IMPORTS = {
    "python": "import base64, io, ipaddress, jwt, json, os, pickle, random, re, secrets\n"
    "import aiohttp, httpx, joblib, requests, shlex, shutil, socket, sqlite3, string\n"
    "import subprocess, tarfile, torch, uuid, yaml, zipfile\n"
    "from pathlib import Path\nfrom typing import Literal\n"
    "from urllib.parse import quote, urlparse\nfrom uuid import UUID\n"
}


def samples(file: Path) -> Iterator[dict[str, Any]]:
    """Yield two samples for each case of a file; its name says the language."""
    parts = _CASE.split(file.read_text("utf-8"))[1:]
    for name, number, body in zip(*[iter(parts)] * 3, strict=True):
        vulnerable, _, rest = body.partition("\n--- ")
        imports, _, safe = rest.partition("\n")
        is_held = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 3 == 0
        for label, code in (("vulnerable", vulnerable), ("safe", safe)):
            yield {
                "source": "own-held" if is_held else "own",
                "lang": file.stem,
                "cwe": [int(number)],
                "label": label,
                "text": f"{_IMPORTS.get(file.stem, '')}{imports}\n{code}\n",
            }


def main() -> None:
    """Print the samples."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    for file in parser.parse_args().files:
        for sample in samples(file):
            print(json.dumps(sample))


if __name__ == "__main__":
    main()
