"""The rules: read from ``rules/``, checked, and kept compiled in the cache.

A rule file is TOML with one or more ``[[rule]]`` tables (and a ``[defaults]``
table that they share), or, below ``rules/code/``, a semgrep rule file in YAML
whose ``metadata`` carries the same fields and whose taint rules name the kinds
of the tables (``taint_tables.py``).  What the scanners need besides the common
fields stays in ``Rule.data``; examples are for the tests and are left out of
the compiled catalogue.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.model.finding import Confidence, Level, Severity
from zt_gate.model.rule import Rule
from zt_gate.rulebook import renames, taint_tables
from zt_gate.rulebook.errors import RulebookError
from zt_gate.system.cache import sha256, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FIELDS = frozenset(
    (
        "id",
        "title",
        "why",
        "remedy",
        "severity",
        "confidence",
        "level",
        "cwe",
        "references",
    )
)
#: What ``renames.toml`` adds to a rule; no rule file says it.
_FORMER = "former_ids"
_REQUIRED = ("id", "title", "why", "remedy", "severity", "confidence")
_ALLOWED = tuple(
    (key, tuple(member.value for member in kind))
    for key, kind in (
        ("severity", Severity),
        ("confidence", Confidence),
        ("level", Level),
    )
)
_ID = re.compile(r"[a-z][a-z0-9_]*/[a-z0-9]+(?:-[a-z0-9]+)*")


def rules_folder() -> Path:
    """Return where the rules are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def load(
    scanner: str, *, cache: Path | None = None, folder: Path | None = None
) -> dict[str, Rule]:
    """Return the rules of one scanner by id, without their examples.

    Raises RulebookError if a rule file is wrong or there is none.
    """
    root = folder or rules_folder()
    files = _files(root, scanner)
    if not files:
        raise RulebookError(
            f"no rules for {scanner} below {root}: the installation is incomplete"
        )
    stamp = _stamp([*files, *_renames_file(root)]) if cache else ""
    compiled = cache / f"rules-{scanner}-{stamp}.json" if cache else None
    tables = _cached(compiled, scanner)
    if tables is None:
        tables = [
            {key: value for key, value in table.items() if key != "examples"}
            for table in _with_former_ids(root, _tables(root, files, scanner), scanner)
        ]
        if compiled is not None:
            _keep(compiled, tables)
    return {table["id"]: _rule(table) for table in tables}


def load_with_examples(scanner: str, *, folder: Path | None = None) -> dict[str, Rule]:
    """Return the rules of one scanner with ``data["examples"]``, for tests and documentation."""
    root = folder or rules_folder()
    tables = _tables(root, _files(root, scanner), scanner)
    return {
        table["id"]: _rule(table) for table in _with_former_ids(root, tables, scanner)
    }


def find(rule: str, *, cache: Path | None = None) -> Rule | None:
    """Return a rule by its id, or by one that it had before; None where there is none.

    Raises RulebookError where the rules of its scanner are wrong.
    """
    scanner = rule.partition("/")[0]
    if scanner not in scanners_with_rules():
        return None
    rules = load(scanner, cache=cache)
    if rule in rules:
        return rules[rule]
    return next((known for known in rules.values() if rule in known.former_ids), None)


def scanners_with_rules(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the folders below ``rules/`` that hold rules; raises RulebookError."""
    root = folder or rules_folder()
    try:
        names = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    except OSError as error:
        raise RulebookError(
            f"no rules in {root}: the installation is incomplete"
        ) from error
    return tuple(name for name in names if _files(root, name))


def digest(*, cache: Path | None = None, folder: Path | None = None) -> str:
    """Return a digest over the content of all rule files and of the table of paths."""
    root = folder or rules_folder()
    files = [file for name in scanners_with_rules(root) for file in _files(root, name)]
    files += _renames_file(root)
    table_of_paths = root / "paths.toml"
    if table_of_paths.is_file():
        files.append(table_of_paths)
    kept = cache / f"rules-digest-{_stamp(files)}" if cache else None
    if kept is not None:
        with suppress(OSError, UnicodeError):
            known = kept.read_text("ascii")
            if re.fullmatch(r"[0-9a-f]{64}", known):
                return known
    rows = (
        f"{file.relative_to(root).as_posix()} {sha256(file.read_bytes())}\n"
        for file in files
    )
    total = sha256("".join(rows).encode())
    if kept is not None:
        with suppress(OSError):
            write_atomically(kept, total.encode())
    return total


def _renames_file(root: Path) -> list[Path]:
    """Return the table of renames, as a list that is empty where there is none."""
    file = root / renames.FILE
    return [file] if file.exists() else []


def _with_former_ids(
    root: Path, tables: list[dict[str, Any]], scanner: str
) -> list[dict[str, Any]]:
    """Return the tables of one scanner's rules with the ids that each rule had before."""
    table_of_renames = renames.read(root)
    table_of_renames.check(scanner, {table["id"] for table in tables})
    return [
        {**table, _FORMER: list(table_of_renames.former(table["id"]))}
        for table in tables
    ]


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
    stamp = [__version__]
    for file in files:
        info = file.stat()
        stamp.append(f"{file}\0{info.st_size}\0{info.st_mtime_ns}\n")
    return sha256("".join(stamp).encode("utf-8", "surrogateescape"))[:24]


def _keep(compiled: Path, tables: list[dict[str, Any]]) -> None:
    """Write the compiled rules below a line with their hash; what fails costs only time."""
    with suppress(OSError, TypeError):  # TypeError: a TOML date, which JSON has not
        data = json.dumps(tables).encode()
        write_atomically(compiled, sha256(data).encode() + b"\n" + data)


def _cached(compiled: Path | None, scanner: str) -> list[dict[str, Any]] | None:
    """Return the compiled rules; None, and they are read anew, where anything is odd.

    Half a file, or rules that are fewer or other ones, would be a gate that
    sees less than it says.
    """
    if compiled is None:
        return None
    try:
        known, _, data = compiled.read_bytes().partition(b"\n")
        if sha256(data).encode() != known:
            return None
        tables: list[dict[str, Any]] = json.loads(data)
        for table in tables:
            _check(table, scanner, compiled.name)
            if not all(isinstance(former, str) for former in table[_FORMER]):
                return None
    except (
        OSError,
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
    tables: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    files = list(files)
    shared = _shared(root, [file for file in files if _is_table(root, file)])
    for file in files:
        if _is_table(root, file):
            continue
        where = file.relative_to(root.parent).as_posix()
        read = _read(file, where, shared)
        if not read:
            raise RulebookError(f"{where}: holds no rule")
        for table in read:
            _check(table, scanner, where)
            if _FORMER in table:
                raise RulebookError(
                    f"{where}: {table['id']}: former ids stand in {renames.FILE}"
                )
            if table["id"] in seen:
                raise RulebookError(
                    f"{where}: rule {table['id']} is also in {seen[table['id']]}"
                )
            seen[table["id"]] = where
            tables.append(table)
    return tables


def _is_table(root: Path, file: Path) -> bool:
    """Whether a file is a table that rules share, ``<scanner>/tables/<language>/<name>.yaml``."""
    return file.relative_to(root).parts[1] == taint_tables.FOLDER


def _shared(root: Path, files: Iterable[Path]) -> dict[str, taint_tables.TaintTables]:
    """Return the shared tables by language, which is the name of their folder."""
    languages: dict[str, list[dict[str, Any]]] = {}
    where = ""
    try:
        for file in files:
            where = file.relative_to(root.parent).as_posix()
            table = _read_yaml(file)
            taint_tables.TaintTables(
                file.parent.name, [table]
            )  # says which file is wrong
            languages.setdefault(file.parent.name, []).append(table)
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError(f"{where}: {' '.join(str(error).split())}") from error
    joined: dict[str, taint_tables.TaintTables] = {}
    for name, tables in languages.items():
        joined[name] = taint_tables.TaintTables(name, tables)
    return joined


def _read(
    file: Path, where: str, shared: Mapping[str, taint_tables.TaintTables]
) -> list[dict[str, Any]]:
    try:
        if file.suffix == ".yaml":
            return _read_semgrep(file, shared)
        import tomllib

        document = tomllib.loads(file.read_text("utf-8"))
        for key in document.keys() - {"defaults", "rule"}:
            raise ValueError(f"there is no table {key}; rules stand in [[rule]]")
        defaults = document.get("defaults", {})
        rules = _list_of_tables(document.get("rule", []), "[[rule]]")
        return [{**_list_of_tables([defaults], "[defaults]")[0], **rule, "file": where}
                for rule in rules]  # fmt: skip
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError(f"{where}: {' '.join(str(error).split())}") from error


def _list_of_tables(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{what} is not made of tables")
    return value


def _read_yaml(file: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe loader, the C one
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict):
        raise ValueError("there is no list called rules, and no table")  # noqa: TRY004 - one kind of error for a wrong file
    return document


def _read_semgrep(
    file: Path, shared: Mapping[str, taint_tables.TaintTables]
) -> list[dict[str, Any]]:
    document = _read_yaml(file)
    here = shared.get(file.parent.name) or taint_tables.TaintTables(
        file.parent.name, ()
    )
    tables = []
    for raw in _list_of_tables(document.get("rules", []), "rules"):
        metadata = _list_of_tables([raw.get("metadata", {})], "metadata")[0]
        common = {key: metadata[key] for key in _FIELDS if key in metadata}
        other: dict[str, Any] = {
            key: metadata[key] for key in ("owasp", "family", "fix") if key in metadata
        }
        engine = {
            key: value
            for key, value in raw.items()
            if key not in {"metadata", "message"}
        }
        table = {**common, **other, "engine": here.fill(engine)}
        table["id"] = f"code/{raw.get('id', '')}"
        tables.append(table)
    return tables


def _check(table: Mapping[str, Any], scanner: str, where: str) -> None:
    missing = [name for name in _REQUIRED if not table.get(name)]
    name = table.get("id") or "a rule without an id"
    if missing:
        raise RulebookError(f"{where}: {name} lacks {', '.join(missing)}")
    for key in _REQUIRED:
        if not isinstance(table[key], str):
            raise RulebookError(f"{where}: {name!a}: {key} is no text")
    if not name.startswith(f"{scanner}/"):
        raise RulebookError(f"{where}: {name!a} must begin with {scanner}/")
    if not _ID.fullmatch(name):
        raise RulebookError(f"{where}: {name!a} is not written scanner/kebab-name")
    for key in ("cwe", "references"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(item, str) for item in value
        ):
            raise RulebookError(f"{where}: {name}: {key} is no list of texts")
    for key, allowed in _ALLOWED:
        value = table.get(key)
        if value is not None and value not in allowed:
            raise RulebookError(
                f"{where}: {name}: {key} is {value!r}, not one of {', '.join(allowed)}"
            )


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
        former_ids=tuple(table[_FORMER]),
        data={
            key: value for key, value in table.items() if key not in {*_FIELDS, _FORMER}
        },
    )
