"""The rules: read from ``rules/``, checked, and kept compiled in the cache.

A rule file is TOML with one or more ``[[rule]]`` tables (and a ``[defaults]``
table that they share), or, below ``rules/code/``, a semgrep rule file in YAML
whose ``metadata`` carries the same fields.  What the scanners need besides the
common fields stays in ``Rule.data``; examples are for the tests and are left
out of the compiled catalogue.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.cache import write_atomically
from zt_gate.errors import GateError
from zt_gate.model.finding import Confidence, Level, Severity
from zt_gate.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FIELDS = frozenset(
    ("id", "title", "why", "remedy", "severity", "confidence", "level", "cwe", "references")
)
_REQUIRED = ("id", "title", "why", "remedy", "severity", "confidence")


class RulebookError(GateError):
    """A rule file is wrong; the text says which, where and how to mend it."""


def rules_folder() -> Path:
    """Return where the rules are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def load(scanner: str, *, cache: Path | None = None, folder: Path | None = None) -> dict[str, Rule]:
    """Return the rules of one scanner by id, without their examples.

    Raises RulebookError if a rule file is wrong or there is none.
    """
    root = folder or rules_folder()
    files = _files(root, scanner)
    if not files:
        raise RulebookError(f"no rules for {scanner} below {root}: the installation is incomplete")
    compiled = cache / f"rules-{scanner}-{_stamp(files)}.json" if cache else None
    tables = _cached(compiled)
    if tables is None:
        tables = [
            {key: value for key, value in table.items() if key != "examples"}
            for table in _tables(root, files, scanner)
        ]
        if compiled is not None:
            with suppress(OSError):
                write_atomically(compiled, json.dumps(tables).encode())
    return {table["id"]: _rule(table) for table in tables}


def load_with_examples(scanner: str, *, folder: Path | None = None) -> dict[str, Rule]:
    """Return the rules of one scanner with ``data["examples"]``, for tests and documentation."""
    root = folder or rules_folder()
    return {table["id"]: _rule(table) for table in _tables(root, _files(root, scanner), scanner)}


def scanners_with_rules(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the folders below ``rules/``."""
    root = folder or rules_folder()
    return tuple(sorted(entry.name for entry in root.iterdir() if entry.is_dir()))


def digest(*, cache: Path | None = None, folder: Path | None = None) -> str:
    """Return a digest over the content of all rule files."""
    root = folder or rules_folder()
    files = [file for name in scanners_with_rules(root) for file in _files(root, name)]
    kept = cache / f"rules-digest-{_stamp(files)}" if cache else None
    if kept is not None:
        with suppress(OSError, UnicodeError):
            known = kept.read_text("ascii")
            if len(known) == 64:
                return known
    total = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    if kept is not None:
        with suppress(OSError):
            write_atomically(kept, total.hexdigest().encode())
    return total.hexdigest()


def _files(root: Path, scanner: str) -> list[Path]:
    """Return the rule files of a scanner; semgrep's own test files do not count."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root / scanner):
        folders.sort()
        found += [
            Path(folder, name)
            for name in sorted(names)
            if name.endswith((".toml", ".yaml")) and not name.endswith(".test.yaml")
        ]
    return found


def _stamp(files: Iterable[Path]) -> str:
    """Return a key that changes when a rule file or the gate does, without reading the files."""
    stamp = hashlib.sha256(__version__.encode())
    for file in files:
        info = file.stat()
        stamp.update(f"{file}\0{info.st_size}\0{info.st_mtime_ns}\n".encode())
    return stamp.hexdigest()[:24]


def _cached(compiled: Path | None) -> list[dict[str, Any]] | None:
    if compiled is None:
        return None
    try:
        tables = json.loads(compiled.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return tables if isinstance(tables, list) else None


def _tables(root: Path, files: Iterable[Path], scanner: str) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for file in files:
        where = file.relative_to(root.parent).as_posix()
        for table in _read(file, where):
            _check(table, scanner, where)
            if table["id"] in seen:
                raise RulebookError(f"{where}: rule {table['id']} is also in {seen[table['id']]}")
            seen[table["id"]] = where
            tables.append(table)
    return tables


def _read(file: Path, where: str) -> list[dict[str, Any]]:
    try:
        if file.suffix == ".yaml":
            return _read_semgrep(file)
        import tomllib

        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RulebookError(f"{where}: {error}") from error
    defaults = document.get("defaults", {})
    return [{**defaults, **table, "file": where} for table in document.get("rule", ())]


def _read_semgrep(file: Path) -> list[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe loader, the C one
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    tables = []
    for raw in (document or {}).get("rules", ()):
        metadata = raw.get("metadata", {})
        common = {key: metadata[key] for key in _FIELDS if key in metadata}
        engine = {key: value for key, value in raw.items() if key not in {"metadata", "message"}}
        tables.append(
            {**common, "id": f"code/{raw.get('id', '')}", "engine": engine, "fix": raw.get("fix")}
        )
    return tables


def _check(table: Mapping[str, Any], scanner: str, where: str) -> None:
    missing = [name for name in _REQUIRED if not table.get(name)]
    name = table.get("id") or "a rule without an id"
    if missing:
        raise RulebookError(f"{where}: {name} lacks {', '.join(missing)}")
    if not str(table["id"]).startswith(f"{scanner}/"):
        raise RulebookError(f"{where}: {name} must begin with {scanner}/")
    for key, kind in (("severity", Severity), ("confidence", Confidence), ("level", Level)):
        value = table.get(key)
        if value is not None and value not in [member.value for member in kind]:
            allowed = ", ".join(member.value for member in kind)
            raise RulebookError(f"{where}: {name}: {key} is {value!r}, not one of {allowed}")


def _rule(table: Mapping[str, Any]) -> Rule:
    level = table.get("level")
    return Rule(
        id=table["id"],
        title=table["title"],
        why=table["why"],
        remedy=table["remedy"],
        severity=Severity(table["severity"]),
        confidence=Confidence(table["confidence"]),
        level=Level(level) if level else None,
        cwe=tuple(table.get("cwe", ())),
        references=tuple(table.get("references", ())),
        data={key: value for key, value in table.items() if key not in _FIELDS},
    )
