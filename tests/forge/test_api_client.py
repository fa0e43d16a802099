"""Where the token goes, and that no answer is never an empty one."""

from __future__ import annotations

import pytest

from tests.support.forge import TOKEN, Forge, commit
from zt_gate.forge.api_client import ApiError, ForgeClient


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.org",
        "ftp://127.0.0.1",
        "",
        "https://user:x@api.example.org",
        "file:///x",
    ],
)
def test_the_token_goes_to_no_other_address(url: str) -> None:
    with pytest.raises(ApiError) as caught:
        ForgeClient.of(url, TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "ä"])
def test_a_token_is_one_word(token: str) -> None:
    with pytest.raises(ApiError):
        ForgeClient.of("https://api.example.org", token)


def test_a_list_is_read_to_its_end() -> None:
    with Forge(commits=[commit(email=f"{n}@example.org") for n in range(250)]) as forge:
        found = ForgeClient.of(forge.url, TOKEN).pages(
            "/repos/acme/shop/pulls/7/commits"
        )
        assert [item["commit"]["author"]["email"] for item in found] == [
            f"{n}@example.org" for n in range(250)
        ]
        assert len(forge.asked) == 3


def test_a_redirect_is_not_followed() -> None:
    with Forge(broken={"/pulls/": 302}) as forge:
        with pytest.raises(ApiError, match="moved"):
            ForgeClient.of(forge.url, TOKEN).get("/repos/acme/shop/pulls/7/reviews")
        assert len(forge.asked) == 1


def test_messages_say_what_was_asked_and_no_token() -> None:
    with Forge() as forge:
        client = ForgeClient.of(forge.url, TOKEN)
        with pytest.raises(ApiError, match=r"GET /nothing: not found") as caught:
            client.get("/nothing?x=1")
        assert caught.value.status == 404
        assert TOKEN not in repr(client)
    with pytest.raises(ApiError, match="no answer") as gone:
        client.get("/nothing")
    assert TOKEN not in str(gone.value)


def test_after_the_deadline_nothing_is_asked() -> None:
    with Forge() as forge:
        client = ForgeClient(forge.url, TOKEN, deadline=0.0)
        with pytest.raises(ApiError, match="took more than"):
            client.get("/user")
        assert not forge.asked
