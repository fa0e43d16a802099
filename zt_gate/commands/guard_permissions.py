"""``zt-gate guard permissions``: review what agents may do here, and record the review."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from zt_gate.guard.permissions.granted import GrantedEntry
    from zt_gate.guard.permissions.review import UsedTools
    from zt_gate.guard.places import GuardPlaces


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--reviewed",
        action="store_true",
        help="record that you have reviewed every entry that is listed",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(options: Namespace) -> int:
    """Print remarks about the entries; 1 if there is one, 0 if there is none.

    Raises GateError, UsageError if an agent would record a review.
    """
    from zt_gate import rulebook
    from zt_gate.guard.permissions.granted import entries_of
    from zt_gate.guard.permissions.review import review
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.repository import surroundings
    from zt_gate.scanners.agent_config import rule_index

    places = guard_places()
    home = os.environ.get("HOME") or places.home
    root = surroundings(os.getcwd()).root
    entries = list(entries_of(root, home))
    if options.reviewed:
        return _record(places, root, entries)
    rules = rule_index.load(rulebook.load("agent_config"))
    notes = list(review(entries, rules, _used(places), _reviews(places)))
    rows = [
        {
            "path": note.entry.path,
            "key": note.entry.key,
            "entry": note.entry.entry,
            "kind": note.kind,
            "text": note.text,
            "proposal": note.proposal,
        }
        for note in notes
    ]
    if options.json:
        print(json.dumps(rows, indent=1))
        return 1 if rows else 0
    _print(rows, len(entries))
    return 1 if rows else 0


def _print(rows: Sequence[dict[str, Any]], count: int) -> None:
    from zt_gate.reports.escape import visible

    path = ""
    for row in rows:
        if row["path"] != path:
            path = row["path"]
            print(visible(path))
        entry = f"{row['key']} {row['entry']}".strip()
        print(f"  {row['kind']:<13}{visible(entry)}: {visible(row['text'])}")
        if row["proposal"]:
            print(f"{'':<15}narrower: {visible(row['proposal'])}")
    print(f"{count} entries, {len(rows)} remarks")
    if any(row["kind"] == "not reviewed" for row in rows):
        print("After you have read them: zt-gate guard permissions --reviewed")


def _used(places: GuardPlaces) -> UsedTools:
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.permissions.review import used_tools

    return used_tools(history_of(places).entries())


def _reviews(places: GuardPlaces) -> dict[str, dict[str, str]]:
    from zt_gate.guard.posture import REVIEWS_FILE
    from zt_gate.guard.private_file import GuardStateError, read_private

    path = os.path.join(places.state, REVIEWS_FILE)
    data = read_private(path)
    try:
        found = json.loads(data or b"{}")
        return {str(key): dict(value) for key, value in found.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged; remove it and review again"
        ) from error


def _record(places: GuardPlaces, root: str, entries: Sequence[GrantedEntry]) -> int:
    """Record who reviewed the entries today."""
    import pwd

    from zt_gate.guard.permissions.review import key_of
    from zt_gate.guard.posture import REVIEWS_FILE, project_key
    from zt_gate.guard.private_file import write_private
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent("guard permissions --reviewed", os.environ)
    who = pwd.getpwuid(os.getuid()).pw_name
    day = time.strftime("%Y-%m-%d", time.gmtime())
    reviews = _reviews(places)
    reviews[project_key(root)] = {"by": who, "date": day}
    for entry in entries:
        reviews[key_of(entry)] = {"by": who, "date": day, "entry": entry.entry[:200]}
    path = os.path.join(places.state, REVIEWS_FILE)
    write_private(path, json.dumps(reviews, indent=1).encode() + b"\n")
    print(f"recorded: {len(entries)} entries, reviewed by {who} on {day}")
    return 0
