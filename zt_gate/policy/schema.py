"""The policy as the gate uses it: frozen, checked, with nothing left to look up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.finding import Level

Profile = Literal["advisory", "standard", "strict"]
OnUnverified = Literal["error", "warn"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """``[dependencies]``; ages in days, downloads a week."""

    min_age_days: int = 30
    min_weekly_downloads: int = 100
    min_version_age_days: int | None = None
    on_unverified: OnUnverified = "error"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of ``[paths]``: findings of these rules are expected at this path."""

    path: str
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """One ``[[ignore]]``: rule and path are globs, ``expires`` an ISO date or ""."""

    rule: str
    path: str
    reason: str
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """``[scope]`` or a task's own: gitignore patterns."""

    allowed: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy.  ``rev`` is where it was read from ("" for the defaults)."""

    rev: str = ""
    digest: str = ""
    profile: Profile = "standard"
    levels: Mapping[str, Level] = field(default_factory=dict)
    paths: tuple[Allowance, ...] = ()
    scanners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dependencies: Dependencies = Dependencies()
    registries: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = Scope()
    tasks: Mapping[str, Scope] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
    ai: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
