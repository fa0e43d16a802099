"""Secrets whose characters are written as codes, or are split by invisible ones."""

from __future__ import annotations

from tests.scanners.secrets.one_file import findings_in
from tests.scanners.secrets.templates import expand
from tests.support.offenders import each_of

BODY = expand("{36*A-Za-z0-9}")
KEY = "gh" + "p_" + BODY


def codes(template: str, separator: str) -> str:
    return separator.join(template.format(ord(char)) for char in KEY)


def with_sign(code: str) -> str:
    return f'key = "{KEY.replace("_", code, 1)}"'


@each_of(
    "line",
    [
        with_sign(r"\u005f"),
        with_sign(r"\x5f"),
        with_sign("%5F"),
        with_sign("&#95;"),
        with_sign("&lowbar;"),
        with_sign(r"\137"),
        with_sign(r"\N{LOW LINE}"),
        with_sign("=5F"),
        with_sign("%255F"),
        with_sign("&amp;#95;"),
        with_sign("<![CDATA[_]]>"),
        with_sign("${'_'}"),
        with_sign("\u00ad_"),
        with_sign("_\u200d"),
        with_sign("\uff3f"),
        f"key = gh$'\\x70'_{BODY}",
        f"key = [{codes('{}', ', ')}]",
        f"key = {codes('chr({})', ' + ')}",
        f"key = String.fromCharCode({codes('{}', ',')})",
        f'key = "gh" + chr(112) + "_" + "{BODY}"',
        f'key = "gh\\x70_{BODY[:20]}" b"{BODY[20:]}"',
    ],
)
def test_a_key_with_a_character_code_is_found_at_its_place(line: str) -> None:
    found = findings_in(f"first = 1\n{line}\nlast = 2\n")
    hits = [finding for finding in found if finding.rule == "secrets/github-token"]
    assert len(hits) == 1, [finding.rule for finding in found]
    assert hits[0].location.line == 2
    assert KEY in hits[0].secrets
    evidence = hits[0].evidence
    assert evidence is not None
    assert evidence.text == line
    # The written form is masked, too.
    assert any(
        evidence.text[evidence.start : evidence.end] in s for s in hits[0].secrets
    )


@each_of(
    "line",
    [
        'pass\\u0077ord = "k7Qz{9}!vB2mX"'.replace("{9}", "R9"),
        'password = "k7Qz\\u0052\\u0039!vB2mX"',
        "password: k7QzR9&#33;vB2mX",
    ],
)
def test_a_password_with_a_character_code_is_found(line: str) -> None:
    rules = {finding.rule for finding in findings_in(line, "app.cfg")}
    assert "secrets/keyword-assignment" in rules


@each_of(
    "text",
    [
        'const t = "caf\\u00e9 \\u4e2d \\x41\\x42";',
        '{"name": "\\u041f\\u0440\\u0438\\u0432\\u0435\\u0442"}',
        "https://example.org/a%20b/%5Bid%5D?q=x%3Dy&page=2",
        "pixels = [104, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100, 255, 0]",
        "Donau\u00addampf\u00adschiff\u00adfahrt",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f family",
        "<p>a&nbsp;b &amp; c &lt;d&gt; &#8212;</p>",
        "token = tokenize('\\x41')",
    ],
)
def test_honest_codes_are_no_secrets(text: str) -> None:
    assert not findings_in(text, "src/text.js")
