"""The line-by-line reader of lock files agrees with the TOML reader."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.ecosystems.manifests import toml_lines, toml_lock
from zt_gate.ecosystems.manifests.base import Text

NAMES = st.sampled_from(["left-pad", "a", "b_c", "requests"])
SOURCES = st.sampled_from(
    ['source = { registry = "https://mirror.example/simple" }\n',
     'source = { git = "https://h.example/r" }\n',
     'source = { editable = "." }\n',
     'source = { virtual = "../x" }\n', 'source = { url = "https://h.example/x" }\n',
     'source = "registry+https://h.example/index"\n', 'source = "git+https://h.example/r#1"\n', ""]
)  # fmt: skip
PARTS = st.lists(
    st.sampled_from(
        ['dependencies = [\n    { name = "a" },\n    { name = "b_c", version = "2" },\n]\n',
         'dependencies = [\n "a",\n "requests 1.0",\n]\n', "dependencies = []\n",
         'sdist = { url = "https://files.example/s.tar.gz", hash = "sha256:a", size = 1 }\n',
         'wheels = [\n    { url = "https://mirror.example/a.whl", hash = "sha256:a" },\n]\n',
         'files = [\n    {file = "a-1.0.tar.gz", hash = "sha256:a"},\n]\n',
         'checksum = "abc"\n', "optional = false\n", 'python-versions = ">=3.8"\n', "# note\n",
         "\n"]
    ),
    max_size=4, unique_by=lambda line: line.partition(" ")[0],
)  # fmt: skip
TAILS = st.sampled_from(
    ["",
     '\n[package.optional-dependencies]\nx = [\n    { name = "a" },\n]\n',
     '\n[package.dev-dependencies]\ndev = [\n    { name = "requests" },\n]\n',
     '\n[package.metadata]\nrequires-dist = [{ name = "a" }]\n',
     ('\n[package.metadata]\nrequires-dist = [\n    { name = "a", specifier = ">=1" },\n'
     '    { name = "b_c", editable = "b" },\n]\n\n[package.metadata.requires-dev]\n'
     'dev = [{ name = "requests", marker = "os_name == \'nt\'" }]\n'),
     ('\n[[package.wheels]]\nname = "a.whl"\nurl = "https://h.example/a.whl"\n'
     'hashes = {sha256 = "aa", md5 = "b"}\n'),
     ('\n[[package.wheels]]\nurl = "https://h.example/a.whl"\n\n'
     '[package.wheels.hashes]\nsha256 = "aa"\n'),
     '\n[package.extras]\nx = ["a"]\n',
     '\n[package.source]\ntype = "git"\nurl = "https://h.example/r"\nreference = "HEAD"\n',
     '\n[package.source]\ntype = "legacy"\nurl = "https://h.example/simple"\n']
)  # fmt: skip
ENDS = st.sampled_from(
    ["", '[metadata]\nlock-version = "2.0"\ncontent-hash = "abc"\n',
     '[metadata]\n"checksum a 1.0 (registry+https://h.example/index)" = "abc"\n',
     '[metadata]\ncontent-hash = "a"\n\n[metadata.hashes]\na = ["aa", "bb"]\nb_c = []\n',
     ('[metadata.files]\n"a 1.0" = [\n    {file = "a-1.0.tar.gz", hash = "sha256:a"},\n]\n'
     '\n[root]\ncontent_hash = "md5:a"\n')]
)  # fmt: skip
PACKAGES = st.builds(
    lambda name, source, parts, tail: (
        f'[[package]]\nname = "{name}"\nversion = "1.0"\n'
        + ("" if "[package.source]" in tail else source)
        + "".join(part for part in parts if "[[" not in tail or "wheels" not in part) + tail + "\n"
    ),
    NAMES, SOURCES, PARTS, TAILS,
)  # fmt: skip


@given(
    st.lists(PACKAGES, max_size=4),
    st.sampled_from([b"uv.lock", b"poetry.lock", b"Cargo.lock"]),
    ENDS,
)
@settings(max_examples=400, deadline=None)
def test_both_readers_agree(packages: list[str], name: bytes, end: str) -> None:
    text = "version = 1\n\n" + "".join(packages) + end
    fast = toml_lines.read_lock(Text.of(text))
    assert fast is not None

    def seen(found: list[toml_lines.LockedPackage]) -> list[dict[str, Any]]:
        return [
            {
                **dataclasses.asdict(one),
                "place": one.place[0],
                "wants": sorted(one.wants),
                "artifacts": sorted(one.artifacts),
                "files": sorted(sorted(file.items()) for file in one.files),
            }
            for one in found
        ]

    slow = toml_lock._read_with_parser(text.encode())
    assert seen(fast.packages) == seen(slow.packages)
    assert (fast.digests, fast.legacy_files) == (slow.digests, slow.legacy_files)
