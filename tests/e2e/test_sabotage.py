"""Each control is switched off by itself, and the drill must see it.

The drill plays in this process: the gate forks its scanners, so they have the
sabotaged control, too.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from zt_gate.drill import run
from zt_gate.git import executable as git_program
from zt_gate.git import raw_diff as git_patch
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
    Sabotage("commits of a range are not looked at", "zt_gate.git.history.commits",
             lambda *_: (), ("added-and-removed", "key-in-commit-message")),
    Sabotage("the change brings the policy", "zt_gate.review.run.trusted_revision",
             lambda _request, git, change, _environ: change.head if change.commits else git.head,
             ("new-policy-one-commit-earlier", "branch-before-policy")),
    Sabotage("an ignore holds for ever", "zt_gate.policy.collect_waivers.PolicyIgnores",
             lambda policy, _today: PolicyIgnores(policy, "2000-01-01"), ("expired-ignore",)),
    Sabotage("a mark counts at once", "zt_gate.policy.preexisting_lines._trusted_line",
             lambda *_: 1, ("key-with-inline-ignore", "ignored-line-copied")),
    Sabotage("errors are no error", "zt_gate.review.judge._verdict",
             lambda findings, _errors: Verdict.FAIL if any(
                 one.level == "block" and one.state == "active" for one in findings
             ) else Verdict.PASS,
             ("scanner-deadline", "registry-unreachable")),
    Sabotage("what cannot be read is silent", "zt_gate.review.judge._unreadable", nothing,
             ("line-too-long", "json-nested-too-deep")),
    Sabotage("a changed policy is silent", "zt_gate.review.judge._policy_changes", nothing,
             ("policy-loosened", "strict-policy-loosened")),
    Sabotage("a cache among the files is used", "zt_gate.system.cache._inside",
             lambda *_: False, ("cache-in-work-tree",)),
    Sabotage("split secrets are not put together", "zt_gate.scanners.secrets.deep_scan.find_split",
             nothing, ("key-in-two-strings",)),
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


def _replacement(sabotage: Sabotage) -> tuple[Any, str, Any]:
    module, _, name = sabotage.target.rpartition(".")
    if name == "SCANNER":
        scanner = import_module(module)

        class Blind:
            info = scanner.SCANNER.info
            scan = staticmethod(blind(sabotage.instead))

        return scanner, name, Blind
    return import_module(module), name, sabotage.instead
