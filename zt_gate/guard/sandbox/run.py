"""Starts a command in the sandbox, after a probe has shown that the sandbox holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.guard.sandbox import bubblewrap, seccomp, starters
from zt_gate.guard.sandbox.proxy import Proxy, allowed_hosts
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.guard.sandbox.rights import Rights

#: The new home inside; no path of the real one.
HOME = "/home/agent"
_PROXY_PORT = 8118
_PROBE_SECONDS = 60
_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)


class SandboxError(GateError):
    """The sandbox cannot be had or does not hold; nothing was started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sandboxed command ended, as a shell counts exit codes."""

    exit_code: int
    output: bytes = b""


def run(
    rights: Rights,
    command: Sequence[str],
    *,
    unreadable: Sequence[str] = (),
    unwritable: Sequence[str] = (),
    on_request: Callable[[str, bool], None] | None = None,
) -> int:
    """Run a command in the sandbox and return its exit code.

    First the sandbox is probed: it must not be possible to read ``unreadable``, to make a
    file in the folders ``unwritable``, or to do what no sandboxed command may.  Raises
    SandboxError if anything of that succeeds, or if the sandbox cannot be made; nothing
    runs then.
    """
    bwrap = bubblewrap.program()
    if not bwrap:
        raise SandboxError(f"bubblewrap is not installed: {bubblewrap.missing()}")
    try:
        code = seccomp.filter_program().hex()
    except seccomp.UnsupportedProcessorError as error:
        raise SandboxError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="zt-gate-") as folder:
        proxy = None
        if rights.hosts:
            try:
                hosts = allowed_hosts(rights.hosts)
            except ValueError as error:
                raise SandboxError(f"[tasks] network: {error}") from error
            proxy = Proxy(os.path.join(folder, "proxy"), hosts, on_request)
            proxy.start()
        try:
            start = _Start(bwrap, code, proxy.path if proxy else "")
            _probe(start, rights, unreadable, unwritable)
            folders = _changeable(rights)
            earlier = starters.before(folders)
            try:
                return start.wait(rights, command)
            finally:
                _say_renamed(starters.renamed(folders, earlier))
        finally:
            if proxy is not None:
                proxy.close()


@dataclass(frozen=True, slots=True)
class _Start:
    """What all starts of one sandbox have in common."""

    bwrap: str
    filter: str
    proxy: str

    def wait(self, rights: Rights, command: Sequence[str]) -> int:
        """Run a command with the terminal of this process."""
        with self._begun(rights, command, capture=False) as process:
            previous = {
                kind: signal.signal(kind, lambda number, _: _tell(process, number))
                for kind in (signal.SIGTERM, signal.SIGHUP)
            }
            # The terminal sends this one to both.
            previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                return _exit_code(process.wait())
            finally:
                for kind, handler in previous.items():
                    signal.signal(kind, handler)

    def output(self, rights: Rights, command: Sequence[str]) -> Outcome:
        """Run a command that ends soon and return what it printed."""
        with self._begun(rights, command, capture=True) as process:
            try:
                output, errors = process.communicate(timeout=_PROBE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise SandboxError("the probe of the sandbox did not end") from None
        code = _exit_code(process.returncode)
        return Outcome(code, output if code == 0 else errors)

    def _begun(
        self, rights: Rights, command: Sequence[str], *, capture: bool
    ) -> subprocess.Popen[bytes]:
        settings = {
            "command": list(command),
            "environment": self._environment(rights),
            "filter": self.filter,
            "limits": dict(rights.limits),
            "proxy": bubblewrap.PROXY_PLACE if self.proxy else "",
            "port": _PROXY_PORT,
        }
        read, write = os.pipe()
        words = bubblewrap.command_line(self.bwrap, rights, HOME, self.proxy, read)
        pipe = subprocess.PIPE if capture else None
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if capture else None,
                stdout=pipe,
                stderr=pipe,
                pass_fds=(read,),
                env={"PATH": os.defpath},
            )
        except OSError as error:
            os.close(write)
            raise SandboxError(
                f"bubblewrap does not start: {error.strerror}"
            ) from error
        finally:
            os.close(read)
        with suppress(BrokenPipeError), os.fdopen(write, "wb") as file:
            file.write(json.dumps(settings).encode("ascii"))
        return process

    def _environment(self, rights: Rights) -> dict[str, str]:
        environment = dict(rights.environment)
        environment["HOME"] = HOME
        environment["TMPDIR"] = "/tmp"  # noqa: S108 - the sandbox's own
        if self.proxy:
            address = f"http://127.0.0.1:{_PROXY_PORT}"
            environment |= dict.fromkeys(_VARIABLES, address)
        return environment


def _probe(
    start: _Start, rights: Rights, unreadable: Sequence[str], unwritable: Sequence[str]
) -> None:
    """Raise SandboxError unless all that must fail in the sandbox fails."""
    program = os.path.join(os.path.dirname(__file__), "probe_program.py")
    mark = f".zt-gate-probe-{os.urandom(8).hex()}"
    marks = [os.path.join(folder, mark) for folder in unwritable]
    given = {
        "unreadable": [*unreadable, *rights.hidden[:50]],
        "unwritable": marks,
        "has_hosts": bool(rights.hosts),
    }
    command = [sys.executable, "-I", program, json.dumps(given)]
    quiet = replace(rights, limits={})
    outcome = start.output(quiet, command)
    if outcome.exit_code != 0:
        reason = outcome.output.decode(errors="replace").strip().splitlines()[-1:]
        said = reason[0] if reason else f"exit code {outcome.exit_code}"
        raise SandboxError(
            f"the sandbox cannot be made here: {said}. Where user namespaces are "
            "forbidden (AppArmor, a container), an administrator has to allow them for bwrap"
        )
    held = json.loads(outcome.output)
    for path in marks:
        if os.path.lexists(path):
            os.unlink(path)
            held.append(f"it can write in {os.path.dirname(path)}")
    if held:
        raise SandboxError(f"the sandbox does not hold: {'; '.join(held)}")


def _changeable(rights: Rights) -> list[str]:
    """Return the project, and what can be written outside of it: a work tree's repository."""
    outside = (
        path for path in rights.writable if not path.startswith(rights.root + os.sep)
    )
    return list(dict.fromkeys((rights.root, *outside)))


def _say_renamed(paths: Sequence[str]) -> None:
    for path in paths:
        sys.stderr.write(
            f"zt-gate: {path!a} would start programs outside the sandbox, so its name "
            "ends in .from-sandbox now; a person looks at it\n"
        )


def _tell(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(OSError):
        process.send_signal(number)


def _exit_code(code: int) -> int:
    return code if code >= 0 else 128 - code
