"""Takes the texts that run out of a file: scripts, build steps, cells, and source code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.agent_config import payload_content
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.syntax.document import Document

_SHELL = "shell"
#: Keys of configuration files whose values are run.
_COMMAND_KEYS = frozenset(
    [
        "run",
        "script",
        "scripts",
        "before_script",
        "after_script",
        "command",
        "commands",
        "cmd",
        "cmds",
        "entry",
        "entrypoint",
        "args",
        "shell",
        "bash",
        "sh",
        "powershell",
        "pwsh",
        "runcmd",
        "bootcmd",
        "exec",
        "execstart",
        "inline",
        "install",
        "before_install",
        "after_success",
        "before_deploy",
        "initializecommand",
        "oncreatecommand",
        "updatecontentcommand",
        "postcreatecommand",
        "poststartcommand",
        "postattachcommand",
        "prebuild",
        "postbuild",
        "prepare",
        "steps",
        "hooks",
        "user_data",
        "userdata",
        "user-data",
        "build_command",
        "test_command",
        "start",
        "poststart",
        "prestop",
        "livenessprobe",
        "localscript",
        "remotescript",
        "arguments",
        "argv",
        "program",
        "setup",
        "pre_install",
        "postinstall",
        "preinstall",
        "prepublish",
        "test",
        "build",
        "deploy",
        "release",
        "ansible.builtin.shell",
        "ansible.builtin.command",
        "raw",
    ]
)
_TABLES_OF_COMMANDS = frozenset(
    [
        "scripts",
        "tasks",
        "hooks",
        "commands",
        "cmds",
        "targets",
        "jobs",
        "aliases",
        "lifecycle",
        "recipes",
        "scripts-info",
    ]
)
_PROSE_KEYS = frozenset(
    [
        "name",
        "description",
        "title",
        "summary",
        "help",
        "message",
        "comment",
        "label",
        "id",
        "uses",
        "image",
        "if",
        "needs",
        "docs",
    ]
)
#: Settings as a program: lint-staged runs the texts in them.
_COMMANDS_AS_TEXT = frozenset((
    b"lint-staged.config.js", b"lint-staged.config.mjs", b"lint-staged.config.cjs",
    b"lint-staged.config.ts", b".lintstagedrc.js", b".lintstagedrc.mjs", b".lintstagedrc.cjs",
))  # fmt: skip
_TEXT = lazy_re.compile(r"([\"'`])((?:(?!\1)[^\\\n]|\\.){3,2000})\1")
#: Package scripts that a shell reads, with functions of their own.
_SHELL_SUFFIXES = (b".ebuild", b".eclass", b".install", b".apkbuild", b".slackbuild")
_TEMPLATE_SUFFIXES = (
    b".tmpl", b".tpl", b".j2", b".jinja", b".jinja2", b".mustache", b".hbs", b".in",
    b".template", b".dist", b".example", b".sample", b".liquid", b".ejs", b".gotmpl", b".erb",
    b".orig", b".bak", b".default",
)  # fmt: skip
#: Languages of which a reader tells what runs from what is only a text.
_UNDERSTOOD = frozenset((
    "Python", "Cython", "Starlark", "JavaScript", "TypeScript", "Vue", "Svelte", "Astro",
    "CoffeeScript", "Go", "Groovy", "Kotlin", "Scala", "Dart", "PHP", "Hack", "Perl", "Raku",
    "Ruby", "Crystal", "Elixir", "Lua", "AWK", "C", "C++", "C/C++ header", "C#",
    "Java", "Rust", "Swift", "Shell", "script", "Dockerfile", "Makefile", "Just",
    "Jupyter notebook", "R", "Julia", "Nim",
))  # fmt: skip
#: Programs that a step or an image names as its shell.
_STEP_LANGUAGES = {
    "python": "Python", "node": "JavaScript", "deno": "JavaScript", "bun": "JavaScript",
    "perl": "Perl", "ruby": "Ruby", "php": "PHP", "pwsh": "PowerShell",
    "powershell": "PowerShell",
}  # fmt: skip
#: Lists of these are the words of one command.
_ARGUMENT_KEYS = frozenset(
    ("command", "args", "entrypoint", "cmd", "argv", "arguments", "program")
)
_PROSE_ENDINGS = (
    "description", "title", "summary", "help", "message", "comment", "documentation", "readme",
    "notes", "text", "markdown",
)  # fmt: skip
_INSTRUCTION = lazy_re.compile(
    r"(?i)^[ \t]*(?:ONBUILD[ \t]+)?(RUN|CMD|ENTRYPOINT|SHELL|HEALTHCHECK|ENV|ARG|ADD)\b[ \t]*"
)
_FLAG = lazy_re.compile(r"^(?:--[\w-]+(?:=\S+)?[ \t]+)+(?:CMD[ \t]+)?|^CMD[ \t]+")
_MOST_FRAGMENTS = 2000


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text that runs: its language or ``shell``, and the line where it begins.

    ``exact`` means that its lines are lines of the file; not ``certain``, that the value
    has no name of one that runs.
    """

    text: str
    language: str
    line: int = 1
    exact: bool = True
    certain: bool = True


def _language(path: bytes, content: str) -> str | None:
    """Return the language of a file: by its name, its first bytes, or as a hook."""
    from zt_gate.syntax import source_languages

    name = path.rpartition(b"/")[2].lower()
    language = source_languages.by_name(path)
    if name.endswith(_SHELL_SUFFIXES):
        return "Shell"
    if language is None and not source_languages.is_plain(path):
        language = source_languages.by_content(
            content[: source_languages.HEAD_BYTES].encode("utf-8", "surrogateescape")
        )
    configuration = paths.configuration(path)
    if (
        language is None
        and configuration is not None
        and configuration.name == "git-hook"
    ):
        language = "Shell"
    if language is None and content.startswith("#!"):
        language = source_languages.by_interpreter(
            content[:512].encode("utf-8", "replace")
        )
    return language


def without_template(path: bytes) -> bytes:
    """Return a path without the ending of a template: ``run.sh`` for ``run.sh.tmpl``."""
    lowered = path.lower()
    for suffix in _TEMPLATE_SUFFIXES:
        if (
            lowered.endswith(suffix)
            and b"." in path[: -len(suffix)].rpartition(b"/")[2]
        ):
            return path[: -len(suffix)]
    return path


def is_understood(path: bytes, content: str) -> bool:
    """Whether a reader knows which text of the file runs, so that the rest is data."""
    path = without_template(path)
    language = _language(path, content)
    return language in _UNDERSTOOD or path.lower().endswith(
        (b".pth", b".gyp", b".gypi")
    )


def fragments(path: bytes, content: str) -> Iterator[Fragment]:
    """Yield the texts of a file that are run."""
    path = without_template(path)
    if path.rpartition(b"/")[2].lower() in _COMMANDS_AS_TEXT:
        yield from _texts(content)
    yield from _fragments(path, content)


def _fragments(path: bytes, content: str) -> Iterator[Fragment]:
    name = path.rpartition(b"/")[2].lower()
    language = _language(path, content)
    configuration = paths.configuration(path)
    reader = _READERS.get(language or "")
    suffix = name.rpartition(b".")[2]
    if reader is not None:
        yield from reader(content)
    elif language in {"Shell", "Batch", "script"}:
        yield Fragment(content, _SHELL)
    elif name.endswith((b".gyp", b".gypi")):
        yield from _gyp(content)
    elif suffix == b"pth":
        yield from _path_file(content)
    elif language:
        yield Fragment(content, language)
    elif suffix in {b"yml", b"yaml"} or (
        configuration is not None and configuration.reader == "yaml"
    ):
        yield from _values(_yaml, content, is_ci=paths.is_any(path, "ci"))
    elif suffix in {b"json", b"jsonc", b"code-workspace"}:
        yield from _values(_json, content, is_ci=False)
    elif suffix == b"toml":
        yield from _values(_toml, content, is_ci=False)
    elif suffix in _LINE_PATTERNS:
        yield from _lines(content, _LINE_PATTERNS[suffix])
    elif name in _NAMED_PATTERNS:
        yield from _lines(content, _NAMED_PATTERNS[name])
    elif b"." not in name.lstrip(b"."):
        # An extensionless file without an interpreter: a shell runs it, if anything does.
        yield Fragment(content, _SHELL)


def _blank(line: str, start: int) -> str:
    return " " * start + line[start:]


def _dockerfile(content: str) -> Iterator[Fragment]:
    """Yield all instructions as one script of the same lines: they share files and variables."""
    rows: list[str] = []
    in_instruction, here = False, ""
    for line in content.split("\n"):
        if here:
            rows.append(line)
            here = "" if line.strip() == here else here
            continue
        if line.lstrip().startswith("#"):
            rows.append("\\" if in_instruction else "")
            continue
        text = line
        match = None if in_instruction else _INSTRUCTION.match(line)
        if match is not None:
            text = _instruction(match[1].upper(), line[match.end() :])
        elif not in_instruction:
            rows.append("")
            continue
        document = re.search(r"<<-?[\"']?(\w+)", text)
        if document is not None:
            here = document[1]
            if re.match(r"\s*<<", text):
                text = "bash " + text.lstrip()
        in_instruction = line.rstrip().endswith("\\") and not here
        rows.append(text)
    yield Fragment("\n".join(rows), _SHELL)
    shell = re.search(
        r"(?im)^[ \t]*SHELL[ \t]*\[[ \t]*\"(?:/\S{1,40}/)?(python|node|perl|ruby|pwsh)",
        content,
    )
    if shell is not None:
        kept = [
            _blank(line, match.end()) if (match := _INSTRUCTION.match(line)) else ""
            for line in content.split("\n")
        ]
        code = "\n".join(line.lstrip() for line in kept)
        yield Fragment(code, _STEP_LANGUAGES[shell[1].lower()])


def _instruction(name: str, rest: str) -> str:
    rest = _FLAG.sub("", rest)
    if name == "ADD":
        words = rest.split()
        is_url = (
            len(words) > 1 and "://" in words[0] and " --checksum" not in f" {rest}"
        )
        if not is_url:
            return ""
        base = words[0].rpartition("/")[2]
        target = words[-1] + base if words[-1].endswith("/") else words[-1]
        return f"curl -o {target} {words[0]}"
    if name in {"ENV", "ARG"}:
        key, equals, value = rest.partition("=")
        return f"{key.strip()}={value}" if equals and " " not in value.strip() else ""
    if rest.lstrip().startswith("["):
        import json

        try:
            words = json.loads(rest)
        except ValueError:
            return rest
        if isinstance(words, list):
            return " ".join(_quoted(str(word)) for word in words)
    return rest


def _makefile(content: str) -> Iterator[Fragment]:
    rows: list[str] = []
    continues = False
    for line in content.split("\n"):
        is_recipe = line.startswith("\t") or continues
        text = line.lstrip("\t @+-") if is_recipe else ""
        if not is_recipe:
            match = re.match(r"\s*(?:export\s+)?([\w.-]+)\s*[:?+]{0,3}=\s*(.*)", line)
            if match is not None:
                text = f"{match[1].replace('-', '_').replace('.', '_')}={_make_value(match[2])}"
            elif "$(shell" in line:
                text = line[line.index("$(shell") :]
        text = text.replace("$(shell ", "$( ")
        text = re.sub(r"(?<!\$)\$\(([\w.-]+)\)", r"${\1}", text).replace("$$", "$")
        continues = is_recipe and line.rstrip().endswith("\\")
        rows.append(text)
    yield Fragment("\n".join(rows), _SHELL)


def _make_value(value: str) -> str:
    if "$(shell" in value:
        return value
    return _quoted(value) if re.search(r"[\s;|&]", value) else value


def _just(content: str) -> Iterator[Fragment]:
    rows = [
        line.lstrip(" \t@-") if line[:1] in {" ", "\t"} else _just_value(line)
        for line in content.split("\n")
    ]
    yield Fragment("\n".join(rows), _SHELL)


def _just_value(line: str) -> str:
    """Return the command in backticks by which a variable gets its value, "" for none."""
    return "" if line.startswith("#") else " ; ".join(re.findall(r"`([^`]+)`", line))


def _cmake(content: str) -> Iterator[Fragment]:
    text = re.sub(r"(?m)#[^\n]*", "", content)
    rows = []
    for match in re.finditer(
        r"(?i)\bCOMMAND\b\s*(?P<command>[^)]{1,4000}?)(?=\)|\b(?:COMMAND"
        r"|WORKING_DIRECTORY|RESULT_VARIABLE|OUTPUT_VARIABLE|DEPENDS|VERBATIM"
        r"|COMMENT)\b)|\bfile\s*\(\s*DOWNLOAD\s+(?P<download>[^)]{1,2000})",
        text,
    ):
        line = text.count("\n", 0, match.start()) + 1
        command = match["command"]
        if match["download"]:
            words = match["download"].split()
            command = f"curl -o {words[1]} {words[0]}" if len(words) > 1 else ""
        rows.append((line, " ".join((command or "").split())))
    yield from _script_of_rows(rows)


def _script_of_rows(rows: list[tuple[int, str]]) -> Iterator[Fragment]:
    """Yield commands of some lines as one script of the same lines."""
    lines: list[str] = []
    for number, text in rows:
        lines += [""] * (number - 1 - len(lines))
        if lines and len(lines) >= number:
            lines[-1] += f"; {text}"
        else:
            lines.append(text)
    if lines:
        yield Fragment("\n".join(lines), _SHELL)


def _terraform(content: str) -> Iterator[Fragment]:
    pattern = re.compile(
        r"(?m)\b(?:command|inline|user_data|script|program|startup_script"
        r"|metadata_startup_script|custom_data)\s*=\s*"
        r"(?:\w+\(\s*)?(?:<<-?\s*(?P<end>\w+)\n(?P<here>(?:[^\n]*\n)*?)\s*(?P=end)\b"
        r"|\[?\s*\"(?P<text>(?:[^\"\\]|\\.)*)\")"
    )
    for match in list(pattern.finditer(content))[:_MOST_FRAGMENTS]:
        group = "here" if match["here"] is not None else "text"
        line = content.count("\n", 0, match.start(group)) + 1
        yield Fragment(match[group].replace('\\"', '"'), _SHELL, line)


def _notebook(content: str) -> Iterator[Fragment]:
    import json

    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return
    cells = document.get("cells") if isinstance(document, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        first = text.split("\n", 1)[0]
        if re.match(r"%%(?:bash|sh|script|!)", first):
            yield Fragment(text.partition("\n")[2], _SHELL, exact=False)
            continue
        rows = text.split("\n")
        shell = "\n".join(
            row.lstrip()[1:] if row.lstrip().startswith("!") else "" for row in rows
        )
        if shell.strip():
            yield Fragment(shell, _SHELL, exact=False)
        code = "\n".join("" if row.lstrip()[:1] in {"!", "%"} else row for row in rows)
        yield Fragment(code, "Python", exact=False)


def _gyp(content: str) -> Iterator[Fragment]:
    rows = [
        (content.count("\n", 0, match.start()) + 1, match[1])
        for match in re.finditer(
            r"<!@?\(([^\n]{1,2000}?)\)(?=[\"'](?:\s*[,\]}:]|\s*$))", content
        )
    ]
    rows = [(line, re.sub(r"\\([\"'])", r"\1", text)) for line, text in rows]
    yield from _script_of_rows(rows)
    for match in re.finditer(r"[\"']action[\"']\s*:\s*\[([^\]]{1,4000})\]", content):
        words = re.findall(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", match[1])
        line = content.count("\n", 0, match.start()) + 1
        text = " ".join(_quoted(first or second) for first, second in words)
        yield Fragment(text, _SHELL, line)


def _texts(content: str) -> Iterator[Fragment]:
    """Yield the texts of a program whose texts are commands."""
    for match in list(_TEXT.finditer(content))[:_MOST_FRAGMENTS]:
        line = content.count("\n", 0, match.start()) + 1
        text = re.sub(r"\\([\"'`])", r"\1", match[2])
        yield Fragment(text, _SHELL, line)


def _path_file(content: str) -> Iterator[Fragment]:
    rows = [
        row if row.startswith(("import ", "import\t")) else ""
        for row in content.split("\n")
    ]
    yield Fragment("\n".join(rows), "Python")


_READERS: dict[str, Callable[[str], Iterator[Fragment]]] = {
    "Dockerfile": _dockerfile,
    "Makefile": _makefile,
    "Just": _just,
    "CMake": _cmake,
    "Terraform": _terraform,
    "Jupyter notebook": _notebook,
}
_EXEC_LINE = r"(?m)^\s*Exec\w*\s*=\s*[-@:+!]*(.+)$"
_XML_COMMAND = (
    r"(?i)\b(?:Command|executable|arguments?|PreBuildEvent"
    r"|PostBuildEvent)\s*=\s*\"([^\"]+)\"|<(?:argument|PreBuildEvent|PostBuildEvent"
    r"|Command)>([^<]+)<"
)
_INDENTED_COMMAND = (
    r"(?m)^(?:commands|commands_pre|commands_post|allowlist_externals)\s*=\s*(.*)$"
    r"|^[ \t]+(\S.*)$"
)
_LINE_PATTERNS = {
    b"service": _EXEC_LINE,
    b"timer": _EXEC_LINE,
    b"desktop": _EXEC_LINE,
    b"csproj": _XML_COMMAND,
    b"vcxproj": _XML_COMMAND,
    b"fsproj": _XML_COMMAND,
    b"targets": _XML_COMMAND,
    b"props": _XML_COMMAND,
    b"xml": _XML_COMMAND,
    b"ini": _INDENTED_COMMAND,
    b"crontab": r"(?m)^(?:[\d*/,-]+\s+){5}(.+)$|^@\w+\s+(.+)$",
    b"cron": r"(?m)^(?:[\d*/,-]+\s+){5}(.+)$|^@\w+\s+(.+)$",
}
_NAMED_PATTERNS = {
    b"procfile": r"(?m)^[\w-]+:\s+(.+)$",
    b"crontab": _LINE_PATTERNS[b"crontab"],
}


def _lines(content: str, pattern: str) -> Iterator[Fragment]:
    rows = [
        (
            content.count("\n", 0, match.start()) + 1,
            next(filter(None, match.groups()), ""),
        )
        for match in list(re.finditer(pattern, content))[:_MOST_FRAGMENTS]
    ]
    yield from _script_of_rows(
        [
            (
                line,
                text.replace("&quot;", '"').replace("&amp;", "&").replace("&gt;", ">"),
            )
            for line, text in rows
        ]
    )


def _yaml(content: str) -> list[Document]:
    from zt_gate.syntax import yaml
    from zt_gate.syntax.document import Limits

    limits = Limits(size=1024 * 1024, depth=64, values=100_000)
    return list(yaml.read_all(content, limits=limits))


def _json(content: str) -> list[Document]:
    from zt_gate.syntax import json
    from zt_gate.syntax.document import Limits

    return [
        json.read(
            content,
            limits=Limits(size=1024 * 1024, depth=64, values=100_000),
            relaxed=True,
        )
    ]


def _toml(content: str) -> list[Document]:
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import Limits

    return [
        toml.read(content, limits=Limits(size=1024 * 1024, depth=64, values=100_000))
    ]


def _values(
    read: Callable[[str], list[Document]], content: str, *, is_ci: bool
) -> Iterator[Fragment]:
    """Yield the values of a configuration that are commands.

    A file that cannot be read has none; its own program cannot read it either.
    """
    from zt_gate.syntax.document import SyntaxReadError

    try:
        documents = read(content)
        for document in documents:
            yield from _commands(document.value, (), is_ci=is_ci)
            if is_ci:
                yield from _jobs(document.value)
    except SyntaxReadError:
        return


def _jobs(value: Any) -> Iterator[Fragment]:
    """Yield the steps of each job as one script, and those in another language alone."""
    if not isinstance(value, dict):
        return
    jobs = value.get("jobs")
    jobs = jobs if isinstance(jobs, dict) else value
    for job in jobs.values():
        if not isinstance(job, dict):
            continue
        default = _default_shell(job) or _default_shell(value)
        script: list[str] = []
        for key in ("before_script", "script"):
            lines = job.get(key)
            script += map(str, lines) if isinstance(lines, list) else [str(lines or "")]
        steps = job.get("steps")
        for step in steps if isinstance(steps, list) else ():
            if not isinstance(step, dict):
                continue
            settings = step.get("with")
            if "actions/github-script" in str(step.get("uses")) and isinstance(
                settings, dict
            ):
                yield Fragment(
                    str(settings.get("script", "")), "JavaScript", exact=False
                )
            run = step.get("run")
            if not isinstance(run, str):
                continue
            language = _step_language(str(step.get("shell") or default))
            if language:
                yield Fragment(run, language, exact=False)
            else:
                script.append(run)
        if any(script):
            yield Fragment("\n".join(script), _SHELL, exact=False)
    steps = value.get("runs")
    if isinstance(steps, dict) and "steps" in steps:
        yield from _jobs({"jobs": {"runs": steps}})


def _default_shell(value: dict[str, Any]) -> str:
    defaults = value.get("defaults")
    run = defaults.get("run") if isinstance(defaults, dict) else None
    return str(run.get("shell") or "") if isinstance(run, dict) else ""


def _step_language(shell: str) -> str | None:
    program = (shell.split() or [""])[0].rpartition("/")[2].rstrip("0123456789.")
    return _STEP_LANGUAGES.get(program)


def _commands(value: Any, keys: tuple[str, ...], *, is_ci: bool) -> Iterator[Fragment]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _commands(child, (*keys, str(key).lower()), is_ci=is_ci)
    elif isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        is_command = _is_command(keys, is_ci=is_ci)
        if len(texts) == len(value) > 1:
            line = " ".join(map(_quoted, texts))
            if is_command and keys[-1] in _ARGUMENT_KEYS:
                yield Fragment(line, _SHELL, exact=False)
            elif _may_run(keys, line):
                yield Fragment(line, _SHELL, exact=False, certain=False)
            if is_command:
                yield Fragment("\n".join(texts), _SHELL, exact=False)
                return
        for item in value:
            yield from _commands(item, keys, is_ci=is_ci)
    elif isinstance(value, str):
        if _is_command(keys, is_ci=is_ci):
            yield Fragment(value, _SHELL, exact=False)
        elif _may_run(keys, value):
            yield Fragment(value, _SHELL, exact=False, certain=False)


def _may_run(keys: tuple[str, ...], value: str) -> bool:
    """Whether a value could be a command under a name that no table lists."""
    if keys and (keys[-1] in _PROSE_KEYS or keys[-1].endswith(_PROSE_ENDINGS)):
        return False
    return payload_content.may_hold(value.encode("utf-8", "replace"), is_source=False)


def _is_command(keys: tuple[str, ...], *, is_ci: bool) -> bool:
    if not keys or keys[-1] in _PROSE_KEYS:
        return False
    if is_ci or keys[-1] in _COMMAND_KEYS:
        return True
    return len(keys) > 1 and keys[-2] in _TABLES_OF_COMMANDS


def _quoted(text: str) -> str:
    if re.fullmatch(r"[\w./:=@%+-]+", text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
