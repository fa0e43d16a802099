"""What other tools' files already know: ``.secrets.baseline`` and ``.gitleaksignore``.

Only read, for a person who makes a baseline of ours.  Of detect-secrets' file
only the results count: its plug-ins and filters name files of Python that the
tool would run.
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
    """Return what says whether the file knows a finding of one of the ``scanners``.

    A file named ``.gitleaksignore`` has fingerprints, any other is read as
    detect-secrets' baseline.  Its paths are relative to the root
    of the repository.  Raises UsageError for a file that is neither.
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
    """Return the scanners that look for the same as another tool."""
    return frozenset(
        name for name, info in scanners.items() if tool in info.counterparts
    )


def _gitleaks(
    data: bytes, file: Path, scanners: frozenset[str]
) -> Callable[[Finding], bool]:
    """Read lines ``[commit:]path:rule:line``."""
    known: set[tuple[bytes, int]] = set()
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        parts = text.split(b":")
        if len(parts) < 3 or not parts[-1].isdigit() or len(parts[-1]) > 9:
            raise UsageError(f"--import {file}:{number}: not [commit:]path:rule:line")
        commit = (
            len(parts) > 3
            and len(parts[0]) == 40
            and not parts[0].strip(b"0123456789abcdef")
        )
        path = b":".join(parts[1 if commit else 0 : -2])
        known.add((os.path.normpath(path), int(parts[-1])))
    return lambda finding: (
        finding.scanner in scanners
        and finding.location.line is not None
        and (finding.location.path or b"", finding.location.line) in known
    )


def _detect_secrets(
    data: bytes, file: Path, scanners: frozenset[str]
) -> Callable[[Finding], bool]:
    """Read results: paths to SHA-1 hashes of secrets (the format's own choice of hash)."""
    try:
        results: Any = json.loads(data)["results"]
        known = {
            (os.path.normpath(os.fsencode(path)), str(item["hashed_secret"]))
            for path, items in results.items()
            for item in items
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"--import {file}: neither detect-secrets' baseline nor {_IGNORES}"
        ) from (error)
    return lambda finding: (
        finding.scanner in scanners
        and any(
            (finding.location.path or b"", _sha1(secret)) in known
            for secret in finding.secrets
        )
    )


def _sha1(secret: str) -> str:
    import hashlib

    data = secret.encode("utf-8", "surrogateescape")
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
