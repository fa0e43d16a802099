"""Single keys in TOML, without touching the rest of the text."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.install.toml_key import TomlKeyError, with_key, without_key


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[features]\nhooks = true\n"),
        ("a = 1", "a = 1\n\n[features]\nhooks = true\n"),
        (
            "[features] # mine\nx = true\n[b]\n",
            "[features] # mine\nhooks = true\nx = true\n[b]\n",
        ),
        ("[features]\nhooks = false # off\n", "[features]\nhooks = true\n"),
        ("[features]\nhooks=true\n", "[features]\nhooks=true\n"),
        (
            '[a]\nhooks = false\nt = """\n[features]\n"""\n',
            '[a]\nhooks = false\nt = """\n[features]\n"""\n\n[features]\nhooks = true\n',
        ),
    ],
)
def test_a_key_is_set_in_its_table(before: str, after: str) -> None:
    assert with_key(before, "features", "hooks", "true", "f") == after


def test_a_key_at_the_top_comes_before_the_tables() -> None:
    assert with_key("[a]\n", "", "mode", '"x"', "f") == 'mode = "x"\n[a]\n'
    assert without_key('mode = "x"\n[a]\n', "", "mode", "f") == "[a]\n"


def test_a_table_with_nothing_left_goes_with_its_key() -> None:
    text = with_key("a = 1\n", "features", "hooks", "true", "f")
    assert without_key(text, "features", "hooks", "f") == "a = 1\n"


@pytest.mark.parametrize(
    "text",
    ["features = {hooks = false}\n", "features.hooks = false\n", "features = 3\n"],
)
def test_a_form_that_cannot_be_changed_is_left_to_a_person(text: str) -> None:
    with pytest.raises(TomlKeyError, match="by hand"):
        with_key(text, "features", "hooks", "true", "f")


def test_a_file_that_is_no_toml_is_refused() -> None:
    with pytest.raises(TomlKeyError, match="f is not valid TOML"):
        with_key("a = = 1", "features", "hooks", "true", "f")


lines = st.sampled_from([
    "[features]", "[features.x]", "[[b]]", "hooks = false", "hooks = true", "x = 1",
    't = """', '"""', "# hooks = true", "features.hooks = true", "",
])  # fmt: skip


@given(st.lists(lines, max_size=7))
def test_only_the_key_changes_and_it_goes_again(parts: list[str]) -> None:
    text = "\n".join(parts)
    try:
        before = tomllib.loads(text)
        after = with_key(text, "features", "hooks", "true", "f")
    except (TomlKeyError, tomllib.TOMLDecodeError):
        return
    assert tomllib.loads(after)["features"]["hooks"] is True
    features = before.get("features", {})
    rest = {
        key: value for key, value in tomllib.loads(after).items() if key != "features"
    }
    assert rest == {key: value for key, value in before.items() if key != "features"}
    if "hooks" not in features:
        again = tomllib.loads(without_key(after, "features", "hooks", "f"))
        assert again.get("features", {}) == features
