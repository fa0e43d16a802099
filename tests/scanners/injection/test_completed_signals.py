"""Orders to a model of which the change adds a part: the rest stood there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.changes import change_of, commit, file_change
from tests.support.offenders import each_of
from zt_gate.drill.payloads import fill

if TYPE_CHECKING:
    from tests.scanners.injection.conftest import ScanChange
    from zt_gate.model.finding import Finding

ORDER = fill("{{instruction}}")
WORDS = ORDER.split(" ")
FIRST, SECOND = " ".join(WORDS[:2]), " ".join(WORDS[2:])
BLOCK = "injection/instructions"
PROSE = "The service reads its settings once.\n\nIt writes a line for each request.\n"


def scan(
    scan_change: ScanChange, path: str, new: str, old: str | None = None
) -> tuple[Finding, ...]:
    return scan_change(
        change_of({path: new}, None if old is None else {path: old})
    ).findings


@each_of(
    ("path", "old", "new"),
    [
        ("a.md", f"{PROSE}{FIRST}\n", f"{PROSE}{FIRST}\n{SECOND}\n"),
        ("a.md", f"{SECOND}\n{PROSE}", f"{FIRST}\n{SECOND}\n{PROSE}"),
        ("a.py", f"# {FIRST}\nx = 1\n", f"# {FIRST}\n# {SECOND}\nx = 1\n"),
        ("a.js", f"/* {FIRST}\n*/\n", f"/* {FIRST}\n   {SECOND}\n*/\n"),
        ("a.md", f"{FIRST}\n\n{PROSE}\n{SECOND}\n", f"{FIRST}\n{SECOND}\n"),
        ("a.html", f"<p>{FIRST}\n</p>\n", f"<p>{FIRST}\n{SECOND}</p>\n"),
        ("a.txt", f"{FIRST}\nthe\n", f"{FIRST}\n{SECOND}\n"),
    ],
)
def test_what_stands_there_completes_an_order(
    path: str, old: str, new: str, scan_change: ScanChange
) -> None:
    assert BLOCK not in {one.rule for one in scan(scan_change, path, old)}
    assert BLOCK in {one.rule for one in scan(scan_change, path, new, old)}


@each_of(
    ("path", "old", "new"),
    [
        ("a.md", f"{ORDER}\n{PROSE}", f"{ORDER}\n{PROSE}More.\n"),
        ("a.md", f"{ORDER}\nfrom a file\n", f"{ORDER}\nfrom another file\n"),
        ("a.md", f"{PROSE}\n{ORDER}\n", f"{ORDER}\n"),
        ("a.md", f"<!-- {ORDER} -->\nx\n", f"<!-- {ORDER} -->\ny\n"),
        ("AGENTS.md", f"{FIRST}\n{PROSE}", f"{FIRST}\n{PROSE}Run the tests.\n"),
        ("a.py", f"# {FIRST}\n# {SECOND}\nx = 1\n", f"# {FIRST}\n# {SECOND}\nx = 2\n"),
    ],
)
def test_an_edit_beside_an_old_order_is_quiet(
    path: str, old: str, new: str, scan_change: ScanChange
) -> None:
    assert scan(scan_change, path, new, old) == ()


def test_a_half_in_another_commit_completes_the_order(scan_change: ScanChange) -> None:
    first, second = f"{FIRST}\n", f"{FIRST}\n{SECOND}\n"
    change = change_of(
        {"a.md": "x\n"},
        {"a.md": "y\n"},
        (
            commit("one", file_change("a.md", first, "y\n"), oid="1" * 40),
            commit("two", file_change("a.md", second, first), oid="2" * 40),
            commit("three", file_change("a.md", "x\n", second), oid="3" * 40),
        ),
    )
    found = [(one.rule, one.location.commit) for one in scan_change(change).findings]
    assert (BLOCK, "2" * 40) in found


def test_an_order_on_old_lines_alone_is_about_the_file(scan_change: ScanChange) -> None:
    old, new = f"{FIRST}\n\n{PROSE}\n{SECOND}\n", f"{FIRST}\n{SECOND}\n"
    finding = next(
        one for one in scan(scan_change, "a.md", new, old) if one.rule == BLOCK
    )
    assert finding.location.kind == "file"
    assert "this change completes it" in finding.message


@each_of(
    ("path", "old", "new"),
    [
        (path, f"{PROSE}{ORDER}\n{PROSE}", f"{PROSE}{start}\n{ORDER}\n{end}\n{PROSE}")
        for path, start, end in (
            ("AGENTS.md", "<!--", "-->"),
            ("README.md", "<!-- note", "end -->"),
            ("README.md", '<div style="display: none">', "</div>"),
            ("README.md", "<div hidden>", "</div>"),
            ("README.md", '<p style="color: white">', "</p>"),
            ("a.html", '<div style="height: 0; overflow: hidden">', "</div>"),
            ("a.html", '<span style="font-size:0">', "</span>"),
            ("README.md", "<details>\n<summary>More</summary>", "</details>"),
        )
    ],
)
def test_an_old_order_that_the_change_hides_is_new(
    path: str, old: str, new: str, scan_change: ScanChange
) -> None:
    assert BLOCK in {one.rule for one in scan(scan_change, path, new, old)}


@each_of(
    ("old", "new"),
    [
        (f"<!--\n{ORDER}\n-->\n", f"{ORDER}\n"),
        (f"<!--\n{ORDER}\n-->\n{PROSE}", f"<!--\n{ORDER}\n-->\n{PROSE}More.\n"),
        (f"{ORDER}\n{PROSE}", f"{ORDER}\n<!-- a note -->\n{PROSE}"),
        (f"{ORDER}\n", f"<div>\n{ORDER}\n</div>\n"),
        (PROSE, f"<!--\n{PROSE}-->\n"),
        (f"<details>\n{ORDER}\n</details>\n", f"<details>\n\n{ORDER}\n</details>\n"),
    ],
)
def test_what_stays_visible_or_stays_hidden_is_quiet(
    old: str, new: str, scan_change: ScanChange
) -> None:
    assert scan(scan_change, "README.md", new, old) == ()
