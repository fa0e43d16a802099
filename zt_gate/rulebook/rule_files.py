"""Reads the rules from ``rules/``, checks them, and caches them in compiled form.

A rule file is TOML with one or more ``[[rule]]`` tables (and a ``[defaults]``
table that they share), or, below ``rules/code/``, a semgrep rule file in YAML
whose ``metadata`` has the same fields and whose taint rules name the kinds of the
shared tables (``taint_tables.py``).  Fields other than the common ones go to
``Rule.data``.  Examples are for tests and documentation; the compiled form has none.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate import __version__, lazy_re
from zt_gate.model.finding import Confidence, Level, Severity
from zt_gate.model.rule import Rule
from zt_gate.rulebook import renames, taint_tables
from zt_gate.rulebook.errors import RulebookError
from zt_gate.system.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.system.sealed_cache import SealedCache

_FIELDS = frozenset(
    (
        "id",
        "title",
        "why",
        "remedy",
        "severity",
        "confidence",
        "level",
        "since",
        "cwe",
        "references",
    )
)
#: The field that ``renames.toml`` adds to a rule; rule files must not have it.
_FORMER = "former_ids"
_NOT_DATA = frozenset((*_FIELDS, _FORMER))
#: Further fields in the ``metadata`` of a semgrep rule.
_CODE_FIELDS = frozenset(("owasp", "family", "fix", "in-tests"))
_REQUIRED = ("id", "title", "why", "remedy", "severity", "confidence")
_ALLOWED = tuple(
    (key, tuple(member.value for member in kind))
    for key, kind in (
        ("severity", Severity),
        ("confidence", Confidence),
        ("level", Level),
    )
)
_RELEASE = lazy_re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")
_WRITTEN_ID = lazy_re.compile(
    rb"^(?:id = \"|[ \t]*-?[ \t]*id:[ \t]*)([a-z0-9_/-]+)", re.MULTILINE
)
_ID = lazy_re.compile(r"[a-z][a-z0-9_]*/[a-z0-9]+(?:-[a-z0-9]+)*")


def rules_folder() -> Path:
    """Return the folder of the rules: in the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def load(
    scanner: str, *, cache: SealedCache | None = None, folder: Path | None = None
) -> dict[str, Rule]:
    """Return the rules of one scanner by id, without their examples.

    Raises RulebookError if a rule file is invalid, or the scanner has none.
    """
    root = folder or rules_folder()
    files = _files(root, scanner)
    if not files:
        raise RulebookError(
            f"no rules for {scanner} in {root}: the installation is incomplete; "
            "reinstall zt-gate"
        )
    if cache is None:
        return _rules(_compiled_tables(root, files, scanner))
    cache_key = _cache_key([*files, *_renames_file(root)])
    entry = f"rules-{scanner}-{cache_key}.json"
    tables = _read_cached(cache, entry, scanner)
    if tables is None:
        tables = _compiled_tables(root, files, scanner)
        _write_cached(cache, entry, tables)
    return _rules(tables)


def _compiled_tables(
    root: Path, files: Iterable[Path], scanner: str
) -> list[dict[str, Any]]:
    """Read the rule files, and return the rules' tables without their examples."""
    tables = _with_former_ids(root, _tables(root, files, scanner), scanner)
    for table in tables:
        table.pop("examples", None)
    return tables


def _rules(tables: Iterable[Mapping[str, Any]]) -> dict[str, Rule]:
    return {table["id"]: _rule(table) for table in tables}


def load_with_examples(scanner: str, *, folder: Path | None = None) -> dict[str, Rule]:
    """Return the rules of one scanner with ``data["examples"]``, for tests and documentation."""
    root = folder or rules_folder()
    tables = _tables(root, _files(root, scanner), scanner)
    return _rules(_with_former_ids(root, tables, scanner))


def find(rule: str, *, cache: SealedCache | None = None) -> Rule | None:
    """Return the rule with this id or former id, None if there is none.

    Raises RulebookError if a rule file of its scanner is invalid.
    """
    scanner = rule.partition("/")[0]
    if scanner not in scanners_with_rules():
        return None
    rules = load(scanner, cache=cache)
    if rule in rules:
        return rules[rule]
    for candidate in rules.values():
        if rule in candidate.former_ids:
            return candidate
    return None


def scanners_with_rules(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the folders in ``rules/`` that have rules; raises RulebookError."""
    root = folder or rules_folder()
    try:
        names = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    except OSError as error:
        raise RulebookError(
            f"no rules in {root}: the installation is incomplete; reinstall zt-gate"
        ) from error
    return tuple(name for name in names if _files(root, name))


def digest(*, cache: SealedCache | None = None, folder: Path | None = None) -> str:
    """Return the SHA-256 digest of all rule files, ``renames.toml`` and ``paths.toml``."""
    root = folder or rules_folder()
    files = [file for name in scanners_with_rules(root) for file in _files(root, name)]
    files += _renames_file(root)
    path_table = root / "paths.toml"
    if path_table.is_file():
        files.append(path_table)
    if cache is None:
        return _digest_of(root, files)
    entry = f"rules-digest-{_cache_key(files)}"
    cached_digest = cache.read(entry, 64)
    if cached_digest is not None and re.fullmatch(rb"[0-9a-f]{64}", cached_digest):
        return cached_digest.decode("ascii")
    new_digest = _digest_of(root, files)
    with suppress(OSError):
        cache.write(entry, new_digest.encode())
    return new_digest


def _digest_of(root: Path, files: Iterable[Path]) -> str:
    lines = (
        f"{file.relative_to(root).as_posix()} {sha256(file.read_bytes())}\n"
        for file in files
    )
    return sha256("".join(lines).encode())


def written_ids(scanner: str, folder: Path | None = None) -> Iterator[str]:
    """Yield the ids that the rule files of a scanner contain, without reading the rules.

    A tenth of the time that loading them takes.  An id that is written in an unusual way
    is missing, so an id that is not among them may still exist.
    """
    root = folder or rules_folder()
    for file in _files(root, scanner):
        with suppress(OSError):
            for match in _WRITTEN_ID.finditer(file.read_bytes()):
                name = match[1].decode()
                yield name if "/" in name else f"{scanner}/{name}"


def _renames_file(root: Path) -> list[Path]:
    """Return the file of the table of renames as a list, which is empty if there is none."""
    file = root / renames.FILE
    return [file] if file.exists() else []


def _with_former_ids(
    root: Path, tables: list[dict[str, Any]], scanner: str
) -> list[dict[str, Any]]:
    """Return the tables of one scanner's rules, each with the rule's former ids."""
    table_of_renames = renames.read(root)
    table_of_renames.check(scanner, {table["id"] for table in tables})
    return [
        {**table, _FORMER: list(table_of_renames.former(table["id"]))}
        for table in tables
    ]


def _files(root: Path, scanner: str) -> list[Path]:
    """Return the rule files of a scanner without semgrep's test files."""
    files: list[Path] = []
    for folder, folders, names in os.walk(root / scanner):
        folders.sort()
        files += [Path(folder, name) for name in sorted(names) if _is_rule_file(name)]
    return files


def _is_rule_file(name: str) -> bool:
    return name.endswith((".toml", ".yaml")) and not name.endswith(".test.yaml")


def _cache_key(files: Iterable[Path]) -> str:
    """Return a key that changes with the files' sizes and times and the gate's version."""
    entries = [__version__]
    for file in files:
        info = file.stat()
        entries.append(f"{file}\0{info.st_size}\0{info.st_mtime_ns}\n")
    return sha256("".join(entries).encode("utf-8", "surrogateescape"))[:24]


def _write_cached(cache: SealedCache, entry: str, tables: list[dict[str, Any]]) -> None:
    """Write the compiled rules; a failure only costs time."""
    with suppress(OSError, TypeError):  # TypeError: a TOML date, which JSON cannot hold
        cache.write(entry, json.dumps(tables).encode())


def _read_cached(
    cache: SealedCache, entry: str, scanner: str
) -> list[dict[str, Any]] | None:
    """Return the compiled rules; None if they are missing or invalid in any way.

    A truncated file, or one with missing or other rules, would make the gate find
    less than its report says.
    """
    data = cache.read(entry)
    if data is None:
        return None
    try:
        tables: list[dict[str, Any]] = json.loads(data)
        for table in tables:
            _check(table, scanner, entry)
            if not all(isinstance(former, str) for former in table[_FORMER]):
                return None
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        RulebookError,
    ):
        return None
    return tables if isinstance(tables, list) and tables else None


def _tables(root: Path, files: Iterable[Path], scanner: str) -> list[dict[str, Any]]:
    """Read and check the rules in ``files``; return one table per rule."""
    files = list(files)
    shared_files = [file for file in files if _is_shared_table(root, file)]
    rule_files = [file for file in files if not _is_shared_table(root, file)]
    shared = _shared_tables(root, shared_files)
    tables: list[dict[str, Any]] = []
    file_of_rule: dict[str, str] = {}
    for file in rule_files:
        where = file.relative_to(root.parent).as_posix()
        tables_of_file = _read(file, where, shared)
        if not tables_of_file:
            raise RulebookError(f"{where}: contains no rule")
        for table in tables_of_file:
            _check(table, scanner, where)
            rule = table["id"]
            if _FORMER in table:
                raise RulebookError(
                    f"{where}: {rule}: former ids belong in {renames.FILE}"
                )
            if rule in file_of_rule:
                raise RulebookError(
                    f"{where}: rule {rule} is also in {file_of_rule[rule]}"
                )
            file_of_rule[rule] = where
            tables.append(table)
    return tables


def _is_shared_table(root: Path, file: Path) -> bool:
    """Whether a file is a shared table: ``<scanner>/tables/<language>/<name>.yaml``."""
    return file.relative_to(root).parts[1] == taint_tables.FOLDER


def _shared_tables(
    root: Path, files: Iterable[Path]
) -> dict[str, taint_tables.TaintTables]:
    """Return the shared tables by language; the folder's name is the language."""
    languages: dict[str, list[dict[str, Any]]] = {}
    where = ""
    try:
        for file in files:
            where = file.relative_to(root.parent).as_posix()
            table = _read_yaml(file)
            language = file.parent.name
            # Each by itself first, so that an error names the invalid file.
            taint_tables.TaintTables(language, [table])
            languages.setdefault(language, []).append(table)
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError(f"{where}: {' '.join(str(error).split())}") from error
    return {
        language: taint_tables.TaintTables(language, tables)
        for language, tables in languages.items()
    }


def _read(
    file: Path, where: str, shared: Mapping[str, taint_tables.TaintTables]
) -> list[dict[str, Any]]:
    try:
        if file.suffix == ".yaml":
            return _read_semgrep(file, shared)
        import tomllib

        document = tomllib.loads(file.read_text("utf-8"))
        for key in document.keys() - {"defaults", "rule"}:
            raise ValueError(f"unknown table {key}; write rules as [[rule]]")
        defaults = _table(document.get("defaults", {}), "[defaults]")
        rules = _list_of_tables(document.get("rule", []), "[[rule]]")
        return [{**defaults, **rule, "file": where} for rule in rules]
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError(f"{where}: {' '.join(str(error).split())}") from error


def _list_of_tables(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{what} must be a list of tables")
    return value


def _table(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a table")  # noqa: TRY004 - one error type for an invalid file
    return value


def _read_yaml(file: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe loader, the C one
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return _table(document, "the top level of the file")


def _read_semgrep(
    file: Path, shared: Mapping[str, taint_tables.TaintTables]
) -> list[dict[str, Any]]:
    language = file.parent.name
    taint = shared.get(language) or taint_tables.TaintTables(language, ())
    tables = []
    for rule in _list_of_tables(_read_yaml(file).get("rules", []), "rules"):
        metadata = _table(rule.get("metadata", {}), "metadata")
        table = {
            key: value
            for key, value in metadata.items()
            if key in _FIELDS or key in _CODE_FIELDS
        }
        engine = {
            key: value
            for key, value in rule.items()
            if key not in {"metadata", "message"}
        }
        table["engine"] = taint.fill(engine)
        table["id"] = f"code/{rule.get('id', '')}"
        tables.append(table)
    return tables


def _check(table: Mapping[str, Any], scanner: str, where: str) -> None:
    """Check the common fields of a rule; raises RulebookError."""
    missing = [name for name in _REQUIRED if not table.get(name)]
    rule = table.get("id") or "a rule without an id"
    if missing:
        raise RulebookError(f"{where}: {rule} lacks {', '.join(missing)}")
    for key in _REQUIRED:
        if not isinstance(table[key], str):
            raise RulebookError(f"{where}: {rule!a}: {key} must be a string")
    if not rule.startswith(f"{scanner}/"):
        raise RulebookError(f"{where}: {rule!a} must begin with {scanner}/")
    if not _ID.fullmatch(rule):
        raise RulebookError(f"{where}: {rule!a} is not of the form scanner/kebab-name")
    for key in ("cwe", "references"):
        if not _is_list_of_strings(table.get(key, [])):
            raise RulebookError(f"{where}: {rule}: {key} must be a list of strings")
    for key, allowed in _ALLOWED:
        value = table.get(key)
        if value is not None and value not in allowed:
            raise RulebookError(
                f"{where}: {rule}: {key} is {value!r}, not one of {', '.join(allowed)}"
            )

    since = table.get("since", "")
    if since and not (isinstance(since, str) and _RELEASE.fullmatch(since)):
        raise RulebookError(
            f'{where}: {rule}: since must be a release such as "0.2", not {since!r}'
        )


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _rule(table: Mapping[str, Any]) -> Rule:
    level = table.get("level")
    data = {key: value for key, value in table.items() if key not in _NOT_DATA}
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
        former_ids=tuple(table[_FORMER]),
        since=table.get("since", ""),
        data=data,
    )
