"""Checks every path that a change touches against ``[scope]`` and the tasks.

``[scope]``, the task of the command line and each task in a commit's trailers
are separate layers.  A path must pass all of them, so no layer can widen another.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from zt_gate.model.finding import Location
from zt_gate.record import dataclass, replace
from zt_gate.scanners.scope.tasks import TASKS_RULE
from zt_gate.syntax.globs import compile_glob
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context, ScopeSettings
    from zt_gate.syntax.paths import PathKind

_OUTSIDE = TASKS_RULE
_RESTRICTED = "scope/restricted-path"
_UNKNOWN_TASK = "scope/unknown-task"
_TRAILER = "zt-task"
#: Groups that a task of the policy restricts unless it has its own ``restricted``.
_DEFAULT_GROUPS = ("secrets", "infrastructure", "workflows")
#: Findings of one rule for one change or commit; one more finding counts the rest.
_MAX_FINDINGS = 100
_CHUNK = 1 << 20


class _Pattern(Protocol):
    def matches(self, path: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class _KindPattern:
    """Matches paths that the table of paths assigns to one of the kinds."""

    kinds: tuple[PathKind, ...]

    def matches(self, path: bytes) -> bool:
        return is_any(path, *self.kinds)


@dataclass(frozen=True, slots=True)
class _Restricted:
    """A restricted pattern, which ignores letter case as many file systems do."""

    pattern: _Pattern
    label: str

    def matches(self, path: bytes) -> bool:
        return self.pattern.matches(_lower(path))


def _lower(path: bytes) -> bytes:
    """Return a path in lower case, also beyond ASCII."""
    text = path.decode("utf-8", "surrogateescape").lower()
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One set of restrictions; with ``allowed`` None every other path is allowed."""

    name: str
    allowed: tuple[_Pattern, ...] | None
    restricted: tuple[_Restricted, ...]

    def violation(self, path: bytes) -> tuple[str, str] | None:
        """Return the violated rule and the reason, None if the path passes."""
        for entry in self.restricted:
            if entry.matches(path):
                return _RESTRICTED, f"{self.name} restricts this path ({entry.label})"
        if self.allowed is None:
            return None
        if not self.allowed:
            return _OUTSIDE, f"{self.name} is read-only and may not change any file"
        if any(pattern.matches(path) for pattern in self.allowed):
            return None
        return _OUTSIDE, f"{self.name} does not allow this path"


def findings(change: ChangeSet, context: Context) -> Iterator[Finding]:
    """Yield violations in the net change, and in each commit of the tasks it names."""
    rules = context.rules
    factory = _LayerFactory(rules, context.scope)
    layers = [*factory.of_scope(), *factory.of_task(context.scope.task)]
    yield from _violations(change.files, layers, rules, None)
    for commit in change.commits:
        for task in _tasks_of(commit):
            task_layers = list(factory.of_task(task))
            if task_layers:
                yield from _violations(commit.files, task_layers, rules, commit)
            else:
                message = (
                    f"the commit's Zt-Task trailer names the unknown task {task[:80]!a}"
                )
                location = Location("commit", commit=commit.oid)
                yield rules[_UNKNOWN_TASK].finding(location, message, subject=task)


def _tasks_of(commit: Commit) -> tuple[str, ...]:
    """Return the tasks that a commit names in its trailers, each once."""
    tasks = (value for key, value in commit.trailers if key.lower() == _TRAILER)
    return tuple(dict.fromkeys(tasks))


class _LayerFactory:
    """Creates layers from the policy's tables and the built-in tasks."""

    def __init__(self, rules: Mapping[str, Rule], scope: ScopeSettings) -> None:
        restricted = rules[_RESTRICTED].data
        self._scope = scope
        self._groups: Mapping[str, Sequence[str]] = restricted["groups"]
        self._kinds: Mapping[str, Sequence[PathKind]] = restricted["group-kinds"]
        self._built_in = rules[_OUTSIDE].data["tasks"]

    def of_scope(self) -> Iterator[_Layer]:
        """Yield the layer of ``[scope]``, if it names any paths."""
        scope = self._scope
        if scope.allowed or scope.restricted:
            yield _layer("[scope]", scope.allowed, scope.restricted)

    def of_task(self, name: str) -> Iterator[_Layer]:
        """Yield the layers of a task; none if there is no such task."""
        built_in = self._built_in.get(name)
        if built_in is not None:
            yield self._built_in_layer(f"task {name}", built_in)
        own = self._scope.tasks.get(name)
        if own is not None:
            layer = _layer(f"task {name} (policy)", own.allowed, own.restricted)
            if built_in is None and not own.restricted:
                default = tuple(self._restricted_groups(_DEFAULT_GROUPS))
                layer = replace(layer, restricted=default)
            yield layer

    def _built_in_layer(self, name: str, table: Mapping[str, object]) -> _Layer:
        restricted = tuple(self._restricted_groups(_words(table, "restricted")))
        if table.get("reads-only"):
            return _Layer(name, (), ())
        globs = list(_words(table, "allowed"))
        kinds: list[PathKind] = []
        for group in _words(table, "allowed-groups"):
            globs += self._groups[group]
            kinds += self._kinds.get(group, ())
        allowed: list[_Pattern] = [compile_glob(glob) for glob in globs]
        if kinds:
            allowed.append(_KindPattern(tuple(kinds)))
        return _Layer(name, tuple(allowed), restricted)

    def _restricted_groups(self, groups: Iterable[str]) -> Iterator[_Restricted]:
        for group in groups:
            for glob in self._groups[group]:
                yield _Restricted(compile_glob(glob.lower()), group)
            if group in self._kinds:
                yield _Restricted(_KindPattern(tuple(self._kinds[group])), group)


def _words(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key, ())
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _layer(name: str, allowed: Sequence[str], restricted: Sequence[str]) -> _Layer:
    return _Layer(
        name,
        tuple(map(compile_glob, allowed)) if allowed else None,
        tuple(_Restricted(compile_glob(glob.lower()), glob) for glob in restricted),
    )


def _violations(
    files: Iterable[FileChange],
    layers: Sequence[_Layer],
    rules: Mapping[str, Rule],
    commit: Commit | None,
) -> Iterator[Finding]:
    """Yield a finding for each path and layer that it violates, up to a limit."""
    if not layers:
        return
    counts: Counter[str] = Counter()
    for file in files:
        for path, action in _touched_paths(file):
            for layer in layers:
                violation = layer.violation(path)
                if violation is None:
                    continue
                rule, reason = violation
                counts[rule] += 1
                if counts[rule] <= _MAX_FINDINGS:
                    subject = f"{layer.name} {action} {_content_id(file)}"
                    yield rules[rule].finding(
                        _location(path, commit), f"{action}: {reason}", subject=subject
                    )
    for rule, count in counts.items():
        if count > _MAX_FINDINGS:
            hidden = count - _MAX_FINDINGS
            message = (
                f"{rules[rule].title}: {hidden} more than the {_MAX_FINDINGS} shown"
            )
            yield rules[rule].finding(
                _location(None, commit), message, subject=f"{rule} {count}"
            )


def _location(path: bytes | None, commit: Commit | None) -> Location:
    if commit is not None:
        return Location("commit", path, commit=commit.oid)
    return Location("change") if path is None else Location("file", path)


def _touched_paths(file: FileChange) -> Iterator[tuple[bytes, str]]:
    """Yield each path that a change touches and how; a copy does not touch its source."""
    if file.status == "R" and file.old_path not in {None, file.path}:
        yield file.old_path or b"", "moved away"
        yield file.path, "moved here"
    elif file.is_deletion:
        yield file.path, "deleted" if file.moved_to is None else "moved away"
    elif file.through_link:
        yield file.path, "changed through a link"
    elif file.moved_from not in {None, file.path}:
        yield file.path, "moved here"
    elif file.old_mode == 0 or file.status in {"A", "C"}:
        yield file.path, "added"
    elif file.old_mode != file.new_mode and not file.hunks:
        yield file.path, "mode changed"
    else:
        yield file.path, "changed"


def _content_id(file: FileChange) -> str:
    """Return an id of the new content, so that an approval covers only that content."""
    oid = file.new.oid if file.new is not None else ""
    return f"{file.new_mode:o} {oid or _added_digest(file)}"


def _added_digest(file: FileChange) -> str:
    """Return the SHA-256 of the added lines."""
    from hashlib import sha256

    digest = sha256()
    for hunk in file.hunks:
        body = hunk.added
        for offset in range(0, body.length, _CHUNK):
            size = min(_CHUNK, body.length - offset)
            digest.update(body.store.read(body.offset + offset, size))
    return digest.hexdigest()
