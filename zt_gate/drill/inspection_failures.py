"""Cases in which something cannot be inspected, which must never pass."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace

_GROUP = "failures"
_SAFE_CODE = "x = 1\n"


def _missing(workspace: CaseWorkspace) -> GateOutcome:
    """Delete the object of a staged file."""
    repository = workspace.repository()
    repository.write("new.py", _SAFE_CODE + "y = 2\n")
    repository.stage()
    oid = repository.git("rev-parse", ":new.py")
    os.unlink(repository.path / ".git" / "objects" / oid[:2] / oid[2:])
    return workspace.scan(repository)


def _deadline(workspace: CaseWorkspace) -> GateOutcome:
    """Set a deadline that a scanner cannot meet."""
    policy = b"[scanners.secrets]\ndeadline-seconds = 0.000001\n"
    repository = workspace.repository({b".zt-gate.toml": policy})
    repository.write("big.txt", "some words of text in a line\n" * 200_000)
    repository.stage()
    return workspace.scan(repository)


def _registry(workspace: CaseWorkspace) -> GateOutcome:
    """Query a registry that does not answer."""
    repository = workspace.repository()
    repository.write("requirements.txt", "flask-session-guardian==1.0\n")
    repository.stage()
    unreachable = dict.fromkeys(("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
                           "http://127.0.0.1:9/simple/")  # fmt: skip
    return workspace.scan(repository, only=("dependencies",), env=unreachable)


def _trusted(name: str, text: str, workspace: CaseWorkspace) -> GateOutcome:
    """Commit an invalid file on the trusted side."""
    repository = workspace.repository({name.encode(): text.encode()})
    repository.write("new.py", _SAFE_CODE)
    repository.stage()
    return workspace.scan(repository)


def _skipped(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository({b".zt-gate.toml": b'profile = "strict"\n'})
    repository.write("new.py", _SAFE_CODE)
    repository.stage()
    return workspace.scan(repository, only=(), skip=("code", "dependencies"))


def _unknown_base(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    return workspace.scan(repository, "range", spec=f"{'1' * 40}..HEAD")


def _patch(workspace: CaseWorkspace) -> GateOutcome:
    """Scan a truncated patch."""
    text = b"--- a/app.py\n+++ b/app.py\n@@ -1,3 +1,4 @@\n print(1)\n+x = 1\n"
    return workspace.scan(workspace.repository(), "patch", patch=text)


def _unreadable(name: str, data: bytes, workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write(name, data)
    repository.stage()
    return workspace.scan(repository, only=("secrets", "agent_config", "dependencies"))


def _output(workspace: CaseWorkspace) -> GateOutcome:
    """Write the report to a link."""
    repository = workspace.repository()
    repository.write("new.py", _SAFE_CODE)
    repository.stage()
    os.symlink(workspace.folder / "elsewhere", repository.path / "report.json")
    words = ("--scanner", "secrets", "--output", "json=report.json")
    return workspace.scan_in_process(repository, *words)


def _newly_skipped(old: str, new: str, workspace: CaseWorkspace) -> GateOutcome:
    """Replace ``old``, "" for no file, in the strict profile, where a new bundle warns."""
    before = {b".zt-gate.toml": b'profile = "strict"\n'}
    if old:
        before[b"web/app.js"] = old.encode()
    repository = workspace.repository(before)
    repository.write("web/app.js", new)
    repository.stage()
    return workspace.scan(repository, only=())


def _code(name: str, text: str, workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository({b"requirements.txt": b"flask>=1\n"})
    repository.write(name, text)
    repository.stage()
    return workspace.scan(repository, only=("code",))


#: Longer than what is always inspected in full.
_BY_HAND = "".join(
    f"function f{number}(a) {{\n  return a + {number};\n}}\n" for number in range(1500)
)
_UNSAFE_JS = (
    'const cp = require("child_process");\n'
    'function z(req) { cp.exec("ls " + req.query.a); }\n'
)
_MINIFIED = (
    "".join(f"var v{number}=g({number});" for number in range(4000))
    + _UNSAFE_JS.replace("\n", "")
    + "\n"
)
_NEWER_JS = (
    'import defer * as a from "x";\n'
    "class A {\n  static x;\n  static {\n    this.x = 1;\n  }\n}\n"
)
#: Valid since Python 3.10; semgrep 1.185 fails at the pattern.
_NEWER_PYTHON = (
    "import os\n\n\ndef f(value):\n    match value:\n"
    '        case {"a": 1, **rest}:\n            os.system("date")\n'
    "            return rest\n"
)
_UNSAFE_TEMPLATE = (
    "from flask import request\n\n\n"
    "def f():\n    return t'{eval(request.args[\"q\"])}'\n"
)


def _nothing_staged(workspace: CaseWorkspace) -> GateOutcome:
    return workspace.scan(workspace.repository(), only=())


def _binary(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("font.woff2", b"wOF2" + bytes(range(256)) * 40)
    repository.stage()
    return workspace.scan(repository)


def _deleted(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.git("rm", "-q", "app.py")
    return workspace.scan(repository)


CASES = (
    Case(
        "missing-object",
        _GROUP,
        "a staged file whose object is missing",
        "error",
        _missing,
    ),
    Case(
        "scanner-deadline",
        _GROUP,
        "a scanner that exceeds its deadline",
        "error",
        _deadline,
    ),
    Case(
        "registry-unreachable",
        _GROUP,
        "a registry that does not answer",
        "error",
        _registry,
    ),
    Case(
        "invalid-policy",
        _GROUP,
        "a trusted policy that is not TOML",
        "refused",
        partial(_trusted, ".zt-gate.toml", "profile = \n"),
    ),
    Case(
        "misspelt-policy",
        _GROUP,
        "a trusted policy with a misspelt key",
        "refused",
        partial(_trusted, ".zt-gate.toml", "[level]\nsecrets = 'block'\n"),
    ),
    Case(
        "invalid-baseline",
        _GROUP,
        "a trusted baseline in another format",
        "refused",
        partial(_trusted, ".zt-gate-baseline", "everything\n"),
    ),
    Case(
        "scanners-skipped",
        _GROUP,
        "a strict run without two scanners",
        "error",
        _skipped,
    ),
    Case(
        "unknown-base",
        _GROUP,
        "a range that starts at an unknown commit",
        "refused",
        _unknown_base,
    ),
    Case(
        "truncated-patch", _GROUP, "a patch that ends in the middle", "refused", _patch
    ),
    Case(
        "line-too-long",
        _GROUP,
        "a line of 12 MB",
        "block gate/unreadable",
        partial(_unreadable, "big.js", b"x" * (12 << 20) + b"\n"),
    ),
    Case(
        "json-nested-too-deep",
        _GROUP,
        "JSON that is nested too deep to parse",
        "block gate/unreadable",
        partial(_unreadable, ".mcp.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    ),
    Case(
        "report-through-link", _GROUP, "a report file that is a link", "error", _output
    ),
    Case(
        "bundle-added",
        _GROUP,
        "a new minified file, in which no rule follows data",
        "warn gate/newly-skipped",
        partial(_newly_skipped, "", _MINIFIED),
    ),
    Case(
        "code-became-minified",
        _GROUP,
        "inspected code in a form in which no rule follows data",
        "warn gate/newly-skipped",
        partial(_newly_skipped, _BY_HAND, _MINIFIED),
    ),
    Case(
        "generated-marker-added",
        _GROUP,
        "unsafe code in a file that the change itself calls generated",
        "block code/*",
        partial(_newly_skipped, _BY_HAND, f"// @generated\n{_BY_HAND}{_UNSAFE_JS}"),
    ),
    Case(
        "code-below-newer-syntax",
        _GROUP,
        "unsafe code below syntax that the engine may not parse",
        "block code/*",
        partial(_code, "web/app.mjs", _NEWER_JS + _UNSAFE_JS),
    ),
    Case(
        "code-in-newer-syntax",
        _GROUP,
        "unsafe code inside syntax that the engine may not parse",
        "block code/*",
        partial(_code, "page.py", _UNSAFE_TEMPLATE),
    ),
    Case(
        "bundle-changed",
        "honest",
        "a new version of a minified file",
        "pass",
        partial(_newly_skipped, _MINIFIED, f"{_MINIFIED}var last=1;\n"),
    ),
    Case(
        "newer-syntax",
        "honest",
        "valid syntax that the engine may not parse",
        "pass",
        partial(_code, "rest.py", _NEWER_PYTHON),
    ),
    Case("nothing-staged", "honest", "an empty change", "pass", _nothing_staged),
    Case("font", "honest", "a font file", "pass", _binary),
    Case("file-deleted", "honest", "a deleted file", "pass", _deleted),
)
