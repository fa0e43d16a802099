"""The project's own rules: semgrep files that the policy names, from the trusted side.

``rules`` are paths in the repository, read as they stand on the trusted side.
``packs`` are pinned by their SHA-256: a path in the repository is read from the
trusted side, an absolute one from the disk (a pack that was fetched once).
Nothing is fetched here.

Severities are mapped, see ``SEVERITIES``; the confidence is the rule's own
``metadata.confidence``, else medium, which warns.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.model.finding import Confidence, Severity
from zt_gate.model.report import NotInspected
from zt_gate.model.rule import Rule
from zt_gate.model.scanner import OWN_RULE_PREFIX
from zt_gate.scanners.code.languages import LANGUAGES
from zt_gate.scanners.code.result_cache import MAX_LARGE, cache_key
from zt_gate.scanners.code.suggested_fixes import steps_of_semgrep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.result_cache import ResultCache

#: What semgrep calls a severity, old names and new.
SEVERITIES = {
    "ERROR": Severity.HIGH,
    "WARNING": Severity.MEDIUM,
    "INFO": Severity.LOW,
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
#: Bytes of one file of rules.
MAX_BYTES = 10 * 1024 * 1024

# The engine sees private copies under names of our own: a rule's globs would never fit.
_LEFT_OUT = frozenset(("metadata", "message", "paths", "fix", "fix-regex"))
_TITLE = 160
_NAME = 100
_CWE = re.compile(r"CWE-\d{1,6}")
_SPOKEN = frozenset().union(*(language.engine_names for language in LANGUAGES))


class OwnRulesError(Exception):
    """A file of own rules cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class OwnRules:
    """Own rules by id, what of them is for other languages, and what is wrong, by sentences."""

    rules: Mapping[str, Rule]
    others: tuple[NotInspected, ...] = ()
    wrong: tuple[str, ...] = ()


def own_rules(context: Context, cache: ResultCache) -> OwnRules:
    """Return what the policy names; what is wrong with one file leaves only that file out."""
    found: dict[str, Rule] = {}
    others, wrong = [], []
    for path, digest in _wanted(context):
        try:
            raw, foreign = _rules(path, _content(path, digest, context), cache)
            mine: dict[str, Rule] = {}
            for body in raw:
                rule = _rule(body, path, found.keys() | mine.keys())
                mine[rule.id] = rule
        except OwnRulesError as error:
            wrong.append(f"the rules {path!a}: {error}")
            continue
        found.update(mine)
        if foreign:
            reason = f"{foreign} of its rules are for languages that this scanner does not read"
            others.append(NotInspected(os.fsencode(path), "not_applicable", reason))
    return OwnRules(found, tuple(others), tuple(wrong))


def _wanted(context: Context) -> Iterator[tuple[str, str]]:
    for path in context.settings.get("rules", ()):
        yield str(path), ""
    for pack in context.settings.get("packs", ()):
        yield str(pack["path"]), str(pack["sha256"])


def _content(path: str, digest: str, context: Context) -> bytes:
    """Return a file of rules; raises OwnRulesError."""
    on_disk = bool(digest) and os.path.isabs(path)
    try:
        data = _from_disk(path) if on_disk else context.trusted_file(os.fsencode(path))
    except (OSError, GateError) as error:
        raise OwnRulesError(f"cannot be read: {error}") from error
    if data is None:
        raise OwnRulesError("there is no such file on the trusted side")
    if len(data) > MAX_BYTES:
        raise OwnRulesError(f"has more than {MAX_BYTES:,} bytes")
    known = hashlib.sha256(data).hexdigest()
    if digest and known != digest.lower():
        raise OwnRulesError(
            f"has the SHA-256 {known}, not the one that the policy names"
        )
    return data


def _from_disk(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no regular file")
        return file.read(MAX_BYTES + 1)


def _rules(path: str, data: bytes, cache: ResultCache) -> tuple[list[dict[str, Any]], int]:
    """Return the rules of a file and how many are for other languages; raises OwnRulesError."""
    key = cache_key("own", path, hashlib.sha256(data).hexdigest())
    document = cache.get(key)
    if document is None:
        document = _parsed(data)
        cache.put(key, document, limit=MAX_LARGE)
    raw = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(raw, list) or not raw:
        raise OwnRulesError("holds no list called rules")
    mine = []
    for number, body in enumerate(raw, 1):
        if (
            not isinstance(body, dict)
            or not isinstance(body.get("id"), str)
            or not body["id"]
        ):
            raise OwnRulesError(f"rule {number} has no id")
        languages = body.get("languages")
        if not isinstance(languages, list):
            raise OwnRulesError(f"the rule {body['id'][:_NAME]!a} names no languages")
        if _SPOKEN & {str(name) for name in languages}:
            mine.append(body)
    return mine, len(raw) - len(mine)


def _parsed(data: bytes) -> Any:
    """Load rules from the trusted side.

    ``zt_gate.syntax.yaml`` would keep numbers as texts; semgrep, which gets the
    result, expects numbers.
    """
    import json

    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(data, loader)  # noqa: S506 - a safe loader, the C one
        return json.loads(json.dumps(document))  # what semgrep gets, and what is kept
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise OwnRulesError(f"is no semgrep file: {problem}") from error


def _rule(body: Mapping[str, Any], path: str, known: Collection[str]) -> Rule:
    """Return one rule as the gate has rules; raises OwnRulesError."""
    name = body["id"]
    severity = str(body.get("severity", "")).upper()
    if severity not in SEVERITIES:
        raise OwnRulesError(
            f"the rule {name[:_NAME]!a} has no severity that semgrep knows"
        )
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    confidence = str(metadata.get("confidence", "")).lower()
    text = " ".join(str(body.get("message", "")).split()) or name
    own = _identifier(name, known)
    engine = {key: value for key, value in body.items() if key not in _LEFT_OUT}
    return Rule(
        id=f"code/{own}",
        title=_first_sentence(text),
        why=text,
        remedy=f"Do what the rule says; it is {name[:_NAME]} in {path}.",
        severity=SEVERITIES[severity],
        confidence=Confidence(confidence)
        if confidence in list(Confidence)
        else Confidence.MEDIUM,
        cwe=tuple(dict.fromkeys(_CWE.findall(" ".join(_texts(metadata.get("cwe")))))),
        references=tuple(
            url
            for url in _texts(metadata.get("references"))
            if url.startswith("https://")
        ),
        data={
            "engine": {**engine, "id": own},
            "file": path,
            "fix": steps_of_semgrep(body),
        },
    )


def _identifier(name: str, known: Collection[str]) -> str:
    """Return ``own-…`` in the form of rule ids; a second rule of that name gets a number."""
    words = (
        re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[-_NAME:].strip("-")
        or "rule"
    )
    own, number = f"{OWN_RULE_PREFIX}{words}", 1
    while f"code/{own}" in known:
        number += 1
        own = f"{OWN_RULE_PREFIX}{words}-{number}"
    return own


def _first_sentence(text: str) -> str:
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")
    return first if len(first) <= _TITLE else f"{first[: _TITLE - 1]}…"


def _texts(value: Any) -> Iterable[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
