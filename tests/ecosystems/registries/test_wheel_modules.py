"""The modules of a wheel: hostile addresses, and hostile archives."""

from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.ecosystems.registries import wheel_modules
from zt_gate.ecosystems.registries.package_index import Index, RegistryError

INDEX = Index("https://index.example/simple", authorization="Basic eA==")


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return stream.getvalue()


def names_in(data: bytes) -> list[str]:
    def fetch(first: int, last: int) -> bytes:
        return data[first : last + 1]

    return wheel_modules._file_names(fetch, len(data))


WHEEL = archive("kit/__init__.py", "kit-1.0.dist-info/METADATA")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_an_error(data: bytes) -> None:
    with contextlib.suppress(RegistryError):
        names_in(data)


@given(st.integers(0, len(WHEEL) - 1), st.integers(0, 255))
def test_a_changed_byte_is_a_list_or_an_error(place: int, value: int) -> None:
    try:
        names = names_in(WHEEL[:place] + bytes((value,)) + WHEEL[place + 1 :])
    except RegistryError:
        return
    assert len(names) <= 2


@pytest.mark.parametrize(
    ("address", "url", "path", "has_credentials"),
    [
        ("../../files/k.whl", "https://index.example", "/files/k.whl", True),
        (
            "https://index.example/k.whl?a=b",
            "https://index.example",
            "/k.whl?a=b",
            True,
        ),
        (
            "https://files.example/k.whl#sha256=0",
            "https://files.example",
            "/k.whl",
            False,
        ),
    ],
)
def test_credentials_stay_at_the_index(
    address: str, url: str, path: str, has_credentials: bool
) -> None:
    source, found = wheel_modules._place(INDEX, "/kit/", address)
    assert (source.url, found) == (url, path)
    assert bool(source.authorization) == has_credentials


@pytest.mark.parametrize(
    "address",
    [
        "http://files.example/k.whl",
        "https://a:b@files.example/k.whl",
        "file:///k.whl",
        "//[k.whl",
    ],
)
def test_other_addresses_are_not_used(address: str) -> None:
    with pytest.raises(RegistryError):
        wheel_modules._place(INDEX, "/kit/", address)
