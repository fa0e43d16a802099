"""Every name that a change touches, held against the policy's scope and the tasks.

Each of ``[scope]``, the task of the command line and the tasks in commits'
trailers is a layer of its own: a path must pass all of them, so that no layer
can widen another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zt_gate.model.finding import Location
from zt_gate.scanners.scope.tasks import TASKS_IN
from zt_gate.syntax.globs import compile_glob
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context, ScopeSettings
    from zt_gate.syntax.paths import PathKind

_OUTSIDE = TASKS_IN
_RESTRICTED = "scope/restricted-path"
_UNKNOWN = "scope/unknown-task"
_TRAILER = "zt-task"
#: Findings of one rule for one change or commit; the rest is told as a number.
_MOST = 100


class _Pattern(Protocol):
    def matches(self, path: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class _OfKind:
    """Paths that the table of paths holds for one of the kinds."""

    kinds: tuple[PathKind, ...]

    def matches(self, path: bytes) -> bool:
        return is_any(path, *self.kinds)


@dataclass(frozen=True, slots=True)
class _Restricted:
    """One restricted pattern; letter case does not count, as on many file systems."""

    pattern: _Pattern
    told: str

    def matches(self, path: bytes) -> bool:
        return self.pattern.matches(_lower(path))


def _lower(path: bytes) -> bytes:
    """Return a path in lower case as a pattern is: letters beyond ASCII, too."""
    text = path.decode("utf-8", "surrogateescape").lower()
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One thing that narrows: ``allowed`` is None where everything is."""

    name: str
    allowed: tuple[_Pattern, ...] | None
    restricted: tuple[_Restricted, ...]

    def judge(self, path: bytes) -> tuple[str, str] | None:
        """Return the rule and the words about a path that does not pass."""
        for entry in self.restricted:
            if entry.matches(path):
                return _RESTRICTED, f"{self.name} restricts this path ({entry.told})"
        if self.allowed is None or any(
            pattern.matches(path) for pattern in self.allowed
        ):
            return None
        if not self.allowed:
            return _OUTSIDE, f"{self.name} reads only; it changes no file"
        return _OUTSIDE, f"{self.name} does not allow this path"


def findings(change: ChangeSet, context: Context) -> Iterator[Finding]:
    """Yield what goes where it must not, in the net change and in commits that name a task."""
    known = _Layers(context.rules, context.scope)
    layers = [*known.of_scope(), *known.of_task(context.scope.task)]
    yield from _held(change.files, layers, context.rules, None)
    for commit in change.commits:
        for task in _tasks_of(commit):
            own = list(known.of_task(task))
            if own:
                yield from _held(commit.files, own, context.rules, commit)
            else:
                message = f"the commit's Zt-Task is {task[:80]!a}, which is no task"
                place = Location("commit", commit=commit.oid)
                yield context.rules[_UNKNOWN].finding(place, message, subject=task)


def _tasks_of(commit: Commit) -> tuple[str, ...]:
    """Return the tasks that a commit names in its trailers, each once."""
    named = (value for key, value in commit.trailers if key.lower() == _TRAILER)
    return tuple(dict.fromkeys(named))


class _Layers:
    """Makes layers of the policy's tables and of the built-in tasks."""

    def __init__(self, rules: Mapping[str, Rule], scope: ScopeSettings) -> None:
        self._scope = scope
        self._groups: Mapping[str, Sequence[str]] = rules[_RESTRICTED].data["groups"]
        self._kinds: Mapping[str, Sequence[PathKind]] = rules[_RESTRICTED].data[
            "group-kinds"
        ]
        self._built_in = rules[_OUTSIDE].data["tasks"]

    def of_scope(self) -> Iterator[_Layer]:
        scope = self._scope
        if scope.allowed or scope.restricted:
            yield _layer("[scope]", scope.allowed, scope.restricted)

    def of_task(self, name: str) -> Iterator[_Layer]:
        """Yield what a task narrows to; nothing where there is no such task."""
        table = self._built_in.get(name)
        if table is not None:
            yield self._of_table(f"task {name}", table)
        own = self._scope.tasks.get(name)
        if own is not None:
            layer = _layer(f"task {name} (policy)", own.allowed, own.restricted)
            default = table is None and not own.restricted
            groups = ("secrets", "infrastructure", "workflows") if default else ()
            yield _Layer(
                layer.name, layer.allowed, (*layer.restricted, *self._group(groups))
            )

    def _of_table(self, name: str, table: Mapping[str, object]) -> _Layer:
        restricted = tuple(self._group(_words(table, "restricted")))
        if table.get("reads-only"):
            return _Layer(name, (), ())
        groups = _words(table, "allowed-groups")
        globs = [glob for group in groups for glob in self._groups[group]]
        kinds = [kind for group in groups for kind in self._kinds.get(group, ())]
        allowed: list[_Pattern] = []
        allowed += [compile_glob(glob) for glob in (*_words(table, "allowed"), *globs)]
        if kinds:
            allowed.append(_OfKind(tuple(kinds)))
        return _Layer(name, tuple(allowed), restricted)

    def _group(self, names: Iterable[str]) -> Iterator[_Restricted]:
        for name in names:
            for glob in self._groups[name]:
                yield _Restricted(compile_glob(glob.lower()), name)
            if name in self._kinds:
                yield _Restricted(_OfKind(tuple(self._kinds[name])), name)


def _words(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = table.get(key, ())
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def _layer(name: str, allowed: Sequence[str], restricted: Sequence[str]) -> _Layer:
    return _Layer(
        name,
        tuple(map(compile_glob, allowed)) if allowed else None,
        tuple(_Restricted(compile_glob(glob.lower()), glob) for glob in restricted),
    )


def _held(
    files: Iterable[FileChange],
    layers: Sequence[_Layer],
    rules: Mapping[str, Rule],
    commit: Commit | None,
) -> Iterator[Finding]:
    """Yield one finding for each name and layer that do not fit."""
    if not layers:
        return
    counts: dict[str, int] = {}
    for file in files:
        for path, verb in _names(file):
            for layer in layers:
                hit = layer.judge(path)
                if hit is None:
                    continue
                rule, told = hit
                counts[rule] = counts.get(rule, 0) + 1
                if counts[rule] <= _MOST:
                    place = _place(path, commit)
                    subject = f"{layer.name} {verb} {_content(file)}"
                    yield rules[rule].finding(place, f"{verb}: {told}", subject=subject)
    for rule, count in counts.items():
        if count > _MOST:
            place = _place(None, commit)
            message = (
                f"{rules[rule].title}: {count - _MOST} more than the {_MOST} shown"
            )
            yield rules[rule].finding(place, message, subject=f"{rule} {count}")


def _place(path: bytes | None, commit: Commit | None) -> Location:
    if commit is not None:
        return Location("commit", path, commit=commit.oid)
    return Location("change") if path is None else Location("file", path)


def _names(file: FileChange) -> Iterator[tuple[bytes, str]]:
    """Yield each name that a file's change touches; the source of a copy stays as it was."""
    if file.status == "R" and file.old_path not in {None, file.path}:
        yield file.old_path or b"", "moved away"
        yield file.path, "moved here"
        return
    if file.is_deletion:
        yield file.path, "deleted"
    elif file.old_mode == 0 or file.status in {"A", "C"}:
        yield file.path, "added"
    elif file.old_mode != file.new_mode and not file.hunks:
        yield file.path, "mode changed"
    else:
        yield file.path, "changed"


def _content(file: FileChange) -> str:
    """Return what identifies the new content: an approval of it is none of another."""
    oid = file.new.oid if file.new is not None else ""
    if not oid:
        from hashlib import sha256

        total = sha256()
        for hunk in file.hunks:
            for offset in range(0, hunk.added.length, 1 << 20):
                size = min(1 << 20, hunk.added.length - offset)
                total.update(hunk.added.store.read(hunk.added.offset + offset, size))
        oid = total.hexdigest()
    return f"{file.new_mode:o} {oid}"
