"""The files that ``zt-gate init`` writes, with the values of one installation.

Every value is a working one: without an address or a commit there is no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.commands.installed_from import InstallSource

POLICY = ".zt-gate.toml"
PRE_COMMIT = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/zt-gate.yml"
JUDGE_WORKFLOW = ".github/workflows/zt-gate-judge.yml"

#: The JSON schema of the policy, as a path in the project's repository.
SCHEMA = "docs/policy.schema.json"

POLICY_TEXT = """\
# zt-gate policy: what blocks, what warns, what is allowed. It takes effect after
# it is committed, and never for the change that adds it.

# "standard": blocking rules block. "strict": for changes that nobody has reviewed
# yet; zt-gate always uses it for changes by AI agents. "advisory": warnings only.
profile = "standard"

# [levels]                       # by scanner or rule; a rule takes precedence
# code = "warn"
# "code/python-sql-injection" = "block"

# [paths]                        # findings that are expected in some files
# "tests/attacks/**" = { allow = ["injection/*"], reason = "test data for the rules" }

# [[ignore]]                     # a finding that is accepted until a date
# rule = "code/*"
# path = "legacy/**"
# reason = "to be rewritten"
# expires = 2030-01-31

# [dependencies]                 # for every package that a change adds
# min-age-days = 30
# min-weekly-downloads = 100
# on-unverified = "error"

# [scope]                        # paths that a change may touch
# allowed = ["/src/", "/tests/", "/docs/"]
# restricted = ["/infra/"]
"""

_PRE_COMMIT_BLOCK = """\
- repo: {address}
  rev: {revision}
  hooks:
    - id: zt-gate
    - id: zt-gate-commit-msg
    - id: zt-gate-push
"""

# Both workflows get the change as git objects and run none of its files.
_STEPS = """\
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: {action}
"""

_WORKFLOW = """\
# Scans every pull request with the policy of its base branch. Make the check
# "zt-gate" required, and cover this file in CODEOWNERS; zt-gate doctor checks both.
name: zt-gate

on:
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled, ready_for_review]
  merge_group:

permissions: {}

jobs:
  zt-gate:
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
      pull-requests: write # to write its comment
"""

_JUDGE_WORKFLOW = """\
# Judges every pull request again, from the default branch: a pull request can change
# zt-gate.yml, but not this file as it runs. Require its status, which is "zt-gate/main"
# for the branch main; zt-gate doctor checks that.
name: zt-gate judge

on:
  workflow_run: # zizmor: ignore[dangerous-triggers] nothing of the change is checked out
    workflows: [zt-gate]
    types: [completed]

permissions: {}

jobs:
  judge:
    if: >-
      contains(fromJSON('["pull_request", "pull_request_review", "merge_group"]'),
      github.event.workflow_run.event)
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
      pull-requests: write # to write its comment
      statuses: write # to write the status
"""

_JUDGE_INPUTS = """\
        with:
          status: zt-gate
"""


def policy_text(origin: InstallSource) -> str:
    """Return the initial policy; with its schema for editors if the address is known."""
    schema = origin.raw_file(SCHEMA)
    return f"#:schema {schema}\n{POLICY_TEXT}" if schema else POLICY_TEXT


def pre_commit_block(origin: InstallSource) -> str:
    """Return the entry for pre-commit, "" if the address or the revision is unknown.

    A commit is named with its tag as ``pre-commit autoupdate --freeze`` does.
    """
    if not origin.address or not (origin.commit or origin.tag):
        return ""
    revision = origin.commit or origin.tag
    if not revision.strip("0123456789e"):
        revision = f'"{revision}"'  # YAML would read a number
    if origin.commit and origin.tag:
        revision += f"  # frozen: {origin.tag}"
    return _PRE_COMMIT_BLOCK.format(address=origin.address, revision=revision)


def action_of(origin: InstallSource, forge_host: str) -> str:
    """Return the reference of the action, "" if a workflow cannot use it.

    ``forge_host`` is the host of the user's repository, "" if unknown: GitHub takes
    actions from its own host, an own server from itself and from github.com.
    """
    is_github = origin.host == "github.com"
    is_own_server = bool(origin.host) and origin.host == forge_host
    has_two_parts = origin.slug.count("/") == 1
    if not origin.commit or not has_two_parts or not (is_github or is_own_server):
        return ""
    version = f" # {origin.tag}" if origin.tag else ""
    return f"{origin.slug}@{origin.commit}{version}"


def workflow_text(action: str) -> str:
    """Return the workflow that runs on pull requests; ``action`` is its reference."""
    return _WORKFLOW + _STEPS.format(action=action)


def judge_workflow_text(action: str) -> str:
    """Return the workflow that judges again on the base's side."""
    return _JUDGE_WORKFLOW + _STEPS.format(action=action) + _JUDGE_INPUTS
