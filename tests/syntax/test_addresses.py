"""An address in a message has no credentials, and is otherwise as it was."""

from __future__ import annotations

from tests.support.offenders import each_of
from zt_gate.syntax.addresses import without_credentials


@each_of(
    ("text", "shown"),
    [
        ("https://u:p@h.example/x@y", "https://h.example/x@y"),
        ("from https://" + "tok" + "en1@h.example/x.git", "from https://h.example/x.git"),
        ("ssh://git@h.example:22/x", "ssh://h.example:22/x"),
        ("bob:" + "word1@h.example:x.git", "h.example:x.git"),
        ("https://h.example/?a=1&key=" + "word1&b=2", "https://h.example/?a=1&key=…&b=2"),
        ("https://h.example/?api_token=" + "word1", "https://h.example/?api_token=…"),
        ("'https://u:p@h.example' becomes 'ftp://v@i.example'", "'https://h.example' becomes 'ftp://i.example'"),
    ],
)  # fmt: skip
def test_credentials_are_left_out(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@each_of(
    "text",
    [
        "https://h.example/@scope/name",
        "git@h.example:owner/name.git",
        "npm:@scope/name@1.2.3",
        "https://h.example:8080/a?page=2#x",
        "a sentence: with a colon, and user@h.example",
    ],
)
def test_an_address_without_credentials_stays(text: str) -> None:
    assert without_credentials(text) == text
