"""Slips (typing errors and imitations) that lead from a well-known name to another one.

Every function starts from a name, undoes one kind of slip and yields what is a
well-known name, with the kind.  Only the names themselves are compared.
"""

from __future__ import annotations

from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.dependencies.edit_distance import NearbyNames, distance
from zt_gate.scanners.dependencies.name_edits import SEPARATOR_CHARACTERS, NameEdits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.scanners.dependencies.name_edits import Slips

_SEPARATORS = lazy_re.compile(r"[-_.]+")
_LETTER_RUNS = lazy_re.compile(r"[a-z]+")
_JOINED = str.maketrans("", "", SEPARATOR_CHARACTERS)
_MOST_WORDS = 4
#: Two slips count for the most used names only, of which there may be so many.
_RANKS_FOR_TWO_EDITS = 1000
_RANKS_FOR_AFFIX_AND_EDIT = 300
#: Minimum length of what remains without an affix for a slip in it to count.
_MIN_LENGTH_OF_STEM = 6
_MIN_LENGTH_OF_SCOPE_FOR_TWO = 6
#: The most digits of a name that are read as letters.
_MOST_DIGITS = 4


@dataclass(frozen=True)
class NameSlips:
    """The well-known names, most used first, and the table ``words`` of the rule.

    ``scoped``: the ecosystem's names may have a scope.
    """

    names: Sequence[str]
    words: Mapping[str, Any]
    scoped: bool

    def is_of_known_scope(self, key: str) -> bool:
        """Return whether a name is in a scope of a well-known name: its owner alone uses it."""
        scope, slash, _ = key.partition("/")
        return bool(slash) and scope in self._known_scopes

    def single(self, key: str) -> Slips:
        """Yield the well-known names that one slip of any kind makes into ``key``."""
        yield from self._edits.all(key)
        yield from self._reordered_words(key)
        yield from self._joined(key)
        yield from self._affixes(key)
        yield from self._spellings(key)
        yield from self._digits_for_letters(key)
        yield from self._scopes(key)

    def double(self, key: str) -> Slips:
        """Yield the names that two slips make into ``key``."""
        yield from self._affix_and_edit(key)
        yield from self._joined_and_edit(key)
        for name in self._widely_known.within(key, 2):
            yield "twice", name

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def _edits(self) -> NameEdits:
        return NameEdits(self._known, self.words["keyboard"], self.words["look-alikes"])

    @cached_property
    def _widely_known(self) -> NearbyNames:
        return NearbyNames(self.names[:_RANKS_FOR_TWO_EDITS])

    @cached_property
    def _best_known(self) -> NearbyNames:
        return NearbyNames(self.names[:_RANKS_FOR_AFFIX_AND_EDIT])

    def _reordered_words(self, key: str) -> Slips:
        """Yield the names with the same words in another order, or with other separators."""
        words = [word for word in _SEPARATORS.split(key) if word]
        if 1 < len(words) <= _MOST_WORDS:
            for order in permutations(words):
                if list(order) == words:
                    continue
                for separator in ("-", "", ".", "_"):
                    candidate = separator.join(order)
                    if candidate in self._known and candidate != key:
                        yield "reordered", candidate
        for at in range(2, len(key) - 1):
            candidate = key[at:] + key[:at]
            if candidate in self._known:
                yield "reordered", candidate

    @cached_property
    def _by_joined(self) -> dict[str, str]:
        """The most used name for each name without its separators and its scope's signs."""
        names = self.names[::-1]
        joined = "\n".join(names).translate(_JOINED).split("\n")
        return dict(zip(joined, names, strict=True))

    def _joined(self, key: str) -> Slips:
        """Yield the name with the same letters and other separators."""
        name = self._by_joined.get(key.translate(_JOINED), "")
        if name and name != key:
            yield "separator", name

    def _affixes(self, key: str) -> Slips:
        """Yield the names without a generic word at the start or the end, or with another one."""
        for kind, stem in self._stems(key):
            if stem in self._known:
                yield kind, stem
            for form in self.words["other-affixes"]:
                candidate = form.replace("*", stem)
                if candidate in self._known and candidate != key:
                    yield "other-affix", candidate

    def _stems(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the name without each affix that it has."""
        for kind, suffixes in self.words["suffixes"].items():
            for suffix in suffixes:
                if key.endswith(suffix) and len(key) > len(suffix) + 1:
                    yield f"affix-{kind}", key.removesuffix(suffix)
        for kind, prefixes in self.words["prefixes"].items():
            for prefix in prefixes:
                if key.startswith(prefix) and len(key) > len(prefix) + 1:
                    yield f"affix-{kind}", key.removeprefix(prefix)

    def _affix_and_edit(self, key: str) -> Slips:
        """Yield the names with an affix and one edit."""
        for _, stem in self._stems(key):
            if len(stem) >= _MIN_LENGTH_OF_STEM:
                for name in self._best_known.within(stem, 1):
                    yield "affix-and-edit", name

    def _joined_and_edit(self, key: str) -> Slips:
        """Yield the names with other separators and two characters swapped or one added."""
        joined = key.translate(_JOINED)
        for at in range(len(joined)):
            shorter = joined[:at] + joined[at + 1 :]
            swapped = (
                joined[:at] + joined[at + 1 : at + 2] + joined[at] + joined[at + 2 :]
            )
            for candidate in (shorter, swapped):
                name = self._by_joined.get(candidate, "")
                if name and name.translate(_JOINED) != joined:
                    yield "joined-and-edit", name

    def _spellings(self, key: str) -> Slips:
        """Yield the names that sound alike, or have another form of one of the words."""
        for one, other in self.words["sounds"]:
            for old, new in ((one, other), (other, one)):
                if old in key:
                    yield from self._respelled("sound", key, _replaced(key, old, new))
        ends = [match.end() for match in _LETTER_RUNS.finditer(key)]
        for one, other in self.words["endings"]:
            for old, new in ((one, other), (other, one)):
                forms = [
                    key[: end - len(old)] + new + key[end:]
                    for end in ends
                    if key.endswith(old, 0, end)
                ]
                yield from self._respelled("word-form", key, forms)

    def _respelled(self, kind: str, key: str, forms: Iterable[str]) -> Slips:
        """Yield the names among other forms of a name, with any separators."""
        for form in forms:
            if form in self._known:
                yield kind, form
                continue
            name = self._by_joined.get(form.translate(_JOINED), "")
            if name and name != key:
                yield f"{kind}-joined", name

    def _digits_for_letters(self, key: str) -> Slips:
        """Yield the names in which two or more letters were written as digits."""
        letters = self.words["digits"]
        places = [at for at, letter in enumerate(key) if letter in letters]
        if not 1 < len(places) <= _MOST_DIGITS:
            return
        candidates = [""]
        for letter in key:
            options = letter + letters.get(letter, "")
            candidates = [head + option for head in candidates for option in options]
        for candidate in candidates[1:]:
            if candidate in self._known:
                yield "digits", candidate

    def _scopes(self, key: str) -> Slips:
        """Yield the packages whose scope was added, changed, joined or omitted."""
        if not self.scoped:
            return
        if key.startswith("@"):
            yield from self._other_scope(key)
            return
        for bare in dict.fromkeys((key, key.rstrip("0123456789").rstrip("-"))):
            name = self._by_bare.get(bare, "")
            if name:
                yield "scope-of-words" if "-" in bare else "scope", name
        name = self._by_scope_joined.get(key.translate(_JOINED), "")
        if name:
            yield "joined-scope", name

    def _other_scope(self, key: str) -> Slips:
        """Yield the package of the same name without a scope, or in a scope that looks alike."""
        scope, _, bare = key[1:].partition("/")
        plain_scope = scope.translate(_JOINED)
        plain_bare = bare.translate(_JOINED)
        if bare in self._known and plain_scope.startswith(plain_bare):
            yield "own-scope", bare
        name = self._by_bare.get(bare, "")
        plain_known = name[1:].partition("/")[0].translate(_JOINED)
        if not name or name == key:
            return
        most = 2 if len(plain_known) >= _MIN_LENGTH_OF_SCOPE_FOR_TWO else 1
        if distance(plain_scope, plain_known, most) <= most:
            yield "similar-scope", name
        elif plain_scope.startswith(plain_known):
            yield "extended-scope", name

    @cached_property
    def _scoped_names(self) -> list[str]:
        return [name for name in reversed(self.names) if name.startswith("@")]

    @cached_property
    def _known_scopes(self) -> frozenset[str]:
        return frozenset(name.partition("/")[0] for name in self._scoped_names)

    @cached_property
    def _by_bare(self) -> dict[str, str]:
        """The most used scoped package for each name without its scope."""
        return {name.partition("/")[2]: name for name in self._scoped_names}

    @cached_property
    def _by_scope_joined(self) -> dict[str, str]:
        """The scoped package for each name whose scope has become its first word."""
        signs = str.maketrans("", "", SEPARATOR_CHARACTERS + "@/")
        return {name.translate(signs): name for name in self._scoped_names}


def _replaced(key: str, old: str, new: str) -> Iterator[str]:
    """Yield the name with ``old`` replaced in one place."""
    at = key.find(old)
    while at >= 0:
        yield key[:at] + new + key[at + len(old) :]
        at = key.find(old, at + 1)
