"""The proxy's list of hosts."""

from __future__ import annotations

import pytest

from zt_gate.guard.sandbox import proxy
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


@pytest.mark.parametrize(
    "address",
    ["::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "fec0::1",
     "ff02::1", "224.0.0.1", "192.0.0.192", "::ffff:10.0.0.1", "169.254.169.254"],
)  # fmt: skip
def test_addresses_that_lead_inside(address: str) -> None:
    assert proxy._is_inside(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert not proxy._is_inside(address)


def test_the_host_in_the_header_is_the_one_that_was_compared() -> None:
    head = b"GET http://a.example/x HTTP/1.1\r\nHost: b.example\r\nhost : c\r\nX: y"
    sent = proxy._direct(head, b"GET", b"a.example", b"x")
    assert sent.count(b"\r\nHost: a.example\r\n") == 1
    assert b"b.example" not in sent


def test_a_line_that_ends_in_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="ends in another way"):
        proxy._direct(b"GET / HTTP/1.1\r\nA: b\nHost: c", b"GET", b"a.example", b"")
