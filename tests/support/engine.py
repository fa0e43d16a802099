"""Makes semgrep give up files, as it does with a file that takes too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.scanners.code import semgrep_engine

if TYPE_CHECKING:
    import pytest


def give_up(mark: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the engine whenever one of its files contains ``mark``.

    The scanners are forked from this process, so they have the replaced function, too.
    """
    scan = semgrep_engine.scan

    def scan_or_end(
        files: Any, rule_files: Any, commands: Any, context: Any, **words: Any
    ) -> Any:
        contents = ((context.workdir / name).read_bytes() for name in files)
        if any(mark in content for content in contents):
            raise semgrep_engine.TooSlowError(
                "semgrep was ended", "used more than 9 s of CPU time"
            )
        return scan(files, rule_files, commands, context, **words)

    monkeypatch.setattr(semgrep_engine, "scan", scan_or_end)
