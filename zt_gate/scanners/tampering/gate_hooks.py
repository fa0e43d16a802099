"""Compares the hook entries that run the gate before and after a change.

An entry is a hook of pre-commit, a command of lefthook, or a line of a hook script, of
another hook runner's settings or of another CI system's file.  Only its own settings,
and those around it that decide what it sees, are compared: other hooks may change.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections import Counter, deque
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.tampering.comparison import any_of
from zt_gate.scanners.tampering.indented_blocks import CodeLines
from zt_gate.syntax import workflows
from zt_gate.syntax.document import SyntaxReadError
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.model.change import Blob, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Comparison

_CHANGED = "tampering/gate-job-changed"
#: It warns: the changed rule blocks in every profile.
_ADDED = "tampering/gate-job-added"
_DISABLED = "tampering/gate-disabled"
_NAMED = lazy_re.compile(r"zt[-_]gate", re.IGNORECASE)
_MENTION = lazy_re.compile(rb"zt[-_]gate", re.IGNORECASE)
_PRE_COMMIT = lazy_re.compile(rb"\.pre-commit-config\.ya?ml")
_LEFTHOOK = lazy_re.compile(rb"\.?lefthook(?:-local)?\.(?:ya?ml|toml|jsonc?)")
#: Settings of pre-commit's file that apply to every hook.
_PRE_COMMIT_PARTS = ("exclude", "files", "default_stages", "default_language_version",
                     "default_install_hook_types", "fail_fast")  # fmt: skip
#: Conditions of lefthook, which may be tables.
_CONDITIONS = frozenset(("skip", "only", "env", "exclude_tags", "exclude", "files"))
_LEFTHOOK_LOCAL = lazy_re.compile(rb"\.?lefthook-local\.(?:ya?ml|toml|jsonc?)")
_LEFTHOOK_MAIN = tuple(
    f"{dot}lefthook.{end}".encode()
    for dot in ("", ".")
    for end in ("yml", "yaml", "toml", "json", "jsonc")
)
#: Tables of package.json with the commands of hooks, and scripts that install them.
_PACKAGE_HOOKS = ("simple-git-hooks", "husky", "lint-staged", "gitHooks", "pre-commit",
                  "pre-push", "ghooks")  # fmt: skip
_INSTALLERS = ("prepare", "preinstall", "install", "postinstall", "preprepare",
               "postprepare")  # fmt: skip
_SHEBANG = lazy_re.compile(r"#!\s*(\S{1,200}(?:[ \t]+\S{1,200})*)")
_SH = frozenset(("/bin/sh", "/usr/bin/sh", "/usr/bin/env sh"))
_SHELLS = lazy_re.compile(
    r"(?:\S*/)?(?:env[ \t]+)?(?:sh|bash|dash|zsh|ksh)(?:[ \t]+-\w+)*"
)
_STOPS_HERE = lazy_re.compile(r"\|\|\s*exit(?:\s+(?:\"?\$\?\"?|[1-9]\d{0,2}))?\s*\Z")
_PLAIN = lazy_re.compile(r"[A-Za-z][\w.-]*(?: [\w./@:=,+*-]+)*")
#: Programs of which a plain call still decides about the verdict.
_DECIDES = frozenset(
    ("exit", "exec", "return", "trap", "eval", "source", "kill", "set", "unset", "alias",
     "break", "continue", "function", "if", "while", "until", "for", "case", "do", "then")
)  # fmt: skip
#: Keys of lefthook's file under which hooks have their commands.
_CONTAINERS = frozenset(("commands", "scripts", "jobs", "group"))
_LEFTHOOK_PARTS = ("extends", "remotes", "rc", "lefthook", "templates")
#: Values of a hook that let it see every file, so that adding them weakens nothing.
_WIDEST = {"always_run": "true", "pass_filenames": "false", "require_serial": "true",
           "verbose": "true"}  # fmt: skip
#: Filters: without them the hook sees more.
_FILTERS = frozenset(("exclude", "files", "types", "types_or", "exclude_types", "stages",
                      "global exclude", "global files", "glob", "skip", "only"))  # fmt: skip
#: Lines of a shell script that change what a later command does.
_PREPARES = lazy_re.compile(
    r"\s*(?:export|source|\.|alias|unset|trap|eval|exec|exit|return|function|enable|hash|cd|"
    r"set\s+\+|[A-Za-z_]\w*\+?=|[\w-]+\s*\(\s*\))(?=[\s=\"'\w(/$]|\Z)"
)
_HUSKY_LOADER = lazy_re.compile(
    r"\s*(?:\.|source)\s+\"?\$\(dirname (?:-- )?\"?\$0\"?\)/_/husky\.sh\"?\s*\Z"
)
_STOPS_AT_FAILURE = lazy_re.compile(r"\s*set\s+-\w*e")
_TOP_KEY = lazy_re.compile(r"[\"']?([\w.-][\w .:/-]*)[\"']?\s*:")
#: Sections of GitLab's file that apply to every job.
_GITLAB_PARTS = frozenset(
    (
        "default",
        "variables",
        "workflow",
        "include",
        "image",
        "before_script",
        "services",
    )
)
_GITLAB = b".gitlab-ci.yml"
_JENKINS = lazy_re.compile(rb"jenkinsfile(?:\.[\w-]{1,40})?", re.IGNORECASE)
_JENKINS_COMMENT = lazy_re.compile(r"(?:^|\s)//.*")
_STAGE = lazy_re.compile(r"\bstage\s*\(")
_HIDDEN = lazy_re.compile(r"(?<![\w/.])\.[A-Za-z][\w.-]*")
_EXTENDS = lazy_re.compile(r"\bextends[\"']?\s*:([^\n]*)")
_ALIAS = lazy_re.compile(r"(?<![\w*])\*([A-Za-z][\w-]*)")
_ANCHOR = lazy_re.compile(r"(?<![\w&])&([A-Za-z][\w-]*)")
_MAX_TEMPLATES = 50


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry: what a person calls it, and its settings in canonical form."""

    name: str
    settings: Mapping[str, str]

    @property
    def digest(self) -> str:
        content = json.dumps([self.name, sorted(self.settings.items())])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield hook entries of the gate that differ or are gone."""
    reader = _EntryReader(comparison)
    yield from _overlays(comparison)
    for file in comparison.change.files:
        if file.old_path is None or file.status == "C" or file.is_submodule:
            continue
        if not _may_have_hooks(file.old_path):
            continue
        if _is_script(file.old_path) and file.path == file.old_path:
            yield from reader.script_findings(file)
            continue
        old = reader.entries(file, file.old_path, file.old)
        if not old:
            continue
        # At another path, no runner may read it: hooks are found by their file's name.
        is_kept = not file.is_deletion and _kind(file.path) == _kind(file.old_path)
        new = reader.entries(file, file.path, file.new) if is_kept else []
        for name, digest, reasons in _differences(old, new):
            message = f"{name} that runs the gate differs from the base's: {'; '.join(reasons)}"
            subject = "\n".join((name, digest, *reasons))
            yield comparison.on_file(_CHANGED, file.path, message, subject=subject)


def _overlays(comparison: Comparison) -> Iterator[Finding]:
    """Yield files that change what lefthook makes of the file with the gate's command."""
    paths = [
        path
        for file in comparison.change.files
        for path in {file.path, file.old_path or file.path}
    ]
    if not any(_may_be_overlay(path) for path in paths):
        return
    extended: set[bytes] = set()
    has_gate = False
    for main in _LEFTHOOK_MAIN:
        content = _trusted(comparison, main)
        if content is not None and _MENTION.search(content):
            has_gate = True
            root = _root(main, content) or {}
            names = root.get("extends")
            for name in [names] if isinstance(names, str) else _list(names):
                extended.add(posixpath.normpath(str(name)).encode())
    for path in sorted(set(paths)) if has_gate else ():
        if _LEFTHOOK_LOCAL.fullmatch(path) or path in extended:
            message = "a file that lefthook merges with the gate's command changed"
            subject = _blob_of(comparison, path)
            yield comparison.on_file(_CHANGED, path, message, subject=subject)


def _may_be_overlay(path: bytes) -> bool:
    return path.endswith((b".yml", b".yaml", b".toml", b".json", b".jsonc"))


def _blob_of(comparison: Comparison, path: bytes) -> str:
    for file in comparison.change.files:
        if file.path == path and file.new is not None:
            return file.new.oid
    return "removed"


def _trusted(comparison: Comparison, path: bytes) -> bytes | None:
    """Return a file before the change, as far as it can be read."""
    from zt_gate.errors import GateError

    for file in comparison.change.files:
        if file.old_path == path and file.old is not None:
            return comparison.read(file, file.old)
    try:
        return comparison.context.trusted_file(path)
    except GateError:
        return None


def _differences(
    old: list[_Entry], new: list[_Entry]
) -> Iterator[tuple[str, str, list[str]]]:
    kept = Counter(entry.digest for entry in old) & Counter(
        entry.digest for entry in new
    )
    lost, arrived = _without(old, kept), _without(new, kept)
    by_name: dict[str, deque[_Entry]] = {}
    for entry in arrived:
        by_name.setdefault(entry.name, deque()).append(entry)
    others: list[_Entry] = []
    for entry in lost:
        same_name = by_name.get(entry.name)
        if same_name:
            match = same_name.popleft()
            reasons = list(_setting_differences(entry, match))
            if reasons:
                yield entry.name, match.digest, reasons
        else:
            others.append(entry)
    unmatched = [entry for entries in by_name.values() for entry in entries]
    for entry, replacement in zip_longest(others, unmatched[: len(others)]):
        if replacement is None:
            yield entry.name, "removed", ["it is gone"]
        else:
            reasons = list(_setting_differences(entry, replacement))
            yield (
                entry.name,
                replacement.digest,
                [*reasons, f"it is now {replacement.name}"],
            )


def _without(entries: Iterable[_Entry], kept: Counter[str]) -> list[_Entry]:
    """Return the entries without those that the other side has as well."""
    left = Counter(kept)
    rest = []
    for entry in entries:
        if left[entry.digest] > 0:
            left[entry.digest] -= 1
        else:
            rest.append(entry)
    return rest


def _setting_differences(old: _Entry, new: _Entry) -> Iterator[str]:
    for name in dict.fromkeys((*old.settings, *new.settings)):
        before, after = old.settings.get(name), new.settings.get(name)
        if before == after or _is_stricter(name, before, after):
            continue
        verb = "changed"
        if before is None:
            verb = "added"
        elif after is None:
            verb = "removed"
        yield f"{name} {verb}"


def _is_stricter(name: str, before: str | None, after: str | None) -> bool:
    if name in _FILTERS and after is None:
        return True
    if name in _WIDEST and before is None:
        return after == json.dumps(_WIDEST[name])
    if name in {"args", "command", "run", "entry"}:
        from zt_gate.syntax import gate_jobs

        return gate_jobs.only_adds_stricter_options(_words(before), _words(after))
    return False


def _words(value: str | None) -> list[str]:
    """Return the words of a command or a list of arguments."""
    loaded = [] if value is None else json.loads(value)
    return list(map(str, loaded if isinstance(loaded, list) else str(loaded).split()))


def _script_rows(text: str) -> list[str]:
    """Return what a hook script runs: its interpreter, and its lines without comments."""
    from zt_gate.syntax import gate_jobs

    shebang = _SHEBANG.match(text)
    interpreter = " ".join(shebang[1].split()) if shebang else "/bin/sh"
    if not _SHELLS.fullmatch(interpreter):
        return [line.rstrip() for line in text.split("\n") if line.strip()]
    rows = gate_jobs.script_rows(text)
    rows = [row for row in rows if not _HUSKY_LOADER.match(row)]
    return ["/bin/sh" if interpreter in _SH else interpreter, *rows]


def _is_harmless_addition(old: list[str], new: list[str], last_run: int) -> bool:
    """Return whether plain commands were added behind a run that ends the script."""
    if new[: len(old)] != old:
        return False
    stops = _STOPS_HERE.search(old[last_run]) is not None
    stops = stops or any(_STOPS_AT_FAILURE.match(row) for row in old[:last_run])
    added = new[len(old) :]
    return stops and all(
        _PLAIN.fullmatch(row) and row.split()[0] not in _DECIDES for row in added
    )


class _EntryReader:
    """Finds the entries of the gate in one side of a file."""

    def __init__(self, comparison: Comparison) -> None:
        data = comparison.data(_DISABLED)
        self._comparison = comparison
        self._run = any_of(data["runs"])
        self._no_run = any_of(data["no-runs"])

    def entries(self, file: FileChange, path: bytes, blob: Blob | None) -> list[_Entry]:
        """Return the entries of one side."""
        content = None if blob is None else self._comparison.read(file, blob)
        if content is None or not _MENTION.search(content):
            return []
        kind = _kind(path)
        text = content.decode("utf-8", "replace")
        if kind in {"pre-commit", "lefthook"}:
            root = _root(path, content)
            if root is None:
                return []
            found = _pre_commit(root) if kind == "pre-commit" else self._lefthook(root)
            return list(found)
        if path.endswith(b".json") and _kind(path) not in {"pre-commit", "lefthook"}:
            root = _root(path, content)
            return (
                list(self._lines(text))
                if root is None
                else list(self._package(path, root))
            )
        if path == _GITLAB:
            return list(self._gitlab(text))
        if _JENKINS.fullmatch(posixpath.basename(path)):
            return list(self._jenkins(text))
        return list(self._lines(text))

    def script_findings(self, file: FileChange) -> Iterator[Finding]:
        """Yield a difference of a hook script that runs the gate.

        Whatever stands before or behind the gate's command can take its verdict away.
        """
        sides = []
        for blob in (file.old, None if file.is_deletion else file.new):
            content = None if blob is None else self._comparison.read(file, blob)
            sides.append((content or b"").decode("utf-8", "replace"))
        old, new = map(_script_rows, sides)
        runs = [
            number
            for number, row in enumerate(old)
            if _NAMED.search(row) and not self._no_run.search(row)
        ]
        if not runs or old == new:
            return
        if len(old) == len(new) and all(map(self._is_tighter, old, new)):
            return
        is_gone = not any(_NAMED.search(row) for row in new)
        reason = "it is gone" if is_gone else "its lines changed"
        rule = _CHANGED
        if _is_harmless_addition(old, new, runs[-1]):
            reason, rule = "commands were added behind the gate's", _ADDED
        message = (
            f"the hook script that runs the gate differs from the base's: {reason}"
        )
        digest = hashlib.sha256("\n".join(new).encode("utf-8", "surrogatepass"))
        yield self._comparison.on_file(
            rule, file.path, message, subject=digest.hexdigest()
        )

    def _is_tighter(self, old: str, new: str) -> bool:
        if old == new:
            return True
        from zt_gate.syntax import gate_jobs

        return self._runs(old) and gate_jobs.only_adds_stricter_options(
            old.split(), new.split()
        )

    def _package(self, path: bytes, root: Mapping[str, Any]) -> Iterator[_Entry]:
        """Yield the hooks in package.json, or in the file of simple-git-hooks."""
        tables = {key: root[key] for key in _PACKAGE_HOOKS if key in root}
        if posixpath.basename(path) != b"package.json":
            tables = {"simple-git-hooks": dict(root)}
        scripts = workflows.table_of(root.get("scripts"))
        around = {
            f"script {name}": _canonical(scripts[name])
            for name in _INSTALLERS
            if name in scripts
        }
        for key, table in (*tables.items(), ("scripts", scripts)):
            hooks = workflows.table_of(table)
            hooks = workflows.table_of(hooks.get("hooks")) or hooks
            for name, command in hooks.items():
                texts = [text for text in _texts(command) if _NAMED.search(text)]
                if texts and not all(map(self._no_run.search, texts)):
                    settings = {"command": _canonical(command), **around}
                    yield _Entry(f"the command of {key} {name}", settings)

    def _runs(self, text: str) -> bool:
        return bool(self._run.search(text)) and not self._no_run.search(text)

    def _lefthook(self, root: Mapping[str, Any]) -> Iterator[_Entry]:
        shared = {
            f"global {key}": _canonical(root[key])
            for key in _LEFTHOOK_PARTS
            if key in root
        }
        for hook, table in root.items():
            yield from self._lefthook_commands(str(hook), table, shared, 0)

    def _lefthook_commands(
        self, place: str, value: Any, around: Mapping[str, str], depth: int
    ) -> Iterator[_Entry]:
        if depth > 20:
            return
        if isinstance(value, list):
            for item in value:
                yield from self._lefthook_commands(place, item, around, depth + 1)
            return
        if not isinstance(value, dict):
            return
        run = value.get("run")
        if isinstance(run, str) and self._runs(run):
            own = {key: _canonical(item) for key, item in value.items()}
            yield _Entry(f"the command of {place}", {**around, **own})
            return
        # Settings beside the commands decide whether the commands run.
        beside = {
            f"{place} {key}": _canonical(item)
            for key, item in value.items()
            if key not in _CONTAINERS
            and (not isinstance(item, dict) or key in _CONDITIONS)
        }
        for key, item in value.items():
            yield from self._lefthook_commands(
                place if key in _CONTAINERS else f"{place} {key}",
                item,
                {**around, **beside},
                depth + 1,
            )

    def _lines(self, text: str) -> Iterator[_Entry]:
        """Yield the commands of a script, with the lines before that prepare them."""
        lines = CodeLines.of(text)
        runs = [
            number for number in lines.find(self._run) if self._runs(lines.rows[number])
        ]
        if not runs:
            return
        before = lines.rows[: runs[-1]]
        prepares = [
            " ".join(row.split())
            for row in before
            if _PREPARES.match(row) and not _HUSKY_LOADER.match(row)
        ]
        stops = any(_STOPS_AT_FAILURE.match(row) for row in before)
        for number in runs:
            row = " ".join(lines.command(number).split()).rstrip(",")
            yield _Entry("the command", {"command": json.dumps(row)})
        around = {}
        if prepares:
            around["lines before it"] = json.dumps(prepares)
        if stops:
            around["set -e"] = '"true"'
        yield _Entry("the script", around)

    def _gitlab(self, text: str) -> Iterator[_Entry]:
        """Yield the jobs of GitLab's file, each with the sections that apply to all jobs."""
        sections: dict[str, list[str]] = {}
        name = ""
        for row in CodeLines.of(text).rows:
            key = _TOP_KEY.match(row)
            if key:
                name = key[1].strip()
            if row.strip():
                sections.setdefault(name, []).append(" ".join(row.split()))
        shared = {
            f"section {name}": json.dumps(rows)
            for name, rows in sections.items()
            if name in _GITLAB_PARTS
        }
        used = {
            name: _templates(name, sections)
            for name in sections
            if name not in _GITLAB_PARTS
        }
        for name, templates in used.items():
            parts = (name, *templates)
            if any(self._runs(row) for part in parts for row in sections[part]):
                settings = {**shared, "job": json.dumps(sorted(sections[name]))}
                for part in templates:
                    settings[f"template {part}"] = json.dumps(sorted(sections[part]))
                yield _Entry(f"the job {name!a}", settings)

    def _jenkins(self, text: str) -> Iterator[_Entry]:
        """Yield the stages that run the gate, each with what stands around all stages."""
        lines = (_JENKINS_COMMENT.sub("", line) for line in text.split("\n"))
        rows = [" ".join(line.split()) for line in lines if line.strip()]
        starts = [number for number, row in enumerate(rows) if _STAGE.search(row)]
        around = rows[: starts[0]] if starts else []
        for start, end in zip([0, *starts], [*starts, len(rows)], strict=True):
            stage = rows[start:end]
            if any(
                _NAMED.search(row) and not self._no_run.search(row) for row in stage
            ):
                # A block around the stage opens on the line before it.
                before = rows[start - 1] if start else ""
                settings = {"around": around, "before": before, "stage": stage}
                yield _Entry(
                    "the stage",
                    {key: json.dumps(value) for key, value in settings.items()},
                )


def _templates(name: str, sections: Mapping[str, list[str]]) -> list[str]:
    """Return the sections from which a job of GitLab's file takes settings."""
    found: list[str] = []
    pending = [name]
    while pending and len(found) < _MAX_TEMPLATES:
        text = "\n".join(sections[pending.pop()])
        names = set(_HIDDEN.findall(text))
        for row in _EXTENDS.findall(text):
            names.update(re.findall(r"[\w.-]+", row))
        anchors = set(_ALIAS.findall(text))
        for other, rows in sections.items():
            has_anchor = anchors and not anchors.isdisjoint(
                _ANCHOR.findall("\n".join(rows))
            )
            if other != name and other not in found and (other in names or has_anchor):
                found.append(other)
                pending.append(other)
    return found


def _pre_commit(root: Mapping[str, Any]) -> Iterator[_Entry]:
    shared = {
        f"global {key}": _canonical(root[key])
        for key in _PRE_COMMIT_PARTS
        if key in root
    }
    skipped = _list(workflows.table_of(root.get("ci")).get("skip"))
    for repo in _list(root.get("repos")):
        table = workflows.table_of(repo)
        source = {
            key: _canonical(value) for key, value in table.items() if key != "hooks"
        }
        for hook in _list(table.get("hooks")):
            settings = workflows.table_of(hook)
            texts = (table.get("repo"), settings.get("id"), settings.get("entry"))
            if any(_NAMED.search(workflows.text_of(text)) for text in texts):
                own = {str(key): _canonical(value) for key, value in settings.items()}
                name = workflows.text_of(settings.get("id"))
                if "stages" not in own and "default_stages" in root:
                    own["stages"] = _canonical(root["default_stages"])
                if name in skipped:
                    own["ci skip"] = '"zt-gate"'
                yield _Entry(f"the hook {name[:80]!a}", {**shared, **source, **own})


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)) and depth < 10:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


def _is_script(path: bytes) -> bool:
    """Return whether a hook is a script, and no settings of a hook runner."""
    name = posixpath.basename(path)
    settings = (b".yml", b".yaml", b".toml", b".json", b".jsonc", b".js", b".cjs")
    return is_any(path, "hook") and not name.endswith(settings)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _may_have_hooks(path: bytes) -> bool:
    if workflows.is_workflow(path) or path.startswith(b".github/"):
        return False  # gate_jobs compares them
    if is_any(path, "hook", "hook-folder"):
        return True
    name = posixpath.basename(path)
    return path == _GITLAB or name == b"package.json" or bool(_JENKINS.fullmatch(name))


def _kind(path: bytes) -> str:
    """Return who reads the file; files of one kind are interchangeable."""
    name = posixpath.basename(path)
    if _PRE_COMMIT.fullmatch(name):
        return "pre-commit"
    if _LEFTHOOK.fullmatch(name):
        return "lefthook"
    return path.decode("utf-8", "surrogateescape")


def _root(path: bytes, content: bytes) -> Mapping[str, Any] | None:
    from zt_gate.syntax import json as json_reader
    from zt_gate.syntax import toml, yaml

    try:
        if path.endswith(b".toml"):
            value = toml.read(content).value
        elif path.endswith((b".json", b".jsonc")):
            value = json_reader.read(content, relaxed=True).value
        else:
            value = yaml.read(content, version="1.1").value
    except SyntaxReadError:
        return None
    return value if isinstance(value, dict) else None


def _canonical(value: Any) -> str:
    from zt_gate.syntax import gate_jobs

    try:
        return gate_jobs.canonical(value)
    except gate_jobs.TooManyValuesError:
        return '"too large to compare"'
