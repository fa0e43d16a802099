"""Starts a command in the sandbox, after a probe has shown that the sandbox holds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.guard.sandbox import seccomp, starters
from zt_gate.guard.sandbox.asked import serve_asked
from zt_gate.guard.sandbox.hand_over import HandOver, say_contained
from zt_gate.guard.sandbox.layers import layers
from zt_gate.guard.sandbox.proxy import Proxy, allowed_hosts
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.guard.sandbox.broker_start import BrokerStart
    from zt_gate.guard.sandbox.client_start import ClientStart
    from zt_gate.guard.sandbox.hand_over import BrokerPlace
    from zt_gate.guard.sandbox.layers import Layer
    from zt_gate.guard.sandbox.rights import Rights

_PROXY_PORT = 8118
_PROBE_SECONDS = 60
_ADVICE = (
    "Where user namespaces are forbidden (AppArmor, a container), an administrator has to "
    "allow them for bwrap"
)
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


class SandboxMissingError(SandboxError):
    """One way of making the sandbox is not to be had here; another one may be."""


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
    layer: str = "",
    say: Callable[[str], None] = lambda _text: None,
    client: ClientStart | None = None,
    broker: BrokerStart | None = None,
) -> int:
    """Run a command in the sandbox and return its exit code.

    First the sandbox is probed: it must not be possible to read ``unreadable``, to make a
    file in the folders ``unwritable``, or to do what no sandboxed command may.  Raises
    SandboxError if anything of that succeeds, or if the sandbox cannot be made; nothing
    runs then.  ``layer`` names the way, "" takes the first that can be had; ``say`` hears
    how it differs from the usual one.  ``client`` adds what a client gets once the sandbox
    was seen to hold: it is started without prompts.  With ``broker`` the hooks inside get
    connections to it.
    """
    with tempfile.TemporaryDirectory(prefix="zt-gate-") as folder:
        folder = os.path.realpath(folder)  # noqa: PLW2901
        proxy = None
        if rights.hosts:
            try:
                hosts = allowed_hosts(rights.hosts)
            except ValueError as error:
                raise SandboxError(f"[tasks] network: {error}") from error
            proxy = Proxy(os.path.join(folder, "proxy"), hosts, on_request)
            proxy.start()
        try:
            path = proxy.path if proxy else ""
            start = _first_that_holds(
                layers(folder, layer), path, rights, unreadable, unwritable
            )
            for note in start.layer.notes(rights):
                say(note)
            folders = _changeable(rights)
            earlier = starters.before(folders)
            if broker is not None:
                start, rights = _with_broker(start, rights, broker, folder)
            if client is not None:
                rights, command = client.prepared(start.layer, folder, rights, command)
            try:
                return start.wait(rights, command)
            finally:
                _say_renamed(starters.renamed(folders, earlier))
                if client is not None:
                    client.finished(folder)
        finally:
            if proxy is not None:
                proxy.close()


def _first_that_holds(
    ways: Sequence[Layer],
    proxy: str,
    rights: Rights,
    unreadable: Sequence[str],
    unwritable: Sequence[str],
) -> _Start:
    """Return the first way that can be had here; raises SandboxError."""
    problems = []
    for layer in ways:
        lacking = layer.lacks(rights)
        if not lacking:
            start = _Start(layer, proxy)
            try:
                _probe(start, rights, unreadable, unwritable)
            except SandboxMissingError as error:
                lacking = str(error)
            except seccomp.UnsupportedProcessorError as error:
                raise SandboxError(str(error)) from error
            else:
                return start
        problems.append(lacking)
    raise SandboxError(
        f"nothing was started, because no sandbox can be had here. {'; '.join(problems)}"
    )


@dataclass(frozen=True, slots=True)
class _Start:
    """What all starts of one sandbox have in common."""

    layer: Layer
    proxy: str
    broker: BrokerPlace | None = None

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
            "limits": dict(rights.limits),
            "port": _PROXY_PORT,
            "broker": None,
            **self.layer.settings(rights, self.proxy, asks=self.broker is not None),
        }
        read, write = os.pipe()
        words = self.layer.words(rights, self.proxy, read)
        pipe = subprocess.PIPE if capture else None
        pair = self._pair()
        if self.broker is not None:
            settings["broker"] = pair[1].fileno() if pair else self.broker.as_table()
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if capture else None,
                stdout=pipe,
                stderr=pipe,
                pass_fds=(read, *(one.fileno() for one in pair[1:])),
                env={"PATH": os.defpath},
            )
        except OSError as error:
            os.close(write)
            for one in pair[:1]:
                one.close()
            raise SandboxError(
                f"{self.layer.name} does not start: {error.strerror}"
            ) from error
        finally:
            os.close(read)
            for one in pair[1:]:
                one.close()
        if pair:
            self._answer(pair[0], process)
        with suppress(BrokenPipeError), os.fdopen(write, "wb") as file:
            file.write(json.dumps(settings).encode("ascii"))
        return process

    def _pair(self) -> tuple[socket.socket, ...]:
        """Return two ends, the second to be inherited: the filter's questions come by it.

        There are none without a broker, and where a supervisor outside answers.
        """
        if self.broker is None or self.layer.is_alone():
            return ()
        return socket.socketpair()

    def _answer(self, inside: socket.socket, process: subprocess.Popen[bytes]) -> None:
        """Answer what the filter asks about, in the background."""
        assert self.broker is not None

        def end(reason: str) -> None:
            say_contained(reason)
            process.kill()

        answer = HandOver(self.broker, end)
        threading.Thread(
            target=serve_asked,
            args=(inside, {seccomp.socket_call(): answer}),
            daemon=True,
        ).start()

    def _environment(self, rights: Rights) -> dict[str, str]:
        environment = {**rights.environment, **self.layer.variables()}
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
    is_alone = start.layer.is_alone()
    hidden = [_file_in(path) if is_alone else path for path in rights.hidden[:50]]
    given = {
        "unreadable": [*unreadable, *hidden],
        "unwritable": marks,
        "has_hosts": bool(rights.hosts),
        "is_alone": is_alone,
    }
    command = [sys.executable, "-I", program, json.dumps(given)]
    quiet = replace(rights, limits={})
    outcome = start.output(quiet, command)
    if outcome.exit_code != 0:
        reason = outcome.output.decode(errors="replace").strip().splitlines()[-1:]
        said = reason[0] if reason else f"exit code {outcome.exit_code}"
        raise SandboxMissingError(f"{start.layer.name}: {said}. {_ADVICE}")
    held = json.loads(outcome.output)
    for path in marks:
        if os.path.lexists(path):
            os.unlink(path)
            held.append(f"it can write in {os.path.dirname(path)}")
    if held:
        raise SandboxError(f"the sandbox does not hold: {'; '.join(held)}")


def _with_broker(
    start: _Start, rights: Rights, broker: BrokerStart, folder: str
) -> tuple[_Start, Rights]:
    """Return the start that hands over connections, and rights with the hooks' state."""
    variables = start.layer.variables()
    place, state = broker.prepared(folder, variables["HOME"], variables["TMPDIR"])
    rights = replace(rights, read_only=(*rights.read_only, state))
    return replace(start, broker=place), rights


def _file_in(path: str) -> str:
    """Return a file of a hidden folder: without namespaces its names can be listed."""
    for folder, _, names in os.walk(path):
        for name in names:
            return os.path.join(folder, name)
    return path


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
