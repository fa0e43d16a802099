"""Each control is switched off by itself, and the drill must see it.

The drill plays in this process: the gate forks its scanners, so they have the
sabotaged control, too.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from zt_gate.drill import run
from zt_gate.git import executable as git_program
from zt_gate.git import raw_diff as git_patch
from zt_gate.git import revisions
from zt_gate.git import run as git_run
from zt_gate.model.report import ScannerRun, Verdict
from zt_gate.policy import approvals
from zt_gate.policy.ignores import PolicyIgnores
from zt_gate.review.report_masking import ReportMasker, TextSecrets

if TYPE_CHECKING:
    from collections.abc import Callable


class Sabotage(NamedTuple):
    """What is replaced, by what, and which cases must come out wrong, every one of them."""

    name: str
    target: str
    instead: Any
    cases: tuple[str, ...]


def without(words: tuple[str, ...], *dropped: str) -> tuple[str, ...]:
    left = tuple(word for word in words if word not in dropped)
    assert len(left) == len(words) - len(dropped)
    return left


def flags_without(setting: str) -> tuple[str, ...]:
    at = git_run._FLAGS.index(setting)
    return git_run._FLAGS[: at - 1] + git_run._FLAGS[at + 1 :]


def forced_without(*names: str) -> dict[str, str]:
    return {
        name: value for name, value in git_program._FORCED.items() if name not in names
    }


def blind(name: str) -> Callable[..., ScannerRun]:
    return lambda *_: ScannerRun(name, "ok")


def nothing(*_args: Any, **_words: Any) -> Any:
    return iter(())


def as_it_lies_there(git: Any, _commit: str, path: bytes, *_: Any) -> bytes | None:
    """Read a trusted file from the work tree, as a careless gate would."""
    file = Path(os.fsdecode(os.path.join(os.fsencode(git.root), path)))
    return file.read_bytes() if file.is_file() else None


def as_git_guesses(git: Any, rev: str) -> revisions.Revision:
    """Read a revision as git does, whatever else has its name."""
    oid = git.run(["rev-parse", "--verify", "-q", f"{rev}^{{commit}}"])
    return revisions.Revision(oid.decode().strip())


class MasksEveryPath(ReportMasker):
    def path(self, path: bytes | None) -> bytes | None:
        return None if path is None else b"[30 characters].py"


record_path = approvals.record_path

SABOTAGES = (
    Sabotage("the trusted side is the work tree", "zt_gate.git.trusted_files.read_file",
             as_it_lies_there,
             ("new-policy", "new-policy-in-pyproject", "new-baseline")),
    Sabotage("approvals among the files count", "zt_gate.policy.approvals.record_path",
             lambda environ, folder, _scanned: record_path(environ, folder, ()),
             ("approvals-in-work-tree",)),
    Sabotage("git diff without --text", "zt_gate.git.raw_diff.DIFF_FLAGS",
             without(git_patch.DIFF_FLAGS, "--text"), ("attributes-binary", "key-after-nul-byte")),
    Sabotage("git with its replaced commits", "zt_gate.git.executable._FORCED",
             forced_without("GIT_NO_REPLACE_OBJECTS"), ("replaced-commit",)),
    Sabotage("git with grafts", "zt_gate.git.executable._FORCED",
             forced_without("GIT_GRAFT_FILE"), ("graft",)),
    Sabotage("git with the file monitor", "zt_gate.git.run._FLAGS",
             flags_without("core.fsmonitor=false"), ("file-monitor",)),
    Sabotage("git reads the revisions", "zt_gate.git.revisions.find", as_git_guesses,
             ("tag-like-remote-branch", "branch-like-remote-branch", "ref-like-remote-branch",
              "tag-for-missing-branch", "tag-like-full-name", "tag-like-branch",
              "search-in-messages", "tag-like-abbreviated-id", "described-commit")),
    Sabotage("an empty range is silent", "zt_gate.sources.commit_range._doubt",
             lambda *_: "", ("tag-empties-range", "branch-empties-range")),
    Sabotage("git's own files are not looked at", "zt_gate.git.run.check_state",
             lambda *_: None, ("socket-as-attributes", "folder-as-attributes")),
    Sabotage("a damaged index is read", "zt_gate.git.index_file.check_index", lambda *_: None,
             ("index-name-changed", "index-time-changed")),
    Sabotage("the work tree hides the index", "zt_gate.sources.worktree._only_staged",
             lambda *_: None, ("staged-then-removed", "staged-then-rewritten",
                               "staged-then-restored", "staged-then-folder", "staged-only")),
    Sabotage("commits of a range are not looked at", "zt_gate.git.history.commits",
             lambda *_: (), ("added-and-removed", "key-in-commit-message")),
    Sabotage("the change brings the policy", "zt_gate.review.run.trusted_revision",
             lambda _request, git, change, _environ: change.head if change.commits else git.head,
             ("new-policy-one-commit-earlier", "branch-before-policy")),
    Sabotage("the job of the gate is not compared", "zt_gate.syntax.gate_jobs.compare",
             lambda *_: [],
             ("gate-job-accepts", "gate-job-config", "gate-job-approval-dropped",
              "gate-job-matrix-emptied", "gate-job-container", "gate-job-environment-written",
              "gate-job-other-commit", "gate-job-renamed")),
    Sabotage("the hook of the gate is not compared",
             "zt_gate.scanners.tampering.gate_hooks._differences", nothing,
             ("gate-hook-revision",)),
    Sabotage("an ignore holds for ever", "zt_gate.policy.collect_waivers.PolicyIgnores",
             lambda policy, _today: PolicyIgnores(policy, "2000-01-01"), ("expired-ignore",)),
    Sabotage("a mark counts at once", "zt_gate.policy.preexisting_lines._trusted_line",
             lambda *_: 1, ("key-with-inline-ignore", "ignored-line-copied")),
    Sabotage("errors are no error", "zt_gate.review.judge.verdict_of",
             lambda findings, _errors: Verdict.FAIL if any(
                 one.level == "block" and one.state == "active" for one in findings
             ) else Verdict.PASS,
             ("scanner-deadline", "registry-unreachable")),
    Sabotage("what cannot be read is silent", "zt_gate.review.judge.unreadable", nothing,
             ("line-too-long", "json-nested-too-deep")),
    Sabotage("what no rule follows any more is silent", "zt_gate.review.judge.newly_skipped",
             nothing, ("bundle-added", "code-became-minified")),
    Sabotage("a marker that the change writes counts",
             "zt_gate.scanners.code.generated_code.kind_of",
             lambda text, _added: "generated code" if b"@generated" in text else "",
             ("generated-marker-added",)),
    Sabotage("newer syntax is not read in an older form",
             "zt_gate.scanners.code.newer_syntax.in_older_form", lambda text, *_: (text, ()),
             ("code-in-newer-syntax",)),
    Sabotage("what the engine does not parse is not valid",
             "zt_gate.scanners.code.newer_syntax.is_valid", lambda *_: False,
             ("newer-syntax",)),
    Sabotage("a changed policy is silent", "zt_gate.review.judge.policy_changes", nothing,
             ("policy-loosened", "strict-policy-loosened")),
    Sabotage("a cache among the files is used", "zt_gate.system.cache.is_inside",
             lambda *_: False, ("cache-in-work-tree",)),
    Sabotage("every seal is right", "zt_gate.system.sealed_cache._compare_digest",
             lambda *_: True,
             ("cache-of-a-stranger", "cache-with-checksum", "cache-entry-moved",
              "cached-clean-result", "cached-answer", "cached-names")),
    Sabotage("any key file is used", "zt_gate.system.sealed_cache._is_private_file",
             lambda *_: True, ("cache-key-readable",)),
    Sabotage("the user's cache counts in CI", "zt_gate.system.sealed_cache.in_ci",
             lambda *_: False, ("cache-in-ci", "cache-in-hidden-ci")),
    Sabotage("no approval needs a proof", "zt_gate.policy.approval_proof.required_proof",
             lambda *_: "none",
             ("approval-without-proof", "approval-with-invalid-signature",
              "approval-claims-code", "approval-claims-polkit", "approval-proof-lowered")),
    Sabotage("approvals count in CI", "zt_gate.review.run.in_ci",
             lambda *_: False, ("approval-in-ci",)),
    Sabotage("agents are not looked for", "zt_gate.review.running_agent.mark_of_agent",
             lambda *_: "",
             ("approve-by-claude", "approve-by-codex", "approve-by-aider", "approve-by-gemini",
              "approve-by-cursor")),
    Sabotage("split secrets are not put together", "zt_gate.scanners.secrets.deep_scan.find_split",
             nothing, ("key-in-two-strings",)),
    Sabotage("a moved file is a rename everywhere", "zt_gate.review.moved_files.as_added",
             lambda change, *_: change,
             ("moved-to-agent-instructions", "moved-out-of-tests", "moved-out-of-example",
              "moved-to-hook", "moved-to-prompt")),
    Sabotage("links show nothing", "zt_gate.review.linked_files.with_linked",
             lambda change, *_: change, ("linked-agent-instructions", "linked-hook")),
    Sabotage("unmerged paths are no doubt", "zt_gate.sources.staged.unmerged_doubt",
             lambda _paths: "", ("unmerged-paths",)),
    Sabotage("objects are not compared with their ids", "zt_gate.git.blobs._check",
             lambda *_: None, ("false-object",)),
    Sabotage("the lines around a change are not read",
             "zt_gate.syntax.surroundings.surroundings", lambda _text: None,
             ("completed-kubernetes-secret", "completed-key", "completed-by-removal",
              "completed-password", "completed-instruction", "completed-hook-command",
              "hidden-old-order")),
    Sabotage("encoded secrets are not decoded", "zt_gate.scanners.secrets.deep_scan.find_encoded",
             nothing, ("key-in-base64",)),
    Sabotage("character codes in keys are not decoded",
             "zt_gate.scanners.secrets.block_scan.find_escaped", nothing,
             ("key-with-unicode-escape", "key-with-entity", "key-in-character-codes")),
    Sabotage("character codes are not decoded", "zt_gate.syntax.character_codes.rewrite",
             lambda *_: None,
             ("instruction-with-percent-codes", "instruction-in-calls-of-chr")),
    Sabotage("declared encodings are not read", "zt_gate.git.history.in_utf8",
             lambda text, _encoding: text, ("key-in-ebcdic-message",)),
    Sabotage("unknown encodings are silent", "zt_gate.git.history.problem",
             lambda *_: "", ("message-in-unknown-encoding",)),
    Sabotage("the report's texts are not searched", "zt_gate.review.text_secrets.find",
             lambda *_: TextSecrets(),
             ("quoted-weak-password", "quoted-setting", "quoted-line-of-private-key")),
    Sabotage("any value masks a path", "zt_gate.review.judge.ReportMasker",
             MasksEveryPath, ("type-name-in-path",)),
    Sabotage("hidden characters are not looked for",
             "zt_gate.scanners.injection.invisible_characters.look", nothing,
             ("instruction-in-tag-characters", "bidirectional-control")),
    Sabotage("payloads are not looked for",
             "zt_gate.scanners.agent_config.payloads.find_hits", nothing,
             ("reverse-shell-in-script", "decoded-python", "download-in-two-layers")),
    Sabotage("settings that no reader understands are not read",
             "zt_gate.scanners.agent_config.payload_raw.find", nothing,
             ("reverse-shell-in-unknown-settings",)),
    Sabotage("content elsewhere is silent",
             "zt_gate.scanners.tampering.external_content._list", nothing,
             ("lfs-pointer-new", "lfs-filter")),
    Sabotage("languages without rules are silent",
             "zt_gate.scanners.code.languages_without_rules.not_inspected", nothing,
             ("language-php", "language-shell", "unknown-type", "script-in-page")),
    Sabotage("computed commands are silent",
             "zt_gate.scanners.agent_config.computed_commands.of_kind", lambda _file: ("", ""),
             ("computed-step",)),
    Sabotage("positions of credentials are not known",
             "zt_gate.scanners.secrets.credential_positions.values", nothing,
             ("quoted-weak-value",)),
    *(
        Sabotage(f"{name} finds nothing", f"zt_gate.scanners.{name}.SCANNER", name, cases)
        for name, cases in {
            "secrets": ("key-in-code", "private-key", "clean-filter"),
            "injection": ("instruction-in-plain-text", "instruction-in-commit-message"),
            "agent_config": ("agent-hook", "workflow-template-injection"),
            "code": ("sql-injection", "code-in-utf7"),
            "dependencies": ("missing-package", "typosquatting"),
            "tampering": ("gate-workflow-removed", "link-to-user-keys"),
            "scope": ("outside-scope", "moved-out-of-restricted-path", "unknown-task"),
        }.items()
    ),
)  # fmt: skip


def wrong(tmp_path: Path, *names: str) -> set[str]:
    return {
        result.case.name
        for result in run.play(run.cases(names), tmp_path)
        if not result.passed
    }


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: one.name)
def test_the_drill_sees_a_control_that_is_off(
    sabotage: Sabotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*_replacement(sabotage))
    assert wrong(tmp_path, *sabotage.cases) == set(sabotage.cases)


@pytest.mark.parametrize(
    ("target", "instead", "cases"),
    [
        (
            "zt_gate.forge.human_review.checked_commits",
            "lambda entries, *_, **__: [one for one in entries if isinstance(one, dict)]",
            ("commits-too-few", "commits-without-head"),
        ),
        (
            "zt_gate.forge.unmatched_writers.unmatched",
            "lambda *_: []",
            ("co-author-unknown", "author-without-account"),
        ),
    ],
)
def test_the_drill_sees_a_control_that_is_off_in_its_own_process(
    target: str,
    instead: str,
    cases: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The drill starts ``ci github`` with a Python that sabotages it first."""
    module, _, name = target.rpartition(".")
    program = (
        f"import sys, {module} as module; module.{name} = {instead}; "
        "from zt_gate.cli import main; sys.exit(main(['ci', 'github']))"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -c "{program}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(
        "zt_gate.drill.workspace.sys", SimpleNamespace(executable=str(python))
    )
    folder = tmp_path / "drill"
    folder.mkdir()
    assert wrong(folder, *cases) == set(cases)


def _replacement(sabotage: Sabotage) -> tuple[Any, str, Any]:
    module, _, name = sabotage.target.rpartition(".")
    if name == "SCANNER":
        scanner = import_module(module)

        class Blind:
            info = scanner.SCANNER.info
            scan = staticmethod(blind(sabotage.instead))

        return scanner, name, Blind
    return import_module(module), name, sabotage.instead
