"""Detects a CI system by the environment variables that it sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

#: The variable that most CI systems set.
_COMMON = "CI"
#: The systems' own variables.  Some systems do not set the common one, and a workflow
#: that the change brings can set that to "false": the runner sets these itself.
_OTHERS = (
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "CODEBUILD_BUILD_ID",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CIRCLECI",
    "CIRRUS_CI",
    "DRONE",
    "SEMAPHORE",
    "TRAVIS",
    "APPVEYOR",
)
_FALSE = frozenset(("", "0", "false"))


def in_ci(environ: Mapping[str, str]) -> bool:
    """Say whether a CI system runs the gate."""
    markers = (_COMMON, *_OTHERS)
    return any(environ.get(name, "").lower() not in _FALSE for name in markers)


def set_ci_marker(environ: MutableMapping[str, str]) -> None:
    """Set the variable that ``in_ci`` reads, for a caller that knows that this is CI."""
    environ[_COMMON] = "true"


def with_ci_marker(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the variable of a CI system."""
    return {**environ, _COMMON: "true"}


def without_ci_markers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables of CI systems."""
    markers = {_COMMON, *_OTHERS}
    return {name: value for name, value in environ.items() if name not in markers}
