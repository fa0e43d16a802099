"""The rules of the repository, invalid rules, and the cache, which must not change them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.caches import sealed
from zt_gate import rulebook
from zt_gate.errors import GateError
from zt_gate.model.finding import Location
from zt_gate.rulebook import rule_files, rules_folder
from zt_gate.rulebook.errors import RulebookError

RULES = rules_folder()
SCANNERS = rulebook.scanners_with_rules()
FILES = sorted(path for path in RULES.rglob("*") if path.is_file())

GOOD = """\
[[rule]]
id = "secrets/made-up"
title = "A made-up secret"
why = "It is one."
remedy = "Take it out."
severity = "high"
confidence = "low"
pattern = "x"
"""


def all_rules() -> list[Any]:
    return [rule for name in SCANNERS for rule in rulebook.load(name).values()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "secrets").mkdir(parents=True)
    (tmp_path / "rules" / "code" / "python").mkdir(parents=True)
    (tmp_path / "rules" / "secrets" / "a.toml").write_text(GOOD)
    return tmp_path / "rules"


# The repository's own


def test_the_scanners_that_have_rules() -> None:
    assert {"code", "dependencies", "gate", "injection", "secrets"} <= set(SCANNERS)
    assert rulebook.scanners_with_rules(RULES) == SCANNERS == tuple(sorted(SCANNERS))


def test_a_folder_without_rules_is_not_a_scanner(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "code" / "python" / "a.test.yaml").write_text("x: 1\n")
    assert rulebook.scanners_with_rules(folder) == ("secrets",)


@pytest.mark.parametrize("name", SCANNERS)
def test_every_rule_loads_with_a_good_id_and_plain_sentences(name: str) -> None:
    rules = rulebook.load(name)
    assert rules
    for key, rule in rules.items():
        assert key == rule.id
        assert re.fullmatch(rf"{name}/[a-z0-9]+(-[a-z0-9]+)*", key)
        assert rule.scanner == name
        for text in (rule.title, rule.why, rule.remedy):
            assert text == text.strip()
            assert len(text) > 4, key
            assert text.isprintable(), key
            assert not re.search(r"\b(TODO|FIXME|XXX|lorem)\b", text), key
        assert not rule.title.endswith("."), key
        for text in (rule.why, rule.remedy):
            assert " " in text, key
            assert text[-1] in ".!?)", (key, text)
        assert all(re.fullmatch(r"CWE-[1-9][0-9]*", cwe) for cwe in rule.cwe), key
        assert all(re.fullmatch(r"https://\S+", url) for url in rule.references), key


def test_ids_are_unique_and_examples_stay_out_of_the_catalogue() -> None:
    ids = [rule.id for rule in all_rules()]
    assert len(ids) == len(set(ids))
    assert not [rule.id for rule in all_rules() if "examples" in rule.data]
    with_examples = rulebook.load_with_examples("secrets")
    assert with_examples.keys() == rulebook.load("secrets").keys()
    assert any("examples" in rule.data for rule in with_examples.values())


def test_no_file_has_a_registry_host_or_a_machine_path() -> None:
    from urllib.parse import urlsplit

    from packageurl.contrib import purl2url

    urls = [purl2url.get_repo_url(f"pkg:{kind}/x") for kind in ("pypi", "npm")]  # type: ignore[no-untyped-call]
    hosts = {urlsplit(url).hostname for url in urls}
    assert len(hosts - {None}) == 2
    names = "|".join(re.escape(host.removeprefix("www.")) for host in hosts if host)
    unwanted = re.compile(rf"{names}|(?<![\w~.])/(?:home|Users|root)/[A-Za-z0-9]")
    texts = {path.relative_to(RULES): path.read_text("utf-8") for path in FILES}
    offenders = [f"{path}: {match[0]}" for path, text in texts.items()
                 for match in unwanted.finditer(text)]  # fmt: skip
    assert not offenders, "\n".join(offenders)
    assert len(texts) > 100


# Invalid files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace('why = "It is one."\n', ""), "lacks why"),
        (GOOD.replace('"It is one."', '""'), "lacks why"),
        (GOOD.replace('id = "secrets/made-up"\n', ""), "a rule without an id lacks id"),
        (GOOD.replace('"high"', '"awful"'), "severity is 'awful', not one of critical"),
        (GOOD.replace('"low"', '"sure"'), "confidence is 'sure'"),
        (GOOD + 'level = "stop"\n', "level is 'stop'"),
        (GOOD.replace("secrets/", "code/"), "must begin with secrets/"),
        (GOOD.replace("made-up", "Made_Up"), "kebab-name"),
        (GOOD.replace("made-up", "made-up/again"), "kebab-name"),
        (GOOD.replace('"A made-up secret"', "7"), "title must be a string"),
        (GOOD.replace('"secrets/made-up"', "7"), "id must be a string"),
        (GOOD + 'cwe = "CWE-1"\n', "cwe must be a list"),
        (GOOD + "references = [1]\n", "references must be a list"),
        (GOOD + GOOD, "is also in rules/secrets/b.toml"),
        (GOOD.replace("[[rule]]", "[rule]"), "[[rule]] must be a list of tables"),
        (GOOD.replace("[[rule]]", "[[rules]]"), "unknown table rules"),
        ("rule = [1]\n", "must be a list of tables"),
        ("defaults = 1\n" + GOOD, "[defaults] must be a table"),
        ("", "contains no rule"),
        ("[[rule]\n", "line 1"),
        ("a = " + "[" * 5000, "b.toml"),
    ],
)
def test_an_invalid_file_is_one_line_that_names_it(
    content: str, said: str, folder: Path
) -> None:
    (folder / "secrets" / "b.toml").write_text(content)
    if "also in" not in said:
        (folder / "secrets" / "a.toml").unlink()
    with pytest.raises(RulebookError) as caught:
        rulebook.load("secrets", folder=folder)
    message = str(caught.value)
    assert "rules/secrets/" in message
    assert said in message or "also in rules/secrets/a.toml" in message
    assert "\n" not in message
    assert caught.value.exit_code == GateError.exit_code


def test_one_id_in_two_files(folder: Path) -> None:
    (folder / "secrets" / "b.toml").write_text(GOOD)
    with pytest.raises(
        RulebookError, match=r"^rules/secrets/b\.toml: .* also in .*a\.toml$"
    ):
        rulebook.load("secrets", folder=folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"rules: [", "flow"),
        (b"- 1\n", "the top level of the file must be a table"),
        (b"", "the top level of the file must be a table"),
        (b"rules: 7\n", "must be a list of tables"),
        (b"rules: [7]\n", "must be a list of tables"),
        (b"rules: [{id: a, metadata: 7}]\n", "metadata must be a table"),
        (b"rules: []\n", "contains no rule"),
        (b"rules: [{id: a}]\n", "lacks title"),
        (b"rules: !!python/object/apply:os.getpid []\n", "constructor"),
        (b"rules: \xff\xfe\n", "b.yaml"),
    ],
)
def test_an_invalid_semgrep_file_is_one_line_that_names_it(
    content: bytes, said: str, folder: Path
) -> None:
    (folder / "code" / "python" / "b.yaml").write_bytes(content)
    with pytest.raises(RulebookError) as caught:
        rulebook.load("code", folder=folder)
    assert said in str(caught.value)
    assert str(caught.value).startswith("rules/code/python/b.yaml: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf_8_and_a_missing_folder(folder: Path) -> None:
    (folder / "secrets" / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RulebookError, match=r"a\.toml"):
        rulebook.load("secrets", folder=folder)
    with pytest.raises(RulebookError, match="incomplete"):
        rulebook.load("injection", folder=folder)
    with pytest.raises(RulebookError, match="incomplete"):
        rulebook.scanners_with_rules(folder / "absent")


# The cache


def cached(cache: Path) -> Path:
    (found,) = cache.glob("rules-secrets-*.json")
    return found


def test_the_compiled_rules_are_used_and_follow_the_file(
    folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first = rulebook.load("secrets", cache=sealed(cache), folder=folder)
    kept = cached(cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_files, "_tables", None)  # the rule files are not read again
        assert rulebook.load("secrets", cache=sealed(cache), folder=folder) == first
    (folder / "secrets" / "a.toml").write_text(GOOD.replace("made-up", "made-up-anew"))
    assert [*rulebook.load("secrets", cache=sealed(cache), folder=folder)] == [
        "secrets/made-up-anew"
    ]
    (folder / "secrets" / "b.toml").write_text(GOOD)
    assert len(rulebook.load("secrets", cache=sealed(cache), folder=folder)) == 2
    assert kept.exists()


def signed(value: object) -> bytes:
    """Return what the first version took: a checksum that anyone can compute."""
    data = json.dumps(value).encode()
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


@pytest.mark.parametrize(
    "content",
    [
        b"", b"garbage", b"[]", b"{}", b"\xff\n[]", b"[" * 100_000, signed([]), signed({}),
        signed([1]), signed([[]]), signed([{}]), signed(None), signed("rules"), signed(7),
        signed([{"id": "secrets/other"}]), signed([{"id": "code/other", "title": "x"}]),
        signed([dict.fromkeys(("id", "title", "why", "remedy", "severity", "confidence"), "x")]),
        signed([dict.fromkeys(("id", "title", "why", "remedy", "severity", "confidence"), 1)]),
    ],
    ids=lambda content: content[-30:].decode("latin-1"),
)  # fmt: skip
def test_an_invalid_cache_file_is_not_used(
    content: bytes, folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first = rulebook.load("secrets", cache=sealed(cache), folder=folder)
    whole = cached(cache).read_bytes()
    cached(cache).write_bytes(content)
    assert rulebook.load("secrets", cache=sealed(cache), folder=folder) == first
    assert cached(cache).read_bytes() == whole
    assert rulebook.load("secrets", cache=sealed(cache), folder=folder) == first


def test_a_truncated_or_changed_cache_file_is_not_used(tmp_path: Path) -> None:
    first = rulebook.load("secrets", cache=sealed(tmp_path))
    whole = cached(tmp_path).read_bytes()
    for content in (
        whole[: len(whole) // 2],
        whole[:-1],
        whole.replace(b"aws", b"xws"),
    ):
        cached(tmp_path).write_bytes(content)
        assert rulebook.load("secrets", cache=sealed(tmp_path)) == first
        assert cached(tmp_path).read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_not_an_error(folder: Path) -> None:
    assert rulebook.load("secrets", cache=sealed(Path("/proc/absent")), folder=folder)
    assert rulebook.digest(cache=sealed(Path("/proc/absent")), folder=folder)
    (folder / "secrets" / "a.toml").write_text(GOOD + "day = 2026-01-02\n")
    assert rulebook.load("secrets", cache=sealed(folder), folder=folder)


def test_two_processes_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from zt_gate import rulebook\n"
        "from zt_gate.system.sealed_cache import SealedCache\n"
        "for _ in range(3):\n"
        f"    cache = SealedCache(Path({str(tmp_path)!r}), b'k' * 32)\n"
        "    print(len(rulebook.load('secrets', cache=cache)))\n"
        f"    [p.unlink(missing_ok=True) for p in Path({str(tmp_path)!r}).glob('rules-*')]\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = {line for one in both for line in one.communicate(timeout=300)[0].split()}
    assert [one.returncode for one in both] == [0, 0]
    assert said == {str(len(rulebook.load("secrets"))).encode()}
    assert not list(tmp_path.glob(".rules-*"))


# The digest


def test_the_digest_is_stable_and_follows_content_and_names(
    folder: Path, tmp_path: Path
) -> None:
    first = rulebook.digest(folder=folder)
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    copy = tmp_path / "copy" / "rules"
    shutil.copytree(folder, copy)
    assert rulebook.digest(folder=copy) == first
    (copy / "secrets" / "notes.md").write_text("not a rule\n")
    assert rulebook.digest(folder=copy) == first
    (copy / "secrets" / "a.toml").rename(copy / "secrets" / "b.toml")
    renamed = rulebook.digest(folder=copy)
    (copy / "secrets" / "b.toml").write_text(GOOD + "# more\n")
    assert len({first, renamed, rulebook.digest(folder=copy)}) == 3


@pytest.mark.parametrize(
    "content", [b"", b"x" * 64, b"\xff" * 64, b"0" * 63, b"0" * 64 + b"\n"]
)
def test_an_invalid_cached_digest_is_not_used(
    content: bytes, folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first = rulebook.digest(cache=sealed(cache), folder=folder)
    (kept,) = cache.iterdir()
    kept.write_bytes(content)
    assert rulebook.digest(cache=sealed(cache), folder=folder) == first
    assert kept.read_bytes().partition(b"\n")[2] == first.encode()
    (folder / "secrets" / "a.toml").write_text(GOOD + "# more\n")
    os.utime(folder / "secrets" / "a.toml", ns=(1, 1))
    assert rulebook.digest(cache=sealed(cache), folder=folder) != first


@pytest.mark.parametrize("since", ['"0"', '"0.2.1"', '"next"', "0.2", "2026-01-02"])
def test_since_must_be_a_release(folder: Path, since: str) -> None:
    (folder / "secrets" / "a.toml").write_text(f"{GOOD}since = {since}\n")
    with pytest.raises(RulebookError, match="since must be a release"):
        rulebook.load("secrets", folder=folder)


def test_a_finding_carries_the_release_of_its_rule(folder: Path) -> None:
    (folder / "secrets" / "a.toml").write_text(f'{GOOD}since = "0.2"\n')
    (rule,) = rulebook.load("secrets", folder=folder).values()
    assert rule.since == "0.2"
    assert rule.finding(Location("file", b"a")).since == "0.2"
