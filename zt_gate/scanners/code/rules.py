"""The rules as the engine reads them: one JSON file per language, written when it is needed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from zt_gate.scanners.code.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule


class RuleFiles:
    """Writes each language's rules into the work folder once.

    JSON loads faster than YAML.  The engine wants a message for every rule;
    what it would print there may quote code, so it gets the rule's id and the
    texts come from the rule itself.
    """

    def __init__(self, rules: Mapping[str, Rule], workdir: Path) -> None:
        self._workdir = workdir
        self._tables: dict[str, list[dict[str, object]]] = {}
        for rule in rules.values():
            body = rule.data.get("engine")
            if not isinstance(body, dict):
                continue
            spoken = set(body.get("languages", ()))
            for language in LANGUAGES:
                if spoken & language.engine_names:
                    table = {**body, "message": body["id"]}
                    self._tables.setdefault(language.name, []).append(table)
        self._written: set[str] = set()

    @property
    def languages(self) -> frozenset[str]:
        """The names of the languages that there are rules for."""
        return frozenset(self._tables)

    def of(self, languages: Iterable[str]) -> list[str]:
        """Return the rule files of these languages, relative to the work folder."""
        names = []
        for language in sorted(languages):
            name = f"{language}.json"
            if language not in self._written:
                with open(os.path.join(self._workdir, name), "w", encoding="utf-8") as file:
                    json.dump({"rules": self._tables[language]}, file)
                self._written.add(language)
            names.append(name)
        return names
