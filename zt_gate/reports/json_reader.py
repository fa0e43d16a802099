"""Reads the JSON report of a shard; anything else is refused with one line."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, get_args

from zt_gate.model.change import SourceKind
from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    LocationKind,
    Severity,
)
from zt_gate.model.profile import Profile
from zt_gate.model.report import (
    SCHEMA_VERSION,
    JudgedFinding,
    NotInspected,
    Origin,
    PolicyInfo,
    Problem,
    Report,
    RunStatus,
    ScannerRun,
    ShardPart,
    SkipKind,
    State,
    ToolInfo,
    Verdict,
)
from zt_gate.reports.base import ReportError

if TYPE_CHECKING:
    from enum import StrEnum

#: The largest report that is read, in bytes.
MAX_SIZE = 512 << 20
#: The largest number: lines, columns and counts are far below it.
_MAX_NUMBER = 2**53
_E = TypeVar("_E", bound="StrEnum")


class InvalidReportError(ReportError):
    """The text is not the report of a shard; exit code 2."""

    exit_code = 2


def load(data: bytes) -> Report:
    """Return the report; raises InvalidReportError."""
    if len(data) > MAX_SIZE:
        _refuse(f"is larger than {MAX_SIZE:,} bytes")
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_table,
            parse_constant=_refuse_constant,
        )
    except InvalidReportError:
        raise
    except RecursionError:
        _refuse("is nested too deeply")
    except ValueError:
        _refuse("is not JSON in UTF-8")
    reader = _Table(document, "the report")
    version = reader.get("schema_version")
    if version != SCHEMA_VERSION:
        shown = version if isinstance(version, str) and len(version) < 40 else "none"
        _refuse(f"has the schema version {shown!a}, not {SCHEMA_VERSION}")
    if "part" not in reader.values:
        _refuse("is not the report of a shard; make it with scan --shard I/N")
    try:
        return _report(reader)
    except ValueError as error:
        _refuse(f"is not a report: {error}")


def _refuse(reason: str) -> NoReturn:
    raise InvalidReportError(reason)


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"has the number {name}, which JSON does not have")


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        doubled = next(key for key in keys if keys.count(key) > 1)
        _refuse(f"has the key {doubled[:40]!a} twice")
    return table


class _Table:
    """Typed access to the fields of a table; ``name`` is for messages."""

    def __init__(self, values: object, name: str) -> None:
        if not isinstance(values, dict):
            _refuse(f"is not a report: {name} is no object")
        self.values: dict[str, Any] = values
        self._name = name

    def get(self, key: str) -> Any:
        if key not in self.values:
            _refuse(f"is not a report: {self._name} has no field {key}")
        return self.values[key]

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str):
            self._wrong(key)
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.get(key) is None else self.text(key)

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            self._wrong(key)
        return value

    def number(self, key: str, least: int = 0) -> int:
        value = self.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key)
        if not least <= value <= _MAX_NUMBER:
            self._wrong(key)
        return value

    def optional_number(self, key: str) -> int | None:
        return None if self.get(key) is None else self.number(key, 1)

    def seconds(self, key: str) -> float:
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key)
        if not 0 <= value <= _MAX_NUMBER or not isfinite(value):
            self._wrong(key)
        return float(value)

    def choice(self, key: str, kind: object) -> str:
        value = self.text(key)
        if value not in get_args(kind):
            self._wrong(key)
        return value

    def enum(self, key: str, kind: type[_E]) -> _E:
        try:
            return kind(self.text(key))
        except ValueError:
            self._wrong(key)

    def optional_enum(self, key: str, kind: type[_E]) -> _E | None:
        return None if self.get(key) is None else self.enum(key, kind)

    def path(self, key: str) -> bytes | None:
        text = self.optional_text(key)
        try:
            return None if text is None else text.encode("latin-1")
        except UnicodeEncodeError:
            self._wrong(key)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            self._wrong(key)
        return tuple(values)

    def table(self, key: str) -> _Table:
        return _Table(self.get(key), key)

    def tables(self, key: str) -> list[_Table]:
        return [_Table(value, f"an item of {key}") for value in self._list(key)]

    def _list(self, key: str) -> list[Any]:
        value = self.get(key)
        if not isinstance(value, list):
            self._wrong(key)
        return value

    def _wrong(self, key: str) -> NoReturn:
        _refuse(f"is not a report: the field {key} of {self._name} is not valid")


def _report(reader: _Table) -> Report:
    tool, source, policy, origin, shard, part = map(
        reader.table, ("tool", "source", "policy", "origin", "shard", "part")
    )
    return Report(
        tool=ToolInfo(
            tool.text("name"), tool.text("version"), tool.text("rules_digest")
        ),
        kind=cast("SourceKind", source.choice("kind", SourceKind)),
        base=source.text("base"),
        head=source.text("head"),
        change_digest=reader.text("change_digest"),
        policy=PolicyInfo(
            policy.text("rev"),
            policy.text("digest"),
            policy.enum("profile", Profile),
            policy.text("task"),
        ),
        origin=Origin(origin.flag("ai"), origin.texts("evidence")),
        verdict=reader.enum("verdict", Verdict),
        complete=reader.flag("complete"),
        seconds=reader.seconds("seconds"),
        findings=tuple(map(_judged, part.tables("findings"))),
        runs=tuple(map(_run, part.tables("runs"))),
        shard=(shard.number("index", 1), shard.number("of", 1)),
        files=part.number("files"),
        errors=reader.texts("errors"),
        nothing=source.text("nothing_to_judge"),
        part=ShardPart(
            part.text("options"),
            part.text("split"),
            tuple(map(_problem, part.tables("problems"))),
        ),
    )


def _judged(table: _Table) -> JudgedFinding:
    place = table.table("location")
    evidence = None
    if table.get("evidence") is not None:
        marked = table.table("evidence")
        evidence = Evidence(
            marked.text("text"), marked.number("start"), marked.number("end")
        )
    finding = Finding(
        rule=table.text("rule"),
        location=Location(
            cast("LocationKind", place.choice("kind", LocationKind)),
            place.path("path"),
            place.optional_number("line"),
            place.optional_number("column"),
            place.optional_number("end_line"),
            place.optional_number("end_column"),
            place.optional_text("commit"),
        ),
        message=table.text("message"),
        severity=table.enum("severity", Severity),
        confidence=table.enum("confidence", Confidence),
        level=table.optional_enum("own_level", Level),
        why=table.text("why"),
        remedy=table.text("remedy"),
        cwe=table.texts("cwe"),
        references=table.texts("references"),
        evidence=evidence,
        fix=table.optional_text("fix"),
        preexisting=table.flag("preexisting"),
        title=table.text("title"),
        former_rules=table.texts("former_rules"),
        since=table.text("since"),
    )
    return JudgedFinding(
        finding=finding,
        level=table.enum("level", Level),
        final_level=table.optional_enum("final_level", Level),
        fingerprint=table.text("fingerprint"),
        state=cast("State", table.choice("state", State)),
        state_reason=table.text("state_reason"),
        state_expires=table.text("state_expires"),
        state_by=table.text("state_by"),
        state_since=table.text("state_since"),
    )


def _run(table: _Table) -> ScannerRun:
    return ScannerRun(
        scanner=table.text("scanner"),
        status=cast("RunStatus", table.choice("status", RunStatus)),
        reason=table.text("reason"),
        seconds=table.seconds("seconds"),
        files=table.number("files"),
        lines=table.number("lines"),
        not_inspected=tuple(map(_item, table.tables("not_inspected"))),
    )


def _item(table: _Table) -> NotInspected:
    return NotInspected(
        table.path("path"),
        cast("SkipKind", table.choice("kind", SkipKind)),
        table.text("reason"),
        table.text("cause"),
        has_rule_words=table.flag("has_rule_words"),
        is_new=table.flag("is_new"),
    )


def _problem(table: _Table) -> Problem:
    return Problem(
        table.number("group"),
        table.text("scanner"),
        table.text("verb"),
        table.text("text"),
        tuple(map(_item, table.tables("items"))),
    )
