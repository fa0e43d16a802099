"""Finds payloads in text that no reader understands, by forms that are hardly ever anything else.

Settings of editors, packagers, debuggers and build tools run commands under names that no
table can list.  Here a line is read as it stands: without the escapes of JSON and XML, with
the parts of a list in a row.  Documents and comments are left out by the caller and here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.agent_config.payload_effects import PayloadEffect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.agent_config.payload_effects import EffectKind

_SH = (
    r"(?:/(?:usr/)?(?:local/)?bin/(?:env[ ]+)?)?(?:ba|z|k|da|a|c|tc|fi|mk)?sh(?:\.exe)?"
    r"(?![\w./=:-])"
)
_ANY_SHELL = (
    rf"(?:{_SH}|(?:\S{{0,80}}\\)?cmd(?:\.exe)?\b|powershell(?:\.exe)?\b|pwsh\b)"
)
_TCP = r"[\"']?/dev/(?:tcp|udp)/"
_CODE = r"(?:python[\d.]*|pypy3?|node|deno|bun|perl|ruby|php|lua)"
_END = r"(?=[ ]*(?:-[ ]*)?(?:$|[\"'`;)&<>\]}\n\v|\\]))"
_SUDO = r"(?:(?:sudo|doas|env|exec|nohup|time)\b(?:[ ]+-\w+)*[ ]+|\w{1,40}=\S{0,80}[ ]+){0,3}"
_FETCH = r"(?<![\w./-])(?:curl|wget|aria2c|lynx[ ]+-source)(?:\.exe)?\b"
_RUNS = rf"{_SUDO}(?:{_SH}(?![ ]+-\w*c\b)|(?:/\S{{1,60}}/)?{_CODE}{_END})"
_NC = r"(?<![\w-])(?:nc|ncat|netcat)(?:\.exe|\.traditional|\.openbsd)?"

#: What each form is: a word that it has, the kind of its effect, and the form.
_FORMS: tuple[tuple[str, EffectKind, str], ...] = (
    (
        "/dev/",
        "shell",
        (
            rf"(?<![\w-]){_SH}(?:[ ]+-[abd-z]{{1,4}}|[ ]+--\w+)*[ ]*"
            rf"\d{{0,3}}(?:>&|&>|<>|>>?|<)[ ]*{_TCP}"
        ),
    ),
    (
        "/dev/",
        "shell",
        (
            rf"(?<![\w-])exec\b[^\n;]{{0,40}}<>[ ]*{_TCP}[^\x00]{{0,200}}?"
            rf"(?:\bdo[ ]+(?:eval[ ]+)?[\"']?\$|{_SH}[^\n;|]{{0,30}}(?:<&|>&)|\beval\b"
            rf"|(?<![\w-]){_SH}[ ]+-i\b)"
        ),
    ),
    ("/dev/", "shell", rf"(?:>&|&>|<>|<|>)[ ]*{_TCP}[^\n]{{0,120}}\|[ ]*{_SUDO}{_SH}"),
    (
        "/dev/",
        "shell",
        rf"(?<![\w-])cat[ ]*<[ ]*{_TCP}[^\n]{{0,160}}\|[ ]*{_SUDO}{_SH}",
    ),
    (
        "nc|netcat",
        "shell",
        (
            rf"{_NC}[ ]+[^\n|;]{{0,160}}?(?<=[ ])(?:-\w{{0,6}}[ec]|--exec|--sh-exec)"
            rf"[ =]+[\"']?{_ANY_SHELL}"
        ),
    ),
    ("nc|netcat", "shell", rf"{_NC}[ ]+[^\n|;]{{3,120}}\|[ ]*{_SUDO}{_SH}"),
    (
        "nc|netcat",
        "shell",
        rf"(?<![\w-]){_SH}(?:[ ]+-i)?(?:[ ]+2>&1)?[ ]*\|&?[ ]*{_NC}[ ]+(?=\S)",
    ),
    ("telnet", "shell", rf"(?<![\w-])telnet[ ]+[^\n|;]{{3,120}}\|[ ]*{_SUDO}{_SH}"),
    (
        "mkfifo",
        "shell",
        (
            rf"(?<![\w-])mkfifo\b(?=[^\x00]{{0,400}}?(?:{_NC}|(?<![\w-])telnet"
            rf"|openssl[ ]+s_client)[ ])(?=[^\x00]{{0,400}}?[|<&; ]{_SH}(?:[ ]+-i|[ ]*[|<>\d]))"
        ),
    ),
    ("s_client", "shell", rf"openssl[ ]+s_client\b[^\n]{{0,200}}\|[ ]*{_SUDO}{_SH}"),
    (
        "s_client",
        "shell",
        rf"(?<![\w-]){_SH}(?:[ ]+-i)?[^\n|]{{0,30}}\|[ ]*openssl[ ]+s_client",
    ),
    (
        "socat",
        "shell",
        (
            r"(?i)(?<![\w-])socat\b(?=[^\n]{0,200}(?:tcp|udp|openssl|ssl)[\w-]*:)"
            rf"[^\n]{{0,200}}\b(?:exec|system|shell):[\"'\\]{{0,3}}{_ANY_SHELL}"
        ),
    ),
    (
        "ztcp",
        "shell",
        (
            rf"(?<![\w-])ztcp\b[^\x00]{{0,200}}?(?:{_SH}|\$\w+)[^\n]{{0,60}}"
            r"(?:<&|>&)[ ]*\$?(?:REPLY|\d)"
        ),
    ),
    (
        "socket",
        "shell",
        (
            rf"(?i)\b{_CODE}\b[^\n]{{0,60}}?[ ]-\w*[cer]\b[^\n]{{0,300}}?"
            r"(?:\bsocket|fsockopen|TCPSocket)[^\n]{0,500}?(?:/bin/(?:ba|z|da)?sh|[\"'](?:ba)?sh\b"
            r"|dup2|pty\.spawn)"
        ),
    ),
    (
        "sockopen",
        "shell",
        (
            rf"\b{_CODE}\b[^\n]{{0,60}}?[ ]-\w*[cer]\b[^\n]{{0,300}}?"
            r"fsockopen[^\n]{0,300}?(?:/bin/)?(?:ba)?sh\b"
        ),
    ),
    (
        "net.",
        "shell",
        (
            r"\bnode\b[^\n]{0,40}[ ]-e\b[^\n]{0,300}?\bnet\.[^\n]{0,300}?"
            r"(?:/bin/(?:ba)?sh|[\"'](?:ba)?sh\b)"
        ),
    ),
    ("xterm", "shell", r"(?<![\w-])xterm[ ]+-display[ ]+[\w-]+\.[\w.-]+:\d"),
    (
        "curl|wget|aria2c|lynx",
        "download",
        (
            rf"{_FETCH}[^\n;|]{{0,400}}+"
            rf"(?:\|[^\n;|]{{1,100}}+){{0,3}}?\|&?[ ]*{_RUNS}"
        ),
    ),
    (
        "<(",
        "download",
        rf"(?<![\w-])(?:{_SH}|source|\.|{_CODE})(?:[ ]+-\w+)*[ ]+<\([ ]*{_FETCH}",
    ),
    (
        "$(",
        "download",
        (
            rf"(?<![\w-])(?:{_SH}[ ]+-\w*c|eval|{_CODE}[ ]+-[ce])[ ]+[\"'\\]{{0,3}}"
            rf"\${{1,2}}\([ ]*{_FETCH}"
        ),
    ),
    (
        "`",
        "download",
        (
            rf"(?<![\w-])(?:{_SH}[ ]+-\w*c|eval|{_CODE}[ ]+-[ce])[ ]+[\"'\\]{{0,3}}"
            rf"`[ ]*{_FETCH}"
        ),
    ),
    (
        "base64",
        "decoded",
        (
            r"(?<![\w-])(?:g?base64|base32)[ ]+(?:-\w*[dD]\w*|--decode)\b"
            rf"[^\n;]{{0,120}}?\|[ ]*{_RUNS}"
        ),
    ),
    ("xxd", "decoded", rf"(?<![\w-])xxd[ ]+-\w*r\w*[^\n;]{{0,80}}?\|[ ]*{_RUNS}"),
    (
        "openssl",
        "decoded",
        (
            rf"(?<![\w-])openssl[ ]+(?:enc|base64)\b[^\n;|]{{0,80}}[ ]-d\b"
            rf"[^\n;]{{0,80}}?\|[ ]*{_RUNS}"
        ),
    ),
    (
        "base64",
        "decoded",
        (
            rf"(?<![\w-])(?:{_SH}[ ]+-\w*c|eval)[ ]+[\"'\\]{{0,3}}\${{1,2}}\("
            r"[^\n)]{0,400}\|[ ]*base64[ ]+(?:-\w*[dD]|--decode)"
        ),
    ),
    (
        "-e",
        "decoded",
        (
            r"(?i)\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]{0,100}?[ ]-e(?:c|nc\w*)?[ ]+"
            r"[A-Za-z0-9+/=]{40,}"
        ),
    ),
    (
        "iex|invoke-expression",
        "download",
        (
            r"(?i)(?:\b(?:iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b|DownloadString"
            r"[ ]*\()[^\n]{0,300}?\|[ ]*(?:iex|Invoke-Expression)\b"
        ),
    ),
    (
        "iex|invoke-expression",
        "download",
        (
            r"(?i)(?<![\w.-])(?:iex|Invoke-Expression)\b[^\n|]{0,100}?(?:\b(?:iwr|irm"
            r"|Invoke-WebRequest|Invoke-RestMethod)\b|DownloadString[ ]*\()"
        ),
    ),
    (
        "http",
        "download",
        (
            r"(?i)\b(?:iwr|Invoke-WebRequest|DownloadFile|curl(?:\.exe)?)\b[^\n]{0,300}?"
            r"(?:-OutFile|-o|,)[ ]+[\"']?(?P<file>[^\s;\"'&|)]{2,120})[^\n]{0,40}?[;&\n][^\n]{0,40}?"  # noqa: E501
            r"(?:&|start(?:-process)?|\.|python|cmd[ ]+/c)[ ]+[\"']?(?:\.[/\\])?(?P=file)"
        ),
    ),
    (
        "certutil",
        "download",
        (
            r"(?i)\bcertutil(?:\.exe)?\b[^\n]{0,120}?[-/](?:urlcache|verifyctl)\b"
            r"[^\n]{0,120}?https?:"
        ),
    ),
    ("bitsadmin", "download", r"(?i)\bbitsadmin(?:\.exe)?\b[^\n]{0,160}?https?:"),
    (
        "mshta",
        "download",
        r"(?i)\bmshta(?:\.exe)?[ ]+[\"']?(?:https?:|vbscript:|javascript:)",
    ),
    (
        "regsvr32",
        "download",
        r"(?i)\bregsvr32(?:\.exe)?\b[^\n]{0,120}?/i:[\"']?https?:",
    ),
    (
        "msiexec",
        "download",
        r"(?i)\bmsiexec(?:\.exe)?\b[^\n]{0,80}?[/-](?:i|package)\b[ ]*[\"']?https?:",
    ),
    (
        "rundll32",
        "download",
        r"(?i)\brundll32(?:\.exe)?\b[^\n]{0,80}?(?:javascript:|https?:)",
    ),
    (
        "_env|startup|5opt|rubyopt|dyld_",
        "plugin",
        (
            r"(?m)^[ \-]*[\"']?(?:BASH_ENV|PYTHONSTARTUP|PERL5OPT|RUBYOPT|DYLD_INSERT_LIBRARIES)[\"']?"  # noqa: E501
            r"[ ]*[:=][ ]*[\"']?[\w./$~-]"
        ),
    ),
    (
        "ld_preload",
        "plugin",
        r"(?m)^[ \-]*[\"']?LD_PRELOAD[\"']?[ ]*[:=][ ]*[\"']?(?!/usr/lib|/lib|[^\n]*malloc)[\w./$~-]",  # noqa: E501
    ),
    (
        "node_options",
        "plugin",
        r"(?m)^[ \-]*[\"']?NODE_OPTIONS[\"']?[ ]*[:=][^\n]{0,80}(?:--require|--import|--loader|-r)[ =]",  # noqa: E501
    ),
)
_SAVES = lazy_re.compile(
    rf"{_FETCH}[^\n|;&]{{0,300}}?[ ]-\w{{0,6}}[oO][ ]*[\"']?(?P<file>[^\s;\"'&|]{{1,80}})"
    r"[^\n;&]{0,300}"
)
_SAVED_NEAR = 300
_URL = lazy_re.compile(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>|)\\]{1,400}")
_ENTITIES = {
    "&quot;": '"', "&apos;": "'", "&#39;": "'", "&#34;": '"', "&gt;": ">", "&lt;": "<",
    "&amp;": "&", "&#38;": "&", "&#62;": ">", "&#60;": "<", "&#10;": " ;",
    "\\u003e": ">", "\\u003c": "<", "\\u0026": "&", "\\u003E": ">", "\\u003C": "<",
    "\\t": " ", '\\"': '"', "\t": " ", "\r": " ",
}  # fmt: skip
_ENTITY = lazy_re.compile("|".join(map(re.escape, _ENTITIES)))
_LIST_GAP = lazy_re.compile(r"[\"'][ ]*,[ ]*[\"']")
_XML_GAP = lazy_re.compile(
    r"</(?:string|arg|argument|value|param)>([\s\v]{0,200})<(?:string|arg|argument"
    r"|value|param)>"
)
_NEXT_LINE = lazy_re.compile(r"(?<=[\\|])[ \t]*\r?\n")
#: A word that one of the forms must have.
_TRIGGERS = (
    "/dev/tcp/", "/dev/udp/", "nc", "ncat", "netcat", "socat", "telnet", "ztcp", "mkfifo", "curl", "wget",  # noqa: E501
    "aria2c", "lynx", "base64", "base32", "xxd", "openssl", "xterm", "iwr", "irm", "iex",
    "invoke-", "powershell", "pwsh", "certutil", "bitsadmin", "mshta", "regsvr32", "msiexec",
    "rundll32", "downloadstring", "downloadfile", "socket", "sockopen", "net.",
    "bash_env", "pythonstartup", "perl5opt", "rubyopt", "dyld_", "ld_preload", "node_options",
)  # fmt: skip
_LINES_BEFORE = 2
_LINES_AFTER = 5
_LONG_LINE = 4_000
_COLUMNS_BEFORE = 400
_COLUMNS_AFTER = 900
_MOST = 50
#: Marks of a comment by the kind of file; other files may have any of them.
_MARKS = {
    "yaml": r"#", "yml": r"#", "toml": r"#", "json": r"//|/\*|\*[ /]", "xml": r"<!--",
    "plist": r"<!--", "tex": r"%", "vim": r"\"", "sql": r"--|/\*", "el": r";", "spec": r"#|%dnl",
    "m4": r"#|dnl\b", "bat": r"(?i:@?rem\b)|::", "cmd": r"(?i:@?rem\b)|::", "sty": r"%",
    "cls": r"%|'", "vbs": r"'|(?i:rem\b)",
}  # fmt: skip
_ANY_MARK = (
    r"\#(?![!+]|define\b|pragma\b)|//|/\*|\*[ /]|<!--|--[ ]|;|%[% ]|dnl\b|(?i:rem[ ])"
)
#: Names of values that people read.
_PROSE_KEY = lazy_re.compile(
    r"(?i)^[\s{,]*(?:-[ ]+)?[\"']?[\w.-]{0,40}(?:description|title|summary|help|message|comment"
    r"|readme|label|documentation|docs|notes?|markdown(?:description)?|long_desc|changelog|hint"
    r"|instructions|caveats|abstract|text|html|msgid|msgstr)[\"']?[ ]*[:=]"
)


@lru_cache(1)
def _forms() -> tuple[tuple[str, EffectKind, re.Pattern[str]], ...]:
    def compiled(form: str) -> re.Pattern[str]:
        # A command may go on in the next line.
        return re.compile(form.replace("[ ]", r"[ \v]").replace("[ =]", r"[ \v=]"))

    return tuple((word, kind, compiled(form)) for word, kind, form in _FORMS)


def find(text: str, suffix: str) -> Iterator[PayloadEffect]:
    """Yield what a text does, line by line; the offsets are those of line starts.

    The time is linear: each form has a bounded length.
    """
    view, starts = _view(text, suffix)
    lowered = view.lower()
    count = 0
    for word, kind, form in _forms():
        if not any(part in lowered for part in word.split("|") if part):
            continue
        for match in form.finditer(view):
            line = _lines_before(view, match.start())
            last = _lines_before(view, match.end() - 1)
            if _is_prose(text, starts, line):
                continue
            count += 1
            if count > _MOST:
                return
            urls = tuple(dict.fromkeys(_URL.findall(match[0])))[:8]
            yield PayloadEffect(kind, starts[last], starts[line], urls)
    if "curl" in lowered or "wget" in lowered:
        yield from _saved_and_run(text, view, starts)


def _saved_and_run(text: str, view: str, starts: list[int]) -> Iterator[PayloadEffect]:
    """Yield downloads to a file that one of the next words runs."""
    searched: set[str] = set()
    for match in _SAVES.finditer(view):
        name = match["file"].removeprefix("./")
        searched.add(name)
        if len(searched) > _MOST:
            return
        run = re.compile(
            rf"(?:(?<![\w-])(?:{_SH}|source|\.|{_CODE}|chmod[ ]+\S{{1,10}}|start)[ \v]+[\"']?"
            rf"(?:\./)?|(?<=[;& \v\n])\./){re.escape(name)}(?![\w.])"
        ).search(view, match.end(), match.end() + _SAVED_NEAR)
        if run is None:
            continue
        line = _lines_before(view, match.start())
        if not _is_prose(text, starts, line):
            urls = tuple(dict.fromkeys(_URL.findall(match[0])))[:8]
            last = _lines_before(view, run.end() - 1)
            yield PayloadEffect("download", starts[last], starts[line], urls)


def _lines_before(view: str, at: int) -> int:
    return view.count("\n", 0, at) + view.count("\v", 0, at)


def _is_prose(text: str, starts: list[int], line: int) -> bool:
    return _PROSE_KEY.match(text[starts[line] : starts[line] + 200]) is not None


def _view(text: str, suffix: str) -> tuple[str, list[int]]:
    r"""Return the text as it is run, with ``\v`` where a line goes on, and its line starts.

    Lines far from any word of a form are left out, so that large data costs little.
    """
    mark = re.compile(rf"\s*(?:{_MARKS.get(suffix, _ANY_MARK)})")
    raws = text.split("\n")
    starts: list[int] = []
    position = 0
    for raw in raws:
        starts.append(position)
        position += len(raw) + 1
    near: set[int] = set()
    for at in _triggers(text):
        line = bisect_right(starts, at) - 1
        near.update(range(line - _LINES_BEFORE, line + _LINES_AFTER))
    rows: list[str] = []
    for number, raw in enumerate(raws):
        if number not in near or mark.match(raw):
            rows.append("")
            continue
        row = _shortened(raw) if len(raw) > _LONG_LINE else raw
        row = row.replace("\v", " ")
        row = _ENTITY.sub(lambda found: _ENTITIES[found[0]], row)
        rows.append(_LIST_GAP.sub(" ", row))
    view = "\n".join(rows).replace("\x00", " ")
    view = _NEXT_LINE.sub("\v", view)
    view = _XML_GAP.sub(lambda gap: " " + gap[1].replace("\n", "\v"), view)
    return view.replace("\\\v", " \v"), starts


def _triggers(text: str) -> Iterator[int]:
    """Yield the offsets of words that one of the forms must have."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter with a longer lower case moves the offsets
        lowered = text
    for word in _TRIGGERS:
        at = lowered.find(word)
        is_short = len(word) == 2
        while at >= 0:
            before = lowered[at - 1 : at]
            after = lowered[at + 2 : at + 3]
            if not is_short or not (before.isalnum() or after.isalnum()):
                yield at
            at = lowered.find(word, at + len(word))


def _shortened(row: str) -> str:
    """Return the parts of a long line around the words of a form."""
    parts: list[str] = []
    end = 0
    for at in sorted(_triggers(row)):
        first = max(end, at - _COLUMNS_BEFORE)
        last = at + _COLUMNS_AFTER
        if last <= end:
            continue
        parts.append(row[first:last] if first <= end else "\x00" + row[first:last])
        end = max(end, last)
    return "".join(parts)
