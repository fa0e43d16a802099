"""Finds payloads in source code: decoded or fetched text that is run, and reverse shells.

``syntax.code_text`` says what is code.  Names that are assigned a decoded or fetched value
keep that origin, so that decoding in one line and running in another is one effect.  A
command line that is passed to a shell is read as shell text.  What stands in a string or
comment alone, as in rules and tests of scanners, is no payload.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import replace
from zt_gate.scanners.agent_config import payload_forms
from zt_gate.scanners.agent_config.packed_names import NameReach
from zt_gate.scanners.agent_config.payload_effects import (
    NOWHERE,
    PayloadEffect,
    PayloadOrigin,
)
from zt_gate.syntax import code_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.syntax.code_text import CodeText

    #: Finds the effects of a command line.
    ShellSearch = Callable[[str], list[PayloadEffect]]

#: Calls that run the text of their argument as code.
_EVALUATES = lazy_re.compile(
    r"(?<![\w.$])(?:builtins?\.|__builtins__\.|globalThis\.|window\.|self\.|global\.|vm\.|types\.)?"
    r"(?P<name>exec|eval|execfile|Function|FunctionType|loadstring|load|create_function|assert"
    r"|instance_eval|class_eval|module_eval|runInThisContext|runInNewContext"
    r"|runInContext|execScript"
    r"|Invoke-Expression|iex|setTimeout|setInterval)\s*(?=\()"
    r"|\.(?P<method>runInThisContext|runInNewContext|runInContext|defineClass"
    r"|_compile|instance_eval"
    r"|class_eval|module_eval|executeScript|evaluateScript|constructor|InvokeScript"
    r"|parseClass)\s*(?=\()"
    r"|\bvm\.Script\s*(?=\()|\bnew\s+(?:vm\.Script|Function)\s*(?=\()|\(0,\s*eval\)\s*(?=\()"
    r"|\bAssembly\.Load\s*(?=\()|\[Reflection\.Assembly\]::Load\s*(?=\()"
    r"|\bScriptBlock\]::Create\s*(?=\()"
    r"|(?:getattr|globals\(\)|__builtins__|builtins|globalThis|window|self|global)[^\n;=]{0,60}?"
    r"[\"'](?:exec|eval|Function)[\"'][\])]{1,2}\s*(?=\()"
)
#: The same without parentheses around the argument.
_EVALUATES_LINE = lazy_re.compile(
    r"(?m)(?:^|(?<=[;{(|&=]))\s*(?:eval|Invoke-Expression|iex|instance_eval"
    r"|assert)[ \t]+(?![=.)(])(?P<argument>[^\n;]{1,4000})"
)
#: Calls that start a program; most of them through a shell.
#: Methods of every function and of every task in JavaScript, where they start no program.
_NO_PROGRAM = frozenset((".call", ".run"))
_STARTS = lazy_re.compile(
    r"\brequire\s*\(\s*[\"'](?:node:)?child_process[\"']\s*\)\.\w+\s*(?=\()"
    r"|\b(?:os\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?)|subprocess\.(?:run|call"
    r"|Popen|check_call|check_output|getoutput|getstatusoutput)"
    r"|commands\.getoutput|pty\.spawn|asyncio\.create_subprocess_(?:shell|exec)"
    r"|(?:child_process|cp|childProcess)\.\w+"
    # Whatever the module is called: only a command line with an effect counts.
    r"|(?<=[\w$)\]])\.(?:exec(?:Sync|File|FileSync)?|spawn(?:Sync)?|system|popen|local|sudo"
    r"|run|getoutput|check_call|call)"
    r"|Runtime\.getRuntime\(\)\.exec|Process\.(?:Start|start|run|runSync)"
    r"|Process::Start|Start-Process|Command::new|exec\.Command(?:Context)?"
    r"|Open3\.\w+|IO\.popen|Kernel\.(?:system|exec|spawn|`)|os\.execute|io\.popen"
    r"|System\.cmd|ctx\.run|session\.run|Deno\.(?:run|Command))\s*(?=\()"
    r"|(?<![\w.$>:])(?:system|popen|shell_exec|passthru|proc_open|exec|execSync"
    r"|execFile|execFileSync|spawn|spawnSync|Popen|check_output"
    r"|check_call|getoutput|execl|execlp|execv|execvp|execve|WinExec|ShellExecuteA?"
    r"|execa|execaCommand|shelljs\.exec|pcntl_exec|ProcessBuilder)\s*(?=\()"
)
_COMMAND_LINE = lazy_re.compile(
    r"(?m)(?:^|(?<=[;{(=|&]))[ \t]*(?:system|exec|sh|bat|bash|qx|%x|spawn|`"
    r"|powershell|pwsh)[ \t]+(?=[\"'])"
    r"|(?:(?<=\s)|^)(?:command|inline|cmd|commandLine|script|run)\s*[=:]?[ \t]+(?=[\"'])"
)
_DECODES = lazy_re.compile(
    r"\b(?:(?:standard_|urlsafe_)?b(?:64|32|16|85)decode|a85decode|decodebytes"
    r"|decodestring|a2b_(?:base64|hex|uu|qp)|unhexlify|fromhex"
    r"|base64_decode|hex2bin|str_rot13|gzinflate|gzuncompress|gzdecode"
    r"|convert_uudecode|atob|decode64|strict_decode64|urlsafe_decode64"
    r"|decode_base64|unescape|FromBase64String|b64decode|decodeBase64|rot13|ROT13"
    r"|from_base64|base64decode|decode_b64"
    r"|fromCharCode|fromCodePoint|parseBase64Binary)\b\s*\("
    r"|\bcodecs\.decode\s*\(|\bgetDecoder\(\)\.decode\s*\("
    r"|\bStdEncoding\.DecodeString\s*\(|\bhex\.DecodeString\s*\("
    r"|\.decode\s*\(\s*[\"'](?:base64|hex|rot13|rot_13|zip|uu|bz2)[\w-]*[\"']"
    r"|\bBuffer\.from\s*\([^;\n]{0,4000}?[\"'](?:base64|hex|base64url)[\"']"
    r"|\bBuffer\s*\([^;\n]{0,4000}?[\"'](?:base64|hex)[\"']"
    r"|\.pack\s*\(\s*[\"'][HhUuCm]\*?[\"']|\bunpack1?\s*\(\s*[\"'][HhUum]0?\*?[\"']"
    r"|\bpack\s*\(\s*[\"'][HhUuC]\*[\"']"
    r"|\bmap\s*\(\s*chr\s*,|\bchr\s*\(\s*\w+(?:\s*[\^+-]\s*\w+)?\s*\)\s*for\b"
    r"|\bbytes(?:array)?\s*\(\s*\[\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,"
    r"|\bchr\(\d+\)\s*[.+]\s*chr\(\d+\)\s*[.+]\s*chr\(\d+\)|\[char\]\s*\d+"
    r"|-join\s*\([^)\n]{0,2000}\[char\]"
    r"|[\"']\s*\[\s*::\s*-1\s*\]|\.split\s*\(\s*[\"']{2}\s*\)\.reverse\s*\("
)
#: Decoders of binary data: common in honest loaders, so their input must be in the file.
_UNPACKS = lazy_re.compile(
    r"\b(?:zlib|gzip|bz2|lzma|brotli|zstd)\.(?:decompress|inflate\w*|gunzip\w*"
    r"|brotliDecompress\w*)\s*\(|\bmarshal\.loads\s*\(|\bInflate\.inflate\s*\("
)
_FETCHES = lazy_re.compile(
    r"\b(?:requests|httpx|session|client|http|axios|got|needle|superagent|urllib3?"
    r"|aiohttp)\.(?:get|post|request)\s*\(|\burlopen\s*\(|\burlretrieve\s*\("
    r"|\burllib\.request\.\w+\s*\("
    r"|(?<![\w.])fetch\s*\(|\bhttps?\.get\s*\(|\bNet::HTTP\.\w+\s*\(|\bURI\.(?:open"
    r"|parse)\s*\(|\bHTTParty\.get\s*\(|\bLWP::Simple\b|\bcurl_exec\s*\("
    r"|\bfile_get_contents\s*\(\s*[\"']https?|\b(?:Net\.)?WebClient\b"
    r"|\bDownload(?:String|File|Data)\s*\(|\b(?:Invoke-WebRequest|Invoke-RestMethod"
    r"|iwr|irm)\b"
    r"|\bhttp\.Get\s*\(|\breqwest::(?:blocking::)?get\s*\(|\bureq::get\s*\("
    r"|\bXMLHttpRequest\b|\bHttpClient\b|\bhttp\.request\s*\(\s*[\"']https?"
    r"|\burl\.openStream\s*\(|\.openConnection\s*\(|\bdownload\.file\s*\("
)
# It begins behind the blanks: a long comment is as many of them in the view.
_ASSIGNS = lazy_re.compile(
    r"(?m)(?:^|(?<=[;{(,:\s]))(?:(?:const|let|var|my|our|local|final|auto|val"
    r"|String|byte\[\]|string|\[string\]|def)[ \t]+)?"
    r"(?P<name>[$@%]?[A-Za-z_]\w{0,80})(?:[ \t]*:[ \t]*[\w\[\], ."
    r"|]{1,60})?[ \t]*(?::=|\.?\+?=(?![=~>]))[ \t]*(?P<value>[^\n;]{1,20000})"
)
#: A loop, a parameter or a list of names gives names another value.
_REBINDS = lazy_re.compile(
    r"(?m)\bfor\s+([\w, ()]{1,200}?)\s+in\b|\b(?:def"
    r"|function)\s+\w+\s*\(([^()]{0,400})\)|^[ \t]*((?:\w+\s*,\s*){1,20}\w+)\s*=(?!=)"
)
_WITH = lazy_re.compile(
    r"\b(?:with|async with)\s+(?P<value>[^\n]{1,400}?)\s+as\s+(?P<name>\w+)\s*:"
)
_ALIAS = lazy_re.compile(
    r"(?m)(?<![\w.])(?P<name>\w{1,40})\s*=\s*(?:exec|eval|Function|os\.system)\s*(?:[;,\n]|$)"
)
_DECODER_ALIAS = lazy_re.compile(
    r"\bimport\b[^\n]{0,200}?\b(?:b64decode|unhexlify|a2b_base64|b85decode"
    r"|decompress)\s+as\s+(\w{1,40})|(?<![\w.])(\w{1,40})\s*=\s*(?:atob"
    r"|base64\.b64decode)\s*(?:[;,\n]|$)"
)
_ALIASED = lazy_re.compile(r"=\s*(?:exec|eval|Function|os\.system)\s*(?:[;,\n]|$)")
_DECODER_ALIASED = lazy_re.compile(
    r"(?:decode|unhexlify|a2b_base64|decompress)\s+as\b|=\s*(?:atob"
    r"|base64\.b64decode)\s*(?:[;,\n]|$)"
)
#: Words of which the source must have one before the expressions above are tried.
_EVALUATING_WORDS = {
    "python": ("exec", "eval", "FunctionType"),
    "javascript": (
        "eval", "Function", "runIn", "setTimeout", "setInterval", "constructor", "_compile",
        "Script",
    ),
    "lua": ("load",),
    "php": ("eval", "assert", "create_function"),
    "ruby": ("eval",),
    "perl": ("eval",),
    "go": ("eval", "Eval"),
}  # fmt: skip
_OTHER_EVALUATING_WORDS = ("eval", "Class", "Load", "Script", "iex", "IEX", "Invoke")
_STARTING_WORDS = (
    "system",
    "popen",
    "exec",
    "spawn",
    "subprocess",
    "Popen",
    "check_",
    "getoutput",
    "Process",
    "Command",
    "Start",
    "passthru",
    ".local",
    ".sudo",
    ".call",
    "proc_open",
    "child_process",
    "cp.",
    "Open3",
    ".run",
    "Runtime",
)
_FUNCTION = lazy_re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:async[ \t]+)?def[ \t]+(?P<name>\w{1,60})[ \t]*\("
)
_RETURNS = lazy_re.compile(r"\breturn\b(?P<value>[^\n]{1,400})")
#: A program that prints what it downloads, and whose output is kept.
_FETCHING_PROGRAM = lazy_re.compile(
    r"\b(?:check_output|getoutput|run|Popen|popen)\s*\(\s*\[?\s*[\"'](?:curl|wget)\b"
)
_PIPED = lazy_re.compile(r"\b(?:stdin|input)\s*=\s*(?P<name>\w+)(?:\.stdout)?\b")
_LONGEST_FUNCTION = 1500
_NAME = lazy_re.compile(r"[$@]?[A-Za-z_]\w*")
_URL = lazy_re.compile(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>|)\\]{1,2000}")
_OPENS_SHELL = lazy_re.compile(
    r"(?i)[\"'`](?:/(?:usr/)?bin/)?(?:(?:ba|z|k|da|a)?sh|cmd(?:\.exe)?"
    r"|powershell(?:\.exe)?|pwsh)(?:[\s\"'`]|$)"
)
_LONGEST_ARGUMENT = 40_000
_MOST = 400

#: Reverse shells: what connects, what starts a program, and what joins the two.
_REVERSE = {
    "python": (
        (
            r"\.connect\s*\(|\bcreate_connection\s*\(|\bconnect_ex\s*\("
            r"|\bopen_connection\s*\(|\.accept\s*\("
        ),
        (
            r"\b(?:call|run|Popen|check_call|check_output|spawn|exec[lv]p?e?|system|popen"
            r"|getoutput|create_subprocess_\w+)\s*\("
        ),
        (
            r"\bdup2\s*\(\s*[^)\n]{0,80}?fileno|std(?:in|out)\s*=\s*\w*(?:sock|conn"
            r"|client|\bs\b|\bc\b)\w*|dup2[^\n]{0,80}\bfor\b"
        ),
    ),
    "perl": (
        r"\bIO::Socket\b[^\n]{0,40}|\bconnect\s*\(",
        r"\b(?:exec|system|qx)\b|`",
        r"STDIN\s*->\s*fdopen|open\s*\(?\s*\*?STDIN\s*,",
    ),
    "ruby": (
        r"\bTCPSocket\.(?:new|open)\b|\bSocket\.tcp\b|\bTCPSocket\.\w+",
        r"\b(?:exec|spawn|system|popen\w*)\b|`|%x",
        (
            r"\$?(?:stdin|STDIN)\.reopen|\bexec\s+sprintf|popen\s*\(?\s*(?:cmd|c|l|line"
            r"|\w{1,8})\s*,\s*[\"']r|\[?:in\s*,\s*:out|<&%d|:in\s*=>"
            r"|exec\s*\(?\s*[\"'][^\n]{0,60}<&#\{"
        ),
    ),
    "php": (
        r"\b(?:p?fsockopen|stream_socket_client|socket_connect)\s*\(",
        r"\b(?:exec|shell_exec|system|passthru|popen|proc_open|pcntl_exec)\s*\(|`",
        r"\bproc_open\s*\(|(?:exec|shell_exec|system|passthru|popen)\s*\(\s*(?:[\"']|\$)|`",
    ),
    "javascript": (
        (
            r"\bnet\.(?:connect|createConnection|Socket)\b|\bnew\s+(?:\w+\.)?Socket\s*\("
            r"|\btls\.connect\s*\(|\.connect\s*\(|\bcreateConnection\s*\("
            r"|(?<![\w.])connect\s*\(\s*(?:\d{2,5}\b|\{)"
            r"|\bnew\s+WebSocket\s*\("
        ),
        r"\b(?:spawn|exec|execFile|fork|Command)(?:Sync)?\s*\(",
        (
            r"\.pipe\s*\(\s*\w+\.stdin|\.stdout\.pipe\s*\(|\.stdin\.write\s*\("
            r"|stdio\s*:\s*\[\s*\w*(?:sock|client|conn)\w*"
            r"|stdio\s*:\s*\[\s*([A-Za-z_$][\w$]*)\s*,\s*\1\b|\.pipeTo\s*\(\s*\w+\.stdin"
        ),
    ),
    "go": (
        r"\b(?:net|tls)\.Dial(?:Timeout|TCP)?\s*\(",
        r"\bexec\.Command\w*\s*\(|\bsyscall\.Exec\s*\(",
        (
            r"\.(?:Stdin|Stdout)\s*(?:,\s*\w+\.\w+\s*)*=\s*\w+|syscall\.Dup2\s*\("
            r"|\bio\.Copy\s*\([^\n]{0,60}(?:Stdin|Stdout)"
        ),
    ),
    "powershell": (
        r"(?i)\bTCPClient\b",
        r"(?i)\biex\b|\bInvoke-Expression\b|\bProcess\b|\bcmd\b|&\s*\$",
        r"(?i)\bGetStream\s*\(",
    ),
    "lua": (
        r"\bconnect\s*\(|\bsocket\.\w+",
        r"\bos\.execute\s*\(|\bio\.popen\s*\(",
        r"<&\d|\breceive\s*\(|:receive|\bsend\s*\(|os\.execute\s*\(\s*[\"']",
    ),
    "awk": (
        r"/inet/(?:tcp|udp)/",
        r"\|&?\s*getline|\bsystem\s*\(",
        r"\|&",
    ),
    "c": (
        (
            r"(?<![\w.])connect\s*\(|\bnew\s+(?:\w+\.)*Socket\s*\("
            r"|\bTcpStream::connect\s*\(|\bTcpClient\s*\(|\bSocket\.connect\b"
            r"|\bWSAConnect\s*\(|\bSocketChannel\.open\s*\(|\.Connect\s*\("
        ),
        (
            r"(?<![\w])exec(?:l|le|lp|v|ve|vp|vpe)\s*\(|\bProcessBuilder\s*\(|\.exec\s*\("
            r"|\bCommand::new\s*\(|\bProcess\.(?:Start|start)\s*\(|\bProcessStartInfo\b"
            r"|\bCreateProcess[AW]?\s*\(|\bnew\s+Process\s*\(|\bposix_spawn\w*\s*\("
        ),
        (
            r"\bdup2\s*\(|\bfrom_raw_fd\s*\(|hStdInput|RedirectStandardInput"
            r"|\.getInputStream\s*\(|\.stdin\.addStream|getOutputStream\s*\("
        ),
    ),
}
_REVERSE["groovy"] = _REVERSE["c"]
_NEAR = 4000
_RECEIVES = lazy_re.compile(
    r"\b(?P<name>\w+)\s*(?:,\s*\w+\s*)?(?::="
    r"|=)(?!=)\s*(?:await\s+)?[^\n;]{0,60}?[.:](?:recv|recvfrom|readline|receive"
    r"|gets)\b"
)


def find(text: str, language: str, find_in_shell: ShellSearch) -> list[PayloadEffect]:
    """Return the effects of running a source text.

    ``language`` is a family of ``syntax.code_text``, or a name of
    ``syntax.source_languages``.  ``find_in_shell`` searches a command line that the
    source text runs.
    """
    family = code_text.family(language) if language[:1].isupper() else language
    code = code_text.read(text, family)
    flow = _Flow(code, family, find_in_shell)
    forms = payload_forms.find(code, family, flow.origin, find_in_shell)
    effects = [
        *flow.evaluated(),
        *flow.started(),
        *_reverse_shells(code, family),
        *forms,
    ]
    distinct: dict[tuple[str, int], PayloadEffect] = {}
    for effect in effects:
        distinct.setdefault((effect.kind, effect.at), effect)
    return list(distinct.values())[:50]


class _Flow:
    """The origins of the names of one source text."""

    def __init__(self, code: CodeText, family: str, find_in_shell: ShellSearch) -> None:
        self.code = code
        self._find_in_shell = find_in_shell
        self.family = family
        self._reach = NameReach(code)
        # The other names of what evaluates and decodes, with where they get them.
        self.aliases: dict[str, list[int]] = {}
        if _ALIASED.search(code.view):
            for match in _ALIAS.finditer(code.view):
                self.aliases.setdefault(match["name"], []).append(match.start())
        self.decoders: dict[str, list[int]] = {}
        if _DECODER_ALIASED.search(code.view):
            for match in _DECODER_ALIAS.finditer(code.view):
                for name in filter(None, match.groups()):
                    self.decoders.setdefault(name, []).append(match.start())
        self._starts = [literal.start for literal in code.strings]
        self._names: dict[str, list[tuple[int, PayloadOrigin]]] = {}
        self.files: dict[str, PayloadOrigin] = {}
        self.texts: dict[str, tuple[int, str]] = {}
        self._returns: dict[str, PayloadOrigin] = {}
        self._has_names = False

    def _read_names(self) -> None:  # noqa: C901 - one branch for each kind of name
        """Read the assignments, when the first expression is asked for."""
        if self._has_names:
            return
        self._has_names = True
        assignments = [
            *_ASSIGNS.finditer(self.code.view),
            *_WITH.finditer(self.code.view),
        ]
        for match in sorted(assignments, key=lambda found: found.start())[:20_000]:
            start, end = self._extended(*match.span("value"))
            origin = self.origin(start, end)
            name = match["name"].lstrip("$@")
            if "+=" in match[0][: start - match.start()]:
                origin = origin.joined(self._known(name, start))
            if origin or name in self._names:
                self._names.setdefault(name, []).append((start, origin))
            elif (
                "\x00" in self.code.view[start:end]
                or "://" in self.code.view[start:end]
            ):
                text = self._command_text(start, end)
                if text:
                    self.texts[match["name"].lstrip("$@")] = (start, text)

        if self.family == "python":
            self._read_returns()
        if not self._names:
            return
        for match in _REBINDS.finditer(self.code.view):
            names = next(filter(None, match.groups()), "")
            for name in _NAME.findall(names)[:_MOST]:
                if name in self._names:
                    self._names[name].append((match.start(), NOWHERE))
        for values in self._names.values():
            values.sort(key=lambda value: value[0])

    def _read_returns(self) -> None:
        """Note the functions that return a fetched text."""
        view = self.code.view
        if not _FETCHES.search(view):
            return
        functions = list(_FUNCTION.finditer(view))[:2000]
        ends = [function.start() for function in functions[1:]] + [len(view)]
        for match, end in zip(functions, ends, strict=False):
            limit = min(end, match.end() + _LONGEST_FUNCTION)
            for value in _RETURNS.finditer(view, match.end(), limit):
                origin = self.origin(*value.span("value"))
                if origin.fetched:
                    self._returns[match["name"]] = origin

    def _known(self, name: str, at: int) -> PayloadOrigin:
        """Return the origin of a name by its last assignment before an offset."""
        for position, origin in reversed(self._names.get(name.lstrip("$@"), ())):
            if position < at:
                return origin if self._reach.reaches(name, position, at) else NOWHERE
        return NOWHERE

    def _is_other_name(self, name: str, given: Sequence[int], at: int) -> bool:
        """Whether a name has at an offset what it gets at one of the others."""
        return any(self._reach.reaches(name, position, at) for position in given)

    def _extended(self, start: int, end: int) -> tuple[int, int]:
        """Extend a value over the lines of its open parentheses."""
        view = self.code.view
        opened = view.count("(", start, end) - view.count(")", start, end)
        opened += view.count("[", start, end) - view.count("]", start, end)
        if opened > 0:
            last = _closing(view, start, end, opened)
            return start, last
        return start, end

    def origin(self, start: int, end: int) -> PayloadOrigin:
        """Return the origin of an expression."""
        self._read_names()
        view = self.code.view
        origin = NOWHERE
        part = view[start:end]
        if (
            _DECODES.search(part)
            or any(
                re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", part)
                and self._is_other_name(name, given, start)
                for name, given in self.decoders.items()
            )
            or (_UNPACKS.search(part) and self._has_literal(start, end))
        ):
            origin = PayloadOrigin(decoded=True, at=start)
        if _FETCHES.search(part):
            origin = origin.joined(
                PayloadOrigin(fetched=True, at=start, urls=self._urls(start, end))
            )
        if "curl" in part or "wget" in part:
            origin = origin.joined(self._fetched_by_program(start, end))
        for name in _NAME.findall(part)[:_MOST]:
            origin = origin.joined(self._known(name, start))
            if name in self._returns and re.search(rf"(?<![\w.]){name}\s*\(", part):
                origin = origin.joined(self._returns[name])
        return origin

    def _fetched_by_program(self, start: int, end: int) -> PayloadOrigin:
        """Return the origin of the output of curl or wget, as a list of words."""
        if self.family != "python":
            return NOWHERE
        if not _FETCHING_PROGRAM.search(self.code.view[start:end]):
            return NOWHERE
        return PayloadOrigin(fetched=True, at=start, urls=self._urls(start, end))

    def _has_literal(self, start: int, end: int) -> bool:
        return any(len(text) > 16 for _, text in self._strings(start, end))

    def _strings(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        for literal in self.code.strings[first:last]:
            yield literal.start, literal.text

    def _urls(self, start: int, end: int) -> tuple[str, ...]:
        urls = [
            url for _, text in self._strings(start, end) for url in _URL.findall(text)
        ]
        for name in _NAME.findall(self.code.view[start:end])[:_MOST]:
            if name in self.texts:
                urls += _URL.findall(self.texts[name][1])
        return tuple(dict.fromkeys(urls))[:8]

    # What runs

    def evaluated(self) -> Iterator[PayloadEffect]:
        """Yield decoded or fetched text that is run as code."""
        view = self.code.view
        words = _EVALUATING_WORDS.get(self.family, _OTHER_EVALUATING_WORDS)
        evaluates = any(word in view for word in words)
        for match in _EVALUATES.finditer(view) if evaluates else ():
            name = match["name"] or match["method"] or ""
            if not self._evaluates(name, match):
                continue
            start = match.end() + 1
            end = _closing(view, start, start, 1)
            yield from self._run_expression(name, match.start(), start, end)
        for alias, given in self.aliases.items():
            for match in re.finditer(rf"(?<![\w.]){re.escape(alias)}\s*\(", view):
                if not self._is_other_name(alias, given, match.start()):
                    continue
                end = _closing(view, match.end(), match.end(), 1)
                yield from self.origin(match.end(), end).effects(match.start())
        is_loose = self.family in {"php", "ruby", "perl"} and evaluates
        for match in _EVALUATES_LINE.finditer(view) if is_loose else ():
            start, end = match.span("argument")
            is_assertion = match[0].lstrip().startswith("assert")
            if not is_assertion or self.family == "php":
                yield from self.origin(start, end).effects(start - 1)
        if self.family == "powershell":
            for match in re.finditer(
                r"(?i)\b(?:iex|Invoke-Expression)\b(?P<argument>[^\n;|]{1,4000})", view
            ):
                yield from self.origin(*match.span("argument")).effects(match.start())
            for match in re.finditer(r"(?i)\|\s*(?:iex|Invoke-Expression)\b", view):
                line = (
                    max(
                        view.rfind("\n", 0, match.start()),
                        view.rfind(";", 0, match.start()),
                    )
                    + 1
                )
                yield from self.origin(line, match.start()).effects(match.start())
        yield from self._callbacks()

    def _evaluates(self, name: str, match: re.Match[str]) -> bool:
        """Whether a name runs a text in this language; others have harmless namesakes."""
        is_script = self.family == "javascript"
        if name in {"setTimeout", "setInterval", "Function", "execScript"}:
            return is_script
        if name == "exec":
            return self.family == "python"
        if name == "constructor":
            return (
                is_script
                and "constructor"
                in self.code.view[max(0, match.start() - 60) : match.start()]
            )
        if name in {"load", "loadstring"}:
            return self.family == "lua"
        if name in {"assert", "create_function"}:
            return self.family == "php"
        if name == "FunctionType":
            return self.family == "python"
        if name == "iex":
            return self.family == "powershell"
        return True

    def _run_expression(
        self, name: str, at: int, start: int, end: int
    ) -> Iterator[PayloadEffect]:
        if name in {"setTimeout", "setInterval"}:
            part = self.code.view[start:end].lstrip()
            if (
                "=>" in part
                or part.startswith(("function", "async"))
                or not _DECODES.match(part)
            ):
                return
        if name == "defineClass" and not self._has_literal(start, end):
            return
        yield from self.origin(start, end).effects(at)

    def _callbacks(self) -> Iterator[PayloadEffect]:
        """Yield fetched text that a callback of the request runs (JavaScript)."""
        if self.family != "javascript":
            return
        view = self.code.view
        for match in _FETCHES.finditer(view):
            end = _chain_end(view, match.start())
            part = view[match.start() : end]
            runs = re.search(
                r"\.then\s*\(\s*(?:eval|Function)\b|(?<![\w.])(?:eval|Function"
                r"|execSync|exec|runInThisContext"
                r"|runInNewContext)\s*\(\s*(?:await\s+)?[\w$]+(?:\.\w+(?:\(\))?)?\s*[)"
                r",+]",
                part,
            )
            if runs is not None:
                at = match.start() + runs.start()
                urls = self._urls(match.start(), end)
                yield PayloadEffect("download", at, match.start(), urls)

    def started(  # noqa: C901, PLR0912 - one loop for each way to start a program
        self,
    ) -> Iterator[PayloadEffect]:
        """Yield command lines with an effect, and programs that were fetched or decoded."""
        view = self.code.view
        starts = any(word in view for word in _STARTING_WORDS)
        for match in _STARTS.finditer(view) if starts else ():
            start = match.end() + 1
            end = _closing(view, start, start, 1)
            first = _first_argument(view, start, end)
            if "::new" in match[0] or "Command" in match[0]:
                end = _chain_end(view, match.start())
            if self.family != "javascript" or match[0] not in _NO_PROGRAM:
                origin = self._origin_of_command(start, first)
                yield from origin.effects(match.start())
            yield from self._piped(match.start(), start, end)
            for at, text in self._commands(start, end):
                for effect in self._find_in_shell(text):
                    yield replace(effect, at=match.start(), source=at)
        has_loose_commands = self.family in {"ruby", "perl", "groovy", "powershell"}
        for match in _COMMAND_LINE.finditer(view) if has_loose_commands else ():
            stop = view.find("\n", match.end())
            literals = self._strings(match.end(), len(view) if stop < 0 else stop + 4)
            for at, text in literals:
                if len(text) > 8:
                    for effect in self._find_in_shell(_unescaped(text)):
                        yield replace(effect, at=at, source=at)
                break
        if self.family == "javascript":
            for match in re.finditer(r"(?<![\w$.])\$`([^`]{8,4000})`", self.code.text):
                if view[match.start()] == "$":
                    for effect in self._find_in_shell(match[1]):
                        yield replace(effect, at=match.start(), source=match.start())
        if self.family in {"ruby", "php", "perl"}:
            for match in re.finditer(
                r"`([^`\n]{8,4000})`|%x[({\[]([^\n]{8,2000}?)[)}\]]", self.code.text
            ):
                if view[match.start()] in "`%":
                    for effect in self._find_in_shell(match[1] or match[2]):
                        yield replace(effect, at=match.start(), source=match.start())
        if self.family == "groovy":
            for match in re.finditer(r"[\"']\s*\.execute\s*\(", view):
                first = max(0, bisect_left(self._starts, match.start()) - 1)
                for literal in self.code.strings[first : first + 1]:
                    for effect in self._find_in_shell(literal.text):
                        yield replace(effect, at=literal.start, source=literal.start)

    def _piped(self, at: int, start: int, end: int) -> Iterator[PayloadEffect]:
        """Yield the effects of a shell or interpreter that reads a fetched text."""
        part = self.code.view[start:end]
        piped = _PIPED.search(part) if "stdin" in part or "input" in part else None
        if piped is None or not re.search(
            r"[\"'](?:/\S{1,20}/)?(?:(?:ba|z|da)?sh|python[\d.]*|node|perl)[\"']|sys\.executable",
            part,
        ):
            return
        yield from self._known(piped["name"], start).effects(at)

    def _origin_of_command(self, start: int, end: int) -> PayloadOrigin:
        """Return the origin of a command line, not of its other arguments."""
        self._read_names()
        part = self.code.view[start:end].lstrip()
        if part.startswith(("[", "(", "{")) and not _OPENS_SHELL.search(part):
            # A list: only the program itself decides.
            comma = part.find(",")
            end = start + (comma if comma > 0 else len(part)) + 1
        origin = NOWHERE
        part = self.code.view[start:end]
        if _DECODES.search(part):
            origin = PayloadOrigin(decoded=True, at=start)
        for name in _NAME.findall(part)[:_MOST]:
            origin = origin.joined(self._known(name, start))
        for _, text in self._strings(start, end):
            origin = origin.joined(self.files.get(text, NOWHERE))
        if _FETCHES.search(part):
            origin = origin.joined(
                PayloadOrigin(fetched=True, at=start, urls=self._urls(start, end))
            )
        return origin

    def _commands(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Yield the command lines among the arguments of a call."""
        text = self._command_text(start, end)
        if " " in text or "\n" in text:
            yield start, text
        for name in _NAME.findall(self.code.view[start:end])[:20]:
            plain = name.lstrip("$@")
            if plain in self.texts:
                at, given = self.texts[plain]
                if self._reach.reaches(plain, at, start):
                    yield at, given

    def _command_text(self, start: int, end: int) -> str:
        """Return the strings of an expression as one command line, words in quotes."""
        view = self.code.view
        parts: list[str] = []
        last = start
        for at, text in self._strings(start, end):
            between = view[last:at]
            is_list = "," in between or ")." in between
            text = _unescaped(text)  # noqa: PLW2901 - only the expanded text counts
            if is_list and parts:
                parts.append(
                    " " + (_quoted(text) if re.search(r"[\s|;&]", text) else text)
                )
            elif not parts and is_list:
                parts.append(text)
            else:
                parts.append(text)
            last = at + len(text)
        return "".join(parts)[:_LONGEST_ARGUMENT]


def _reverse_shells(code: CodeText, family: str) -> Iterator[PayloadEffect]:
    """Yield places where a connection to another host and a shell are joined."""
    patterns = _REVERSE.get(family)
    if patterns is None:
        return
    view = code.text if family == "awk" else code.view
    connects, starts, joins = (re.compile(pattern) for pattern in patterns)
    for match in connects.finditer(view):
        first, last = max(0, match.start() - _NEAR), match.end() + _NEAR
        part = view[first:last]
        start, join = starts.search(part), joins.search(part)
        if family == "python" and _received_commands(part, _PYTHON_EVALUATES):
            yield PayloadEffect("download", match.start(), match.start())
            return
        if start is not None and _received_commands(part, starts):
            yield PayloadEffect("shell", match.start(), match.start())
            return
        if start is None or join is None:
            continue
        raw = code.text[first:last]
        has_shell = _SHELL_TEXT.search(raw) is not None or family in {
            "awk",
            "powershell",
        }
        if family == "powershell":
            has_shell = re.search(r"(?i)\.Read\s*\(|ReadLine\s*\(", part) is not None
        if (
            family in {"php", "lua"}
            and has_shell
            and not re.search(r"[<>]&|proc_open|fgets|fread|receive", raw)
        ):
            has_shell = False
        if family == "c":
            has_shell = has_shell and _joins_both(part)
        if has_shell:
            yield PayloadEffect("shell", match.start(), match.start())
            return
    yield from _command_loop(view, family)


_SHELL_TEXT = lazy_re.compile(
    r"(?i)[\"'`\[(,\s](?:/(?:usr/)?bin/(?:env\s+)?)?(?:(?:ba|z|k|da"
    r"|a)?sh(?=[\s\"'`])(?:\s+-[il]+)?|cmd(?:\.exe)?(?=[\s\"'`])"
    r"|powershell(?:\.exe)?(?=[\s\"'`]))"
)


def _joins_both(part: str) -> bool:
    """Whether input and output are connected, not only one of them read."""
    if re.search(r"\bdup2\s*\(|from_raw_fd|hStdInput", part):
        return True
    if "RedirectStandardInput" in part:
        return True
    streams = re.findall(r"get(Input|Output|Error)Stream", part)
    return streams.count("Input") >= 2 and streams.count("Output") >= 2


_MAKES_FILE = lazy_re.compile(
    r"\b(?P<file>\w+)\s*=\s*\w+\.makefile\s*\([^\x01]{0,400}?\bfor\s+(?P<name>\w+)\s+in\s+(?P=file)\b"
)
#: Code from a socket also is the work of honest tools for distribution: a warning.
_PYTHON_EVALUATES = lazy_re.compile(r"(?<![\w.])(?:exec|eval)\s*\(")
_RECEIVES_IN_PLACE = lazy_re.compile(r"[^\n,]{0,40}\.(?:recv|recvfrom)\s*\(")


def _received_commands(part: str, starts: re.Pattern[str]) -> bool:
    """Whether a name that holds received data is run as a command."""
    if ".recv" in part and any(
        _RECEIVES_IN_PLACE.match(part, start.end()) for start in starts.finditer(part)
    ):
        return True
    for match in _MAKES_FILE.finditer(part) if ".makefile" in part else ():
        if re.search(rf"\(\s*{match['name']}\b", part[match.end() :]) and starts.search(
            part, match.end()
        ):
            return True
    for match in _RECEIVES.finditer(part):
        name = match["name"]
        for start in starts.finditer(part, match.end()):
            argument = part[start.end() : start.end() + 120].split("\n", maxsplit=1)[0]
            if re.match(rf"[^,\n]{{0,40}}(?<!\w){re.escape(name)}\b", argument):
                return True
    return False


def _command_loop(view: str, family: str) -> Iterator[PayloadEffect]:
    if family != "javascript":
        return
    pattern = re.compile(
        r"\.on\s*\(\s*[\"'](?:data"
        r"|message)[\"']\s*,\s*(?:async\s*)?(?:function\s*\w*)?\s*\(?\s*(\w+)\s*\)?\s*"
        r"(?:=>)?\s*\{?[^{}]{0,300}?\b(?:exec|execSync"
        r"|spawn)\s*\(\s*(?:String\s*\(\s*)?\1\b"
    )
    connects = re.compile(_REVERSE["javascript"][0])
    for match in pattern.finditer(view):
        if connects.search(view, max(0, match.start() - _NEAR), match.start()):
            yield PayloadEffect("shell", match.start(), match.start())


def _closing(view: str, start: int, position: int, opened: int) -> int:
    """Return the offset of the bracket that closes ``opened`` open ones."""
    limit = min(len(view), start + _LONGEST_ARGUMENT)
    for match in re.compile(r"[()\[\]{}]").finditer(view, position, limit):
        opened += 1 if match[0] in "([{" else -1
        if opened <= 0:
            return match.start()
    return limit


def _chain_end(view: str, start: int) -> int:
    """Return the end of a call and of the methods that are called on its result."""
    end = start
    for _ in range(12):
        opening = view.find("(", end, end + 200)
        if opening < 0:
            return end
        end = _closing(view, opening + 1, opening + 1, 1) + 1
        following = re.compile(r"\s*(?:\)\s*)?\.\s*\w+\s*(?=\()").match(view, end)
        if following is None:
            return end
        end = following.end()
    return end


def _first_argument(view: str, start: int, end: int) -> int:
    """Return the end of the first argument of a call."""
    depth = 0
    for match in re.compile(r"[()\[\]{},]").finditer(view, start, end):
        if match[0] == ",":
            if not depth:
                return match.start()
        else:
            depth += 1 if match[0] in "([{" else -1
    return end


def _unescaped(text: str) -> str:
    r"""Return a string's text with ``\n``, ``\"`` and the like expanded."""
    if "\\" not in text:
        return text
    return re.sub(
        r"\\([nrt\"'\\/])",
        lambda match: {"n": "\n", "r": "\r", "t": "\t"}.get(match[1], match[1]),
        text,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
