"""Functions that get data from outside from callers in the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scanners.code.scanning import found
from tests.support.changes import change_of
from zt_gate.scanners.code.python_helpers import MARK, marked_text

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan

HELPER = """\
import os


def read(name):
    with open(os.path.join("/srv/files", name)) as file:
        return file.read()
"""
ROUTE = """

@app.get("/file")
def view():
    return read(request.args["name"])
"""


def test_a_helper_that_gets_request_data_is_reported_where_it_uses_it(
    scan: Scan,
) -> None:
    text = f"from flask import request\n{HELPER}{ROUTE}"
    assert found(scan({"app.py": text})) == [("python-path-traversal", 6)]


def test_a_route_added_above_a_helper_makes_the_finding_new(scan: Scan) -> None:
    old = f"from flask import request\n{HELPER}"
    run = scan(change_of({"app.py": old + ROUTE}, {"app.py": old}))
    assert [rule for rule, _ in found(run)] == ["python-path-traversal"]


def test_a_helper_that_was_called_before_is_not_new(scan: Scan) -> None:
    old = f"from flask import request\n{HELPER}{ROUTE}"
    assert found(scan(change_of({"app.py": old + "\nX = 1\n"}, {"app.py": old}))) == []


def test_methods_and_typed_bodies_are_followed() -> None:
    text = b"""
class Api:
    def _fetch(self, link: str, limit=3):
        return requests.get(link)

    @router.post("/fetch")
    async def fetch(self, body: FetchBody, number: int):
        target = body.url
        return self._fetch(target, limit=number)
"""
    marked = marked_text(text)
    assert marked is not None
    assert f"def _fetch(self, link: {MARK}, limit=3):".encode() in marked
    assert b"body.url" not in marked
    assert marked.count(b"\n") == text.count(b"\n")


def test_a_call_is_followed_through_a_second_helper() -> None:
    text = b"""
def outer(name):
    return inner("/srv/" + name)

def inner(path):
    return open(path)

def view(request):
    return outer(request.GET["name"])
"""
    marked = marked_text(text)
    assert marked is not None
    assert f"def inner(path: {MARK})".encode() in marked


def test_what_was_checked_or_cleaned_is_not_marked() -> None:
    for line in (
        "    return read(int(request.args['name']))",
        "    return read(secure_filename(request.args['name']))",
        "    name = request.json\n    if name not in KNOWN:\n        abort()\n    read(name)",
        "    name = request.args['name']\n    validate_name(name)\n    return read(name)",
        "    return read('constant')",
    ):
        text = f"{HELPER}\n\ndef view():\n{line}\n"
        assert marked_text(text.encode()) is None, line


def test_text_that_python_cannot_parse_has_no_marks() -> None:
    assert marked_text(b"def f(:\n    request.args\n") is None
