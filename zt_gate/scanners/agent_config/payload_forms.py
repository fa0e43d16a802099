"""Finds payloads in source code that are one expression, or a file that is saved and then run.

``payload_code`` follows the values of names; this follows the files that code writes, and
the forms that need no flow: request data that is run, commands in directives.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.agent_config.payload_effects import (
    NOWHERE,
    PayloadEffect,
    PayloadOrigin,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.syntax.code_text import CodeText

    #: Returns the origin of an expression between two offsets.
    OriginOf = Callable[[int, int], PayloadOrigin]

_REQUEST = r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER\s*\[\s*[\"']HTTP_)"
#: Request data that is run: each family's form.
_WEB_SHELLS = {
    "php": lazy_re.compile(
        r"(?i)(?<![\w>:$])(?:eval|assert|system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec"
        rf"|create_function)\s*\(\s*(?:[\w.]+\s*\(\s*){{0,3}}@?{_REQUEST}"
        rf"|`[^`\n]{{0,80}}{_REQUEST}|{_REQUEST}\s*\[[^\]\n]{{0,60}}\]\s*\(\s*@?{_REQUEST}"
    ),
    "c": lazy_re.compile(
        r"\.exec\s*\(\s*(?:new\s+String\[\]\s*\{[^}\n]{0,80})?request\.getParameter\s*\("
        r"|\bProcessBuilder\s*\([^;\n]{0,80}request\.getParameter\s*\("
        r"|\bProcess\.Start\s*\([^;\n]{0,80}Request(?:\.|\[)"
    ),
}
_SAVES = (
    lazy_re.compile(r"\burlretrieve\s*\(\s*[^,\n]{1,300},\s*(?:filename\s*=\s*)?(?P<file>[^,)\n]{1,120})"),
    lazy_re.compile(
        r"(?<![\w.])open\s*\(\s*(?P<file>[^,\n]{1,120}),\s*[\"'][wax]b?\+?[\"'][^)\n]{0,60}\)"
        r"\s*\.write\s*\((?P<value>[^\n]{1,400})"
    ),
    lazy_re.compile(
        r"\bwith\s+open\s*\(\s*(?P<file>[^,\n]{1,120}),\s*[\"'][wax]b?\+?[\"'][^)\n]{0,60}\)\s*as\s+"
        r"(?P<handle>\w+)\s*:[^\x01]{0,200}?(?:\b(?P=handle)\.write\s*\((?P<value>[^\n]{1,400})"
        r"|\bcopyfileobj\s*\((?P<copied>[^,\n]{1,200}),\s*(?P=handle))"
    ),
    lazy_re.compile(
        r"\bPath\s*\(\s*(?P<file>[^)\n]{1,120})\)\s*\.write_(?:bytes|text)\s*\((?P<value>[^\n]{1,400})"
    ),
    lazy_re.compile(
        r"(?<![\w.)])(?P<file>[A-Za-z_]\w{0,60})\.write_(?:bytes|text)\s*\((?P<value>[^\n]{1,400})"
    ),
    lazy_re.compile(
        r"[\"'](?:curl|wget)[\"'][^\n()]{0,200}[\"'](?:-\w{0,5}[oO]|--output(?:-document)?)[\"']\s*,"
        r"\s*(?P<file>[^,\])\n]{1,120})"
    ),
)  # fmt: skip
_STARTS = (
    r"(?:\bos\.(?:system|popen|exec[lv]p?e?|spawn\w+|startfile)|\bsubprocess\.\w+|\brunpy\.run_path"
    r"|(?<![\w.])(?:Popen|check_call|check_output|run|call|system)|\bspec_from_file_location"
    r"|\bcreate_subprocess_\w+|\bSourceFileLoader|\bexecfile)\s*\("
)
_MOST = 40
_FAR = 6000
_PATH_FILE = lazy_re.compile(
    r"(?:site[-_]?packages|purelib|usersite|getusersite)[^\x01]{0,400}?\.pth[\"'][^\n]{0,60}"
    r"(?:,\s*[\"'][wax]b?[\"']|\.write_text\s*\()"
)
_GENERATE = lazy_re.compile(r"(?m)^//go:generate[ \t]+([^\n]{1,2000})")
_PLUGIN = lazy_re.compile(
    r"(?m)^[ \t]*(?://|\*)?[ \t]*#cgo\b[^\n]{0,300}-(?:fplugin|B|specs|wrapper)\b"
)


def find(
    code: CodeText,
    family: str,
    origin_of: OriginOf,
    find_in_shell: Callable[[str], list[PayloadEffect]],
) -> Iterator[PayloadEffect]:
    """Yield the effects of a source text that need no flow, and of the files it saves."""
    web_shell = _WEB_SHELLS.get(family)
    if web_shell is not None and ("$_" in code.text or "equest" in code.text):
        view = code.text if "`" in code.text else code.view
        for match in web_shell.finditer(view):
            yield PayloadEffect("shell", match.start(), match.start())
    if family == "python":
        yield from _saved_and_run(code, origin_of)
        if ".pth" in code.text:
            for match in _PATH_FILE.finditer(code.text):
                yield PayloadEffect("plugin", match.end() - 1, match.end() - 1)
    if family == "go":
        for match in _GENERATE.finditer(code.text):
            command = match[1].replace('\\"', '"')
            for effect in find_in_shell(command):
                yield PayloadEffect(
                    effect.kind, match.start(), match.start(), effect.urls
                )
        for match in _PLUGIN.finditer(code.text):
            yield PayloadEffect("plugin", match.end() - 1, match.end() - 1)


def _saved_and_run(code: CodeText, origin_of: OriginOf) -> Iterator[PayloadEffect]:
    """Yield downloads that Python code saves to a file, and then runs or imports."""
    view = code.view
    count = 0
    for number, form in enumerate(_SAVES):
        for match in form.finditer(view):
            origin = _origin(match, number, origin_of)
            if not origin.fetched:
                continue
            count += 1
            if count > _MOST:
                return
            run = _run_of(code, match["file"], match.span("file"), match.end())
            if run is not None:
                yield PayloadEffect("download", run, match.start(), origin.urls)


def _origin(match: re.Match[str], number: int, origin_of: OriginOf) -> PayloadOrigin:
    if number in {0, len(_SAVES) - 1}:
        origin = origin_of(*match.span())
        return PayloadOrigin(fetched=True, at=match.start(), urls=origin.urls)
    for group in ("value", "copied"):
        if match.groupdict().get(group):
            return origin_of(*match.span(group))
    return NOWHERE


def _run_of(
    code: CodeText, target: str, span: tuple[int, int], after: int
) -> int | None:
    """Return the offset where a saved file is run, None if it is not."""
    target = target.strip()
    literal = re.fullmatch(
        r"[rbf]?([\"'])(.{1,100})\1", code.text[span[0] : span[1]].strip()
    )
    if literal is not None:
        name = literal[2].removeprefix("./")
        wanted = rf"[\"'\s](?:\./)?{re.escape(name)}[\"'\s]"
        stem = name.rpartition("/")[2].removesuffix(".py")
        imports = (
            rf"|(?m:^\s*(?:import|from)\s+{re.escape(stem)}\b)"
            if stem.isidentifier()
            else ""
        )
        imports += rf"|(?:__import__|import_module)\s*\(\s*[\"']{re.escape(stem)}[\"']"
    elif target.isidentifier():
        wanted, imports = rf"(?<![\w.]){target}(?![\w(])", ""
    else:
        return None
    pattern = re.compile(
        rf"{_STARTS}[^\n;]{{0,200}}?{wanted}|(?<![\w.])exec\s*\([^\n]{{0,40}}open\s*\([^\n]{{0,40}}?"
        rf"{wanted}{imports}"
    )
    run = pattern.search(code.text, after, after + _FAR)
    return None if run is None else run.start() + len(run[0]) - len(run[0].lstrip())
