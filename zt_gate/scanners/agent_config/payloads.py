"""Finds payloads in any file that runs: reverse shells, decoded code, downloads that are run.

``payload_files`` takes out what runs, ``payload_shell`` and ``payload_code`` say what it
does.  The whole new content is read, because a line that stands there already may be the
other half; a finding must touch an added line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass
from zt_gate.scanners.agent_config import (
    command_effects,
    payload_files,
    payload_search,
    url_hosts,
)
from zt_gate.scanners.agent_config.line_hits import LineHit
from zt_gate.scanners.agent_config.payload_content import NEW_HOST
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import FileChange
    from zt_gate.scanners.agent_config.payload_effects import PayloadEffect
    from zt_gate.scanners.agent_config.payload_files import Fragment
    from zt_gate.scanners.agent_config.payload_hosts import KnownHosts
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

REVERSE_SHELL = "agent_config/reverse-shell"
DECODED = "agent_config/decoded-text-runs"
DOWNLOAD = "agent_config/download-and-run"

_MOST_HITS = 25
_LINE_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class _Place:
    """The lines of an effect, and the text of the line where it runs."""

    first: int
    last: int
    text: str


def find_hits(
    file: FileChange, content: str, rules: RuleIndex, hosts: KnownHosts
) -> Iterator[LineHit]:
    """Yield the payloads of a file that touch an added line, the worst first of each line."""
    added = [
        (hunk.new_start, hunk.new_start + hunk.added.lines)
        for hunk in file.hunks
        if hunk.added.lines
    ]
    rows = content.split("\n")
    seen: set[tuple[str, int]] = set()
    for fragment, effects in _found(file.path, content):
        for effect in effects:
            place = _place(fragment, effect, rows)
            if not _touches(added, place):
                continue
            is_unasked = _is_read_unasked(file.path) or _GENERATES.match(place.text)
            rule, level, message = _judged(
                file.path, effect, rules, hosts, is_unasked=bool(is_unasked)
            )
            if not fragment.certain:
                if effect.kind != "shell" and _RULES.search(file.path.lower()):
                    continue
                if not is_unasked:
                    level, message = _uncertain(file.path, effect, level, message)
            if (rule, place.last) in seen or len(seen) >= _MOST_HITS:
                continue
            if not fragment.certain and any(line == place.last for _, line in seen):
                continue
            seen.add((rule, place.last))
            text = place.text[:_LINE_LENGTH]
            start = len(text) - len(text.lstrip())
            end = max(start, len(text.rstrip()))
            yield LineHit(
                rule,
                level,
                place.last,
                text,
                start,
                end,
                message,
                context="\n".join(rows[place.first - 1 : place.last]),
            )


def _found(path: bytes, content: str) -> Iterator[tuple[Fragment, list[PayloadEffect]]]:
    """Yield the texts that run with their effects, what is certain first.

    Where no reader knows the whole file, its lines are read as they stand.
    """
    uncertain: list[Fragment] = []
    for fragment in payload_files.fragments(path, content):
        if fragment.certain:
            yield fragment, _effects(fragment)
        else:
            uncertain.append(fragment)
    if payload_files.is_understood(path, content):
        return
    for fragment in uncertain:
        yield fragment, _effects(fragment)
    from zt_gate.scanners.agent_config import payload_raw

    plain = payload_files.without_template(path)
    suffix = plain.rpartition(b"/")[2].lower().rpartition(b".")[2].decode("latin-1")
    whole = payload_files.Fragment(content, "", certain=False)
    yield whole, list(payload_raw.find(content, suffix))


#: Files of security tools, whose data are attacks.
_ATTACK_DATA = lazy_re.compile(
    r"attack|malicious|malware|exploit|sigma|yara|semgrep|falco|suricata|snort|nuclei"
    r"|gtfo|lolbas|modsec|(?:^|/|[_-])waf|crs[/_-]|signature|detect|threat"
    r"|(?:^|[/._-])rules?(?:[/._-]|$)|secur|scan|guard|redteam|red[_-]team|atomic"
)
#: Patterns of a scanner: a download in them is what it finds.
_RULES = lazy_re.compile(
    rb"(?:^|/)rules?/|semgrep|sigma|yara|falco|(?:^|[/._-])rules?\.[a-z]+$"
)


def _uncertain(
    path: bytes, effect: PayloadEffect, level: Level, message: str
) -> tuple[Level, str]:
    """Return level and message where nothing says that the text runs.

    A shell for another host blocks, unless it is the data of a test, a rule or a document.
    """
    name = path.decode("utf-8", "replace").lower()
    plain = payload_files.without_template(path)
    is_data = paths.is_any(plain, "test", "test-data", "example", "doc")
    if effect.kind != "shell" or is_data or _ATTACK_DATA.search(name):
        level = Level.WARN
    return level, message.replace("this line", "this line holds a command that", 1)


def _effects(fragment: Fragment) -> list[PayloadEffect]:
    if fragment.language == "shell":
        return payload_search.in_shell(fragment.text)
    return payload_search.in_code(fragment.text, fragment.language)


def _touches(added: list[tuple[int, int]], place: _Place) -> bool:
    return any(first <= place.last and place.first < end for first, end in added)


def _place(fragment: Fragment, effect: PayloadEffect, rows: list[str]) -> _Place:
    """Return where an effect is in the file; a value's lines are searched for."""
    text = fragment.text
    first = min(effect.at, effect.source)
    last_line = fragment.line + text.count("\n", 0, effect.at)
    first_line = fragment.line + text.count("\n", 0, first)
    if not fragment.exact:
        last_line = _line_with(_row_at(text, effect.at), rows) or 1
        first_line = _line_with(_row_at(text, first), rows) or last_line
        first_line = min(first_line, last_line)
    number = min(max(1, last_line), len(rows))
    return _Place(max(1, first_line), number, rows[number - 1].rstrip("\r"))


def _row_at(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : len(text) if end < 0 else end].strip()


def _line_with(row: str, rows: list[str]) -> int | None:
    """Return the number of the line of the file that has a value's line, or its first words."""
    import json

    escaped = json.dumps(row, ensure_ascii=False)[1:-1]
    words = sorted(re.findall(r"[\w./:@-]{3,}", row), key=len, reverse=True)[:1]
    for needle in (row, escaped, *words):
        if not needle:
            continue
        for number, line in enumerate(rows, 1):
            if needle in line:
                return number
    return None


def _judged(
    path: bytes,
    effect: PayloadEffect,
    rules: RuleIndex,
    hosts: KnownHosts,
    *,
    is_unasked: bool,
) -> tuple[str, Level, str]:
    """Return the rule, the level and the message of an effect."""
    if effect.kind == "shell":
        return REVERSE_SHELL, Level.BLOCK, "this line gives another host a shell"
    if effect.kind == "decoded":
        return DECODED, Level.BLOCK, "this line runs code that it decodes"
    if effect.kind == "host":
        return (
            REVERSE_SHELL,
            Level.WARN,
            "this line gives a container the whole machine",
        )
    if effect.kind == "plugin":
        return DOWNLOAD, Level.WARN, "this line makes another program load code unseen"
    urls = effect.urls
    shown = ", ".join(
        dict.fromkeys(url_hosts.host_of(url) or "a computed address" for url in urls)
    )
    source = shown[:200] or "an address that is computed"
    message = f"this line runs what it downloads from {source}"
    if urls and command_effects.all_installers(urls, rules):
        return DOWNLOAD, Level.WARN, message
    destinations = {url_hosts.destination(url, rules) for url in urls}
    if runs_at_install(path):
        message += ", while the package is installed, built or tested"
        return DOWNLOAD, Level.BLOCK, message
    if destinations & {"drop", "address"}:
        return DOWNLOAD, Level.BLOCK, message
    if is_unasked and not hosts.has_all(urls):
        message += ", and a tool takes commands from this file by itself"
        return DOWNLOAD, Level.BLOCK, message
    if destinations and destinations <= {"local", "private"}:
        return DOWNLOAD, Level.WARN, message
    if hosts.has_all(urls):
        return DOWNLOAD, Level.WARN, message
    return NEW_HOST, Level.WARN, f"{message}, which the project did not name before"


#: Files of package managers, editors and hook managers that nobody calls.
_RUN_UNASKED = frozenset((
    b".pnpmfile.cjs", b".pnpmfile.mjs", b"watchertasks.xml", b".lintstagedrc",
    b".lintstagedrc.json", b".lintstagedrc.js", b".lintstagedrc.mjs",
    b"lint-staged.config.js", b"lint-staged.config.mjs", b"lefthook.yml", b"lefthook.yaml",
))  # fmt: skip


#: Settings of agents, editors and build tools whose commands run without being called.
_UNASKED_SETTINGS = frozenset(
    ("opencode", "zed", "vscode-tasks", "crush", "cargo", "mise", "agent-env")
)
_GENERATES = lazy_re.compile(r"\s*//go:generate\s")
_UNASKED_PATH = lazy_re.compile(
    rb"(?:^|/)(?:\.opencode/plugins?/|\.idea/(?:runconfigurations|tools)/[^/]+\.xml$"
    rb"|\.run/[^/]+\.run\.xml$)"
)


def _is_read_unasked(path: bytes) -> bool:
    """Whether an agent, editor or shell starts commands of this file by itself."""
    configuration = paths.configuration(path)
    if configuration is not None and configuration.name in _UNASKED_SETTINGS:
        return True
    return _UNASKED_PATH.search(path.lower()) is not None


def runs_at_install(path: bytes) -> bool:
    """Whether the file runs by itself when something is installed, built or tested."""
    name = path.rpartition(b"/")[2].lower()
    if name in {b"conftest.py", b"sitecustomize.py", b"usercustomize.py"}:
        return True
    if name in _RUN_UNASKED or b".clinerules/hooks/" in path:
        return True
    if name.endswith((b".pth", b".gyp", b".gypi", b".gemspec", b".podspec", b".cmake")):
        return True
    if name in {b"cmakelists.txt", b"extconf.rb"} or name.startswith(
        (b"postinstall", b"preinstall")
    ):
        return True
    return paths.is_any(path, "runs-at-install") and not paths.is_any(path, "make")
