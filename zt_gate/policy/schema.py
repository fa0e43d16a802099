"""The data classes of a validated policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.finding import Level

OnUnverified = Literal["error", "warn"]
#: What an approval must be proven with (``[approval] proof``).
Proof = Literal["none", "ssh-sk", "totp", "polkit"]
PROOFS: tuple[Proof, ...] = ("none", "ssh-sk", "totp", "polkit")

#: Scanner name of the gate's own rules: valid in levels and ignores, not in options.
GATE = "gate"
#: Digest of an empty policy: the defaults.
EMPTY_DIGEST = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


class PolicyError(UsageError):
    """A policy is not valid; the message has the file, the line and the fix."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """``[dependencies]``: minimum ages in days, minimum weekly downloads.

    ``on_unverified`` is None where the policy leaves it open: an error, in a local
    hook a warning.
    """

    min_age_days: int = 30
    min_weekly_downloads: int = 100
    min_version_age_days: int | None = None
    on_unverified: OnUnverified | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of ``[paths]``: findings of these rules are expected at a path."""

    path: str
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """One ``[[ignore]]``: rule and path are globs; ``expires`` is an ISO date or ""."""

    rule: str
    path: str
    reason: str
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The paths of ``[scope]`` or of a task, as gitignore patterns."""

    allowed: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()


TokenIssuer = Literal["vault", "github-app", "aws-sts"]
TOKEN_ISSUERS: tuple[TokenIssuer, ...] = ("vault", "github-app", "aws-sts")


@dataclass(frozen=True, slots=True)
class AgentRights:
    """What the guard lets a session with a task, or a skill, use (``[tasks.NAME]``).

    None means what the built-in task of that name has, else the task ``develop``.
    ``tools`` are kinds of tools or names, ``commands`` programs with leading words,
    ``network`` hosts; ``limits`` are counts by name, ``ttl`` is in minutes.  ``token`` is
    the issuer of a token without which nothing of the task starts.
    """

    paths: Scope = Scope()
    tools: tuple[str, ...] | None = None
    commands: tuple[str, ...] | None = None
    network: tuple[str, ...] | None = None
    limits: Mapping[str, int] | None = None
    ttl: int | None = None
    token: TokenIssuer | None = None


GuardMode = Literal["observe", "warn", "enforce"]
GUARD_MODES: tuple[GuardMode, ...] = ("observe", "warn", "enforce")


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """``[guard]``: the default task, the mode by control, and the size of the log.

    The keys of ``modes`` are globs for the ids of controls.  ``log_days`` and
    ``log_megabytes`` end a log file; ``keep_days`` is how long old files are kept.
    """

    task: str = ""
    modes: Mapping[str, GuardMode] = field(default_factory=dict)
    log_days: int = 30
    log_megabytes: int = 16
    keep_days: int = 365


@dataclass(frozen=True, slots=True)
class ScopeLimits:
    """``[scope]``: the size of a change above which the gate warns.

    Changed files of any kind, added plus removed lines, deleted files, binary files.
    """

    max_files: int = 300
    max_lines: int = 20_000
    max_deletions: int = 100
    max_binaries: int = 50


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy.

    ``rev`` is its origin ("" for the defaults).  ``digest`` is a SHA-256 of its
    values, independent of their spelling.  ``registries`` has base URLs by name;
    ``ai`` has the tuples ``labels`` and ``marks``; ``audit`` the string ``log``;
    ``approval_proof`` is ``[approval] proof``.
    """

    rev: str = ""
    digest: str = EMPTY_DIGEST
    profile: Profile = Profile.STANDARD
    levels: Mapping[str, Level] = field(default_factory=dict)
    paths: tuple[Allowance, ...] = ()
    #: Globs of the paths that no scanner with ``can_exclude`` gets.
    exclude: tuple[str, ...] = ()
    scanners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dependencies: Dependencies = Dependencies()
    registries: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = Scope()
    tasks: Mapping[str, Scope] = field(default_factory=dict)
    #: What the guard lets a session of the task use; the keys of ``tasks``.
    task_rights: Mapping[str, AgentRights] = field(default_factory=dict)
    skills: Mapping[str, AgentRights] = field(default_factory=dict)
    guard: GuardSettings = GuardSettings()
    scope_limits: ScopeLimits = ScopeLimits()
    ignores: tuple[Ignore, ...] = ()
    ai: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
    approval_proof: Proof = "none"
