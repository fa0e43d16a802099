"""Instructions whose letters are written as character codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.offenders import each_of
from zt_gate.drill.payloads import instruction

if TYPE_CHECKING:
    from tests.scanners.injection.conftest import Scan

ORDER = instruction()


def some(template: str) -> str:
    """Write every fourth letter as a code."""
    return "".join(
        template.format(ord(char), name=char.upper())
        if index % 4 == 0 and char.isalpha()
        else char
        for index, char in enumerate(ORDER)
    )


def joined(template: str, separator: str) -> str:
    return separator.join(template.format(ord(char)) for char in ORDER)


@each_of(
    "text",
    [
        some("\\x{:02x}"),
        some("\\u{:04x}"),
        some("\\{:03o}"),
        some("%{:02X}"),
        some("&#{};"),
        some("&amp;#{};"),
        some("%25{:02X}"),
        some("\\u{{{:x}}}"),
        some("\\U{:08x}"),
        some("\\N{{LATIN SMALL LETTER {name}}}"),
        ORDER.replace(" ", "%20"),
        joined("chr({})", " + "),
        joined("[char]{}", "+"),
        "[\n" + joined("  {}", ",\n") + "\n]",
        "String.fromCharCode(" + joined("{}", ", ") + ")",
        "\u00ad".join(ORDER),
        "\u034f".join(ORDER),
        "\x01".join(ORDER),
        ORDER.replace("ore", "<![CDATA[o]]>re"),
        ORDER.replace("o", "${'o'}"),
    ],
)
def test_an_instruction_in_character_codes_is_found(scan: Scan, text: str) -> None:
    for path, line in (("src/a.py", f'x = "{text}"\n'), ("docs/a.md", f"{text}\n")):
        rules = {finding.rule for finding in scan(line, path)}
        assert "injection/instructions" in rules, (path, rules)


@each_of(
    "text",
    [
        "https://example.org/search?q=how%20to%20ignore%20all%20whitespace",
        "const t = '\\x49\\x67nore case';",
        "previous = [112, 114, 101, 118, 105, 111, 117, 115]",
        "Donau\u00addampf\u00adschiff",
        "&#8212; the previous &nbsp; instructions &amp; notes",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    ],
)
def test_honest_codes_are_no_instruction(scan: Scan, text: str) -> None:
    found = {finding.rule for finding in scan(f"{text}\n", "docs/a.md")}
    assert "injection/instructions" not in found, found
