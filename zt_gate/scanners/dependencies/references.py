"""Checks of references that have no registry here: images, actions, modules, extensions.

Only the file and the trusted side are asked: is the version pinned, is the publisher new
to the project, and is its name almost that of a well-known one.  One finding for each
reference at most, the worst.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems import all_ecosystems, ecosystem_named
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.errors import GateError
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass, field
from zt_gate.scanners.dependencies.manifest_difference import ManifestFinding
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.base import Ecosystem
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.manifest_difference import Addition

_SIMILAR = "dependencies/similar-publisher"
_NEW = "dependencies/new-publisher"
_UNPINNED = "dependencies/unpinned-reference"
#: Formats of several ecosystems that hold references, besides the ecosystems' own.
_SHARED_FORMATS = frozenset(
    ("workflow", "dockerfile", "devcontainer", "pre_commit", "conda", "pixi", "pyproject")
)  # fmt: skip
_MOST_FILES = 300
_MOST_BYTES = 1024 * 1024
_GITHUB = "github.com"
_SEPARATORS = lazy_re.compile(r"[-_.]+")
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s"})


@dataclass
class References:
    """The references of one change; ``trusted`` and ``paths`` read the trusted side.

    ``is_tree``: the change is a whole tree, so that nothing in it is new.
    """

    rules: Mapping[str, Rule]
    trusted: Callable[[bytes], bytes | None]
    paths: Callable[[], Sequence[bytes] | None]
    is_tree: bool
    _found: dict[tuple[str, str], bool] = field(default_factory=dict, init=False)
    _reported: set[tuple[str, str, str]] = field(default_factory=set, init=False)

    def check(
        self, addition: Addition, old_constraints: Collection[str]
    ) -> Iterator[ManifestFinding]:
        """Yield the finding about a new reference, or a new version of an old one.

        ``old_constraints`` are those that the changed files had for the same name.
        """
        entry, path = addition.dependency, addition.manifest.file.path
        if _SIMILAR not in self.rules or is_any(path, "test-data"):
            return
        is_old = bool(old_constraints) or self.is_used(entry)
        for rule, message in self._problems(entry, old_constraints, is_old=is_old):
            publisher = _publisher(ecosystem_named(entry.ecosystem), entry.key)
            name = publisher if rule == _NEW else entry.key
            subject = (rule, entry.ecosystem, name)
            if subject not in self._reported:
                self._reported.add(subject)
                yield ManifestFinding(addition, rule, message)
            return

    def is_used(self, entry: Dependency) -> bool:
        """Return whether files of the trusted side name the reference."""
        return self._is_named(entry, _tail(entry.key))

    def listing(self, addition: Addition) -> Iterator[NotInspected]:
        """Yield the note that a person should look at a new reference, once for a name."""
        entry = addition.dependency
        subject = ("", entry.ecosystem, entry.key)
        if subject in self._reported or self.is_used(entry):
            return
        self._reported.add(subject)
        name = ascii(entry.name)[1:-1]
        version = f" {entry.constraint}" if entry.constraint else ""
        noun = ecosystem_named(entry.ecosystem).noun
        reason = f"{noun} {name}{version}: no registry here says whether it is safe"
        yield NotInspected(addition.manifest.file.path, "not_applicable", reason)

    def _problems(
        self, entry: Dependency, old_constraints: Collection[str], *, is_old: bool
    ) -> Iterator[tuple[str, str]]:
        ecosystem = ecosystem_named(entry.ecosystem)
        name = ascii(entry.name)[1:-1]
        if not is_old:
            intended = self._intended(entry, ecosystem)
            if intended:
                message = f"{ecosystem.noun} {name} is named almost like {intended}"
                yield _SIMILAR, f"{message}; did you mean {intended}?"
        is_floating = _is_floating(ecosystem, entry.constraint)
        if is_floating and not is_old and not self._is_local_image(entry):
            yield _UNPINNED, _unpinned(ecosystem, name, entry.constraint)
        elif _loses_pin(ecosystem, entry.constraint, old_constraints):
            yield _UNPINNED, _unpinned(ecosystem, name, entry.constraint, lost=True)
        publisher = _publisher(ecosystem, entry.key)
        if is_old or self.is_tree or not publisher:
            return
        if not self._is_known(ecosystem, publisher) and not self._is_named(
            entry, publisher
        ):
            shown = ascii(publisher)[1:-1]
            message = f"{ecosystem.noun} {name} comes from {shown}"
            yield _NEW, f"{message}, which the project did not use before"

    def _is_local_image(self, entry: Dependency) -> bool:
        """Return whether an image is neither official nor has a namespace: built here.

        Nobody else can publish below such a name.  CI systems name machines like this.
        """
        is_unqualified = entry.key.startswith("library/")
        names = self._known("docker").get("names", ())
        return (
            entry.ecosystem == "docker"
            and is_unqualified
            and (_tail(entry.key) not in names)
        )

    def _intended(self, entry: Dependency, ecosystem: Ecosystem) -> str:
        """Return the well-known name that a reference resembles, "" for none."""
        known = self._known(ecosystem.name)
        publisher = _publisher(ecosystem, entry.key)
        last_part = entry.key.rpartition("/")[2]
        names = known.get("names", ())
        if ecosystem.publisher is None or publisher == "library":
            return self._resembled(last_part, names)
        owner, lists = publisher, [known.get("publishers", ())]
        if publisher.startswith(f"{_GITHUB}/"):
            owner = publisher.partition("/")[2]
            lists = [self._known("github").get("publishers", ())]
        for names_of_list in lists:
            intended = self._resembled(owner, names_of_list)
            if intended:
                return intended
        return ""

    def _resembled(self, name: str, known: Collection[str]) -> str:
        lower = name.lower()
        by_key = {item.lower(): item for item in known}
        if lower in by_key:
            return ""
        similar = self.rules[_SIMILAR].data["similar"]
        for key, shown in by_key.items():
            if _resembles(lower, key, similar["min-length"], similar["affixes"]):
                return shown
        return ""

    def _known(self, ecosystem: str) -> Mapping[str, Any]:
        known: Mapping[str, Mapping[str, Any]] = self.rules[_SIMILAR].data["known"]
        return known.get(ecosystem, {})

    def _is_known(self, ecosystem: Ecosystem, publisher: str) -> bool:
        known = self._known(ecosystem.name)
        host, _, owner = publisher.partition("/")
        if host == _GITHUB:
            return owner in self._known("github").get("publishers", ())
        if host in known.get("hosts", ()):
            return True
        return publisher in known.get("publishers", ())

    def _is_named(self, entry: Dependency, text: str) -> bool:
        """Return whether files of the trusted side name a reference or a publisher."""
        if not text:
            return False
        key = (entry.ecosystem, text)
        if key not in self._found:
            pattern = rb"(?<![\w-])" + re.escape(text.encode()) + rb"(?![\w-])"
            self._found[key] = any(re.search(pattern, data) for data in self._contents)
        return self._found[key]

    @cached_property
    def _contents(self) -> tuple[bytes, ...]:
        """The files of the trusted side that may hold references, in lower case."""
        formats = _SHARED_FORMATS | {
            item.name
            for ecosystem in all_ecosystems()
            if ecosystem.noun
            for item in ecosystem.formats
        }
        paths = [path for path in self.paths() or () if format_of(path) in formats]
        paths.sort(key=lambda path: (path.count(b"/"), path))
        return tuple(self._read(path) for path in paths[:_MOST_FILES])

    def _read(self, path: bytes) -> bytes:
        try:
            data = self.trusted(path) or b""
        except GateError:
            return b""
        return data[:_MOST_BYTES].lower()


def _tail(key: str) -> str:
    """Return a name as files write it: without the namespace of official images."""
    return key.removeprefix("library/").lower()


def _publisher(ecosystem: Ecosystem, key: str) -> str:
    return "" if ecosystem.publisher is None else ecosystem.publisher(key)


def _is_floating(ecosystem: Ecosystem, constraint: str) -> bool:
    pattern = ecosystem.floating_pattern
    return bool(pattern) and re.match(pattern, constraint) is not None


def _is_immutable(ecosystem: Ecosystem, constraint: str) -> bool:
    pattern = ecosystem.pin_pattern
    return bool(pattern) and re.match(pattern, constraint) is not None


def _loses_pin(
    ecosystem: Ecosystem, constraint: str, old_constraints: Collection[str]
) -> bool:
    """Return whether a reference was pinned before, and is less so now."""
    if not old_constraints:
        return False
    was_immutable = all(_is_immutable(ecosystem, item) for item in old_constraints)
    if was_immutable and not _is_immutable(ecosystem, constraint):
        return True
    was_floating = any(_is_floating(ecosystem, item) for item in old_constraints)
    return _is_floating(ecosystem, constraint) and not was_floating


def _unpinned(
    ecosystem: Ecosystem, name: str, constraint: str, *, lost: bool = False
) -> str:
    shown = ascii(constraint)[1:-1] or "no version"
    if lost:
        return f"{ecosystem.noun} {name} was pinned before and is not any more: {shown}"
    return f"{ecosystem.noun} {name} is not pinned ({shown}): every run may take other code"


def _resembles(name: str, known: str, min_length: int, affixes: Sequence[str]) -> bool:
    """Return whether a name differs from another by a slip, a separator or a filler word."""
    one, other = _folded(name), _folded(known)
    if not one or len(other) < min_length:
        return False
    if one == other:
        return True
    if any(name == known + affix for affix in affixes):
        return True
    return _one_slip(one, other)


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).translate(_LOOK_ALIKES)


def _one_slip(one: str, other: str) -> bool:
    """Return whether one character was added, omitted, replaced, or swapped with the next."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, other_rest = one[start:], other[start:]
    if rest[1:] == other_rest or rest == other_rest[1:] or rest[1:] == other_rest[1:]:
        return True
    is_swapped = rest[:2] == other_rest[1::-1] if len(other_rest) > 1 else False
    return is_swapped and rest[2:] == other_rest[2:]
