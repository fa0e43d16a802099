"""The rules as the engine reads them, and which of them can match in a file at all.

JSON loads faster than YAML, and a rule that is not loaded costs nothing: the
engine is given those rules of a language whose necessary words
(``zt_gate.scanners.code.prefilter_literals``) some file of the batch holds.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.code.languages import LANGUAGES, Language
from zt_gate.scanners.code.prefilter_conditions import (
    PrefilterText,
    from_table,
    to_table,
)
from zt_gate.scanners.code.prefilter_literals import condition_of
from zt_gate.scanners.code.result_cache import MAX_LARGE, cache_key
from zt_gate.scanners.code.rule_syntax import to_newer_syntax

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.code.prefilter_conditions import Condition
    from zt_gate.scanners.code.result_cache import ResultCache

# Changes when conditions are derived in another way.
_INDEX_VERSION = "5"
#: Bytes from which the answer is kept: a millisecond's work.
_WORTH_KEEPING = 4000


@dataclass
class _Rules:
    """The rules of one language by the engine's ids."""

    language: Language
    bodies: dict[str, dict[str, Any]]
    cache: ResultCache

    @cached_property
    def texts(self) -> dict[str, str]:
        """The rules as JSON.

        The engine wants a message for every rule; what it would print there
        may quote code, so it gets the rule's id.  Globs of a rule would be held
        against the private copies' names.
        """
        return {
            name: json.dumps({**to_newer_syntax(_without_paths(body)), "message": name})
            for name, body in self.bodies.items()
        }

    @cached_property
    def digest(self) -> str:
        total = hashlib.sha256()
        for text in self.texts.values():
            total.update(text.encode() + b"\n")
        return total.hexdigest()

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """What each rule demands of a file; derived once for each version of the rules."""
        key = cache_key("index", _INDEX_VERSION, self.language.name, self.digest)
        known = self.cache.get(key)
        if isinstance(known, dict) and known.keys() == self.bodies.keys():
            return {name: from_table(table) for name, table in known.items()}
        python = self.language.name == "python"
        found = {
            name: condition_of(body, python=python)
            for name, body in self.bodies.items()
        }
        table = {name: to_table(condition) for name, condition in found.items()}
        self.cache.put(key, table, limit=MAX_LARGE)
        return found


def _without_paths(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "paths"}


class EngineRules:
    """All rules of a scan, by language; writes what the engine is to load."""

    def __init__(self, rules: Mapping[str, Rule], workdir: Path, cache: ResultCache) -> None:
        self._workdir = workdir
        self._languages: dict[str, _Rules] = {}
        self._numbers = itertools.count(1)  # files are written by several threads
        for rule in rules.values():
            body = rule.data.get("engine")
            if not isinstance(body, dict):
                continue
            spoken = set(body.get("languages", ()))
            for language in LANGUAGES:
                if spoken & language.engine_names:
                    known = self._languages.setdefault(
                        language.name, _Rules(language, {}, cache)
                    )
                    known.bodies[str(body["id"])] = body

    @property
    def languages(self) -> frozenset[str]:
        """The names of the languages that there are rules for."""
        return frozenset(self._languages)

    def digest(self, language: str) -> str:
        """Return what identifies the rules of a language: hexadecimal digits."""
        return self._languages[language].digest

    def known(self, language: str, ids: Iterable[str]) -> frozenset[str]:
        """Return which of these rules are rules of a language."""
        return frozenset(self._languages[language].bodies) & frozenset(ids)

    def digest_of(self, language: str, ids: Iterable[str]) -> str:
        """Return what identifies some rules of a language: hexadecimal digits."""
        texts = self._languages[language].texts
        return cache_key(*(texts[name] for name in sorted(ids)))

    def applicable(self, language: str, text: bytes) -> frozenset[str]:
        """Return the ids of the rules that can match in a text; remembered for long ones."""
        rules = self._languages[language]
        key = ""
        if len(text) >= _WORTH_KEEPING:
            digest = hashlib.sha256(text).hexdigest()
            key = cache_key("applies", _INDEX_VERSION, language, rules.digest, digest)
            known = rules.cache.get(key)
            if isinstance(known, list) and rules.bodies.keys() >= set(map(str, known)):
                return frozenset(known)
        asked = PrefilterText(text, python=language == "python")
        found = frozenset(
            name for name, needs in rules.conditions.items() if asked.holds(needs)
        )
        if key:
            rules.cache.put(key, sorted(found))
        return found

    def follows_data(self, language: str, rule: str) -> bool:
        """Whether a rule follows data from a source to a sink."""
        body = self._languages[language].bodies.get(rule, {})
        return bool(body.get("mode") == "taint")

    def file(self, language: str, wanted: Mapping[str, Collection[str]]) -> str:
        """Write rules, each with the names of the files that it is for, none for all of them.

        The engine's own choice is coarser: most of its time would go into files
        in which a rule cannot match.  Returns the file's name, relative to the
        work folder.
        """
        texts = self._languages[language].texts
        rules = []
        for rule, names in wanted.items():
            paths = {"include": sorted(names)}
            rules.append(
                texts[rule][:-1]
                + (f', "paths": {json.dumps(paths)}}}' if names else "}")
            )
        name = f"rules-{next(self._numbers)}-{language}.json"
        with open(os.path.join(self._workdir, name), "w", encoding="utf-8") as file:
            file.write('{"rules": [' + ",\n".join(rules) + "]}")
        return name
