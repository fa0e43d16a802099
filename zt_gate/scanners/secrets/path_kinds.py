"""What a file's path says: code or settings, a test, documentation, a lock file."""

from __future__ import annotations

import re

from zt_gate.scanners.secrets.lazy_regex import lazy_bytes

_CODE = frozenset(
    b"py pyi js jsx mjs cjs ts tsx mts cts go rb rs java kt kts c h cc cpp cxx hpp cs php pl pm "
    b"swift scala ex exs m mm lua r jl dart groovy vue svelte clj erl hs ml fs vb sol zig".split()
)
_TEST = lazy_bytes(
    rb"(?:^|/)(?:tests?|testing|testdata|test[-_]data|spec|specs|fixtures?|mocks?|__tests__|"
    rb"__mocks__|e2e|t/(?:unit|smoke|integration)|examples?|samples?|demos?)(?:/|$)"
    rb"|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*[._-](?:test|spec|tests)\.[a-z]{1,5}|[^/]*Tests?\.[a-z]{2,5}"
    rb"|(?:[^/]*[._-])?(?:examples?|samples?)[-_.\d]*\.[a-z]{2,5}|[^/]*\.(?:example|sample|template|dist|tmpl|tpl|j2|erb))$",
    re.IGNORECASE,
)
_DOC = lazy_bytes(
    rb"(?:^|/)docs?/|\.(?:md|mdx|rst|adoc|markdown|ipynb|html?)$|(?:^|/)(?:README|CHANGELOG|CHANGES)[^/]*$",
    re.IGNORECASE,
)
_LOCK = lazy_bytes(
    rb"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|"
    rb"poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|Cargo\.lock|composer\.lock|Gemfile\.lock|"
    rb"go\.sum|go\.work\.sum|mix\.lock|Podfile\.lock|pubspec\.lock|flake\.lock|deno\.lock|"
    rb"Package\.resolved|packages\.lock\.json|gradle\.lockfile|verification-metadata\.xml|"
    rb"\.terraform\.lock\.hcl|pylock(?:\.[\w-]+)?\.toml|conda-lock\.yml|Chart\.lock|cabal\.project\.freeze)$"
)


def is_code(path: bytes) -> bool:
    """Whether unquoted text after an operator is an expression here, not a value."""
    return path.rsplit(b".", 1)[-1].lower() in _CODE


def is_test_or_doc(path: bytes) -> bool:
    """Whether made-up passwords are at home here."""
    return _TEST.search(path) is not None or _DOC.search(path) is not None


def is_lock(path: bytes) -> bool:
    """Whether this is a lock file, full of checksums."""
    return _LOCK.search(path) is not None
