"""Rules of the scanned project: semgrep files that the policy names.

``rules`` are paths in the repository, read from the trusted side.  ``packs`` are pinned
by SHA-256: a relative path is read from the trusted side, an absolute one from the disk.
Nothing is downloaded.

``SEVERITIES`` maps semgrep's severities.  The confidence is ``metadata.confidence`` of
the rule, by default medium, which warns.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.errors import GateError
from zt_gate.model.finding import Confidence, Severity
from zt_gate.model.report import NotInspected
from zt_gate.model.rule import Rule
from zt_gate.model.scanner import OWN_RULE_PREFIX
from zt_gate.record import dataclass
from zt_gate.scanners.code.languages import LANGUAGES
from zt_gate.scanners.code.result_cache import MAX_LARGE, cache_key
from zt_gate.scanners.code.suggested_fixes import steps_of_semgrep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.result_cache import ResultCache

#: Semgrep's names of severities, old and new.
SEVERITIES = {
    "ERROR": Severity.HIGH,
    "WARNING": Severity.MEDIUM,
    "INFO": Severity.LOW,
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
#: Bytes of one rule file.
MAX_BYTES = 10 * 1024 * 1024

# Not passed to the engine.  The globs of ``paths`` cannot match the generated names of
# the private copies.
_REMOVED_KEYS = frozenset(("metadata", "message", "paths", "fix", "fix-regex"))
#: Characters of a title and of a name.
_MAX_TITLE = 160
_MAX_NAME = 100
_CWE = lazy_re.compile(r"CWE-\d{1,6}")
_SUPPORTED_LANGUAGES = frozenset().union(
    *(language.engine_names for language in LANGUAGES)
)


class OwnRulesError(Exception):
    """A rule file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class OwnRules:
    """The rules of the project by id.

    ``other_languages`` lists files with rules for languages that are not scanned.
    ``problems`` are messages about files that could not be used.
    """

    rules: Mapping[str, Rule]
    other_languages: tuple[NotInspected, ...] = ()
    problems: tuple[str, ...] = ()


def own_rules(context: Context, cache: ResultCache) -> OwnRules:
    """Load the rules that the policy names; an invalid file excludes only that file."""
    rules: dict[str, Rule] = {}
    other_languages = []
    problems = []
    for path, digest in _rule_files(context):
        try:
            content = _content(path, digest, context)
            bodies, skipped = _bodies(path, content, cache)
            rules_of_file: dict[str, Rule] = {}
            for body in bodies:
                rule = _rule(body, path, rules.keys() | rules_of_file.keys())
                rules_of_file[rule.id] = rule
        except OwnRulesError as error:
            problems.append(f"rule file {path!a}: {error}")
            continue
        rules.update(rules_of_file)
        if skipped:
            reason = f"{skipped} of its rules are for languages that are not scanned"
            other_languages.append(
                NotInspected(os.fsencode(path), "not_applicable", reason)
            )
    return OwnRules(rules, tuple(other_languages), tuple(problems))


def _rule_files(context: Context) -> Iterator[tuple[str, str]]:
    """Yield path and SHA-256 of each file, "" for a file that is not pinned."""
    for path in context.settings.get("rules", ()):
        yield str(path), ""
    for pack in context.settings.get("packs", ()):
        yield str(pack["path"]), str(pack["sha256"])


def _content(path: str, digest: str, context: Context) -> bytes:
    """Return the content of a rule file; raises OwnRulesError."""
    on_disk = bool(digest) and os.path.isabs(path)
    try:
        data = _from_disk(path) if on_disk else context.trusted_file(os.fsencode(path))
    except (OSError, GateError) as error:
        raise OwnRulesError(f"cannot be read: {error}") from error
    if data is None:
        raise OwnRulesError("no such file on the trusted side")
    if len(data) > MAX_BYTES:
        raise OwnRulesError(f"larger than {MAX_BYTES:,} bytes")
    actual_digest = hashlib.sha256(data).hexdigest()
    if digest and actual_digest != digest.lower():
        raise OwnRulesError(
            f"has the SHA-256 {actual_digest}, which is not the one in the policy"
        )
    return data


def _from_disk(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a regular file")
        return file.read(MAX_BYTES + 1)


def _bodies(
    path: str, data: bytes, cache: ResultCache
) -> tuple[list[dict[str, Any]], int]:
    """Return the rules of a file, and the number of rules for other languages.

    Raises OwnRulesError.
    """
    key = cache_key("own", path, hashlib.sha256(data).hexdigest())
    document = cache.get(key)
    if document is None:
        document = _parsed(data)
        cache.put(key, document, limit=MAX_LARGE)
    bodies = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(bodies, list) or not bodies:
        raise OwnRulesError('has no list "rules"')
    supported = []
    for number, body in enumerate(bodies, 1):
        name = body.get("id") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise OwnRulesError(f"rule {number} has no id")
        languages = body.get("languages")
        if not isinstance(languages, list):
            raise OwnRulesError(f"the rule {name[:_MAX_NAME]!a} has no languages")
        if not _SUPPORTED_LANGUAGES.isdisjoint(map(str, languages)):
            supported.append(body)
    return supported, len(bodies) - len(supported)


def _parsed(data: bytes) -> Any:
    """Parse a rule file from the trusted side.

    PyYAML, because ``zt_gate.syntax.yaml`` returns numbers as text and semgrep expects
    numbers.
    """
    import json

    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(data, loader)  # noqa: S506 - a safe loader, the C one
        return json.loads(json.dumps(document))  # as semgrep and the cache get it
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise OwnRulesError(f"is not a semgrep rule file: {problem}") from error


def _rule(body: Mapping[str, Any], path: str, existing_ids: Collection[str]) -> Rule:
    """Convert a rule of semgrep to a rule of the gate; raises OwnRulesError."""
    name = body["id"]
    shown_name = name[:_MAX_NAME]
    severity = str(body.get("severity", "")).upper()
    if severity not in SEVERITIES:
        raise OwnRulesError(f"the rule {shown_name!a} has no valid severity")
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    message = " ".join(str(body.get("message", "")).split()) or name
    own_name = _identifier(name, existing_ids)
    engine = {key: value for key, value in body.items() if key not in _REMOVED_KEYS}
    references = [
        url for url in _texts(metadata.get("references")) if url.startswith("https://")
    ]
    return Rule(
        id=f"code/{own_name}",
        title=_first_sentence(message),
        why=message,
        remedy=f"Follow the rule's message (rule {shown_name} in {path}).",
        severity=SEVERITIES[severity],
        confidence=_confidence(metadata),
        cwe=_cwe(metadata),
        references=tuple(references),
        data={
            "engine": {**engine, "id": own_name},
            "file": path,
            "fix": steps_of_semgrep(body),
        },
    )


def _confidence(metadata: Mapping[str, Any]) -> Confidence:
    confidence = str(metadata.get("confidence", "")).lower()
    if confidence in list(Confidence):
        return Confidence(confidence)
    return Confidence.MEDIUM


def _cwe(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = _CWE.findall(" ".join(_texts(metadata.get("cwe"))))
    return tuple(dict.fromkeys(numbers))


def _identifier(name: str, existing_ids: Collection[str]) -> str:
    """Return ``own-…`` in the form of rule ids, with a number if it exists already."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    words = words[-_MAX_NAME:].strip("-") or "rule"
    base = own_name = f"{OWN_RULE_PREFIX}{words}"
    number = 1
    while f"code/{own_name}" in existing_ids:
        number += 1
        own_name = f"{base}-{number}"
    return own_name


def _first_sentence(text: str) -> str:
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")
    return first if len(first) <= _MAX_TITLE else f"{first[: _MAX_TITLE - 1]}…"


def _texts(value: Any) -> Iterable[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
