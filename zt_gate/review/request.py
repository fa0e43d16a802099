"""The request: what a command, or a caller of the Python functions, asks the gate to judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.record import dataclass, field
from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from typing import BinaryIO

    from zt_gate.scanners.base import InstalledPackages


@dataclass(frozen=True, slots=True)
class Request:
    """What to judge, and the options of the run.

    ``kind`` is that of a source (``zt_gate.sources.SOURCES``).  ``spec`` is the range or
    revision of ``range`` and ``base``, or the file of ``buffer``; ``patch`` the patch, the
    content of that file or the text, as bytes or a stream; ``paths`` the roots of
    ``tree``; ``message`` the commit message, with ``message``.  git looks for the
    repository from ``folder`` upwards.  ``audit`` is "added" or "all": the packages whose
    known vulnerabilities are looked up.  Empty strings mean the defaults.
    """

    kind: str = "staged"
    spec: str = ""
    patch: bytes | BinaryIO = b""
    paths: tuple[str, ...] = ()
    message: bytes = b""
    folder: Path = field(default_factory=Path.cwd)
    #: The scanners that apply to what is judged; empty means all of the source.  Others
    #: are no part of the run: unlike with ``skip`` and ``only`` nothing is left out.
    applicable: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    local_hook: bool = False
    fail_on: str = ""
    min_confidence: str = ""
    profile: str = ""
    task: str = ""
    config: str = ""
    policy_rev: str = ""
    offline: bool = False
    audit: str = ""
    #: The packages of environments to audit, with ``kind`` "installed"; ``patch`` lists
    #: them.  ``npm`` is the absolute path of the program, "" for none.
    installed: tuple[InstalledPackages, ...] = ()
    npm: str = ""
    debug: bool = False
    #: Which part of the change to scan, and of how many; None for all of it, in one part.
    shard: tuple[int, int] | None = None
    #: Findings that the caller accepts, each FINGERPRINT@HEAD.
    accept: tuple[str, ...] = ()
    #: The owner who approved exactly this head: all its findings are approved.  The reason
    #: says how; the default is a review.
    approver: str = ""
    approver_reason: str = ""
    #: Why the human review that an agent's change needs is missing, "" where it is not;
    #: with ``review_all`` every change needs one.
    unreviewed: str = ""
    review_all: bool = False
    #: Facts about the change from outside its commits, and further labels that mean an agent.
    origin_hints: OriginHints = field(default_factory=OriginHints)
    ai_labels: tuple[str, ...] = ()
    #: Whether the run is written to the audit log that the policy names.
    log: bool = True
    #: The salt of the fingerprints, while a new baseline is made.
    salt: bytes = b""
