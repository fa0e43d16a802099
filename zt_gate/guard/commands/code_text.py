"""Judges programs that a command gives as text: Python, JavaScript, awk, sed and others.

What a program's own code does cannot be decided in text; the sandbox is for that.  Read
here are the strings in it: commands that it starts, files and addresses that it names.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.guard.commands import files, network, places
from zt_gate.guard.commands.secret_names import is_ci_token, is_secret_name
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.shell.invocation import Invocation

_STRING = lazy_re.compile(
    r"'''(.*?)'''|\"\"\"(.*?)\"\"\"|'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`"
    r"|%[xwWqQ][\[({](.*?)[\])}]|\bq[qwx]?[({\[/](.*?)[)}\]/]",
    re.DOTALL,
)
_STARTS_COMMAND = lazy_re.compile(
    r"(?:\bsystem|\bpopen[234]?|\bexec(?:Sync|File|FileSync|[lv]p?e?)?|\bspawn(?:Sync|[lv]p?e?)?|\bgetoutput|\bgetstatusoutput"
    r"|\bPopen|\bcheck_output|\bcheck_call|\bsubprocess\.(?:run|call)|\bshell_exec|\bpassthru|\bproc_open|\bbacktick"
    r"|\bcapture[23e]*|\bio\.popen|\bos\.execute|\bsystem2?|\brun)\s*[\s(\[{*]*\Z"
)
_JOINS = lazy_re.compile(r"(['\"])\s*\+?\s*\1")
_LIST = lazy_re.compile(r"[\[(]\s*((?:['\"](?:[^'\"\\\n]|\\.)*['\"]\s*,?\s*)+)[\])]")
_HIDDEN = lazy_re.compile(
    r"\b(?:b64decode|decode_base64|base64_decode|unpack1?|(?<=\.)pack|pack\(|chr\(|b16decode|codecs\.decode|zlib\.decompress|gzinflate|str_rot13|hex2bin|b32decode|fromhex|unhexlify|atob|decode64|a85decode|fromCharCode|rot13|marshal\.loads|pickle\.loads)\b"
    r"|Buffer\.from\([^)]*(?:base64|hex)"
)
_RUNS_TEXT = lazy_re.compile(
    r"(?<![\w.])(?:eval|exec)\s*\(|(?<![\w.])eval\s+(?!\{)|\b(?:Function|instance_eval|class_eval|loadstring|__import__|runInThisContext|runInNewContext)\s*\("
    r"|(?<![\w.])load\s*\(|\bpickle\.loads?\s*\(\s*base64|\bvm\.run\w*|\bassert\s*\(\s*\$|\bdo\s+['\"]"
)
_FETCHES = lazy_re.compile(
    r"\burlopen|\brequests\.|\bhttpx\.|\bfetch\s*\(|\bhttps?['\"]?\)?\.(?:get|request)|\bNet::HTTP|\burlretrieve|\bLWP|\bgetprint|\bgetstore|\bfile_get_contents|\bopen-uri|\bcurl_exec|\baiohttp|\baxios|\bURI\.open|\bHTTPS?Connection\b|\brequire\(['\"]https?['\"]\)"
)
_SENDS = lazy_re.compile(
    r"\bdata\s*=|\bjson\s*=|\bfiles\s*=|\.post\s*\(|\.put\s*\(|POST|\bbody\s*:|\?[^'\"]*['\"]\s*[.+]|\bsendall|\bsend\s*\(|\bparams\s*="
)
_SOCKET = lazy_re.compile(
    r"\bsocket\.(?:socket|create_connection|gethostbyname|getaddrinfo)|\bTCPSocket|\bUDPSocket|IO::Socket|\bfsockopen"
    r"|(?:\bnet|\btls|\bdgram|\bdns)['\"]?\)?\.(?:connect|createConnection|Socket|createSocket|resolve\w*|lookup)"
    r"|require\(?['\"]socket['\"]\)?\.|\bHTTPS?Connection\s*\(|\b(?:smtplib|ftplib|telnetlib|paramiko)\b|\bmail\s*\(|/inet/(?:tcp|udp)"
    r"|\bcreate_connection\b|\brequire\(['\"](?:socket|tls|net|dgram)['\"]\)"
)
_ENVIRONMENT = lazy_re.compile(
    r"\bos\.environ\b(?!\s*(?:\[|\.get|\.setdefault|\.pop|\.copy\(\)\s*,))|\bprocess\.env\b(?!\s*[.\[])|\bENV\b\.?(?:to_h|to_a|inspect|each|map)|\bprint_r\(\$_(?:ENV|SERVER)|%ENV\b|\bgetenv\(\)|\bos\.environb\b|\$ENV\b"
)
_NAMED_SECRET = lazy_re.compile(
    r"(?:environ(?:\.get\(|\[)|getenv\(|process\.env[.\[]|ENV[\[{]|\$ENV\{)\s*['\"]?([A-Za-z0-9_]+)"
)
_READS_FILE = lazy_re.compile(
    r"\bopen\s*\(|readFile|File\.read|read_text|read_bytes|IO\.read|file_get_contents\s*\((?!\s*['\"]https?:)"
)
_WRITES = lazy_re.compile(
    r"['\"][wax]b?\+?['\"]|\bwrite(?:_text|_bytes|File|FileSync)?\b|\bunlink|\brmtree|\bremove|\brename|\breplace\(|\bchmod|\brm(?:Sync)?\b|\bappendFile|\btruncate|\bmkdir|\bcopy|\bmove\(|\bdelete|\bsymlink|\bFileUtils|\bFile\.(?:write|delete)|\bfile_put_contents|>\s*['\"]|['\"]\s*>|\brmdir"
)
_DESTROYS = lazy_re.compile(
    r"\brmtree\b|\brmSync\b|\brm_rf?\b|\brm\(|\brimraf|\bunlink|\bremove(?:_tree|dirs)?\b|\bFileUtils\.rm|\bdelete\b|\brmdir|\bremove\("
)


def judge(case: CommandCase, invocation: Invocation, text: str) -> None:  # noqa: C901, PLR0912
    """Judge the code of an interpreter of any language."""
    case.add("run/code-text", invocation.program)
    if UNKNOWN in text:
        case.add("run/code-computed", invocation.program)
    if text.strip() == UNKNOWN:
        case.add("run/undecided", f"{invocation.program} code")
    # "--no-" + "verify" is one string.
    joined = _JOINS.sub("", text).replace("sys.executable", "'python'")
    if _IMPORTS_ADDRESS.search(joined):
        case.add("run/foreign-code", f"{invocation.program} code")
    if _INSTALLS.search(joined):
        case.add("install/unknown-source", f"{invocation.program} code")
    starts = False
    strings = list(_strings(joined))
    for start, value in strings:
        before = joined[max(0, start - 60) : start]
        if (
            _STARTS_COMMAND.search(before)
            or joined[start : start + 1] == "`"
            or joined[start : start + 2] == "%x"
        ):
            is_script = (
                invocation.program not in {"node", "nodejs", "bun", "deno"}
                or joined[start] != "`"
                or bool(_STARTS_COMMAND.search(before))
            )
            if is_script:
                starts = True
                case.script(value, invocation, f"{invocation.program} code")
    for match in _LIST.finditer(joined):
        words = [value for _, value in _strings(match[1])]
        before = joined[max(0, match.start() - 60) : match.start() + 1]
        is_text = len(words) == 1 and " " in words[0]
        if words and not is_text and _STARTS_COMMAND.search(before):
            starts = True
            _command(case, invocation, words)
    starts = _likely_commands(case, invocation, joined, strings) or starts
    _spawned(case, invocation, joined)
    _named(case, invocation, joined, [value for _, value in strings])
    evaluates = bool(_RUNS_TEXT.search(joined))
    if _HIDDEN.search(joined) and (
        evaluates or starts or _RUNS_PROGRAMS.search(joined)
    ):
        case.add("run/hidden-code", invocation.program)
    elif evaluates and _FETCHES.search(joined):
        case.add("run/undecided", f"{invocation.program} code runs what it fetches")
    elif evaluates:
        case.add("run/code-evaluated", invocation.program)
    if _SOCKET.search(joined):
        hosts = [
            value
            for _, value in strings
            if "." in value or value in {"localhost", "::1"}
        ]
        local = [host for host in hosts if network.is_loopback(network.host_of(host))]
        if not local or len(local) < len(hosts):
            case.add("network/raw", "a socket")
    _environment(case, joined)
    _environment_names(case, joined, [value for _, value in strings])
    if _RUNS_COMPUTED.search(text):
        case.add("run/undecided", f"{invocation.program} code that is computed")
    verbs = {value for _, value in strings} & {
        "approve",
        "ignore",
        "baseline",
        "release",
    }
    if "zt_gate" in text and verbs:
        case.add("guard/reconfigured", " ".join(sorted(verbs)))


def started(text: str) -> list[str]:
    """Return the commands that code starts by a constant: ``system("…")``, ``run(["…"])``."""
    import shlex

    joined = _JOINS.sub("", text).replace("sys.executable", "'python'")
    found = [
        value
        for start, value in _strings(joined)
        if _STARTS_COMMAND.search(joined[max(0, start - 60) : start])
        or joined[start : start + 2] == "%x"
    ]
    for match in _LIST.finditer(joined):
        words = [value for _, value in _strings(match[1])]
        before = joined[max(0, match.start() - 60) : match.start() + 1]
        if len(words) > 1 and _STARTS_COMMAND.search(before):
            found.append(shlex.join(words))
    for match in _SPAWN.finditer(joined):
        words = [match[1], *(value for _, value in _strings(match[2]))]
        found.append(shlex.join(words))
    return [command for command in dict.fromkeys(found) if " " in command][
        :_MOST_STARTED
    ]


_MOST_STARTED = 40
#: Code that runs a text which is no constant.
_RUNS_COMPUTED = lazy_re.compile(
    r"(?<![\w.>])(?:exec|eval)\s*\(\s*(?![rbfu]?['\"`)])|\beval\s*`|\brunIn(?:This|New)Context\(\s*(?!['\"`])"
    r"|(?<![\w.])load\(\s*io\."
)
_IMPORTS_ADDRESS = lazy_re.compile(
    r"\bimport\s*\(?\s*['\"]https?:|\bfrom\s+['\"]https?:"
)
_INSTALLS = lazy_re.compile(
    r"\binstall\.packages\s*\(|\bpip\.main\s*\(|\bpip\._internal"
)
_RUNS_PROGRAMS = lazy_re.compile(
    r"child_process|\bsubprocess\b|\bos\.(?:system|exec|popen|spawn|posix_spawn)|\bpty\b|Open3|\bIO\.popen|\bsystem\b|\bexec\b"
    r"|shell_exec|pcntl_exec|create_subprocess|do shell script|call-process|proc_open|\bos\.execute|execa|\bcommands?\b|\bsh\b|['\"]\|\s*\w|\w\s*\|['\"]|\bDeno\.Command|Bun\.spawn|\bspawn"  # noqa: E501
)
_SEQUENCE = lazy_re.compile(
    r"(?:['\"](?:[^'\"\\\n]|\\.)*['\"]\s*,\s*\[?\s*)+['\"](?:[^'\"\\\n]|\\.)*['\"]"
)


def _likely_commands(
    case: CommandCase, invocation: Invocation, text: str, strings: list[tuple[int, str]]
) -> bool:
    """Judge strings that begin with a program's name where the code runs programs."""
    from zt_gate.guard.commands.tables import table_of

    if not _RUNS_PROGRAMS.search(text):
        return False
    found = False
    _gate_words(case, invocation, text, strings)
    for _, value in strings:
        value = value.strip().strip("|")  # noqa: PLW2901
        first, blank, _ = value.strip().partition(" ")
        if blank and table_of(first.rpartition("/")[2]) is not None:
            found = True
            case.script(value, invocation, f"{invocation.program} code")
    for match in _SEQUENCE.finditer(text):
        words = [value for _, value in _strings(match[0])]
        if len(words) > 2 and words[0] == words[1]:
            del words[0]
        if len(words) > 1 and table_of(words[0].rpartition("/")[2]) is not None:
            found = True
            _command(case, invocation, words)
    return found


_GATE_PROGRAMS = frozenset(("git", "zt-gate", "pre-commit", "lefthook", "husky"))
_NAMED_VALUE = lazy_re.compile(
    r"\b([A-Z][A-Z0-9_]{2,})\b['\"]?\s*\]?\s*(?:=>|[:=,])\s*['\"]([^'\"]*)['\"]"
)


def _gate_words(
    case: CommandCase, invocation: Invocation, text: str, strings: list[tuple[int, str]]
) -> None:
    """Judge the words after a program that reaches the gate, in whatever form they are.

    The words of ``["git", "commit", option]`` may come from variables, so all strings
    after the program's name are taken as its words.
    """
    words = [value for _, value in strings if value and " " not in value]
    for at, word in enumerate(words):
        if word.rpartition("/")[2] in _GATE_PROGRAMS:
            rest = words[at + 1 :]
            # ``o = "-n"`` stands in front of the list.
            before = [one for one in words[:at] if one.startswith("-")]
            if rest:
                _command(case, invocation, [word, *rest[:8], *before[:4]])
    from zt_gate.guard.commands import variables
    from zt_gate.guard.shell.invocation import VariableAssignment

    for match in _NAMED_VALUE.finditer(text):
        if variables.is_of_gate(match[1]):
            given = VariableAssignment(match[1], CommandWord(match[2]))
            variables.judge(case, invocation, given, stays=False)


_HOME = lazy_re.compile(r"(?:environ|ENV|getenv|process\.env)[\[({.]+['\"]?HOME\b")
_SPAWN = lazy_re.compile(
    r"\b(?:spawn|execFile|spawnSync|execFileSync)\(\s*['\"]([^'\"]+)['\"]\s*,\s*\[([^\]]*)\]"
)


def _spawned(case: CommandCase, invocation: Invocation, text: str) -> None:
    for match in _SPAWN.finditer(text):
        _command(
            case, invocation, [match[1], *(value for _, value in _strings(match[2]))]
        )


def _command(case: CommandCase, invocation: Invocation, words: list[str]) -> None:
    from zt_gate.guard.shell.invocation import Invocation as Command

    case.command(Command(tuple(CommandWord(word) for word in words), invocation.cwd))


def _strings(text: str) -> Iterator[tuple[int, str]]:
    for match in _STRING.finditer(text):
        value = next((group for group in match.groups() if group is not None), "")
        if "\\" in value:
            from zt_gate.guard.shell.words import ansi_unescaped

            value = ansi_unescaped(value)
        yield match.start(), value


_CHDIR = lazy_re.compile(r"\bchdir\s*\(?\s*['\"]([^'\"]+)['\"]")
_OPENS_TO_WRITE = lazy_re.compile(r"\bopen\s*\([^()]*['\"][wax]b?\+?['\"]")
_HOST = lazy_re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}\Z")
_SUFFIXES = frozenset(
    (
        "py",
        "js",
        "ts",
        "json",
        "txt",
        "md",
        "env",
        "html",
        "css",
        "yml",
        "yaml",
        "toml",
        "csv",
        "sh",
        "xml",
        "log",
        "png",
        "jpg",
        "svg",
        "mjs",
        "cjs",
        "tsx",
        "rb",
        "php",
        "pl",
        "lua",
        "go",
        "rs",
        "java",
        "sql",
        "db",
        "ini",
        "cfg",
    )
)


def _is_host(value: str) -> bool:
    return bool(_HOST.match(value)) and value.rpartition(".")[2] not in _SUFFIXES


def _named(  # noqa: C901 - one branch for each kind of name
    case: CommandCase, invocation: Invocation, text: str, values: list[str]
) -> None:
    """Judge the files and addresses that strings name."""
    values = [*values, *_joined_paths(text)]
    writes = bool(_WRITES.search(text))
    destroys = bool(_DESTROYS.search(text))
    fetches = bool(_FETCHES.search(text))
    values += [
        f"{match[1]}/{value}" for match in _CHDIR.finditer(text) for value in values
    ]
    home = case.context.home or "/root"
    for value in values:
        if not value or len(value) > 400 or "\n" in value:
            continue
        value = value.lstrip("<>+ ")  # noqa: PLW2901
        is_address = "://" in value and not value.startswith("file:")
        if fetches and (is_address or _is_host(value)):
            host = network.host_of(value)
            reads = bool(_READS_FILE.search(_OPENS_TO_WRITE.sub("", text)))
            is_outside = bool(host) and network.judge_host(case, host, value)
            if is_outside and (reads or _SENDS.search(text)):
                control = "exfiltration/upload" if reads else "exfiltration/code-sends"
                case.add(control, host)
            continue
        path = value.replace("~", home, 1) if value.startswith("~") else value
        if " " in path or ("/" not in path and "." not in path):
            continue
        for place in places.places(invocation, CommandWord(path), case.context):
            if (
                place.kind in {"own", "git", "hooks", "client", "startup"}
                and not writes
            ):
                continue
            if place.kind == "credential" or (
                place.kind and place.kind != "instructions"
            ):
                files.judge(
                    case,
                    invocation,
                    "write" if writes and place.kind != "secret" else "read",
                    CommandWord(path),
                )
                if place.kind == "credential":
                    case.add("credentials/file-read", value)
            elif destroys and path.startswith(("/", "..", ".git")):
                files.judge(case, invocation, "delete", CommandWord(path))
            elif writes and path.startswith("/") and not text.count("import " + path):
                files.judge(case, invocation, "write", CommandWord(path))
    if destroys and (
        "Path.home()" in text
        or "expanduser" in text
        or "homedir()" in text
        or "Dir.home" in text
        or _HOME.search(text)
    ):
        case.add("files/destroyed-outside", "the home folder")


_READS_ENVIRONMENT = lazy_re.compile(r"\benviron\b|\bENV\b|process\.env\b|getenv")
_TAKEN_APART = lazy_re.compile(r"\{([^{}]*)\}\s*=\s*process\.env")


def _environment_names(case: CommandCase, text: str, values: list[str]) -> None:
    """Judge credentials of the environment under another name of it (``environ as e``)."""
    names = [value for value in values if value.isupper() and " " not in value]
    names += [
        part.partition(":")[0].strip()
        for match in _TAKEN_APART.finditer(text)
        for part in match[1].split(",")
    ]
    if _READS_ENVIRONMENT.search(text):
        for name in names:
            if is_secret_name(name):
                case.add("credentials/variable", name)


def _environment(case: CommandCase, text: str) -> None:
    if _ENVIRONMENT.search(text):
        case.add("credentials/environment-listed", "the environment")
    for match in _NAMED_SECRET.finditer(text):
        if is_ci_token(match[1]):
            case.add("credentials/ci-token", match[1])
        elif is_secret_name(match[1]):
            case.add("credentials/variable", match[1])


_PARTS = lazy_re.compile(
    r"(?:['\"][^'\"\n]{1,80}['\"][\s)]*[,/+]\s*)+['\"][^'\"\n]{1,80}['\"]"
)


def _joined_paths(text: str) -> list[str]:
    """Return the paths of ``Path("a", "b")``, ``join("a", "b")`` and ``"a" / "b"``."""
    paths = []
    for match in _PARTS.finditer(text):
        parts = [value for _, value in _strings(match[0])]
        rest = [part.strip("/") for part in parts[1:]]
        paths.append("/".join([parts[0].rstrip("/"), *rest]))
    return paths
