"""Judges commands: what they would run and touch, by tables of programs."""

from __future__ import annotations

from zt_gate.guard.commands.judge import examined, judge_command, judged

__all__ = ["examined", "judge_command", "judged"]
