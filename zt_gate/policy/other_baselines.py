"""Reads baselines of other tools: ``.secrets.baseline`` and ``.gitleaksignore``.

For the import into a new baseline of ours.  Of a detect-secrets file only the
results are read, because its plug-ins and filters can name Python files to run.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo

_MAX_BYTES = 64 << 20
_IGNORES = ".gitleaksignore"


def load_matcher(
    file: Path, scanners: Mapping[str, ScannerInfo]
) -> Callable[[Finding], bool]:
    """Return a function that says whether the file has a finding.

    A file named ``.gitleaksignore`` has gitleaks fingerprints; any other file is read
    as a detect-secrets baseline.  Its paths are relative to the root of the
    repository.  Raises UsageError for a file that is neither.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--import {file}: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"--import {file}: larger than {_MAX_BYTES >> 20} MB")
    if file.name == _IGNORES:
        return _gitleaks(data, file, _names(scanners, "gitleaks"))
    return _detect_secrets(data, file, _names(scanners, "detect-secrets"))


def _names(scanners: Mapping[str, ScannerInfo], tool: str) -> frozenset[str]:
    """Return the scanners that detect the same as another tool."""
    return frozenset(
        name for name, info in scanners.items() if tool in info.counterparts
    )


def _gitleaks(
    data: bytes, file: Path, scanners: frozenset[str]
) -> Callable[[Finding], bool]:
    """Parse lines of the form ``[commit:]path:rule:line``."""
    lines: set[tuple[bytes, int]] = set()
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        parts = text.split(b":")
        if len(parts) < 3 or not parts[-1].isdigit() or len(parts[-1]) > 9:
            raise UsageError(
                f"--import {file}:{number}: expected [commit:]path:rule:line"
            )
        path_parts = parts[:-2]
        if len(parts) > 3 and _is_commit_id(parts[0]):
            path_parts = parts[1:-2]
        path = os.path.normpath(b":".join(path_parts))
        lines.add((path, int(parts[-1])))

    def matches(finding: Finding) -> bool:
        location = finding.location
        if finding.scanner not in scanners or location.line is None:
            return False
        return (location.path or b"", location.line) in lines

    return matches


def _is_commit_id(text: bytes) -> bool:
    return len(text) == 40 and not text.strip(b"0123456789abcdef")


def _detect_secrets(
    data: bytes, file: Path, scanners: frozenset[str]
) -> Callable[[Finding], bool]:
    """Parse the results: SHA-1 hashes of secrets by path (the format defines SHA-1)."""
    try:
        results: Any = json.loads(data)["results"]
        hashes = {
            (os.path.normpath(os.fsencode(path)), str(item["hashed_secret"]))
            for path, items in results.items()
            for item in items
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"--import {file}: not a detect-secrets baseline; "
            f"a gitleaks file must be named {_IGNORES}"
        ) from error

    def matches(finding: Finding) -> bool:
        if finding.scanner not in scanners:
            return False
        path = finding.location.path or b""
        return any((path, _sha1(secret)) in hashes for secret in finding.secrets)

    return matches


def _sha1(secret: str) -> str:
    import hashlib

    data = secret.encode("utf-8", "surrogateescape")
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
