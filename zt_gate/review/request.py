"""What the gate is asked: the words of a command, or of a caller of the Python functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from typing import BinaryIO

RequestKind = Literal["staged", "message", "range", "base", "worktree", "patch", "tree"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be judged, and how.

    ``spec`` is the range or revision of ``range`` and ``base``; ``patch`` the
    patch, as bytes or a stream; ``paths`` the roots of ``tree``; ``message`` that of
    the commit that the staged change is for.  ``folder`` is where git looks for the
    repository.  ``audit`` says of which packages known vulnerabilities are looked up:
    "added" or "all".  Empty strings stand for the defaults.
    """

    kind: RequestKind = "staged"
    spec: str = ""
    patch: bytes | BinaryIO = b""
    paths: tuple[str, ...] = ()
    message: bytes = b""
    folder: Path = field(default_factory=Path.cwd)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: str = ""
    min_confidence: str = ""
    profile: str = ""
    task: str = ""
    config: str = ""
    policy_rev: str = ""
    offline: bool = False
    audit: str = ""
    debug: bool = False
    #: Whole fingerprints of findings that whoever starts the gate accepts.
    accept: tuple[str, ...] = ()
    #: Who approved this very head in a review, as an owner: all its findings are approved.
    approver: str = ""
    #: What a person's review is missing, where one is asked for of what an agent wrote;
    #: with ``review_all`` of every change.
    unreviewed: str = ""
    review_all: bool = False
    #: What is said of the change from outside, and labels that mean an agent besides the known.
    origin_hints: OriginHints = field(default_factory=OriginHints)
    ai_labels: tuple[str, ...] = ()
    #: Whether the run counts as one for the log that a policy may ask for.
    log: bool = True
    #: For a baseline that is being made: what its fingerprints are salted with.
    salt: bytes = b""
