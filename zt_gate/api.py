"""The Python functions of the gate; like the command line, they call ``zt_gate.review.run``.

They print nothing and do not end the process.  See docs/api.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zt_gate.errors import GateError, UsageError
from zt_gate.guard.checks import (
    SecurityIssue,
    ValidationResult,
    VerificationResult,
    contains_injection,
    extract_commands,
    validate_code,
    verify_command,
    verify_output,
)
from zt_gate.guard.session.anomaly import SessionAnomaly
from zt_gate.guard.session.detection import detect_anomaly
from zt_gate.model.report import Report, Verdict
from zt_gate.review import run
from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.guard.tokens.session_tokens import ScopedToken

T = TypeVar("T")
_NAMES = (str, os.PathLike)

__all__ = [
    "GateError",
    "Report",
    "SecurityIssue",
    "SessionAnomaly",
    "UsageError",
    "ValidationResult",
    "Verdict",
    "VerificationResult",
    "contains_injection",
    "create_scoped_session_token",
    "detect_anomaly",
    "extract_commands",
    "scan",
    "validate_code",
    "verify_command",
    "verify_dependency",
    "verify_output",
]


def scan(
    folder: str | os.PathLike[str] = ".",
    *,
    range: str | None = None,  # noqa: A002 - the option's own name
    base: str | None = None,
    worktree: bool = False,
    patch: bytes | None = None,
    tree: Iterable[str | os.PathLike[str]] | None = None,
    buffer: tuple[str | os.PathLike[str], bytes] | None = None,
    text: str | bytes | None = None,
    scanners: Iterable[str] = (),
    skip: Iterable[str] = (),
    exclude: Iterable[str] = (),
    fail_on: str = "",
    min_confidence: str = "",
    profile: str = "",
    task: str = "",
    config: str | os.PathLike[str] = "",
    policy_rev: str = "",
    accept: Iterable[str] = (),
    labels: Iterable[str] = (),
    branch: str = "",
    author: str = "",
    offline: bool = False,
    audit: str = "",
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Judge one change of the repository around ``folder``.

    The source is one of ``range`` ("A..B"), ``base`` (a revision), ``worktree``,
    ``patch`` (its bytes), ``tree`` (paths relative to ``folder``; empty means the whole
    folder), ``buffer`` (a file relative to ``folder``, which need not exist, and the
    content to judge it with) and ``text`` (one that is no file of the project); the
    default is the staged change.  The other keywords have the
    meaning of the options of ``zt-gate scan``; ``scanners`` is ``--scanner``, ``labels``
    is ``--label``.  ``environ`` replaces the environment of the process.

    A verdict is never an exception: read ``report.verdict``.  Raises GateError, whose
    ``exit_code`` is the command line's, if no report can be made; for wrong keywords
    that is a UsageError.
    """
    kind, spec = _source(
        {
            "range": range,
            "base": base,
            "worktree": worktree or None,
            "patch": patch,
            "tree": tree,
            "buffer": buffer,
            "text": text,
        }
    )
    paths = _tuple_of("tree", tree or ())
    hints = OriginHints(
        labels=_tuple_of("labels", labels), branch=branch, author=author
    )
    request = run.Request(
        kind=kind,
        spec=spec,
        patch=_content(patch, buffer, text),
        paths=tuple(os.fspath(path) for path in paths),
        folder=Path(folder).absolute(),
        only=_tuple_of("scanners", scanners),
        skip=_tuple_of("skip", skip),
        exclude=_tuple_of("exclude", exclude),
        fail_on=fail_on,
        min_confidence=min_confidence,
        profile=profile,
        task=task,
        config=os.fspath(config),
        policy_rev=policy_rev,
        accept=_tuple_of("accept", accept),
        origin_hints=hints,
        offline=offline,
        audit=audit,
    )
    return run.run(request, os.environ if environ is None else environ)


def verify_dependency(
    package: str,
    ecosystem: str = "",
    *,
    folder: str | os.PathLike[str] = ".",
    profile: str = "",
    config: str | os.PathLike[str] = "",
    offline: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Judge one package as if a change of the repository around ``folder`` added it.

    ``package`` is a package URL such as ``pkg:pypi/flask@3.0.0``, or with ``ecosystem``
    a name such as ``flask``; without a version the version that would be installed is
    judged.  Returns and raises as ``scan`` does.
    """
    from zt_gate.review import packages

    is_purl = isinstance(package, str) and package.startswith("pkg:")
    if not isinstance(package, str) or is_purl == bool(ecosystem):
        raise UsageError(
            "verify_dependency takes a package URL such as pkg:pypi/flask@3.0.0, or a "
            f"name and an ecosystem, not {package!a} and {ecosystem!a}"
        )
    return packages.verify(
        [packages.parse_package(package, ecosystem or "pypi")],
        Path(folder).absolute(),
        os.environ if environ is None else environ,
        offline=offline,
        config=os.fspath(config),
        profile=profile,
    )


def create_scoped_session_token(
    task: str,
    minutes: int = 60,
    *,
    issuer: str = "vault",
    folder: str | os.PathLike[str] = ".",
    environ: Mapping[str, str] | None = None,
) -> ScopedToken:
    """Issue a short-lived token with the policy of a task, for this process.

    ``value`` of the result is the token.  It cannot be renewed, ends after ``minutes``
    (and after twice that whatever happens), and is revoked by ``revoke()``, at the end of a
    ``with`` block, when the session is contained, or at the next start if this process
    ends before.  The task is one of the pinned policy of the project around ``folder``;
    ``issuer`` is set up in the user's ``config.toml`` (docs/tokens.md).

    Raises UsageError for an unknown task, a contained session and wrong settings, and
    GateError if the issuer does not give exactly what was asked for.
    """
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.tokens.for_task import create_for_task

    places = guard_places()
    known = os.environ if environ is None else environ
    return create_for_task(places, issuer, task, minutes, os.fspath(folder), known)


def _source(sources: Mapping[str, object]) -> tuple[str, str]:
    """Return the kind of the one source that is given, and its revision, range or file.

    None is a source that is not given.  Raises UsageError for several.
    """
    given = {kind: value for kind, value in sources.items() if value is not None}
    if len(given) > 1:
        raise UsageError(f"give one source, not {' and '.join(given)}")
    kind, value = next(iter(given.items()), ("staged", None))
    name = value[0] if kind == "buffer" and isinstance(value, tuple) else value
    if kind not in {"range", "base", "buffer"}:
        return kind, ""
    if not isinstance(name, _NAMES):
        raise UsageError(f"{kind} takes a name, not {name!a}")
    return kind, os.fspath(name)


def _content(
    patch: bytes | None,
    buffer: tuple[str | os.PathLike[str], bytes] | None,
    text: str | bytes | None,
) -> bytes:
    """Return the bytes of the source, b"" for one that names none."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if buffer is not None:
        return buffer[1]
    return text or patch or b""


def _tuple_of(keyword: str, items: Iterable[T]) -> tuple[T, ...]:
    """Return the items; raises UsageError for a string, whose items are its characters."""
    if isinstance(items, str | bytes):
        raise UsageError(f"{keyword} takes a list, not the string {items!a}")
    return tuple(items)
