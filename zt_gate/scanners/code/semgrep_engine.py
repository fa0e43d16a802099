"""Semgrep's engine as a child process: found where it can be trusted, started the fast way.

The console script ``semgrep`` is Python that ends in ``exec semgrep-core``
under the name ``osemgrep``.  A link of that name in the private folder starts
the same program without the interpreter in front.  Where that does not give an
answer, the script is tried, with and without ``--experimental``.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.scanners.code.semgrep_output import EngineOutput, OutputError, read
from zt_gate.system.process import ProcessFailedError, TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.scanners.base import Context

#: Seconds of CPU time that one rule gets on one file before that file is given up.
RULE_SECONDS = 5
#: The same when that file is tried once more, alone.
PATIENT_SECONDS = 15
#: CPU seconds for one start of the engine, whatever the deadline: some of what it does with
#: a file (parsing, naming, very deep expressions) no rule's limit ends.
START_SECONDS = 25
#: CPU seconds more for each of its files, and for so many bytes of them.
FILE_SECONDS = 2
BYTES_A_SECOND = 40_000
#: CPU seconds that asking for one file's data flow may take.
FLOW_SECONDS = 10
#: The limits above grow with ``deadline-seconds`` of the policy, from so many seconds on.
USUAL_SECONDS = 120.0
#: A start may take this many times its CPU seconds in wall time.
WALL_FACTOR = 10
#: The engine counts wall time for a rule.  A start that got less of a processor than this
#: share was slowed down by other work: what it gave up is asked again, so many times at most.
BUSY_SHARE = 0.7
MOST_REPEATS = 3
#: CPU seconds that stay for the scanner itself.
_RESERVE = 1.0
#: Megabytes that one file may cost.
MAX_MEMORY = 2000

# The engine reads the system's certificates at every start, and does not start
# at all where there are none (slim containers).  It has nobody to talk to: this
# certificate's key was thrown away, so whatever it tried over TLS would fail.
_TRUSTS_NOBODY = """-----BEGIN CERTIFICATE-----
MIIBMjCB2qADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDXRydXN0cyBu
b2JvZHkwIBcNMDAwMTAxMDAwMDAwWhgPOTk5OTEyMzEwMDAwMDBaMBgxFjAUBgNV
BAMMDXRydXN0cyBub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARem5m3
MWbdXcUpIJi24jEW8TM94NC1UD9DFtTxbugGRkPZvR+pWWqs+mqCF/y8+9o8IDXz
bXk4Am2TyvpG2IqFoxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA
MEQCICzvBYoiKEAI2upNJ8+t5zDl14O+Bq0gz5o9UopyYrGnAiAaL5LuoYsf5gw0
OzPGq4HmFktvqyelAdwzqcdwqcBkpw==
-----END CERTIFICATE-----
"""

MISSING = (
    "semgrep was not found beside this Python or in an absolute folder of PATH outside the "
    "scanned folder; install it with: python -m pip install semgrep"
)


class EngineError(Exception):
    """There is no usable answer from semgrep; the text says why, without quoting its output."""


class TooSlowError(EngineError):
    """The engine was ended because it exceeded a limit of time; ``exceeded`` says which."""

    def __init__(self, said: str, exceeded: str = "found no CPU time left") -> None:
        super().__init__(said)
        self.exceeded = exceeded


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """One way to start semgrep: the program, and whether as the faster ``--experimental``."""

    program: str
    experimental: bool


def engine_commands(workdir: Path) -> Iterator[EngineCommand]:
    """Yield the ways to start semgrep that exist here, the fastest first."""
    _environment(workdir)  # before several engines share it
    core = _core()
    if core is not None:
        link = os.path.join(workdir, "osemgrep")
        try:
            os.symlink(core, link)
        except FileExistsError:
            link = link if os.path.realpath(link) == os.path.realpath(core) else ""
        except OSError:
            link = ""
        if link:
            yield EngineCommand(link, experimental=True)
    script = _script()
    if script is not None:
        yield EngineCommand(script, experimental=True)
        yield EngineCommand(script, experimental=False)


def _core() -> str | None:
    """Return the engine of the installed wheel, found without importing it."""
    from importlib.machinery import PathFinder

    here = os.path.realpath(os.getcwd())
    trusted = [
        entry
        for entry in sys.path
        if os.path.isabs(entry) and os.path.realpath(entry) != here
    ]
    spec = PathFinder.find_spec("semgrep", trusted)
    for folder in (spec and spec.submodule_search_locations) or ():
        core = os.path.join(folder, "bin", "semgrep-core")
        if _runs(core):
            return core
    return None


def _script() -> str | None:
    """Return the console script: beside this Python, else from PATH, never from relative entries.

    A program inside the current folder is not taken from PATH: that is where
    the scanned files are.
    """
    beside = os.path.join(os.path.dirname(sys.executable), "semgrep")
    if os.path.isabs(beside) and _runs(beside):
        return beside
    here = os.path.realpath(os.getcwd())
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, "semgrep")
        if os.path.isabs(folder) and _runs(program):
            real = os.path.realpath(program)
            if not any(
                os.path.commonpath((here, place)) == here for place in (real, folder)
            ):
                return program
    return None


def _runs(program: str) -> bool:
    return os.path.isfile(program) and os.access(program, os.X_OK)


def identity(ways: Sequence[EngineCommand]) -> str:
    """Return what tells this engine from another one or another version, "" for none.

    The programs' places, sizes and times: asking for the version takes longer
    than a scan.
    """
    try:
        programs = [os.path.realpath(way.program) for way in ways]
        known = [(program, os.stat(program)) for program in dict.fromkeys(programs)]
    except OSError:
        return ""
    return "\n".join(
        f"{program}\0{of.st_size}\0{of.st_mtime_ns}" for program, of in known
    )


def flows(
    file: str, rule_file: str, language: str, ways: Sequence[EngineCommand], context: Context
) -> bytes:
    """Return what the engine prints under its own name, with the data flow; b"" for nothing.

    That is no documented interface and takes one file: use it for what a scan
    can do without.  ``language`` is one that ``-l`` takes.
    """
    cores = [os.path.realpath(way.program) for way in ways if way.experimental]
    core = next(
        (core for core in cores if os.path.basename(core) == "semgrep-core"), None
    )
    cpu_seconds = min(FLOW_SECONDS * scale_of_limits(context), context.cpu_left() / 3)
    wall_seconds = min(WALL_FACTOR * cpu_seconds, context.seconds_left() / 3)
    if core is None or min(cpu_seconds, wall_seconds) < 1:
        return b""
    command = [
        core, "-json", "-j", "1", "-timeout", f"{wall_seconds:.0f}", "-max_memory", str(MAX_MEMORY),
        "-rules", rule_file, "-l", language, file,
    ]  # fmt: skip
    try:
        return context.run(
            command, cwd=context.workdir, deadline=time.monotonic() + wall_seconds,
            cpu_seconds=cpu_seconds, env=_environment(context.workdir),
        ).stdout  # fmt: skip
    except ProcessFailedError:
        return b""


def scan(
    files: Sequence[str],
    rule_files: Sequence[str],
    ways: Sequence[EngineCommand],
    context: Context,
    *,
    patient: bool = False,
    share: int = 1,
) -> EngineOutput:
    """Scan ``files`` with ``rule_files``, both relative to the work folder.

    Tries the ways in turn until one gives an answer.  ``patient`` gives each
    rule more time, but leaves some of what is left to the scanner.  ``share``
    engines run side by side and share the CPU time that is left.  A file that was
    given up on a busy machine is asked about again, with more wall time.  Raises
    EngineError, TooSlowError where the engine was ended.
    """
    scale = scale_of_limits(context)
    most = RULE_SECONDS * scale
    if patient:
        most = min(PATIENT_SECONDS * scale, max(1.0, context.cpu_left() / 3))
    limits = _limits(files, context, patient=patient, share=share)
    answer, given = _ask(_Request(files, rule_files, most), ways, context, limits)
    for _ in range(MOST_REPEATS):
        late = _timed_out(answer)
        if not late or given >= BUSY_SHARE:
            break
        limits = _limits(late, context, patient=patient, share=share)
        longer = _Request(late, rule_files, 2 * most / max(given, 0.01))
        try:
            again, given = _ask(longer, ways, context, limits)
        except TooSlowError:
            break  # the limit of the start ended it: they stay given up
        answer = _with(answer, again, late)
    return answer


@dataclass(frozen=True, slots=True)
class _Request:
    """What one start is asked: files and rule files, and wall seconds for a rule and a file."""

    files: Sequence[str]
    rule_files: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one start of the engine may use: CPU seconds, and until when (monotonic)."""

    cpu_seconds: float
    deadline: float


def _timed_out(answer: EngineOutput) -> tuple[str, ...]:
    """Return the files that were given up because a rule took too long."""
    late = (at.file for at in answer.problems if at.kind == "Timeout" and at.file)
    return tuple(dict.fromkeys(late))


def _with(answer: EngineOutput, again: EngineOutput, files: Sequence[str]) -> EngineOutput:
    """Return an answer with what a second one says about some of the files."""
    return EngineOutput(
        (
            *(match for match in answer.matches if match.file not in files),
            *again.matches,
        ),
        (*(at for at in answer.problems if at.file not in files), *again.problems),
        (answer.scanned - frozenset(files)) | again.scanned,
    )


def _limits(
    files: Sequence[str], context: Context, *, patient: bool, share: int
) -> _Limits:
    """Return what a start may use: many times what it should need, within what is left."""
    size = sum(os.path.getsize(os.path.join(context.workdir, file)) for file in files)
    expected = START_SECONDS + FILE_SECONDS * len(files) + size / BYTES_A_SECOND
    cpu_seconds = expected * scale_of_limits(context)
    cpu_left = _most_of(context.cpu_left(), patient=patient)
    wall_left = _most_of(context.seconds_left(), patient=patient)
    return _Limits(
        cpu_seconds=min(cpu_seconds, cpu_left / share),
        deadline=time.monotonic() + min(WALL_FACTOR * cpu_seconds, wall_left),
    )


def _most_of(left: float, *, patient: bool) -> float:
    """Return the part of the seconds left that a start may use."""
    return left * 2 / 3 if patient else max(left - _RESERVE, left * 0.9)


def scale_of_limits(context: Context) -> float:
    """Return how many times its usual seconds a file may take: the policy can raise them."""
    seconds = context.settings.get("deadline-seconds", USUAL_SECONDS)
    return max(1.0, float(seconds) / USUAL_SECONDS)


def _ask(
    question: _Request, ways: Sequence[EngineCommand], context: Context, limits: _Limits
) -> tuple[EngineOutput, float]:
    """Start the engine; returns its answer, and the share of a processor that it got.

    Raises EngineError, TooSlowError where the engine was ended.
    """
    count = f"{len(question.files):,} files"
    if limits.cpu_seconds <= 0:
        raise TooSlowError(f"semgrep was not started on {count}: no CPU time was left")
    reason = MISSING
    for way in ways:
        began = time.monotonic()
        try:
            done = context.run(
                _command(way, question), cwd=context.workdir, deadline=limits.deadline,
                cpu_seconds=limits.cpu_seconds, env=_environment(context.workdir),
            )  # fmt: skip
        except TimeLimitError as error:
            raise TooSlowError(
                f"semgrep {error.exceeded} on {count}", error.exceeded
            ) from error
        except ProcessFailedError as error:
            reason = str(error)
            continue
        try:
            answer = read(done.stdout)
        except OutputError as error:
            reason = (
                f"semgrep gave no usable answer (exit code {done.returncode}): {error}"
            )
            continue
        if done.returncode not in {0, 1} and not answer.problems:
            reason = (
                f"semgrep ended with exit code {done.returncode} and does not say why"
            )
            continue
        return answer, done.cpu_seconds / max(time.monotonic() - began, 0.001)
    raise EngineError(reason)


def _command(way: EngineCommand, question: _Request) -> list[str]:
    options = ["--experimental"] if way.experimental else []
    for rules in question.rule_files:
        options += ["--config", rules]
    return [
        way.program, "scan", *options, "--json", "--quiet", "--metrics", "off",
        "--disable-version-check", "--disable-nosem", "--no-git-ignore",
        "--max-target-bytes", "0", "--max-memory", str(MAX_MEMORY),
        "--timeout", f"{question.seconds:g}", "--timeout-threshold", "1", "--jobs", "1",
        "--", *question.files,
    ]  # fmt: skip


def _environment(workdir: Path) -> Mapping[str, str]:
    """Keep everything that semgrep reads and writes for a user inside the work folder."""
    home = os.path.join(workdir, "home")
    os.makedirs(home, mode=0o700, exist_ok=True)
    trust = os.path.join(home, "trusts-nobody.pem")
    if not os.path.exists(trust):
        with open(trust, "w", encoding="ascii") as file:
            file.write(_TRUSTS_NOBODY)
    return {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_CACHE_HOME": home,
        "XDG_DATA_HOME": home,
        "XDG_STATE_HOME": home,
        "TMPDIR": home,
        "SEMGREP_SETTINGS_FILE": os.path.join(home, "settings.yml"),
        "SEMGREP_LOG_FILE": os.path.join(home, "semgrep.log"),
        "SEMGREP_VERSION_CACHE_PATH": os.path.join(home, "version"),
        "SEMGREP_SEND_METRICS": "off",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SSL_CERT_FILE": trust,
        "REQUESTS_CA_BUNDLE": trust,
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
