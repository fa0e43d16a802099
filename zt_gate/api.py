"""The gate as Python functions: thin over ``zt_gate.review.run``, as the command line is.

``scan`` judges one change and returns the report; it prints nothing and does
not end the process.  See docs/api.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zt_gate.errors import GateError, UsageError
from zt_gate.model.report import Report, Verdict
from zt_gate.review import run
from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

__all__ = ["GateError", "Report", "UsageError", "Verdict", "scan", "verify_dependency"]


def scan(
    folder: str | os.PathLike[str] = ".",
    *,
    range: str | None = None,  # noqa: A002 - the option's own name
    base: str | None = None,
    worktree: bool = False,
    patch: bytes | None = None,
    tree: Iterable[str | os.PathLike[str]] | None = None,
    scanners: Iterable[str] = (),
    skip: Iterable[str] = (),
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

    One of ``range`` ("A..B"), ``base`` (a revision), ``worktree``, ``patch``
    (its bytes) and ``tree`` (paths relative to ``folder``; empty: all of it)
    says what; without any, the staged change.  The other keywords mean what
    the options of ``zt-gate scan`` mean; ``scanners`` is ``--scanner``, ``labels`` are ``--label``.
    ``environ`` stands for the process's environment.

    A verdict is never an exception: look at ``report.verdict``.  Raises
    GateError, whose ``exit_code`` is the command line's, where there is nothing
    to report on; for wrong keywords it is a UsageError.
    """
    kind, spec = _source(range, base, worktree, patch, tree)
    request = run.Request(
        kind=kind,
        spec=spec,
        patch=patch or b"",
        paths=tuple(os.fspath(path) for path in _several("tree", tree or ())),
        folder=Path(folder).absolute(),
        only=_several("scanners", scanners),
        skip=_several("skip", skip),
        fail_on=fail_on,
        min_confidence=min_confidence,
        profile=profile,
        task=task,
        config=os.fspath(config),
        policy_rev=policy_rev,
        accept=_several("accept", accept),
        origin_hints=OriginHints(
            labels=_several("labels", labels), branch=branch, author=author
        ),
        offline=offline,
        audit=audit,
    )
    return run.run(request, os.environ if environ is None else environ)


def verify_dependency(
    purl: str,
    *,
    folder: str | os.PathLike[str] = ".",
    profile: str = "",
    config: str | os.PathLike[str] = "",
    offline: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Judge one package as if a change of the repository around ``folder`` added it.

    ``purl`` is a package URL such as ``pkg:pypi/flask@3.0.0``; without a version
    the one counts that would be installed.  Returns and raises as ``scan`` does.
    """
    from zt_gate.review import packages

    if not isinstance(purl, str) or not purl.startswith("pkg:"):
        raise UsageError(f"verify_dependency takes a package URL, not {purl!a}")
    return packages.verify(
        [packages.parse_package(purl)],
        Path(folder).absolute(),
        os.environ if environ is None else environ,
        offline=offline,
        config=os.fspath(config),
        profile=profile,
    )


def _source(
    commits: str | None,
    base: str | None,
    worktree: bool,  # noqa: FBT001 - positions of one private call
    patch: bytes | None,
    tree: object,
) -> tuple[run.RequestKind, str]:
    """Return the kind of source and its revision or range; raises UsageError for two."""
    chosen: list[tuple[run.RequestKind, str]] = []
    if commits is not None:
        chosen.append(("range", commits))
    if base is not None:
        chosen.append(("base", base))
    if worktree:
        chosen.append(("worktree", ""))
    if patch is not None:
        chosen.append(("patch", ""))
    if tree is not None:
        chosen.append(("tree", ""))
    if len(chosen) > 1:
        raise UsageError(
            f"one source at a time, not {' and '.join(kind for kind, _ in chosen)}"
        )
    return chosen[0] if chosen else ("staged", "")


def _several(keyword: str, items: Iterable[T]) -> tuple[T, ...]:
    """Return the items; a single text would be taken apart into letters."""
    if isinstance(items, str | bytes):
        raise UsageError(f"{keyword} takes a list, not the text {items!a}")
    return tuple(items)
