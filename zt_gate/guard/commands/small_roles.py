"""Roles that words of one program, or of a few, have."""

from __future__ import annotations

import re

from zt_gate.guard.commands import code_text, files, places, programs
from zt_gate.guard.commands.secret_names import is_ci_token, is_secret_name
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.spot import Spot
    from zt_gate.guard.shell.invocation import Invocation

_USUAL_SHELLS = frozenset(("bash", "/bin/bash", "/bin/sh", "sh", "/usr/bin/bash"))
_CARGO_PROGRAMS = ("wrapper", "runner", "linker", "registr", "source.", "alias")
_FORWARDS = frozenset(("localforward", "remoteforward", "dynamicforward", "tunnel"))
_SSH_PROGRAMS = frozenset(("proxycommand", "localcommand", "knownhostscommand"))
_SSH_LOADS = frozenset(
    ("permitlocalcommand", "pkcs11provider", "securitykeyprovider", "xauthlocation")
)


def _folder(spot: Spot) -> None:
    if spot.case.context.task.is_narrow:
        files.judge(spot.case, spot.invocation, "list", spot.word)


def _test(spot: Spot) -> None:
    if spot.case.context.task.is_narrow:
        files.judge_maybe(spot.case, spot.invocation, spot.word, plain=True)


def _dd(spot: Spot) -> None:
    key, _, value = spot.text.partition("=")
    action = {"of": "write", "if": "read"}.get(key)
    if action is not None:
        files.judge(spot.case, spot.invocation, action, CommandWord(value))


def _tar_action(spot: Spot) -> None:
    kind, _, command = spot.text.partition("=")
    if kind == "exec":
        spot.case.script(command, spot.invocation, "tar --checkpoint-action")
        spot.add("run/command-option", "tar --checkpoint-action")


def _variable(spot: Spot) -> None:
    if is_ci_token(spot.text):
        spot.add("credentials/ci-token")
    elif is_secret_name(spot.text) or UNKNOWN in spot.text:
        spot.add("credentials/variable")


def _editor(spot: Spot) -> None:
    """Judge a command of ``vim`` or ``less``: after ``!`` comes a text for a shell."""
    text = spot.text
    if spot.role != "editor" and not text.startswith("+"):
        action = "read" if spot.role == "viewed" else "write"
        files.judge(spot.case, spot.invocation, action, spot.word)
        return
    if "!" in text:
        spot.case.script(text.partition("!")[2], spot.invocation, spot.named)
        spot.add("run/command-option", spot.named)
    loaded = re.match(r"\+?:?(?:so|source|luafile|pyfile)!?\s+(\S+)", text)
    if loaded:
        programs.run_file(spot.case, spot.invocation, CommandWord(loaded[1]))
    if "delete(" in text:
        spot.add("files/undecided", "delete()")
    if "system(" in text or "py" in text.partition(" ")[0]:
        code_text.judge(spot.case, spot.invocation, text)


def _wgetrc(spot: Spot) -> None:
    spot.add("network/proxy" if "proxy" in spot.text else "run/command-option")


def _ssh_option(spot: Spot) -> None:
    name, _, value = spot.text.replace(" ", "=", 1).partition("=")
    key = name.lower()
    shown = f"ssh -o {name}"
    if key in _SSH_PROGRAMS and value.lower() not in {"none", ""}:
        spot.case.script(value, spot.invocation, shown)
        spot.add("run/command-option", shown)
    elif key in _SSH_LOADS:
        spot.add("run/command-option", shown)
    elif key in _FORWARDS:
        spot.add("network/tunnel", shown)


def _getent(spot: Spot) -> None:
    if spot.text in {"shadow", "gshadow"}:
        spot.add("credentials/file-read", f"getent {spot.text}")


def _system_setting(spot: Spot) -> None:
    spot.add("system/settings", f"{spot.named} {spot.text}")


def _ps(spot: Spot) -> None:
    is_old_form = not spot.text.startswith("-") and spot.text not in {"aux", "ax"}
    if is_old_form and "e" in spot.text:
        spot.add("credentials/environment-listed", f"ps {spot.text}")


def _node_options(spot: Spot) -> None:
    from zt_gate.guard.commands.variables import node_options

    node_options(spot.case, spot.invocation, spot.text)


def _cargo_config(spot: Spot) -> None:
    if "/" in spot.text or any(part in spot.text for part in _CARGO_PROGRAMS):
        spot.add("variables/loads-code", f"--config {spot.text}")


def _apt_option(spot: Spot) -> None:
    lowered = spot.text.lower()
    if "::" in lowered and any(
        part in lowered for part in ("invoke", "proxy", "pager", "allow")
    ):
        spot.add("run/command-option")


def _k8s_get(spot: Spot) -> None:
    lowered = spot.text.lower()
    kinds = {lowered.partition("/")[0], *lowered.split(",")}
    if kinds & {"secret", "secrets"}:
        spot.add("credentials/tool", f"kubectl get {spot.text}")


def _k8s_create(spot: Spot) -> None:
    if spot.text.lower() in {"clusterrolebinding", "token", "rolebinding"}:
        spot.add("forge/access-given", f"kubectl create {spot.text}")


def _maven(spot: Spot) -> None:
    if spot.text.startswith(("-Dexec.", "exec:exec", "-javaagent")):
        spot.add("run/command-option")
    elif spot.text.startswith(("deploy", "publish", "release:perform")):
        spot.add("deploy/publishes")


def _make(spot: Spot) -> None:
    name, equals, value = spot.text.partition("=")
    is_shell = equals and name in {"SHELL", "MAKEFLAGS", ".SHELLFLAGS"}
    if is_shell and value not in _USUAL_SHELLS:
        spot.add("variables/loads-code")


def _nix(spot: Spot) -> None:
    if ":" in spot.text:
        spot.add("run/foreign-code")


def _git_path(spot: Spot) -> None:
    """Judge a path that git takes out of the work tree or of the index."""
    word = replace(spot.word, text=spot.text.removeprefix("!"))
    for place in places.places(spot.invocation, word, spot.case.context):
        if place.kind in {"hooks", "client", "own"} or (
            place.path and places.protected_below(place.path, spot.case.context)
        ):
            is_root = place.path == spot.case.context.root
            if not is_root:
                spot.add(
                    "gate/hook-files" if place.kind != "own" else "guard/own-files"
                )


def _shown_variable(spot: Spot) -> None:
    if spot.reading.has("-p") and is_secret_name(spot.text):
        spot.add("credentials/variable")


def substituted(case: CommandCase, invocation: Invocation) -> None:
    """Judge ``envsubst``: it writes the values of the variables that its input names."""
    texts = [word.text for word in invocation.arguments]
    texts += [invocation.input.text.text] if invocation.input.text else []
    for name in re.findall(r"\$\{?(\w+)", " ".join(texts)):
        if is_secret_name(name):
            case.add("credentials/variable", name)


def _chmod_mode(spot: Spot) -> None:
    if re.fullmatch(r"0?[46]\d{3}|[ua]*[+=][a-z]*s[a-z]*", spot.text):
        spot.add("system/privilege", f"chmod {spot.text}")


def _compose_file(spot: Spot) -> None:
    if spot.text == "-":
        spot.add("run/undecided", "containers that the input describes")
        return
    files.judge(spot.case, spot.invocation, "read", spot.word)
    for place in places.places(spot.invocation, spot.word, spot.case.context):
        if place.zone != "project":
            spot.add("containers/mounts-outside")


def _compiler_wrapper(spot: Spot) -> None:
    spot.case.script(spot.text.replace(",", " "), spot.invocation, spot.named)
    spot.add("variables/loads-code", f"{spot.option} {spot.text}")


def _lists_secret(spot: Spot) -> None:
    if (
        is_secret_name(spot.text.rpartition(".")[2])
        or "extraheader" in spot.text.lower()
    ):
        spot.add("credentials/tool")


def _key_file(spot: Spot) -> None:
    """Judge the key of ``ssh-keygen``: with ``-l`` its fingerprint is shown."""
    if spot.reading.has("-l", "-B"):
        return
    files.judge(spot.case, spot.invocation, "read", spot.word)
    spot.add("credentials/keys-made")


def _nothing(_: Spot) -> None:
    """Judge nothing: removing a variable changes no file."""


ROLES: Mapping[str, Callable[[Spot], None]] = {
    "cd": _folder,
    "test": _test,
    "dd": _dd,
    "tar-action": _tar_action,
    "variable": _variable,
    "editor": _editor,
    "viewed": _editor,
    "edited": _editor,
    "unset": _nothing,
    "git-path": _git_path,
    "shown-variable": _shown_variable,
    "chmod-mode": _chmod_mode,
    "compose-file": _compose_file,
    "compiler-wrapper": _compiler_wrapper,
    "secret-setting": _lists_secret,
    "wgetrc": _wgetrc,
    "ssh-option": _ssh_option,
    "getent": _getent,
    "system-setting": _system_setting,
    "ps": _ps,
    "node-options": _node_options,
    "cargo-config": _cargo_config,
    "apt-option": _apt_option,
    "k8s-get": _k8s_get,
    "k8s-create": _k8s_create,
    "mvn": _maven,
    "make": _make,
    "nix": _nix,
    "key-file": _key_file,
}
