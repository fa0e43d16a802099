"""What counts as brought by the change although its fingerprint is an old one."""

from __future__ import annotations

import pytest

from tests.support.changes import change_of, file_change
from zt_gate.model.change import ChangeSet
from zt_gate.model.finding import Confidence, Finding, Location, Severity
from zt_gate.policy.preexisting_lines import PreexistingLines
from zt_gate.scanners import registered

OLD = b"[dependencies.foo]\ngit = 'https://one.example/foo'\n"
NEW = OLD.replace(b"one", b"two")


def finding(rule: str, location: Location) -> Finding:
    return Finding(rule, location, "a message", Severity.HIGH, Confidence.HIGH)


def known(new: dict[str, bytes], old: dict[str, bytes]) -> PreexistingLines:
    return PreexistingLines(
        change_of(new, old), lambda path: old.get(path.decode()), registered()
    )


@pytest.mark.parametrize(
    ("rule", "kind", "line", "expected"),
    [
        # The entry's own line stays, and another one below it says where the package is.
        ("dependencies/outside-registry", "file", 1, True),
        ("dependencies/outside-registry", "line", 1, True),
        # Told of what the change leaves alone, too.
        ("dependencies/vulnerable", "file", 1, False),
        # Told on an old line where the change made it possible.
        ("code/python-command-injection-argument", "file", 1, True),
        ("code/python-command-injection-argument", "line", 1, False),
        ("code/python-command-injection-argument", "line", 2, True),
        # Said of the file as a whole, which was there.
        ("agent_config/agent-folder-link", "file", None, False),
    ],
)
def test_what_a_scanner_tells_only_of_a_change_is_new(
    rule: str, kind: str, line: int | None, *, expected: bool
) -> None:
    side = known({"a": NEW}, {"a": OLD})
    assert side.is_new(finding(rule, Location(kind, b"a", line))) is expected  # type: ignore[arg-type]


def test_a_file_that_the_trusted_side_has_no_more_is_new() -> None:
    """The baseline still knows the name of a key store that was taken away."""
    side = known({"a": NEW}, {})
    assert side.is_new(finding("secrets/key-store-file", Location("file", b"a")))


def test_a_mark_in_a_copied_file_is_not_trusted() -> None:
    """A patch can say that a file is a copy: its lines stand there once more."""
    marked = b"key = 'a value'  # gitleaks:allow\n"
    copy = file_change("b", marked, marked, status="C", old_path=b"a")
    change = ChangeSet("patch", "0" * 40, "patch", "0" * 64, (copy,))
    side = PreexistingLines(change, {b"a": marked}.get, registered())
    (mark,) = side.matching_ignores(
        finding("secrets/keyword-assignment", Location("line", b"b", 1))
    )
    assert mark.line is None
