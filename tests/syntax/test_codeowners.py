"""CODEOWNERS as GitHub documents it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.syntax.codeowners import Owners, forge_of, parse, read

FILE = b"""\
# who owns what
*               @everybody @acme/all   # a comment
*.js            @js
docs/*          docs@example.org
/build/logs/    @logs
apps/           @apps
**/secret       @keys
/apps/open
!*.py           @nobody
[ab].txt        @nobody
*.rb            nobody at all
with\\ space.md  @spaces
"""


@each_of(
    ("path", "owners"),
    [
        (b"a.c", ("@everybody", "@acme/all")),
        (b"x/a.js", ("@js",)),
        (b"docs/a.md", ("docs@example.org",)),
        (b"docs/deep/a.md", ("@everybody", "@acme/all")),
        (b"build/logs/x/y", ("@logs",)),
        (b"other/build/logs/x", ("@everybody", "@acme/all")),
        (b"x/apps/y", ("@apps",)),
        (b"a/secret", ("@keys",)),
        (b"apps/open/x", ()),
        (b"a.py", ("@everybody", "@acme/all")),
        (b"a.txt", ("@everybody", "@acme/all")),
        (b"a.rb", ("@everybody", "@acme/all")),
        (b"with space.md", ("@spaces",)),
    ],
)
def test_the_last_matching_line_decides(path: bytes, owners: tuple[str, ...]) -> None:
    assert parse(FILE).of(path) == owners


def test_only_the_first_existing_file_is_read() -> None:
    files = {b"CODEOWNERS": b"* @root", b"docs/CODEOWNERS": b"* @docs"}
    assert read(files.get).of(b"a") == ("@root",)
    assert read({b".github/CODEOWNERS": b"", **files}.get).of(b"a") == ()
    assert read({}.get) == Owners()


def test_a_file_of_more_than_three_megabytes_is_ignored() -> None:
    assert parse(b"* @a\n" + b"#" * (3 << 20)) == Owners()


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_any_content_is_accepted(data: bytes, path: bytes) -> None:
    owners = parse(data).of(path)
    assert all(isinstance(owner, str) and owner for owner in owners)


GITLAB = b"""\
[Docs] @writers
*.md @@maintainer @docs
^[Optional][2]
*.py nobody-can-know
!*.lock
"""


def test_gitlab_has_sections_and_roles() -> None:
    assert forge_of(b".gitlab/CODEOWNERS", b"* @a") == "gitlab"
    assert forge_of(b"CODEOWNERS", GITLAB) == "gitlab"
    assert forge_of(b"CODEOWNERS", FILE) == "github"
    owners = parse(GITLAB, "gitlab")
    assert owners.of(b"a.md") == ("@@maintainer", "@docs")
    assert owners.of(b"a.py") == ("nobody-can-know",)
    assert [line.pattern for line in owners.lines] == ["*.md", "*.py"]


def test_the_last_line_of_a_pattern_counts() -> None:
    owners = parse(b"*.py @a\n* @b\n*.py @c\n")
    assert list(owners.by_pattern().items()) == [("*", {"@b"}), ("*.py", {"@c"})]
    assert owners.of_each([b"a.py", b"b"], most_lines=1) == {b"a.py": ("@c",)}
