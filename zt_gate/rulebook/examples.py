"""The examples of a rule: what it finds and what it does not find.

TOML rules have them in their own table; rules of the code scanner have a file beside them
with ``ruleid:`` and ``ok:`` comments (semgrep's form).
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.rulebook.rule_files import load_with_examples, rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule

#: Keys of a rule's ``examples``: what is found, and what is not.
_FOUND = ("find",)
_NOT_FOUND = ("ignore", "skip")
#: Lines of an example that are shown.
MAX_LINES = 8
_MARK = lazy_re.compile(
    r"^\s*(?:#|//|/\*|\{/\*|<!--)\s*(ruleid|ok):\s*(?P<ids>[\w,\s.-]+)"
)


@dataclass(frozen=True, slots=True)
class RuleExample:
    """One text; ``path`` is the file that it stands in, "" if that does not matter.

    In an example of a secret ``{N*SET}`` stands for N random characters of a set.
    """

    path: str
    text: str


def examples_of(rule: Rule) -> tuple[RuleExample | None, RuleExample | None]:
    """Return the first example that the rule finds and the first that it does not find.

    None where the rule has none.  Raises RulebookError and OSError.
    """
    if rule.scanner == "code":
        return _of_code(rule, "ruleid"), _of_code(rule, "ok")
    table = load_with_examples(rule.scanner)[rule.id].data.get("examples", {})
    return _of_table(table, _FOUND), _of_table(table, _NOT_FOUND)


def _of_table(table: Mapping[str, Any], keys: tuple[str, ...]) -> RuleExample | None:
    for key in keys:
        for entry in table.get(key, ()):
            if isinstance(entry, str):
                return RuleExample("", _shortened(entry))
            return RuleExample(str(entry.get("path", "")), _shortened(_content(entry)))
    return None


def _content(entry: Mapping[str, Any]) -> str:
    """Return what an example's file has, as a diff if it had something else before."""
    if "before" not in entry:
        parts = [str(entry.get("text", entry.get("after", "")))]
        if "link" in entry:
            parts.append(f"symbolic link to {entry['link']}")
        if "mode" in entry:
            parts.append(f"mode {entry['mode']}")
        return "\n".join(part for part in parts if part)
    old = str(entry["before"]).splitlines()
    new = str(entry.get("after", "")).splitlines()
    rows = [f"- {line}" for line in old if line not in new]
    rows += [f"+ {line}" for line in new if line not in old]
    return "\n".join(rows)


def _of_code(rule: Rule, kind: str) -> RuleExample | None:
    language, _, _ = rule.id.partition("/")[2].partition("-")
    short = rule.id.partition("/")[2]
    for file in _sources(rules_folder() / "code" / language, short):
        lines = file.read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            match = _MARK.match(line)
            if not match or match[1] != kind:
                continue
            if short in match["ids"].replace(",", " ").split():
                return RuleExample(
                    "", _shortened("\n".join(_after(lines[number + 1 :])))
                )
    return None


def _sources(folder: Path, short: str) -> Iterator[Path]:
    """Yield the files with examples, those with the rule's name first."""
    if not folder.is_dir():
        return
    files = [
        file for file in sorted(folder.iterdir()) if file.suffix not in {".yaml", ".md"}
    ]
    stem = short.partition("-")[2]
    yield from sorted(files, key=lambda file: file.name.partition(".")[0] != stem)


def _after(lines: list[str]) -> Iterator[str]:
    """Yield the statement below a comment: up to an empty line or the next comment.

    A line that only closes what stands above the comment is not part of it.
    """
    depth = 0
    for line in lines:
        if not line.strip() or _MARK.match(line):
            return
        depth += sum(line.count(mark) for mark in "([{")
        depth -= sum(line.count(mark) for mark in ")]}")
        if depth < 0 and not line.strip(")]}; ,"):
            return
        yield line


def _shortened(text: str) -> str:
    """Return at most MAX_LINES lines, without common indentation."""
    lines = textwrap.dedent(text.strip("\n").expandtabs(4)).splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], "…"]
    return "\n".join(lines)
