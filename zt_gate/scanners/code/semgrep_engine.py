"""Runs semgrep's engine as a child process, located outside of the scanned folder.

The console script ``semgrep`` is Python code that ends in ``exec semgrep-core`` under the
name ``osemgrep``.  A link of that name in the private folder starts the same program
without the Python interpreter, which is faster.  If that gives no usable output, the
script is tried, with and without ``--experimental``.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from zt_gate.record import dataclass
from zt_gate.scanners.code.semgrep_output import EngineOutput, OutputError, parse
from zt_gate.system.process import ProcessFailedError, TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.scanners.base import Context

#: Seconds that one rule gets on one file before the engine skips that file.
RULE_SECONDS = 5
#: The same when that file is scanned once more, alone.
PATIENT_SECONDS = 15
#: CPU seconds for one start of the engine, whatever the deadline: the limit of a rule does
#: not end all of the work on a file (parsing, naming, very deep expressions).
START_SECONDS = 25
#: Additional CPU seconds for each file, and bytes of files per additional CPU second.
FILE_SECONDS = 2
BYTES_A_SECOND = 40_000
#: CPU seconds for tracing the data flow of one file.
FLOW_SECONDS = 10
#: The limits above grow with ``deadline-seconds`` of the policy from this value on.
USUAL_SECONDS = 120.0
#: A start can take this many times its CPU seconds in wall time.
WALL_FACTOR = 10
#: The engine measures wall time for a rule.  A start that got less than this share of a
#: processor was slowed down by other work: skipped files are scanned again, up to
#: ``MOST_REPEATS`` times.
BUSY_SHARE = 0.7
MOST_REPEATS = 3
#: CPU seconds reserved for the scanner itself.
_RESERVE = 1.0
#: Megabytes of memory for one file.
MAX_MEMORY = 2000

# The engine reads CA certificates at every start, and fails where the system has none
# (slim containers).  It needs no network.  The key of this certificate was deleted, so
# every TLS connection that the engine tries fails.
_UNUSABLE_CERTIFICATE = """-----BEGIN CERTIFICATE-----
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
    "semgrep was not found beside this Python, nor in an absolute folder of PATH outside "
    "the scanned folder; install it with: python -m pip install semgrep"
)


class EngineError(Exception):
    """semgrep gave no usable output; the message says why and does not quote the output."""


class TooSlowError(EngineError):
    """The engine was ended at a time limit; ``exceeded`` names the limit."""

    def __init__(self, message: str, exceeded: str = "found no CPU time left") -> None:
        super().__init__(message)
        self.exceeded = exceeded


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """A program that starts semgrep, and whether with the faster ``--experimental``."""

    program: str
    experimental: bool


def engine_commands(workdir: Path) -> Iterator[EngineCommand]:
    """Yield the commands that start semgrep on this machine, the fastest first."""
    _environment(workdir)  # creates its folder before several engines share it
    core = _core()
    if core is not None:
        link = _link(core, workdir)
        if link is not None:
            yield EngineCommand(link, experimental=True)
    script = _script()
    if script is not None:
        yield EngineCommand(script, experimental=True)
        yield EngineCommand(script, experimental=False)


def _link(core: str, workdir: Path) -> str | None:
    """Create the link ``osemgrep`` to the engine; None where that is not possible."""
    link = os.path.join(workdir, "osemgrep")
    try:
        os.symlink(core, link)
    except FileExistsError:
        is_same = os.path.realpath(link) == os.path.realpath(core)
        return link if is_same else None
    except OSError:
        return None
    return link


def _core() -> str | None:
    """Return the engine of the installed wheel, located without importing it."""
    from importlib.machinery import PathFinder

    working_directory = os.path.realpath(os.getcwd())
    trusted_entries = [
        entry
        for entry in sys.path
        if os.path.isabs(entry) and os.path.realpath(entry) != working_directory
    ]
    spec = PathFinder.find_spec("semgrep", trusted_entries)
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        core = os.path.join(folder, "bin", "semgrep-core")
        if _is_program(core):
            return core
    return None


def _script() -> str | None:
    """Return the console script: beside this Python, else from absolute entries of PATH.

    Programs in the current folder are not used: it contains the scanned files.
    """
    beside = os.path.join(os.path.dirname(sys.executable), "semgrep")
    if os.path.isabs(beside) and _is_program(beside):
        return beside
    working_directory = os.path.realpath(os.getcwd())
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, "semgrep")
        if not os.path.isabs(folder) or not _is_program(program):
            continue
        is_inside = any(
            os.path.commonpath((working_directory, path)) == working_directory
            for path in (os.path.realpath(program), folder)
        )
        if not is_inside:
            return program
    return None


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def identity(commands: Sequence[EngineCommand]) -> str:
    """Return a text that differs between engines and versions, "" without an engine.

    It lists the paths, sizes and times of the programs: running them to get the version
    takes longer than a scan.
    """
    lines = []
    try:
        programs = [os.path.realpath(command.program) for command in commands]
        for program in dict.fromkeys(programs):
            status = os.stat(program)
            lines.append(f"{program}\0{status.st_size}\0{status.st_mtime_ns}")
    except OSError:
        return ""
    return "\n".join(lines)


def flows(
    file: str,
    rule_file: str,
    language: str,
    commands: Sequence[EngineCommand],
    context: Context,
) -> bytes:
    """Return the output of the engine with data flow for one file, b"" if there is none.

    This interface is not documented: use it only for what a scan can do without.
    ``language`` is a value of the option ``-l``.
    """
    core = _core_of(commands)
    cpu_seconds = min(FLOW_SECONDS * scale_of_limits(context), context.cpu_left() / 3)
    wall_seconds = min(WALL_FACTOR * cpu_seconds, context.seconds_left() / 3)
    if core is None or min(cpu_seconds, wall_seconds) < 1:
        return b""
    command = [
        core, "-json", "-j", "1", "-timeout", f"{wall_seconds:.0f}", "-max_memory", str(MAX_MEMORY),
        "-rules", rule_file, "-l", language, file,
    ]  # fmt: skip
    try:
        completed = context.run(
            command,
            cwd=context.workdir,
            deadline=time.monotonic() + wall_seconds,
            cpu_seconds=cpu_seconds,
            env=_environment(context.workdir),
        )
    except ProcessFailedError:
        return b""
    return completed.stdout


def _core_of(commands: Sequence[EngineCommand]) -> str | None:
    for command in commands:
        program = os.path.realpath(command.program)
        if command.experimental and os.path.basename(program) == "semgrep-core":
            return program
    return None


def scan(
    files: Sequence[str],
    rule_files: Sequence[str],
    commands: Sequence[EngineCommand],
    context: Context,
    *,
    patient: bool = False,
    share: int = 1,
) -> EngineOutput:
    """Scan ``files`` with ``rule_files``, both relative to the work folder.

    Tries the commands in turn until one gives usable output.  ``patient`` gives each rule
    more time, but leaves some of the remaining time to the scanner.  ``share`` is the
    number of engines that run side by side and share the remaining CPU time.  Files that
    were skipped on a busy machine are scanned again with more wall time.

    Raises EngineError, and TooSlowError if the engine was ended.
    """
    scale = scale_of_limits(context)
    rule_seconds = RULE_SECONDS * scale
    if patient:
        longest = max(1.0, context.cpu_left() / 3)
        rule_seconds = min(PATIENT_SECONDS * scale, longest)
    limits = _limits(files, context, patient=patient, share=share)
    request = _Request(files, rule_files, rule_seconds)
    output, processor_share = _run(request, commands, context, limits)
    for _ in range(MOST_REPEATS):
        skipped = _timed_out(output)
        if not skipped or processor_share >= BUSY_SHARE:
            break
        limits = _limits(skipped, context, patient=patient, share=share)
        longer = 2 * rule_seconds / max(processor_share, 0.01)
        request = _Request(skipped, rule_files, longer)
        try:
            repeated, processor_share = _run(request, commands, context, limits)
        except TooSlowError:
            break  # the limit of the start ended it: the files stay skipped
        output = _replaced(output, repeated, skipped)
    return output


@dataclass(frozen=True, slots=True)
class _Request:
    """One start of the engine: files, rule files, wall seconds for each rule and file."""

    files: Sequence[str]
    rule_files: Sequence[str]
    rule_seconds: float


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits of one start of the engine: CPU seconds, and a deadline (monotonic time)."""

    cpu_seconds: float
    deadline: float


def _timed_out(output: EngineOutput) -> tuple[str, ...]:
    """Return the files that the engine skipped because a rule took too long."""
    files = [
        problem.file
        for problem in output.problems
        if problem.kind == "Timeout" and problem.file
    ]
    return tuple(dict.fromkeys(files))


def _replaced(
    output: EngineOutput, repeated: EngineOutput, files: Sequence[str]
) -> EngineOutput:
    """Return an output with the results of some files replaced by repeated ones."""
    matches = [match for match in output.matches if match.file not in files]
    problems = [problem for problem in output.problems if problem.file not in files]
    return EngineOutput(
        (*matches, *repeated.matches),
        (*problems, *repeated.problems),
        (output.scanned - frozenset(files)) | repeated.scanned,
    )


def _limits(
    files: Sequence[str], context: Context, *, patient: bool, share: int
) -> _Limits:
    """Return limits far above what a start should need, within the remaining time."""
    size = sum(os.path.getsize(os.path.join(context.workdir, file)) for file in files)
    expected = START_SECONDS + FILE_SECONDS * len(files) + size / BYTES_A_SECOND
    cpu_seconds = expected * scale_of_limits(context)
    cpu_left = _usable(context.cpu_left(), patient=patient)
    wall_left = _usable(context.seconds_left(), patient=patient)
    return _Limits(
        cpu_seconds=min(cpu_seconds, cpu_left / share),
        deadline=time.monotonic() + min(WALL_FACTOR * cpu_seconds, wall_left),
    )


def _usable(left: float, *, patient: bool) -> float:
    """Return how many of the remaining seconds a start may use."""
    if patient:
        return left * 2 / 3
    return max(left - _RESERVE, left * 0.9)


def scale_of_limits(context: Context) -> float:
    """Return the factor by which the policy raises the usual limits, at least 1."""
    seconds = context.settings.get("deadline-seconds", USUAL_SECONDS)
    return max(1.0, float(seconds) / USUAL_SECONDS)


def _run(
    request: _Request,
    commands: Sequence[EngineCommand],
    context: Context,
    limits: _Limits,
) -> tuple[EngineOutput, float]:
    """Run the engine; return its output and the share of a processor that it got.

    Raises EngineError, and TooSlowError if the engine was ended.
    """
    count = f"{len(request.files):,} files"
    if limits.cpu_seconds <= 0:
        raise TooSlowError(f"semgrep was not started on {count}: no CPU time was left")
    reason = MISSING
    for command in commands:
        started = time.monotonic()
        try:
            completed = context.run(
                _arguments(command, request),
                cwd=context.workdir,
                deadline=limits.deadline,
                cpu_seconds=limits.cpu_seconds,
                env=_environment(context.workdir),
            )
        except TimeLimitError as error:
            message = f"semgrep {error.exceeded} on {count}"
            raise TooSlowError(message, error.exceeded) from error
        except ProcessFailedError as error:
            reason = str(error)
            continue
        exit_code = completed.returncode
        try:
            output = parse(completed.stdout)
        except OutputError as error:
            reason = f"semgrep gave no usable output (exit code {exit_code}): {error}"
            continue
        if exit_code not in {0, 1} and not output.problems:
            reason = f"semgrep ended with exit code {exit_code} and reported no error"
            continue
        seconds = max(time.monotonic() - started, 0.001)
        return output, completed.cpu_seconds / seconds
    raise EngineError(reason)


def _arguments(command: EngineCommand, request: _Request) -> list[str]:
    options = ["--experimental"] if command.experimental else []
    for rule_file in request.rule_files:
        options += ["--config", rule_file]
    return [
        command.program, "scan", *options, "--json", "--quiet", "--metrics", "off",
        "--disable-version-check", "--disable-nosem", "--no-git-ignore",
        "--max-target-bytes", "0", "--max-memory", str(MAX_MEMORY),
        "--timeout", f"{request.rule_seconds:g}", "--timeout-threshold", "1", "--jobs", "1",
        "--", *request.files,
    ]  # fmt: skip


def _environment(workdir: Path) -> Mapping[str, str]:
    """Return an environment that keeps the user's files of semgrep in the work folder."""
    home = os.path.join(workdir, "home")
    os.makedirs(home, mode=0o700, exist_ok=True)
    certificate = os.path.join(home, "unusable-certificate.pem")
    if not os.path.exists(certificate):
        with open(certificate, "w", encoding="ascii") as file:
            file.write(_UNUSABLE_CERTIFICATE)
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
        "SSL_CERT_FILE": certificate,
        "REQUESTS_CA_BUNDLE": certificate,
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
