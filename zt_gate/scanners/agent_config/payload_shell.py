"""Finds payloads in shell text: where each text comes from, and what runs it.

The tree of ``syntax.shell_tree`` is walked once, in the order of execution.  Files and
variables keep the origin of what was written to them, so that a download in one line and
its start in another are one effect.  A text that is printed, assigned or written is no
command until something runs it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.agent_config.payload_effects import (
    NOWHERE,
    PayloadEffect,
    PayloadOrigin,
)
from zt_gate.syntax.shell import program
from zt_gate.syntax.shell_tree import Command, Script, ShellWord, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    #: Finds the effects of a text in a language.
    CodeSearch = Callable[[str, str], list[PayloadEffect]]

_SHELLS = frozenset(
    ["sh", "bash", "zsh", "ksh", "mksh", "dash", "ash", "csh", "tcsh", "fish", "rbash"]
)
#: Interpreters, the options before a program text, and the language of that text.
_INTERPRETERS = {
    "python": ("c", "python"),
    "pypy": ("c", "python"),
    "node": ("ep", "javascript"),
    "nodejs": ("ep", "javascript"),
    "bun": ("e", "javascript"),
    "deno": ("", "javascript"),
    "perl": ("eE", "perl"),
    "ruby": ("e", "ruby"),
    "php": ("r", "php"),
    "lua": ("e", "lua"),
    "luajit": ("e", "lua"),
    "awk": ("", "awk"),
    "gawk": ("", "awk"),
    "mawk": ("", "awk"),
    "tclsh": ("", "tcl"),
    "osascript": ("e", "applescript"),
    "pwsh": ("", "powershell"),
    "powershell": ("", "powershell"),
}
_FETCHERS = frozenset(
    [
        "curl",
        "wget",
        "fetch",
        "aria2c",
        "lynx",
        "http",
        "https",
        "xh",
        "httpie",
        "lwp-request",
        "lwp-download",
        "get",
        "links",
        "w3m",
        "axel",
        "iwr",
        "irm",
        "wget2",
        "curlie",
    ]
)
#: Programs that copy from another host, and that print what a name server says.
_COPIERS = frozenset(
    ("aws", "gsutil", "gcloud", "scp", "sftp", "rsync", "rclone", "git", "azcopy")
)
#: Scripts that every source archive has.
_BUILD_SCRIPT = lazy_re.compile(
    r"(?:^|/)(?:configure|autogen(?:\.sh)?|bootstrap(?:\.sh)?|buildconf|[Cc]onfig(?:ure)?)$"
)
_LOOKUPS = frozenset(("dig", "nslookup", "host", "drill", "kdig"))
_REMOTE = lazy_re.compile(r"(?:s3|gs|rsync|https?|sftp|ssh|az)://|[\w.@-]+:(?!\\)")
#: Programs of Windows that load what an address holds.
_WINDOWS_LOADERS = frozenset(
    ("certutil", "bitsadmin", "mshta", "regsvr32", "msiexec", "rundll32")
)
_NETWORK_TOOLS = frozenset(
    ["nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "telnet", "ztcp", "rlwrap"]
)
_PASSES_ON = frozenset(
    [
        "cat",
        "tee",
        "sed",
        "tr",
        "awk",
        "gawk",
        "jq",
        "yq",
        "head",
        "tail",
        "grep",
        "egrep",
        "sort",
        "uniq",
        "cut",
        "gunzip",
        "zcat",
        "gzip",
        "xz",
        "xzcat",
        "bzip2",
        "bzcat",
        "unxz",
        "lz4",
        "zstd",
        "zstdcat",
        "pv",
        "dos2unix",
        "envsubst",
        "iconv",
        "strings",
        "tac",
        "fold",
        "paste",
        "xargs",
        "python3",
        "sponge",
        "openssl",
        "base64",
        "nl",
        "stdbuf",
    ]
)
#: Programs that run the rest of their words, and their options that take a value.
_WRAPPERS = {
    "sudo": "ugpChrtTUD", "doas": "uC", "env": "uCS", "nohup": "", "exec": "a", "command": "",
    "builtin": "", "time": "fo", "timeout": "ks", "nice": "n", "ionice": "cnp", "setsid": "",
    "stdbuf": "ioe", "unbuffer": "", "chroot": "", "busybox": "", "winpty": "", "proxychains": "f",
    "proxychains4": "f", "torsocks": "", "torify": "", "catchsegv": "", "caffeinate": "",
    "gosu": "",
    "su-exec": "", "fakeroot": "", "strace": "eo", "retry": "", "then": "", "do": "", "else": "",
    "flock": "w", "run0": "", "systemd-run": "pu", "rlwrap": "",
}  # fmt: skip
#: Wrappers whose first plain word is not yet the command.
_WITH_OPERAND = frozenset(("timeout", "chroot", "gosu", "su-exec", "flock"))
_VERIFIERS = lazy_re.compile(
    r"(?i)^(?:(?:sha\d{1,3}sum|shasum|md5sum|b2sum|gsha256sum)\b.*\s(?:-c\b|--check|-\w*c\b)"
    r"|gpgv?2?\b.*--verify|gpgv\b|cosign\s+verify|minisign\s+-V|slsa-verifier|signify\s+-V"
    r"|gh\s+attestation\s+verify|openssl\s+dgst\b.*-verify)"
)
_HASH = lazy_re.compile(
    r"\b[0-9a-f]{64}\b|\b[0-9a-f]{128}\b|\b[0-9a-f]{40}\b", re.IGNORECASE
)
_ASSIGNMENT = lazy_re.compile(r"([A-Za-z_]\w{0,80})\+?=(.*)", re.DOTALL)
_VARIABLE = lazy_re.compile(r"\$\{?!?([A-Za-z_]\w{0,80})")
_URL = lazy_re.compile(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>|)\\]{1,2000}")
_TCP = lazy_re.compile(r"/dev/(?:tcp|udp)/")
_ESCAPES = lazy_re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\0?[0-7]{3}){4}")
_ROT13 = lazy_re.compile(r"(?i)[n-za-m]{2}-?[a-z]*n-za-m|N-ZA-M|n-za-m")
_DEEPEST = 5
_MOST_EFFECTS = 50


def find(text: str, find_in_code: CodeSearch) -> list[PayloadEffect]:
    """Return the effects of running a text in a shell, in the order of execution.

    ``find_in_code`` searches a text of another language that the shell runs.
    """
    walk = _Walk(find_in_code)
    walk.text(text)
    return walk.effects[:_MOST_EFFECTS]


@dataclass(slots=True)
class _Walk:
    """The state of one script while it is read."""

    find_in_code: CodeSearch
    effects: list[PayloadEffect] = field(default_factory=list)
    variables: dict[str, PayloadOrigin] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, PayloadOrigin] = field(default_factory=dict)
    file_texts: dict[str, str] = field(default_factory=dict)
    sockets: set[str] = field(default_factory=set)
    #: Folders that hold what was cloned or unpacked; "" for the current one.
    trees: dict[str, PayloadOrigin] = field(default_factory=dict)
    inside: PayloadOrigin = NOWHERE
    clones: set[str] = field(default_factory=set)
    in_clone: bool = False
    depth: int = 0
    base: int | None = None

    def text(self, text: str, at: int | None = None) -> PayloadOrigin:
        """Walk a text that is run; ``at`` is its offset where it is nested in another."""
        if self.depth >= _DEEPEST or len(self.effects) > _MOST_EFFECTS:
            return NOWHERE
        base = self.base
        if at is not None and base is None:
            self.base = at
        self.depth += 1
        origin = self.script(parse(text))
        self.depth -= 1
        self.base = base
        return origin

    def script(self, script: Script) -> PayloadOrigin:
        """Walk a script; return the origin of what it prints."""
        printed = NOWHERE
        for index, pipeline in enumerate(script.pipelines):
            following = script.pipelines[index + 1 : index + 2]
            printed = printed.joined(self._pipeline(pipeline, following))
        return printed

    def _found(self, effects: Sequence[PayloadEffect]) -> None:
        for effect in effects:
            if self.base is None:
                self.effects.append(effect)
            else:
                self.effects.append(replace(effect, at=self.base, source=self.base))

    def _pipeline(
        self, pipeline: list[Command], following: list[list[Command]]
    ) -> PayloadOrigin:
        flow, flow_text = NOWHERE, ""
        has_shell = has_network = False
        start = pipeline[0].start
        for command in pipeline:
            self._walk_nested(command)
            words = self._resolved(_unwrapped(command.words))
            name = _name(words)
            has_shell = has_shell or (name in _SHELLS and _reads_stdin(words[1:]))
            has_network = has_network or _is_network_tool(name, words, command)
            if self._is_reverse_shell(name, words, command):
                self._found([PayloadEffect("shell", command.start, command.start)])
            self._verify(words, command, following)
            self._run(name, words, command, flow, flow_text)
            flow, flow_text = self._output(name, words, command, flow, flow_text)
        if has_shell and has_network and len(pipeline) > 1:
            self._found([PayloadEffect("shell", start, start)])
        return flow

    def _resolved(self, words: list[ShellWord]) -> list[ShellWord]:
        """Return a command with its program, where a variable has a known name."""
        if not words or not words[0].dynamic:
            return words
        match = re.fullmatch(r"\$\{?(\w+)\}?", words[0].text)
        if match is None:
            return words
        text = self.texts.get(match[1]) or ("sh" if match[1] == "SHELL" else "")
        if not re.fullmatch(r"[\w./-]{1,60}(?:[ ][\w./-]{1,20}){0,3}", text):
            return words
        at = words[0].start
        return [*(ShellWord(part, at) for part in text.split()), *words[1:]]

    def _walk_nested(self, command: Command) -> None:
        words = [*command.words, *(item.target for item in command.redirections)]
        for word in words:
            for nested in word.nested:
                self.script(nested)
        if command.body is not None:
            self.script(command.body)

    # Where a text comes from

    def _origin(self, word: ShellWord) -> PayloadOrigin:
        """Return the origin of the text of a word."""
        origin = NOWHERE
        for nested in word.nested:
            origin = origin.joined(self._printed(nested))
        if word.dynamic:
            for name in _VARIABLE.findall(word.text):
                origin = origin.joined(self.variables.get(name, NOWHERE))
        return origin

    def _printed(self, script: Script) -> PayloadOrigin:
        """Return the origin of what a substitution prints, without its effects."""
        effects = self.effects
        self.effects = []
        origin = NOWHERE
        for pipeline in script.pipelines:
            flow, text = NOWHERE, ""
            for command in pipeline:
                words = _unwrapped(command.words)
                flow, text = self._output(_name(words), words, command, flow, text)
            origin = origin.joined(flow)
        self.effects = effects
        return origin

    def _input(self, command: Command, flow: PayloadOrigin) -> PayloadOrigin:
        """Return the origin of the standard input of a command."""
        for item in command.redirections:
            if item.operator.lstrip("0") in {"<", "<<<", "<>"}:
                target = self._origin(item.target)
                flow = flow.joined(target)
                flow = flow.joined(self.files.get(_path(item.target.text), NOWHERE))
        return flow

    def _output(  # noqa: C901, PLR0912 - one branch for each kind of command
        self,
        name: str,
        words: Sequence[ShellWord],
        command: Command,
        flow: PayloadOrigin,
        flow_text: str,
    ) -> tuple[PayloadOrigin, str]:
        """Return the origin and, where it is known, the text that a command prints."""
        if command.body is not None:
            return self._printed(command.body).joined(flow), ""
        if not words:
            self._assign(command.words)
            for item in command.redirections:  # as in $(< file)
                if item.operator == "<":
                    flow = flow.joined(self.files.get(_path(item.target.text), NOWHERE))
            return flow, ""
        if name in {"export", "local", "declare", "readonly", "typeset", "set"}:
            self._assign(words[1:])
            return NOWHERE, ""
        flow = self._input(command, flow)
        text = ""
        args = words[1:]
        if name in _FETCHERS:
            out = self._fetch(name, args, command)
        elif name in _COPIERS or name in _LOOKUPS:
            out = self._copied(name, args, command)
        elif name in {"tar", "bsdtar", "unzip", "7z", "cpio"}:
            out = self._unpacked(args, flow)
        elif _is_decoder(name, args):
            out = replace(flow, decoded=True, at=flow.at or command.start)
            for word in args:
                out = out.joined(self._origin(word))
        elif name in {"echo", "printf", "print", "write-output"}:
            text = " ".join(
                word.text
                for word in args
                if word.text not in {"-e", "-n", "-en", "-ne"}
            )
            out = NOWHERE
            for word in args:
                out = out.joined(self._origin(word))
            if _ESCAPES.search(text):
                out = out.joined(PayloadOrigin(decoded=True, at=command.start))
        elif name in {"cat", "tee", "type", "gc", "get-content"}:
            out, text = flow, flow_text
            for word in args:
                origin = self.files.get(_path(word.text), NOWHERE)
                if name == "tee":
                    self.files[_path(word.text)] = flow
                    self.file_texts[_path(word.text)] = flow_text
                else:
                    out = out.joined(origin)
            if command.here:
                text = "\n".join(command.here)
        elif name in _PASSES_ON:
            out = flow
        else:
            out = NOWHERE
        return self._redirected(command, out, text)

    def _redirected(
        self, command: Command, out: PayloadOrigin, text: str
    ) -> tuple[PayloadOrigin, str]:
        for item in command.redirections:
            operator = item.operator.lstrip("01&")
            if operator in {">", ">>", ">|"} and not item.operator.startswith("2"):
                path = _path(item.target.text)
                if path == "/dev/null":
                    return NOWHERE, ""
                self.files[path] = out
                self.file_texts[path] = text
                return NOWHERE, ""
        return out, text

    def _assign(self, words: Sequence[ShellWord]) -> None:
        for word in words:
            match = _ASSIGNMENT.match(word.text)
            if match is not None:
                self.variables[match[1]] = self._origin(word)
                self.texts[match[1]] = "" if word.nested else match[2]

    def _fetch(
        self, name: str, args: Sequence[ShellWord], command: Command
    ) -> PayloadOrigin:
        """Return the origin of what a download prints; note the file that it writes."""
        urls = self._urls(args)
        if any(word.text in {"--version", "--help", "-V", "-h"} for word in args):
            return NOWHERE
        origin = PayloadOrigin(fetched=True, at=command.start, urls=tuple(urls))
        target, prints = _download_target(name, args, urls)
        if target and target not in {"-", "/dev/stdout"}:
            self.files[_path(target)] = origin
            self.file_texts.pop(_path(target), None)
            return NOWHERE
        return origin if prints or target else NOWHERE

    def _copied(
        self, name: str, args: Sequence[ShellWord], command: Command
    ) -> PayloadOrigin:
        """Return what a copy from another host prints; note the file or folder it writes."""
        texts = [word.text for word in args]
        origin = PayloadOrigin(
            fetched=True, at=command.start, urls=tuple(self._urls(args))
        )
        if name in _LOOKUPS:
            is_text = any(
                text.lower() in {"txt", "-type=txt", "-q=txt"} for text in texts
            )
            return origin if is_text else NOWHERE
        plain = [text for text in texts if not text.startswith("-")]
        if name == "git":
            if plain[:1] == ["clone"] and len(plain) > 1:
                folder = plain[2] if len(plain) > 2 else plain[1].rstrip("/")
                folder = folder.rpartition("/")[2] if len(plain) == 2 else folder
                tree = _path(folder).removesuffix(".git").rstrip("/")
                self.trees[tree] = origin
                self.clones.add(tree)
            return NOWHERE
        remote = [text for text in plain if _REMOTE.match(text)]
        if not remote or (plain[-1] == remote[-1] and "cat" not in plain):
            return NOWHERE
        if "cat" in plain or plain[-1] == "-":
            return origin
        target = _path(plain[-1])
        self.files[target] = origin
        base = remote[0].rstrip("/").rpartition("/")[2].rpartition(":")[2]
        self.files[_path(f"{target.rstrip('./')}/{base}".lstrip("/"))] = origin
        return NOWHERE

    def _unpacked(
        self, args: Sequence[ShellWord], flow: PayloadOrigin
    ) -> PayloadOrigin:
        """Note the folder of a downloaded archive; return what is printed."""
        origin = flow
        folder = ""
        for index, word in enumerate(args):
            origin = origin.joined(self.files.get(_path(word.text), NOWHERE))
            if word.text in {"-C", "-d", "--directory"}:
                folder = "".join(part.text for part in args[index + 1 : index + 2])
        if origin.fetched:
            self.trees[_path(folder).rstrip("/")] = origin
        return NOWHERE

    def _in_tree(self, path: str) -> PayloadOrigin:
        """Return the origin of a path in a folder that was cloned or unpacked."""
        if not self.trees or _BUILD_SCRIPT.search(path):
            return NOWHERE
        plain = _path(path)
        for folder, origin in self.trees.items():
            if folder and plain.startswith(f"{folder}/"):
                return origin
        if plain.startswith("/"):
            return NOWHERE
        is_here = "" in self.trees and (path.startswith("./") or "/" in plain)
        return self.trees[""] if is_here else self.inside

    def _urls(self, args: Sequence[ShellWord]) -> list[str]:
        """Return the addresses in the words, with the literal values of variables."""
        urls = []
        for word in args:
            text = (
                _VARIABLE.sub(
                    lambda match: self.texts.get(match[1]) or match[0], word.text
                )
                .replace("{", "")
                .replace("}", "")
            )
            urls += _URL.findall(text)
            if not _URL.search(text) and re.fullmatch(r"[\w-]+(?:\.[\w-]+)+/\S*", text):
                urls.append(f"https://{text}")
        return urls[:8]

    # What runs a text

    def _run(  # noqa: C901, PLR0912 - one branch for each kind of program
        self,
        name: str,
        words: Sequence[ShellWord],
        command: Command,
        flow: PayloadOrigin,
        flow_text: str,
    ) -> None:
        """Report what the command runs."""
        if not words:
            return
        at, args = command.start, words[1:]
        self._run_nested_shells(words, at)
        base_name = name.rstrip("0123456789.")
        if name in _SHELLS or base_name in _INTERPRETERS:
            self._run_interpreter(name, args, command, flow, flow_text)
        elif name in {"source", "."}:
            for word in args[:1]:
                self._run_file(word, at, flow)
        elif name in {"eval", "iex", "invoke-expression"}:
            origin = flow if name != "eval" else NOWHERE
            for word in args:
                origin = origin.joined(self._origin(word))
            self._found(origin.effects(at))
            self._run_text(" ".join(self._expanded(word) for word in args), at)
        elif name == "ssh" and len(args) > 1:
            self.text(" ".join(word.text for word in args[1:]), at)
        elif name == "xargs":
            runs = [word for word in args if program(word.text) in _SHELLS]
            if runs or any(word.text in {"-I{}", "eval"} for word in args[:1]):
                self._found(flow.effects(at))
        elif name in {"at", "batch", "crontab"}:
            self._found(flow.effects(at))
        elif name == "cd":
            folder = _path(args[0].text).rstrip("/") if args else ""
            self.inside = self.trees.get(folder, self.inside)
            self.in_clone = self.in_clone or folder in self.clones
        elif name in {"make", "gmake"}:
            self._run_make(args, at)
        elif name in {"docker", "podman", "nerdctl"} and _takes_the_machine(args):
            self._found([PayloadEffect("host", at, at)])
        elif name in _WINDOWS_LOADERS and self._urls(args):
            urls = tuple(self._urls(args))
            self._found([PayloadEffect("download", at, at, urls)])
        else:
            self._run_program(words[0], at)

    def _run_make(self, args: Sequence[ShellWord], at: int) -> None:
        """Report make in a cloned folder."""
        for word, following in pairwise(args):
            folder = _path(following.text).rstrip("/")
            if word.text == "-C" and folder in self.clones:
                self._found(self.trees[folder].effects(at))
        if self.in_clone:
            self._found(self.inside.effects(at))

    def _run_program(self, word: ShellWord, at: int) -> None:
        """Report a program that was downloaded or decoded before, or a computed one."""
        path = _path(word.text)
        is_path = "/" in word.text or word.text[:1] == "$"
        if is_path and path in self.files:
            self._found(self.files[path].effects(at))
            self._run_text(self.file_texts.get(path, ""), at)
        elif is_path:
            self._found(self._in_tree(word.text).effects(at))
        if word.dynamic:
            self._found(self._origin(word).effects(at))
            match = re.fullmatch(r"\$\{?(\w+)\}?", word.text)
            if match is not None:
                self._run_text(self.texts.get(match[1], ""), at)

    def _run_nested_shells(self, words: Sequence[ShellWord], at: int) -> None:
        """Run the texts of ``sh -c TEXT`` anywhere in a command, as in ``docker run … sh -c``."""
        for index, word in enumerate(words[1:-1], 1):
            if program(word.text) in _SHELLS and re.fullmatch(
                r"-\w*c", words[index + 1].text
            ):
                for text in words[index + 2 : index + 3]:
                    self._found(self._origin(text).effects(at))
                    self._run_text(self._expanded(text), at)

    def _run_interpreter(  # noqa: C901, PLR0912 - one branch for each kind of option
        self,
        name: str,
        args: Sequence[ShellWord],
        command: Command,
        flow: PayloadOrigin,
        flow_text: str,
    ) -> None:
        at = command.start
        options, language = _INTERPRETERS.get(
            name.rstrip("0123456789."), ("c", "shell")
        )
        if name in _SHELLS:
            options, language = "c", "shell"
        if language == "powershell":
            self._run_powershell(args, at)
        position = 0
        while position < len(args):
            text = args[position].text
            is_code_option = bool(options) and re.fullmatch(rf"-\w*[{options}]", text)
            if is_code_option or text in {"--eval", "--command", "-Command", "eval"}:
                for word in args[position + 1 : position + 2]:
                    self._found(self._origin(word).effects(at))
                    self._run_code(self._expanded(word), language, at)
                if not args[position + 1 :] or name != "xargs":
                    return
            if text == "-m" and language == "python":
                return
            if text in {"-", "-s", "/dev/stdin", "--"} and args[position].nested == []:
                break
            if not text.startswith(("-", "+")) and not (
                text[:2] == "$(" and not args[position].nested
            ):
                if language == "awk":
                    self._run_code(args[position].text, language, at)
                elif language == "javascript" and text in {"run", "-", "x"}:
                    position += 1
                    continue
                self._run_file(args[position], at, flow)
                return
            position += 1
        stdin = self._input(command, flow)
        self._found(stdin.effects(at))
        for item in command.redirections:
            if item.operator.endswith("<<<"):
                self._run_code(self._expanded(item.target), language, at)
        for text in (flow_text, *command.here):
            if text:
                self._run_code(text, language, at)

    def _run_powershell(self, args: Sequence[ShellWord], at: int) -> None:
        for index, word in enumerate(args[:-1]):
            option = word.text.lower().replace("/", "-", 1)
            is_encoded = len(option) > 1 and "-encodedcommand".startswith(option)
            if (is_encoded or option == "-ec") and option != "-e-" and len(option) >= 2:
                value = args[index + 1].text
                if re.fullmatch(r"[A-Za-z0-9+/=]{16,}|\$.*", value):
                    self._found([PayloadEffect("decoded", at, at)])
        self._run_code(" ".join(word.text for word in args), "powershell", at)

    def _run_file(self, word: ShellWord, at: int, flow: PayloadOrigin) -> None:
        origin = self._origin(word)
        path = _path(word.text)
        if path in {"/dev/stdin", "-"}:
            origin = origin.joined(flow)
        origin = origin.joined(self.files.get(path, NOWHERE))
        origin = origin.joined(self._in_tree(word.text))
        self._found(origin.effects(at))
        self._run_text(self.file_texts.get(path, ""), at)

    def _run_text(self, text: str, at: int) -> None:
        if text:
            self.text(text, at)

    def _run_code(self, text: str, language: str, at: int) -> None:
        if language == "shell":
            self._run_text(text, at)
            return
        if self.depth >= _DEEPEST or not text:
            return
        self.depth += 1
        found = self.find_in_code(text, language)
        self.depth -= 1
        self._found([replace(effect, at=at, source=at) for effect in found])

    def _expanded(self, word: ShellWord) -> str:
        """Return the text of a word with the literal values of variables."""
        if not word.dynamic:
            return word.text
        return re.sub(
            r"\$\{?(\w+)\}?",
            lambda match: self.texts.get(match[1]) or match[0],
            word.text,
        )

    def _verify(
        self,
        words: Sequence[ShellWord],
        command: Command,
        following: list[list[Command]],
    ) -> None:
        """Forget downloads once a checksum or signature is checked and a failure counts."""
        line = " ".join(word.text for word in words)
        if _VERIFIERS.match(line) is None:
            return
        if command.operator == "||" and following:
            name = _name(_unwrapped(following[0][0].words))
            if name not in {"exit", "return", "false", "die", "fail", "abort", "rm"}:
                return
        if command.operator in {"|", "&"}:
            return
        for path, origin in self.files.items():
            self.files[path] = replace(origin, fetched=False)

    # Reverse shells

    def _is_reverse_shell(
        self, name: str, words: Sequence[ShellWord], command: Command
    ) -> bool:
        targets = [(item.operator, item.target.text) for item in command.redirections]
        opens = [target for _, target in targets if _TCP.search(target)]
        if opens and not words:
            self._note_sockets(targets)
            return False
        if (
            opens
            and _name(command.words) == "exec"
            and not _command_after_exec(command)
        ):
            self._note_sockets(targets)
            return False
        uses_socket = any(
            "&" in operator and target in self.sockets for operator, target in targets
        )
        if opens or uses_socket:
            is_computed = bool(words) and (words[0].dynamic or name == "eval")
            if name in _SHELLS and _reads_stdin(words[1:]):
                return True
            if is_computed and (uses_socket or opens):
                return True
        return _starts_shell(name, words)

    def _note_sockets(self, targets: Sequence[tuple[str, str]]) -> None:
        for operator, target in targets:
            if _TCP.search(target):
                self.sockets.add(re.sub(r"[<>&]", "", operator).strip("{}") or "0")
                self.sockets.update(
                    f"${name}" for name in re.findall(r"\{(\w+)\}", operator)
                )


def _takes_the_machine(args: Sequence[ShellWord]) -> bool:
    """Whether a container gets all rights, and all files, of the machine."""
    line = " ".join(word.text for word in args) + " "
    mounts = re.search(
        r"(?:-v|--volume)[ =]?/:/|--mount[ =]\S*(?:source|src)=/(?:,|[ ])", line
    )
    return mounts is not None and ("--privileged" in line or "chroot" in line)


def _command_after_exec(command: Command) -> bool:
    return len(_unwrapped(command.words)) > 0


def _starts_shell(name: str, words: Sequence[ShellWord]) -> bool:
    """Whether a network tool is told to start a shell, or a display of another host is used."""
    line = " ".join(word.text for word in words[1:])
    shell = (
        r"(?:\S*/)?(?:(?:ba|z|k|da|a|c|fi)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)\b"
        r"|\$\{?SHELL"
    )
    if name in {
        "nc",
        "ncat",
        "netcat",
        "nc.traditional",
        "nc.openbsd",
        "rcat",
        "pwncat",
    }:
        option = r"(?:^|\s)(?:-\w{0,6}[ec]|--exec|--sh-exec|-\w*[ec]=?)[=\s]*[\"']?"
        return re.search(option + r"(?:" + shell + r")", line) is not None
    if name == "socat":
        starts = re.search(
            r"(?i)\b(?:exec|system|shell):[\"']?(?:" + shell + r")", line
        )
        connects = re.search(
            r"(?i)\b(?:tcp|udp|openssl|sctp|socks|proxy|vsock|quic)[\w-]*:", line
        )
        return starts is not None and connects is not None
    if name == "xterm":
        return re.search(r"-display\s+[\w.-]+\.[\w.-]+:\d", line) is not None
    return False


def _is_network_tool(name: str, words: Sequence[ShellWord], command: Command) -> bool:
    if any(_TCP.search(item.target.text) for item in command.redirections):
        return True
    if name == "openssl":
        return any(word.text == "s_client" for word in words)
    if name == "socat":
        return any(
            re.match(r"(?i)(?:tcp|openssl|udp)", word.text) for word in words[1:]
        )
    return name in _NETWORK_TOOLS and len(words) > 1


def _unwrapped(words: Sequence[ShellWord]) -> list[ShellWord]:
    """Return a command without assignments and the programs that only start it."""
    rest = list(words)
    for _ in range(12):
        while rest and _ASSIGNMENT.match(rest[0].text):
            if not rest[1:]:
                return []
            rest = rest[1:]
        if not rest:
            return []
        name = program(rest[0].text.lstrip("@-"))
        if name not in _WRAPPERS or rest[0].dynamic:
            return rest
        valued = _WRAPPERS[name]
        rest = rest[1:]
        while rest and (rest[0].text.startswith("-") or "=" in rest[0].text):
            option = rest[0].text
            takes_value = len(option) == 2 and option[0] == "-" and option[1] in valued
            rest = rest[2:] if takes_value else rest[1:]
        if name in _WITH_OPERAND:
            rest = rest[1:]
    return rest


def _name(words: Sequence[ShellWord]) -> str:
    if not words:
        return ""
    text = words[0].text
    return text if text == "." else program(text.lstrip("@-"))


def _reads_stdin(args: Sequence[ShellWord]) -> bool:
    """Whether a shell with these words reads commands from its input."""
    for word in args:
        if re.fullmatch(r"-\w*c", word.text):
            return False
        if not word.text.startswith(("-", "+")):
            return word.text == "/dev/stdin"
        if re.fullmatch(r"-\w*s", word.text):
            return True
    return True


def _is_decoder(name: str, args: Sequence[ShellWord]) -> bool:
    options = [word.text for word in args]
    line = " ".join(options)
    if name in {"base64", "base32", "gbase64", "basenc", "base58"}:
        return any(re.fullmatch(r"-\w*[dD]\w*|--decode", text) for text in options)
    if name == "openssl":
        return re.search(r"(?:^|\s)-d\b", line) is not None
    if name == "xxd":
        return any(
            text.startswith("-r") or re.fullmatch(r"-\w*r\w*", text) for text in options
        )
    if name == "tr":
        return _ROT13.search(line) is not None
    if name == "certutil":
        return "-decode" in line
    return name in {"uudecode", "rev", "rot13"}


def _download_target(
    name: str, args: Sequence[ShellWord], urls: Sequence[str]
) -> tuple[str, bool]:
    """Return the file that a download writes, "" for none, and whether it prints."""
    texts = [word.text for word in args]
    option = "O" if name in {"wget", "wget2"} else "o"
    for index, text in enumerate(texts):
        following = texts[index + 1] if index + 1 < len(texts) else ""
        if text in {"--output", "--output-document", "-OutFile", "-outfile", "--out"}:
            return following, False
        match = re.fullmatch(
            rf"--output(?:-document)?=(.+)|-\w{{0,6}}?{option}(.*)", text
        )
        if match is not None and not text.startswith("--remote"):
            return match[1] or match[2] or following, False
    by_address = any(
        text == "--remote-name" or re.fullmatch(r"-\w*O\w*", text) for text in texts
    )
    saves = name in {"wget", "wget2", "aria2c", "axel", "fetch", "lwp-download"}
    if saves or (by_address and name == "curl"):
        address = (
            urls[0]
            if urls
            else next((text for text in reversed(texts) if text[:1] != "-"), "")
        )
        return address.split("?")[0].rstrip("/").rpartition("/")[2], False
    return "", True


def _path(text: str) -> str:
    """Return a path as a key: without ``./`` at its start."""
    return text.removeprefix("./").replace("${", "$").replace("}", "")
