"""Detecting CI, and setting and removing its variables."""

from __future__ import annotations

import pytest

from zt_gate.system.ci import in_ci, set_ci_marker, with_ci_marker, without_ci_markers


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"CI": ""}, False),
        ({"CI": "0"}, False),
        ({"CI": "False"}, False),
        ({"CI": "true"}, True),
        ({"CI": "1"}, True),
        ({"TF_BUILD": "True"}, True),
        ({"JENKINS_URL": "u"}, True),
        ({"TEAMCITY_VERSION": "1"}, True),
        ({"CODEBUILD_BUILD_ID": "b"}, True),
        ({"JENKINS_URL": ""}, False),
        ({"CI": "false", "GITHUB_ACTIONS": "true"}, True),
        ({"CI": "0", "GITLAB_CI": "true"}, True),
        ({"CI": "", "BUILDKITE": "true"}, True),
        ({"CIRCLECI": "true"}, True),
        ({"BITBUCKET_BUILD_NUMBER": "7"}, True),
        ({"GITHUB_ACTIONS": "false"}, False),
        ({"GITHUB_TOKEN": "x", "GITLAB_HOST": "x"}, False),
    ],
)
def test_what_counts_as_ci(environ: dict[str, str], expected: bool) -> None:
    assert in_ci(environ) is expected
    assert in_ci(with_ci_marker(environ))
    assert not in_ci(without_ci_markers(environ))
    set_ci_marker(environ)
    assert in_ci(environ)


def test_other_variables_are_kept() -> None:
    assert without_ci_markers({"HOME": "h", "CI": "true", "TF_BUILD": "1"}) == {
        "HOME": "h"
    }
