"""Checks of texts, commands and code without a client: see docs/guide-functions.md."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from zt_gate.errors import UsageError
from zt_gate.record import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.guard.context import GuardContext
    from zt_gate.model.report import JudgedFinding, Report

_CONTEXT_KEYS = ("dir", "root", "task")
_SHELLS = frozenset(("sh", "bash", "shell", "zsh", "ksh", "dash", "fish"))
_TRANSCRIPTS = frozenset(
    ("console", "terminal", "shell-session", "shellsession", "session")
)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$")
_INLINE = re.compile(r"(?<!`)`([^`\n]{3,400})`(?!`)")
_PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[\w.@:~/-]*[$#%]|>)\s+(\S.*)$")
_SUFFIXES = {
    "python": ".py", "javascript": ".js", "typescript": ".ts", "java": ".java", "go": ".go",
    "ruby": ".rb", "php": ".php", "shell": ".sh", "bash": ".sh", "c": ".c", "c++": ".cpp",
    "c#": ".cs", "rust": ".rs", "kotlin": ".kt", "swift": ".swift", "html": ".html",
    "yaml": ".yml", "json": ".json", "dockerfile": ".dockerfile", "sql": ".sql",
}  # fmt: skip
_CODE_SCANNERS = ("secrets", "code", "injection", "agent_config")
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Whether a command or an output passed, and why it did not; true if it passed."""

    passed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.passed


@dataclass(frozen=True, slots=True)
class SecurityIssue:
    """One thing that the gate would block, or that it could not look at (``rule`` "")."""

    message: str
    rule: str = ""
    line: int = 0
    severity: str = ""


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Whether code passed, and what is wrong with it; true if it passed."""

    passed: bool
    issues: tuple[SecurityIssue, ...] = ()

    def __bool__(self) -> bool:
        return self.passed


def verify_command(
    command: str, context: Mapping[str, str] | None = None
) -> VerificationResult:
    """Judge a command for a shell; it is not run.

    ``context`` may have ``dir``, the folder that it would start in (default: the current
    one), ``root``, the project (default: the repository around ``dir``), and ``task``
    (default: ``develop``).  Nobody can be asked, so what the guard would ask about does
    not pass.  Raises UsageError for another key or an unknown task.
    """
    from zt_gate.guard.action import RunCommand
    from zt_gate.guard.commands import judge_command
    from zt_gate.guard.decision import Answer, decide

    folder, found = _context(context or {})
    decision = decide(judge_command(RunCommand(command, folder), found))
    return VerificationResult(decision.answer is Answer.SILENT, decision.reason)


def contains_injection(text: str) -> bool:
    """Whether a text has hidden instructions to an agent, at the level that blocks.

    Raises GateError if it could not be scanned: that is no "no".
    """
    return bool(_blocking(_text_report(text, ("injection",))))


def verify_output(
    output: str, context: Mapping[str, str] | None = None
) -> VerificationResult:
    """Judge what a model or a tool gave back: hidden instructions, secrets, commands in it.

    ``context`` is that of ``verify_command``, by which each command is judged.  Raises
    UsageError, and GateError if the text could not be scanned.
    """
    report = _text_report(output, ("secrets", "injection"))
    for judged in _blocking(report):
        finding = judged.finding
        place = f" (line {finding.location.line})" if finding.location.line else ""
        return VerificationResult(
            passed=False, reason=f"{finding.message}{place}: {finding.rule}"
        )
    for command in extract_commands(output):
        result = verify_command(command, context)
        if not result:
            first = command.strip().partition("\n")[0][:120]
            return VerificationResult(
                passed=False, reason=f"the command {first!r}: {result.reason}"
            )
    return VerificationResult(passed=True)


def extract_commands(text: str) -> tuple[str, ...]:
    """Return the commands in a text: shell blocks, lines with a prompt, and code spans.

    A block without a language counts if it begins with a known program.  A block is
    returned whole, since its lines depend on each other.
    """
    found: list[str] = []
    rest: list[str] = []
    fence, language, block = "", "", list[str]()
    for line in text.splitlines():
        match = _FENCE.match(line)
        if fence and match and match[1].startswith(fence) and not match[2].strip():
            found += _commands_of_block(language, block)
            fence = ""
        elif fence:
            block.append(line)
        elif match:
            fence, block = match[1], []
            language = (match[2].split() or [""])[0].strip("{}.").lower()
        else:
            rest.append(line)
    if fence:  # a block that never ends
        found += _commands_of_block(language, block)
    found += _commands_of_prose(rest)
    return tuple(dict.fromkeys(found))


def validate_code(
    code: str, *, path: str = "", language: str = "python"
) -> ValidationResult:
    """Judge a piece of code: secrets, vulnerable code, hidden instructions.

    ``path`` is the name that the file would have; without one ``language`` decides.  What
    could not be looked at is an issue, too.  Raises UsageError for an unknown language.
    """
    from zt_gate.review import run
    from zt_gate.review.request import Request

    name = path or f"code{_suffix(language)}"
    if os.path.isabs(name) or ".." in name.split("/"):
        raise UsageError("path is relative to the project")
    with tempfile.TemporaryDirectory(prefix="zt-gate-") as folder:
        request = Request(
            kind="buffer",
            spec=name,
            patch=code.encode("utf-8", "surrogatepass"),
            folder=Path(folder),
            only=_CODE_SCANNERS,
            profile="strict",
            config=os.devnull,
            offline=True,
            log=False,
        )
        report = run.run(request, _environ())
    issues = [
        SecurityIssue(
            judged.finding.message,
            judged.finding.rule,
            judged.finding.location.line or 0,
            judged.finding.severity.value,
        )
        for judged in _blocking(report)
    ]
    issues += [SecurityIssue(problem) for problem in _problems(report, _CODE_SCANNERS)]
    return ValidationResult(not issues, tuple(issues))


def _commands_of_block(language: str, block: Sequence[str]) -> Iterator[str]:
    prompted = [match[1] for line in block if (match := _PROMPT.match(line))]
    text = "\n".join(block).strip()
    if language in _TRANSCRIPTS or (prompted and (language in _SHELLS or not language)):
        yield from prompted
    elif text and (
        language in _SHELLS or (not language and _begins_with_program(text))
    ):
        yield text


def _commands_of_prose(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if line.lstrip().startswith("$ "):
            yield line.strip()[2:]
            continue
        for match in _INLINE.finditer(line):
            span = match[1].strip()
            if " " in span and _begins_with_program(span):
                yield span


def _begins_with_program(text: str) -> bool:
    """Whether the first word that is no assignment is a program that a table knows."""
    from zt_gate.guard.commands.tables import table_of

    for word in text.split()[:4]:
        if word.startswith("#"):
            return False
        if "=" not in word:
            name = os.path.basename(word)
            return table_of(name) is not None or word.startswith(("./", "/"))
    return False


def _context(given: Mapping[str, str]) -> tuple[str, GuardContext]:
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.own_paths import own_paths
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.repository import own_branch, surroundings
    from zt_gate.guard.task import built_in

    for key in given:
        if key not in _CONTEXT_KEYS:
            raise UsageError(
                f"unknown key {key!a} in context; known: {', '.join(_CONTEXT_KEYS)}"
            )
    folder = os.path.abspath(given.get("dir") or os.getcwd())
    name = given.get("task", "develop")
    task = built_in(name)
    if task is None:
        raise UsageError(f"unknown task {name!a}")
    place = surroundings(given.get("root") or folder)
    places = guard_places()
    context = GuardContext(
        root=place.root,
        home=places.home,
        task=task,
        environ=dict(os.environ),
        own_paths=own_paths(places, place.root),
        branch=own_branch(place),
        asks=False,
    )
    return folder, context


def _text_report(text: str, scanners: Sequence[str]) -> Report:
    from zt_gate.errors import GateError
    from zt_gate.review import run
    from zt_gate.review.request import Request

    request = Request(
        kind="text",
        patch=text.encode("utf-8", "surrogatepass"),
        folder=Path("/"),
        only=tuple(scanners),
        profile="strict",
        config=os.devnull,
        offline=True,
        log=False,
    )
    report = run.run(request, _environ())
    problems = _problems(report, scanners)
    if problems:
        raise GateError(f"the text could not be checked: {problems[0]}")
    return report


def _blocking(report: Report) -> list[JudgedFinding]:
    return [
        judged
        for judged in report.findings
        if judged.state == "active" and judged.level.value == "block"
    ]


def _problems(report: Report, scanners: Sequence[str]) -> list[str]:
    found = []
    for one in report.runs:
        if one.scanner not in scanners:
            continue
        if one.status != "ok":
            found.append(one.reason or f"{one.scanner} failed")
        found += [
            f"{one.scanner}: {skip.reason}"
            for skip in one.not_inspected
            if skip.kind == "failed"
        ]
    return found


def _suffix(language: str) -> str:
    try:
        return _SUFFIXES[language.lower()]
    except KeyError:
        raise UsageError(
            f"unknown language {language!a}; known: {', '.join(sorted(_SUFFIXES))}"
        ) from None


def _environ() -> dict[str, str]:
    return {"HOME": os.environ.get("HOME", ""), "PATH": _PATH, "LANG": "C.UTF-8"}
