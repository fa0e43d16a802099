"""Judges what containers and archives would share with this machine."""

from __future__ import annotations

from zt_gate.guard.commands import files, places
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.commands.spot import Spot
    from zt_gate.guard.shell.invocation import Invocation


_DANGEROUS_CAPABILITIES = frozenset(
    ("all", "sys_admin", "sys_ptrace", "sys_module", "dac_read_search", "sys_rawio", "dac_override",
     "net_admin", "bpf")
)  # fmt: skip
_USUAL_DEVICES = ("/dev/dri", "/dev/kvm", "/dev/fuse", "/dev/snd", "nvidia")


def option(spot: Spot) -> None:
    """Judge an option of ``docker run`` and its like."""
    _OPTIONS[spot.role](spot, f"{spot.option} {spot.text}")


def _namespace(spot: Spot, shown: str) -> None:
    if spot.text.lower() == "host":
        spot.add("containers/escape", shown)


def _network(spot: Spot, shown: str) -> None:
    if spot.text.lower() == "host":
        spot.add("containers/host-network", shown)


def _security(spot: Spot, shown: str) -> None:
    lowered = spot.text.lower()
    if any(
        part in lowered for part in ("unconfined", "disable", "no-new-privileges:false")
    ):
        spot.add("containers/escape", shown)


def _capability(spot: Spot, shown: str) -> None:
    if spot.text.lower().removeprefix("cap_") in _DANGEROUS_CAPABILITIES:
        spot.add("containers/escape", shown)


def _device(spot: Spot, shown: str) -> None:
    if not spot.text.startswith(_USUAL_DEVICES):
        spot.add("containers/escape", shown)


def _host(spot: Spot, shown: str) -> None:
    if not spot.text.startswith("unix:///"):
        spot.add("containers/escape", shown)


def _restart(spot: Spot, shown: str) -> None:
    if spot.text.lower() in {"always", "unless-stopped"}:
        spot.add("persistence/container", shown)


def _volume_option(spot: Spot, _: str) -> None:
    if "device=" in spot.text:
        device = spot.text.partition("device=")[2].partition(",")[0]
        _path(spot.case, spot.invocation, device)


def _secret(spot: Spot, _: str) -> None:
    for part in spot.text.split(","):
        key, _, value = part.partition("=")
        if key in {"src", "source"}:
            files.judge(spot.case, spot.invocation, "read", CommandWord(value))


_OPTIONS: Mapping[str, Callable[[Spot, str], None]] = {
    "docker-mount": lambda spot, _: _mount(spot.case, spot.invocation, spot.word),
    "docker-namespace": _namespace,
    "docker-network": _network,
    "docker-security": _security,
    "docker-capability": _capability,
    "docker-device": _device,
    "docker-host": _host,
    "docker-restart": _restart,
    "docker-volume-option": _volume_option,
    "docker-secret": _secret,
}


def _mount(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    text = word.text
    if "=" in text and ("source=" in text or "src=" in text or "type=" in text):
        for part in text.split(","):
            key, _, value = part.partition("=")
            if key in {"source", "src"}:
                _path(case, invocation, value)
        return
    source, colon, _ = text.partition(":")
    if colon and (source[:1] in {"/", ".", "~", UNKNOWN}):
        _path(case, invocation, source)


def _path(case: CommandCase, invocation: Invocation, text: str) -> None:
    """Judge a folder of this machine that a container would see, with write access."""
    expanded = text.replace("~", case.context.home, 1) if text.startswith("~") else text
    for place in places.places(invocation, CommandWord(expanded), case.context):
        if place.path is not None and place.path.endswith((".sock",)):
            case.add("containers/escape", text)
        elif place.kind == "secret" and place.exists:
            case.add("credentials/project-secret", text)
        elif place.kind == "credential":
            case.add("credentials/file-read", text)
        elif place.path is not None and place.zone in {"home", "system", "device"}:
            above = places.is_above_home(place.path, case.context)
            is_system = place.zone == "system" or above
            case.add(
                "containers/escape" if is_system else "containers/mounts-outside", text
            )
        elif place.zone == "undecided":
            case.add("containers/mounts-outside", text)
        elif place.path is not None and place.path.endswith("/.git"):
            case.add("gate/git-internals", text)
        elif place.kind in {"own", "client", "git"}:
            case.add("guard/own-files", text)


def archive(
    case: CommandCase, invocation: Invocation, reading: Reading, word: CommandWord
) -> None:
    """Judge the archive of ``tar``, and the folder that it is unpacked in."""
    makes = reading.has("-c", "-r", "-u", "-A", "--create", "--append", "--update")
    text = word.text
    if text != "-" and ":" in text and not text.startswith((".", "/")):
        case.add("network/other", text)
    elif text != "-":
        files.judge(case, invocation, "write" if makes else "read", word)


def tar_folders(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge where ``tar -x`` writes and what ``tar -c`` takes."""
    folder = reading.option("-C", "--directory")
    inside = invocation
    if folder is not None:
        inside = replace(invocation, cwd=invocation.path(folder.text))
    if reading.has("-x", "--extract", "--get"):
        target = folder or CommandWord(".")
        files.judge(case, invocation, "write", target)
        if any(
            option.startswith(("--recursive-u", "--unlink"))
            for option in reading.options
        ):
            files.judge(case, invocation, "delete", target)
        if reading.has("-P", "--absolute-names"):
            case.add("files/write-outside", "tar -P")
    elif reading.has("-c", "-r", "-u", "--create"):
        for word in reading.words("read"):
            files.judge(case, inside, "copy", word)
