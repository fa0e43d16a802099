"""Selects the rules that can match in a file, and writes them for the engine.

The engine gets only the rules whose necessary words
(``zt_gate.scanners.code.prefilter_literals``) occur in a file of the batch: other rules
would cost time.  They are written as JSON, which loads faster than YAML.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Confidence
from zt_gate.record import dataclass, field
from zt_gate.scanners.code.languages import LANGUAGES, Language
from zt_gate.scanners.code.prefilter_conditions import (
    PrefilterText,
    from_table,
    to_table,
    words_of,
)
from zt_gate.scanners.code.prefilter_literals import condition_of
from zt_gate.scanners.code.result_cache import MAX_LARGE, cache_key
from zt_gate.scanners.code.rule_pruning import PrunableRule
from zt_gate.scanners.code.rule_syntax import to_newer_syntax

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.code.prefilter_conditions import Condition
    from zt_gate.scanners.code.result_cache import ResultCache

# Changes when the derivation of conditions changes.
_INDEX_VERSION = "6"
#: Bytes of a text from which its applicable rules are cached.
_MIN_CACHED_BYTES = 4000


@dataclass
class _LanguageRules:
    """The rules of one language by the engine's ids."""

    language: Language
    bodies: dict[str, dict[str, Any]]
    cache: ResultCache
    _prunable: dict[str, PrunableRule] = field(default_factory=dict)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The rules as JSON.

        The engine requires a message for each rule and prints it with quoted code, so the
        message is the id.  ``paths`` is removed: its globs would be matched against the
        names of the private copies.
        """
        return {name: _engine_text(name, body) for name, body in self.bodies.items()}

    def reduced(self, name: str, text: PrefilterText) -> str:
        """Return a rule as JSON, without what cannot match in a text."""
        prunable = self._prunable.get(name)
        if prunable is None:
            is_python = self.language.name == "python"
            prunable = PrunableRule(self.bodies[name], python=is_python)
            self._prunable[name] = prunable
        return _engine_text(name, prunable.reduced(text))

    @cached_property
    def digest(self) -> str:
        total = hashlib.sha256()
        for text in self.texts.values():
            total.update(text.encode() + b"\n")
        return total.hexdigest()

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """The condition of each rule on a file, cached for each version of the rules."""
        key = cache_key("index", _INDEX_VERSION, self.language.name, self.digest)
        cached = self.cache.get(key)
        if isinstance(cached, dict) and cached.keys() == self.bodies.keys():
            return {name: from_table(table) for name, table in cached.items()}
        is_python = self.language.name == "python"
        conditions = {
            name: condition_of(body, python=is_python)
            for name, body in self.bodies.items()
        }
        table = {name: to_table(condition) for name, condition in conditions.items()}
        self.cache.put(key, table, limit=MAX_LARGE)
        return conditions


class EngineRules:
    """All rules of a scan by language; writes the files that the engine loads."""

    def __init__(
        self, rules: Mapping[str, Rule], workdir: Path, cache: ResultCache
    ) -> None:
        self._workdir = workdir
        self._languages: dict[str, _LanguageRules] = {}
        self._certain = {
            str(rule.data["engine"]["id"])
            for rule in rules.values()
            if rule.confidence is Confidence.HIGH
            and isinstance(rule.data.get("engine"), dict)
        }
        self._file_numbers = itertools.count(1)  # safe for several threads
        for rule in rules.values():
            body = rule.data.get("engine")
            if not isinstance(body, dict):
                continue
            names = set(body.get("languages", ()))
            for language in LANGUAGES:
                if not names & language.engine_names:
                    continue
                if language.name not in self._languages:
                    self._languages[language.name] = _LanguageRules(language, {}, cache)
                self._languages[language.name].bodies[str(body["id"])] = body

    @property
    def languages(self) -> frozenset[str]:
        """The names of the languages that have rules."""
        return frozenset(self._languages)

    def digest(self, language: str) -> str:
        """Return the hexadecimal digest of all rules of a language."""
        return self._languages[language].digest

    def in_language(self, language: str, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids that belong to rules of a language."""
        return frozenset(self._languages[language].bodies) & frozenset(ids)

    def digest_of(self, language: str, ids: Iterable[str]) -> str:
        """Return the hexadecimal digest of some rules of a language."""
        texts = self._languages[language].texts
        return cache_key(*(texts[name] for name in sorted(ids)))

    def applicable(self, language: str, text: bytes) -> frozenset[str]:
        """Return the ids of the rules that can match in a text; cached for long texts."""
        rules = self._languages[language]
        if len(text) < _MIN_CACHED_BYTES:
            return _applicable(rules, text)
        digest = hashlib.sha256(text).hexdigest()
        key = cache_key("applies", _INDEX_VERSION, language, rules.digest, digest)
        cached = rules.cache.get(key)
        if isinstance(cached, list) and rules.bodies.keys() >= set(map(str, cached)):
            return frozenset(cached)
        ids = _applicable(rules, text)
        rules.cache.put(key, sorted(ids))
        return ids

    def applicable_of(
        self, language: str, ids: Collection[str], text: bytes
    ) -> frozenset[str]:
        """Return those of some rules that can match in a text."""
        rules = self._languages[language]
        prefilter_text = PrefilterText(text, python=language == "python")
        conditions = rules.conditions
        return frozenset(name for name in ids if prefilter_text.holds(conditions[name]))

    def words_in(
        self, language: str, ids: Iterable[str], text: bytes
    ) -> tuple[bytes, ...]:
        """Return the words in a text that some rules look for, sorted."""
        conditions = self._languages[language].conditions
        prefilter_text = PrefilterText(text, python=language == "python")
        words: set[bytes] = set()
        for name in ids:
            words |= words_of(conditions[name])
        return tuple(sorted(words & prefilter_text.words))

    def follows_data(self, language: str, rule: str) -> bool:
        """Whether a rule follows data from a source to a sink."""
        body = self._languages[language].bodies.get(rule, {})
        return bool(body.get("mode") == "taint")

    def that_name(self, language: str, word: str) -> frozenset[str]:
        """Return the rules of a language whose patterns contain a word."""
        texts = self._languages[language].texts
        return frozenset(name for name, text in texts.items() if word in text)

    def for_generated(self, language: str, ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of rules for code that no person wrote in this form.

        They follow no data and are certain: a doubt about such code is one about its
        source, and the time of each rule grows faster than a text of megabytes.
        """
        return frozenset(
            name
            for name in ids
            if name in self._certain and not self.follows_data(language, name)
        )

    def write_file(
        self,
        language: str,
        files: Mapping[str, Collection[str]],
        texts: Mapping[str, bytes] | None = None,
    ) -> str:
        """Write the rules of ``files``, each limited to its files, none for all files.

        The engine's own selection is coarser: it would spend most of its time on files in
        which a rule cannot match.  With the ``texts`` of the files, a file gets of a rule
        only what can match in it.  Returns the name, relative to the work folder.
        """
        rules = self._languages[language]
        prefilter_texts = {
            file: PrefilterText(text, python=language == "python")
            for file, text in (texts or {}).items()
        }
        lines = []
        for rule, names in files.items():
            variants: dict[str, list[str]] = {}
            for name in names:
                text = prefilter_texts.get(name)
                variant = (
                    rules.texts[rule] if text is None else rules.reduced(rule, text)
                )
                variants.setdefault(variant, []).append(name)
            if not names:
                variants[rules.texts[rule]] = []
            for number, (variant, limit) in enumerate(variants.items()):
                lines.append(_limited(variant, limit, number))
        name = f"rules-{next(self._file_numbers)}-{language}.json"
        with open(os.path.join(self._workdir, name), "w", encoding="utf-8") as file:
            file.write('{"rules": [' + ",\n".join(lines) + "]}")
        return name


def _engine_text(name: str, body: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in body.items() if key not in {"id", "paths"}}
    return json.dumps({"id": name, **to_newer_syntax(rest), "message": name})


def _applicable(rules: _LanguageRules, text: bytes) -> frozenset[str]:
    prefilter_text = PrefilterText(text, python=rules.language.name == "python")
    return frozenset(
        name
        for name, condition in rules.conditions.items()
        if prefilter_text.holds(condition)
    )


def _limited(rule: str, names: Collection[str], number: int) -> str:
    """Return a rule in JSON that is limited to files of these names, none for all files.

    The engine keeps one rule of an id, so that further forms of it get a prefix, which
    ``semgrep_output`` removes like that of a folder.
    """
    if number:
        rule = rule.replace('{"id": "', f'{{"id": "form-{number}.', 1)
    if not names:
        return rule
    paths = json.dumps({"include": sorted(names)})
    return f'{rule[:-1]}, "paths": {paths}}}'
