"""What one event of the log did, as far as anomalies are concerned.

It is read from a log entry, so the same code judges a running session, the log of one
that is over, and the broker's.  Commands are only looked at word by word: what a command
means was judged before, and its concerns are in the entry.
"""

from __future__ import annotations

from zt_gate.record import record
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

_RISKY = frozenset(("RunCommand", "TypeInput", "WriteFile", "FetchAddress"))
_REMOVING = frozenset(("rm", "unlink", "shred", "srm", "trash"))
_ENDS = frozenset((";", "&&", "||", "|", "&"))
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1", "0.0.0.0", "[::1]"))  # noqa: S104
_MOST_WORDS = 400
#: Removals that one ``find -delete`` or ``git clean`` counts as: their number is unknown.
_SWEEP = 10


@record
class Deeds:
    """What one event did: digests of paths and effects, hosts, and numbers.

    ``acts`` is false for events after a call, and for those that only read.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    deletions: int = 0
    encrypts: int = 0
    hosts: tuple[str, ...] = ()
    sends: int = 0
    secrets: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    sensitive: int = 0
    attacks: int = 0
    is_denied: bool = False
    is_untrusted: bool = False
    acts: bool = False
    grave: tuple[str, ...] = ()


def deeds_of(entry: Mapping[str, Any], tables: Mapping[str, Any]) -> Deeds:
    """Return what the event of a log entry did; ``tables`` is ``rules/guard/anomalies.json``."""
    found: dict[str, list[Any]] = {"reads": [], "writes": [], "hosts": [], "paths": []}
    numbers = {"deletions": 0, "encrypts": 0, "sends": 0}
    for action in rows_of(entry, "actions"):
        _add_action(action, tables, found, numbers)
    places = _places(found["paths"], str(entry.get("root", "")), tables)
    concerns = rows_of(entry, "concerns")
    sends = numbers["sends"] or _count(concerns, tables["sending_controls"])
    return Deeds(
        reads=tuple(found["reads"]),
        writes=tuple(found["writes"]),
        deletions=numbers["deletions"],
        encrypts=numbers["encrypts"],
        hosts=tuple(dict.fromkeys(found["hosts"])),
        sends=1 if sends else 0,
        secrets=tuple(_effects(concerns, tables["secret_controls"])),
        outside=(*places, *_effects(concerns, tables["outside_controls"])),
        sensitive=_count(concerns, tables["sensitive_controls"]),
        attacks=sum(1 for item in concerns if item.get("attack")),
        is_denied=entry.get("answer") == "deny",
        is_untrusted=bool(_count(concerns, tables["untrusted_controls"])),
        acts=is_risky(entry),
        # One event is one thing, however many controls it meets.
        grave=tuple(_grave(concerns, tables["grave_controls"]))[:1],
    )


def is_risky(entry: Mapping[str, Any]) -> bool:
    """Whether an event could change or send something."""
    for action in rows_of(entry, "actions"):
        kind = str(action.get("kind"))
        if kind in _RISKY or (kind == "UnknownEvent" and action.get("acts")):
            return True
        if kind == "CallTool" and str(action.get("name", "")).startswith("mcp__"):
            return True
    return False


def rows_of(entry: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return a list of tables in an entry; what is none is left out.

    A program of the user can send the broker an entry of any shape.
    """
    rows = entry.get(key)
    return (
        [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    )


def _add_action(
    action: Mapping[str, Any],
    tables: Mapping[str, Any],
    found: dict[str, list[Any]],
    numbers: dict[str, int],
) -> None:
    kind = str(action.get("kind"))
    path = str(action.get("path", ""))
    found["paths"] += [path] if path else []
    if kind == "ReadFile":
        found["reads"].append(_digest(path))
    elif kind == "WriteFile" and action.get("removes"):
        numbers["deletions"] += 1
    elif kind == "WriteFile":
        found["writes"].append(_digest(path))
        numbers["encrypts"] += path.endswith(tuple(tables["encrypted_names"]))
    elif kind == "FetchAddress":
        found["hosts"] += hosts_in(str(action.get("url", "")))
    elif kind in {"RunCommand", "TypeInput"}:
        text = str(action.get("text", ""))
        found["hosts"] += [*hosts_in(text), *_looked_up(text, tables)]
        found["paths"] += _paths(text)
        numbers["deletions"] += _removals(text)
        numbers["encrypts"] += _encrypts(text, tables)
        numbers["sends"] += _sends(text, tables)


def _words(text: str) -> list[str]:
    for mark in ("&&", "||", ";", "|", "\n"):
        if mark in text:
            text = text.replace(mark, f" {'&&' if mark == chr(10) else mark} ")
    return text.split()[:_MOST_WORDS]


def _removals(text: str) -> int:
    """Return how many files a command names to be removed; a sweep counts as some."""
    if "rm" not in text and "delete" not in text and "clean" not in text:
        removing = any(
            name in text for name in ("unlink", "shred", "truncate", "trash")
        )
        if not removing:
            return 0
    number = 0
    is_removing = False
    before = ""
    for word in _words(text):
        if word in _ENDS:
            is_removing = False
        elif before == "truncate" or (before == "-exec" and word in _REMOVING):
            number += _SWEEP
        elif is_removing:
            number += not word.startswith("-")
        elif word in _REMOVING or (before == "git" and word == "rm"):
            is_removing = True
        elif word == "-delete" or (before == "git" and word == "clean"):
            number += _SWEEP
        before = word
    return number


def _encrypts(text: str, tables: Mapping[str, Any]) -> int:
    if any(words in text for words in tables["encrypting"]):
        return 1
    names = tuple(tables["encrypted_names"])
    return int(
        any(name in text for name in names)
        and any(word.strip("\"'").endswith(names) for word in _words(text))
        and any(word in text for word in ("mv ", "cp ", ">"))
    )


def _sends(text: str, tables: Mapping[str, Any]) -> int:
    """Whether a command sends data to another host, as far as its words tell."""
    words = _words(text)
    if not any(host not in _LOOPBACK for host in hosts_in(text)):
        remote = any(word in tables["always_sending"] for word in words[:1])
        return int(remote and not any(host in text for host in _LOOPBACK))
    programs = {word.rpartition("/")[2] for word in words}
    if programs.isdisjoint(tables["sending"]):
        return 0
    options = {word.partition("=")[0] for word in words}
    if not options.isdisjoint(tables["sending_options"]):
        return 1
    return int(not programs.isdisjoint(tables["always_sending"]))


def _paths(text: str) -> Iterator[str]:
    """Yield the words of a command that look like absolute paths."""
    if "/" not in text:
        return
    for word in _words(text):
        path = word.strip("<>\"'@=")
        if path.startswith(("/", "~/")):
            yield path


def _places(
    paths: Iterable[str], root: str, tables: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what names the folders outside a project that no program needs.

    The first levels of a folder name it: files of one other project are one place.
    """
    personal = tuple(tables["personal_places"])
    inside = root.rstrip("/") + "/"
    for path in paths:
        if not path.startswith(personal) or path == root or path.startswith(inside):
            continue
        if any(place in path for place in tables["ordinary_places"]):
            continue
        yield _digest("/".join(path.rpartition("/")[0].split("/")[:4]))


def hosts_in(text: str) -> Iterator[str]:
    """Yield the hosts of the addresses in a text, but not those of this machine."""
    at = text.find("://")
    while at >= 0:
        rest = text[at + 3 : at + 300]
        end = len(rest)
        for mark in "/?#\"' \t\n)>|;&":
            place = rest.find(mark)
            if 0 <= place < end:
                end = place
        host = rest[:end].rpartition("@")[2]
        if not host.startswith("["):
            host = host.partition(":")[0]
        if host and host.lower() not in _LOOPBACK:
            yield host.lower()[:100]
        at = text.find("://", at + 3)


def _looked_up(text: str, tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that a command asks the network about: a name can carry data out."""
    programs = tables["lookup_programs"]
    if not any(name in text for name in programs):
        return
    is_lookup, is_first = False, True
    for word in _words(text):
        if word in _ENDS:
            is_lookup, is_first = False, True
        elif is_first:
            is_lookup, is_first = word.rpartition("/")[2] in programs, False
        elif is_lookup and "." in word and word[0] not in "-+@/":
            yield word.strip("\"'").lower()[:100]


def _count(concerns: Iterable[Mapping[str, Any]], starts: Iterable[str]) -> int:
    beginnings = tuple(starts)
    return sum(
        1 for item in concerns if str(item.get("control")).startswith(beginnings)
    )


def _effects(
    concerns: Iterable[Mapping[str, Any]], starts: Iterable[str]
) -> Iterator[str]:
    beginnings = tuple(starts)
    for item in concerns:
        control = str(item.get("control"))
        if control.startswith(beginnings):
            yield _digest(str(item.get("effect")) or control)


def _grave(
    concerns: Iterable[Mapping[str, Any]], starts: Iterable[str]
) -> Iterator[str]:
    """Yield digests of what was stopped, by controls that honest work seldom meets.

    What the policy only observes or warns about is ordinary there.
    """
    beginnings = tuple(starts)
    for item in concerns:
        control = str(item.get("control"))
        is_stopped = item.get("answer") in {"ask", "deny"}
        is_enforced = item.get("mode", "enforce") == "enforce"
        if is_stopped and is_enforced and control.startswith(beginnings):
            yield _digest(f"{control} {item.get('effect')}")


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass"))[:10]
