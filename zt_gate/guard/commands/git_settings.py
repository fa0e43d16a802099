"""Judges settings of git: many name programs that git runs, and some switch hooks off."""

from __future__ import annotations

from zt_gate.guard.commands import files
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

#: Settings that decide whether hooks run, or where settings come from.
_HOOK_SETTINGS = (
    "core.hookspath",
    "include.",
    "includeif.",
    "init.templatedir",
    "core.attributesfile",
    "core.excludesfile-",
    "hook.",
    "core.worktree",
    "core.bare",
    "core.gitproxy",
    "extensions.",
)
#: Settings whose value git runs as a program.
_PROGRAM_SETTINGS = (
    "core.pager",
    "core.editor",
    "core.sshcommand",
    "core.askpass",
    "core.fsmonitor",
    "core.alternaterefscommand",
    "sequence.editor",
    "diff.external",
    "credential.",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.x509.program",
    "gpg.openpgp.program",
    "gpg.ssh.defaultkeycommand",
    "uploadpack.packobjectshook",
    "browser.",
    "man.",
    "web.browser",
    "instaweb.",
    "sendemail.",
    "interactive.difffilter",
    "http.proxy",
    "http.sslverify",
    "https.proxy",
    "remote.*.proxy",
    "protocol.",
    "url.",
    "pager.",
    "filter.",
    "difftool.",
    "mergetool.",
    "merge.",
    "diff.",
    "alias.",
    "trailer.",
    "receive.",
    "transfer.credentialsinurl",
    "safe.directory",
    "core.alternaterefs",
    "tar.",
    "guitool.",
    "notes.",
    "submodule.",
    "remote.",
)
#: Settings below the sections above that run nothing.
_PLAIN_SETTINGS = (
    "diff.algorithm",
    "diff.renames",
    "diff.context",
    "diff.colormoved",
    "diff.noprefix",
    "diff.mnemonicprefix",
    "diff.renamelimit",
    "diff.submodule",
    "diff.wserrorhighlight",
    "diff.interhunkcontext",
    "merge.conflictstyle",
    "merge.ff",
    "merge.renamelimit",
    "merge.renames",
    "merge.autostash",
    "merge.log",
    "merge.stat",
    "merge.verbosity",
    "pager.log-",
    "remote.pushdefault",
    "notes.rewriteref",
    "diff.ignoresubmodules",
    "diff.statgraphwidth",
    "difftool.prompt",
    "mergetool.keepbackup",
    "mergetool.prompt",
)
_HARMLESS_PROGRAMS = frozenset(
    (
        "cat",
        "less",
        "less -R",
        "less -FRX",
        "less -F",
        "",
        "true",
        ":",
        "false",
        "vim",
        "vi",
        "nano",
        "more",
        "delta",
        "true #",
        "/bin/true",
        "/bin/cat",
        "head -100",
        "code --wait",
    )
)
_NO_COMMAND_KEYS = (
    "pager.",
    "core.pager",
    "core.editor",
    "sequence.editor",
    "gpg.program",
)


def setting(
    case: CommandCase,
    invocation: Invocation,
    key: str,
    value: str | None,
    *,
    stays: bool,
) -> None:
    """Judge a setting of git; ``stays`` if it is written to a file of settings."""
    name = key.strip().lower()
    shown = key if value is None else f"{key}={value}"
    is_push = name.startswith("remote.") and name.endswith(".push")
    if (is_push and (value or "").startswith("+")) or (
        name == "push.default" and value == "matching"
    ):
        case.add("push/forced", shown)
    if UNKNOWN in name:
        case.add("gate/git-settings", shown)
    elif name.startswith(_HOOK_SETTINGS):
        case.add("gate/hooks-path", shown)
    elif name.startswith(_PLAIN_SETTINGS):
        _plain(case, name, shown, stays=stays)
    elif name.startswith(_PROGRAM_SETTINGS):
        _program(case, invocation, name, value, shown)
    else:
        _plain(case, name, shown, stays=stays)


def _plain(case: CommandCase, name: str, shown: str, *, stays: bool) -> None:
    if name in {"commit.gpgsign", "gpg.format", "user.signingkey", "tag.gpgsign"}:
        case.add("gate/signing-changed", shown)
    elif stays:
        case.add("git/settings-changed", shown)


def _program(
    case: CommandCase, invocation: Invocation, name: str, value: str | None, shown: str
) -> None:
    text = (value or "").strip()
    if name.startswith(("pager.",)) and text in {"true", "false", "0", "1"}:
        return
    if name.startswith(_NO_COMMAND_KEYS) and text in _HARMLESS_PROGRAMS:
        return
    if name.startswith("alias.") and not text.startswith("!"):
        inner = [CommandWord("git"), *map(CommandWord, text.split())]
        from zt_gate.guard.shell.invocation import Invocation as Command

        case.command(Command(tuple(inner), invocation.cwd))
        if case.context.task.is_narrow:
            case.add("gate/git-runs-program", shown)
        return
    if name.startswith("credential.") and text in {"", "cache", "store"}:
        case.add("git/settings-changed", shown)
        return
    if name.startswith("submodule.") and not text.startswith("!"):
        return
    if name.startswith(("remote.", "url.")):
        case.add("git/remote-changed", shown)
        return
    if name == "safe.directory":
        case.add("git/settings-changed", shown)
        return
    if text:
        case.script(text.removeprefix("!"), invocation, shown)
    case.add("gate/git-runs-program", shown)


def one_setting(
    case: CommandCase, invocation: Invocation, word: CommandWord, *, stays: bool = False
) -> None:
    """Judge ``-c NAME=VALUE``."""
    key, equals, value = word.text.partition("=")
    setting(case, invocation, key, value if equals else None, stays=stays)


def config_command(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge ``git config``: reading is free, writing is judged by the key."""
    words = [word.text for word in reading.arguments]
    first = words[0] if words else ""
    file = reading.option("-f", "--file")
    reads = reading.has(
        "--get",
        "--get-all",
        "--get-regexp",
        "-l",
        "--list",
        "--get-urlmatch",
        "--get-color",
        "--get-colorbool",
        "--name-only",
        "--show-origin",
        "--show-scope",
    )
    if first in {"get", "list"}:
        return
    if first in {"set", "unset", "rename-section", "remove-section", "edit"}:
        words = words[1:]
    elif (
        reads
        and not reading.has(
            "--add", "--unset", "--unset-all", "--replace-all", "-e", "--edit"
        )
    ) or (
        len(words) < 2
        and not reading.has(
            "--unset",
            "--unset-all",
            "--remove-section",
            "--rename-section",
            "--edit",
            "-e",
            "--add",
            "--replace-all",
        )
    ):
        return
    if first == "edit" or reading.has("-e", "--edit"):
        case.add("gate/git-settings", "an editor")
        return
    if file is not None:
        files.judge(case, invocation, "write", file)
    if first in {"rename-section", "remove-section"} or reading.has(
        "--remove-section", "--rename-section"
    ):
        case.add("gate/git-settings", " ".join(words))
        return
    if reading.has("--global", "--system"):
        case.add("git/settings-global", words[0] if words else "")
    if words:
        value = words[1] if len(words) > 1 else None
        setting(case, invocation, words[0], value, stays=True)
