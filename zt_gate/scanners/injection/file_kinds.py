"""What a path says about a file: code, agent instructions, a right-to-left locale."""

from __future__ import annotations

import re

_CODE = frozenset(
    b"py pyi pyx js jsx mjs cjs ts tsx mts cts vue svelte go rb rs java kt kts scala groovy gradle "
    b"c h cc cpp cxx hpp hh cs csx fs vb php pl pm sh bash zsh fish ps1 psm1 bat cmd lua r jl "
    b"swift m mm dart ex exs erl hs clj cljs lisp el scm ml mli nim zig sol vy s asm sql proto "
    b"graphql tf hcl tfvars cmake mk cu glsl wat v sv vhd".split()
)
_CODE_NAMES = frozenset(
    b"makefile dockerfile containerfile rakefile gemfile justfile jenkinsfile".split()
)
_SCRIPT = frozenset(b"js jsx mjs cjs ts tsx mts cts vue svelte".split())
_AGENT = re.compile(
    rb"(?:^|/)(?:(?:claude|agents?|gemini|codex|skill|copilot-instructions)(?:\.local)?\.md"
    rb"|\.(?:cursor|windsurf|cline|roo|goose)rules|\.goosehints|[^/]*\.mdc"
    rb"|[^/]*\.(?:instructions|prompt)\.md)$"
    rb"|(?:^|/)\.(?:claude|cursor|windsurf|clinerules|roo|codex|gemini|continue|amazonq)/",
    re.IGNORECASE,
)
_RTL = rb"(?i)(?:^|[/._-])(?:ar|he|iw|fa|ur|yi|ps|sd|ug|dv|ckb|ku|arc)(?:[/._@-]|$)"


def _suffix(path: bytes) -> bytes:
    return path.rsplit(b"/", 1)[-1].lower().rpartition(b".")[2]


def is_code(path: bytes) -> bool:
    """Whether a compiler, an interpreter or a build tool reads the file."""
    return _suffix(path) in _CODE or path.rsplit(b"/", 1)[-1].lower() in _CODE_NAMES


def is_script(path: bytes) -> bool:
    """Whether the file is JavaScript, TypeScript or holds it."""
    return _suffix(path) in _SCRIPT


def is_agent_file(path: bytes) -> bool:
    """Whether the file is meant to instruct an agent: there, imperatives are normal."""
    return _AGENT.search(path) is not None


def is_right_to_left(path: bytes) -> bool:
    """Whether the path names a locale that is written from right to left."""
    return re.search(_RTL, path) is not None
