"""Keys with a letter that a program inserts, in lists, dumps, and beside blanks."""

from __future__ import annotations

import base64
import binascii

from tests.scanners.secrets.one_file import findings_in
from tests.scanners.secrets.templates import expand
from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.syntax import spliced_text

BODY = expand("{36*A-Za-z0-9}")
KEY = "gh" + "p_" + BODY
#: Stands for the last 36 characters of the key.
LAST = "@"


def rules_in(text: str, path: str = "a.txt") -> set[str]:
    return {finding.rule for finding in findings_in(f"first\n{text}\nlast\n", path)}


def joined(template: str, separator: str) -> str:
    return separator.join(template.format(ord(char)) for char in KEY)


@each_of(
    ("text", "path"),
    [
        ('k = "ghp#{95.chr}@"', "a.rb"),
        ('k = "ghp#{"_"}@"', "a.rb"),
        ("k = \"ghp#{'_'}@\"", "a.rb"),
        ('k = "ghp" + ?_ + "@"', "a.rb"),
        ('k := "ghp"+string(rune(95))+"@"', "a.go"),
        ('k = "ghp" + "\\x5f" + "@"', "a.go"),
        ('k = "ghp" & Chr(95) & "@"', "a.vb"),
        ('k = "ghp" & ChrW(&H5F) & "@"', "a.vb"),
        ('let k = "ghp\\("_")@"', "a.swift"),
        ("k = `ghp${'_'}@`", "a.js"),
        ('k = "ghp#{<<95>>}@"', "a.ex"),
        ("k: ghp{{ '_' }}@", "a.yml"),
        ('$k = "ghp$([char]95)@"', "a.ps1"),
        ("k=ghp$(echo _)@", "a.sh"),
        ("k=ghp$(printf '\\x5f')@", "a.sh"),
        ("k=ghp${U:-_}@", "a.sh"),
        ("k=gh'p'\"_\"@", "a.sh"),
        ("k=gh\\p_@", "a.sh"),
        ("U=_\nk=ghp${U}@", "a.sh"),
        ("U=_\n\n\n\n\n\nk=ghp${U}@", "a.sh"),
        ("U := _\nK = ghp$(U)@", "Makefile"),
        ("set U=_\nset K=ghp%U%@", "a.cmd"),
        ("set K=ghp^_@", "a.cmd"),
        ('$k = "ghp`_@"', "a.ps1"),
        ('k = "ghp%c@" % 95', "a.py"),
        ('k = "ghp{}@".format("_")', "a.py"),
        ("k = f'ghp{chr(95)}@'", "a.py"),
        ('k = "ghp==@".replace("==","_")', "a.py"),
        ('u = "_"\nk = "ghp" + u + "@"', "a.py"),
        ('k = f"ghp{95:c}@"', "a.py"),
        ('k = "ghp" <> "_" <> "@"', "a.ex"),
        ('k = "ghp" ~ "_" ~ "@"', "a.raku"),
        ('k = "ghp" . chr(95) . "@"', "a.php"),
        ('k = "ghp" + Character.toString(95) + "@"', "a.java"),
        ('k = "ghp" + (char)95 + "@"', "a.java"),
        ('k = "ghp" + String.valueOf((char) 95) + "@"', "a.java"),
        ('k = "ghp" ++ [' + "'_'" + '] ++ "@"', "a.hs"),
        ("k = ['ghp' char(95) '@']", "a.m"),
        ('k = "ghp" || CHAR(95) || "@"', "a.sql"),
        ('let k = "ghp".to_owned() + &(95u8 as char).to_string() + "@";', "a.rs"),
        (r'k = "ghp\o{137}@"', "a.pl"),
        (r'k = "ghp\o137@"', "a.hs"),
        (r'k = "ghp\95@"', "a.lua"),
        (r'k = "ghp\95\&@"', "a.hs"),
        (r'k = "ghp\   \_@"', "a.hs"),
        (r'k = "ghp_\z @"', "a.lua"),
        (r'k = "ghp\U{5f}@"', "a.x"),
        (r'k = "ghp\u{5F}@"', "a.rb"),
        ('set k "ghp[format %c 95]@"', "a.tcl"),
        (r"k=ghp$'\u5f'@", "a.sh"),
        (r"ghp\'5f@", "a.rtf"),
        (r"ghp\char95 @", "a.tex"),
        ("ghp^^5f@", "a.tex"),
        ("k := 'ghp'#95'@';", "a.pas"),
        ("k = ghp&#95@", "a.html"),
        ("k = ghp&#x5f@", "a.html"),
        ('<!ENTITY u "_">\n<k>ghp&u;@</k>', "a.xml"),
        (r"U&'ghp\005F@'", "a.sql"),
        ('k: "ghp\\00005f@"', "a.css"),
        ("ghp<Char-95>@", "a.vim"),
        ("ghpU+005F@", "a.txt"),
        ('k: "ghp\\\\\\\\u005f@"', "a.json"),
        ('k: "ghp\\\\x5f@"', "a.json"),
        ("k = ghp+AF8-@", "a.txt"),
        ('k = "ghp\u2017@"', "a.py"),
        ('k = "ghp_\u2800@"', "a.py"),
        ('k = "ghp_\u00a0@"', "a.py"),
        ('k = "ghp\u200a_@"', "a.py"),
        ('k = "ghp_\t@"', "a.py"),
        ('k = "gh\u2009p_@"', "a.py"),
        ('k = "ghp\u02cd@"', "a.py"),
        ('k = "ghp\u203f@"', "a.py"),
    ],
)
def test_a_key_with_an_inserted_letter_is_found(text: str, path: str) -> None:
    assert "secrets/github-token" in rules_in(text.replace(LAST, BODY), path)


def dump(template: str) -> str:
    rows = range(0, len(KEY), 16)
    parts = [KEY[row : row + 16].encode() for row in rows]
    return "\n".join(
        template.format(
            row, part.hex(" "), part.hex(" ", 2), part.hex().upper(), len(part)
        )
        for row, part in zip(rows, parts, strict=True)
    )


@each_of(
    "text",
    [
        "k = {" + joined("(byte){}", ", ") + "};",
        "k = [" + joined("{}.0", ", ") + "]",
        "k:\n" + joined("  - {}", "\n"),
        joined("{}", "\n"),
        "k = [" + joined("{}^0", ", ") + "]",
        "k = [" + ", ".join(f"{ord(char) - 1}+1" for char in KEY) + "]",
        dump("{0:08x}: {2}  ......"),
        dump("{0:08x}  {1}  |......|"),
        dump(":{4:02X}{0:04X}00{3}5A"),
        "k = " + joined("{:08b}", " "),
        "k = " + joined("{:08b}", ""),
        "k = " + joined("={:02X}", ""),
        "k = " + base64.b32encode(KEY.encode()).decode(),
        "k = <~" + base64.a85encode(KEY.encode()).decode() + "~>",
        "k = b85decode('" + base64.b85encode(KEY.encode()).decode() + "')",
        binascii.b2a_uu(KEY.encode()[:45]).decode(),
        "k = " + base64.b64encode(KEY.encode("utf-16-le")).decode(),
        "k = " + base64.b64encode(KEY.encode("utf-16")).decode(),
    ],
)
def test_a_key_in_a_list_or_dump_is_found(text: str) -> None:
    assert "secrets/github-token" in rules_in(text)


@each_of(
    "text",
    [
        'x = "user" + "_" + "name"',
        'path = f"{base}/{name}_{suffix}.txt"',
        "U=_\nk=prefix${U}suffix",
        "k: {{ 'a' }}_{{ 'b' }}",
        "00000000: 6865 6c6c 6f20 776f 726c 6420 6865 6c6c  hello\n00000010: 6f20 776f 0a\n",
        "values = [103.0, 104.5, 99.0, 95.0, 100.0, 101.0, 102.0, 103.0, 104.0]",
        "- 103\n- 104\n- 105\n- 106\n- 107\n- 108\n- 109\n- 110\n",
        "Le prix est de 10\u00a0000\u00a0euros",
        "name\tvalue\tunit\nlength\t12\tmetres",
        "\\char95 and x^_y and 01101000 01101001",
    ],
)
def test_honest_pieces_are_no_secrets(text: str) -> None:
    assert not findings_in(text, "src/a.txt")


@each_of(
    "text",
    ["${U}", "a${b}", '"a" + b + ', "a^_", "'a'", '("a")', "%s-", "x = 1\n", "a\tb"],
)
def test_the_search_takes_linear_time(text: str) -> None:
    data = (text * (200_000 // len(text))).encode()
    finishes([data], lambda given: list(spliced_text.find(given, b"a.sh")))
