"""The proxy's list of hosts."""

from __future__ import annotations

import pytest

from zt_gate.guard.sandbox.proxy import allowed_hosts


@pytest.mark.parametrize(
    ("entry", "host", "port", "fits"),
    [
        ("a.example", "a.example", 443, True),
        ("a.example", "a.example", 80, True),
        ("a.example", "a.example", 22, False),
        ("A.Example.", "a.example", 443, True),
        ("a.example:8443", "a.example", 8443, True),
        ("a.example:8443", "a.example", 443, False),
        ("a.example", "b.a.example", 443, False),
        ("*.a.example", "b.a.example", 443, True),
        ("*.a.example", "a.example", 443, False),
        ("*.a.example", "eva.example", 443, False),
        ("*", "anything.example", 443, True),
        ("*", "anything.example", 22, False),
        ("a.example", "a.example.evil.example", 443, False),
        ("::1", "::1", 443, True),
        ("[::1]:8080", "::1", 8080, True),
    ],
)
def test_hosts(entry: str, host: str, port: int, fits: bool) -> None:
    (allowed,) = allowed_hosts([entry])
    assert allowed.fits(host, port) is fits


@pytest.mark.parametrize("entry", ["", "a b", "http://a.example", "a/b", "*.", "a@b"])
def test_what_is_no_host_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        allowed_hosts([entry])
