"""Words get the values that bash gives them, or say that they are not known."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.shell.parse import ShellSyntaxError
from zt_gate.guard.shell.walk import analyse
from zt_gate.guard.shell.words import UNKNOWN


def words(text: str, **environ: str) -> list[str]:
    """Return the words of the last command of a text."""
    analysis = analyse(text, "/srv/w", {"HOME": "/home/me", **environ})
    return [word.text for word in analysis.invocations[-1].words]


def bash(text: str) -> list[str] | None:
    """Return the words that bash gives a command ``show …``, None if it fails."""
    script = f"show() {{ printf '%s\\0' show \"$@\"; }}\n{text}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd="/usr",
        env={"HOME": "/home/me", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        timeout=20,
    )
    if done.returncode or done.stderr:
        return None
    return done.stdout.decode("utf-8", "replace").split("\0")[:-1]


PARTS = st.sampled_from(
    [
        "a",
        "b c",
        " ",
        "'x y'",
        '"p q"',
        '"\\$"',
        "\\ ",
        "\\a",
        "$X",
        '"$X"',
        "${X}",
        "${X%c}",
        "${X#a}",
        "${Y:-d e}",
        '"${Y:-d e}"',
        "${X:1:2}",
        "${X/b/Z}",
        "${X^^}",
        "{1,2}",
        "{a..c}",
        "{3..1}",
        "{01..02}",
        "{a,{b,c}}",
        "{x}",
        "{a\\,b,c}",
        "{,q}",
        "{1..3}",
        "$'\\x41\\t'",
        "~",
        "~/z",
        "-n",
        "--no-verify",
        "\\\n",
        "''",
        '""',
        "$IFS",
        "=",
        "/",
        "$(echo q r)",
        '"$(echo q r)"',
        "${#X}",
        ".",
        "\\\\",
        '"a\\ n"',
        "$'it\\'s'",
        "é",
    ]
)


@given(st.lists(PARTS, min_size=1, max_size=6).map("".join))
def test_constant_words_are_those_of_bash(argument: str) -> None:
    text = f"X='ab c'; show {argument}"
    expected = bash(text)
    if expected is None:
        return
    try:
        analysis = analyse(text, "/srv/w", {"HOME": "/home/me"})
    except ShellSyntaxError:
        return
    found = [word.text for word in analysis.invocations[-1].words]
    if any(UNKNOWN in word for word in found):
        return
    # Of a list in a list the first word comes twice.
    assert list(dict.fromkeys(found)) == list(dict.fromkeys(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x="-rf /"; rm $x', ["rm", "-rf", "/"]),
        ("cat${IFS}/etc/passwd", ["cat", "/etc/passwd"]),
        ('git commit -m "x\\ n"', ["git", "commit", "-m", "x\\ n"]),
        ("git commit --no-\\\nverify", ["git", "commit", "--no-verify"]),
        ("a=(commit -n); git ${a[@]}", ["git", "commit", "-n"]),
        ('a=(commit "x y"); git "${a[@]}"', ["git", "commit", "x y"]),
        ("set -- -n; git commit $1", ["git", "commit", "-n"]),
        ("read o <<< -n; git commit $o", ["git", "commit", "-n"]),
        ("printf -v o %s -n; git commit $o", ["git", "commit", "-n"]),
        ("x=$(echo -n); git commit $(printf %s x)", ["git", "commit", "x"]),
        ("rm .git/hooks/{a,b}", ["rm", ".git/hooks/a", ".git/hooks/b"]),
        ("sh -c 'git commit $1' _ -n", ["git", "commit", "-n"]),
        ("echo ${X:+set}", ["echo", "set"]),
        ("x=HOME; echo ${!x}", ["echo", "/home/me"]),
        ("[ -n x ]", ["[", "-n", "x", "]"]),
    ],
)
def test_values_are_followed(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_bracket_alone_is_no_pattern() -> None:
    invocation = analyse("[ -f x ]", "/srv/w", {}).invocations[0]
    assert invocation.program == "["


def test_names_of_the_environment_are_told() -> None:
    (invocation,) = analyse('curl -H "Bearer $TOKEN"', "/srv/w", {}).invocations
    assert invocation.words[-1].names == ("TOKEN",)
    (invocation,) = analyse('echo "${TOKEN:+set}"', "/srv/w", {}).invocations
    assert invocation.words[-1].names == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("find . -name '*.py' | xargs rm", ["rm", f"./{UNKNOWN}"]),
        ("find . -type f | xargs rm", ["rm", "."]),
        ("find ~ -name x -exec cat {} ;", ["cat", f"/home/me/{UNKNOWN}"]),
        ("find src -type f -exec rm {} +", ["rm", "src"]),
        ("for f in src/*.py; do rm $f; done", ["rm", f"src/{UNKNOWN}"]),
        ("git diff --name-only | while read f; do rm $f; done", ["rm", f"./{UNKNOWN}"]),
        (
            "echo main | xargs git push -f origin",
            ["git", "push", "-f", "origin", "main"],
        ),
        ("echo x | xargs -I{} rm /{}", ["rm", "/x"]),
        ("rm $(mktemp)", ["rm", f"/tmp/{UNKNOWN}"]),
        ("rm $(unheard-of)", ["rm", UNKNOWN]),
    ],
)
def test_names_of_files_keep_their_folder(text: str, expected: list[str]) -> None:
    text = text.replace("{} ;", "{} \\;")
    assert words(text) == expected
