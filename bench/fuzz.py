"""Fuzzes all parsers of untrusted input for a given time.

Usage: python bench/fuzz.py [--seconds N] [--seed N] [--keep FOLDER] [TARGET…]

Seeds are the files of the drill, patches of them by git, and files that the gate writes.
Mutations delete, repeat and join parts, and insert bytes with a meaning to the parsers.
A failure is: an exception other than the parser's own (users would see "the gate itself
failed"), an unchanged key that does not block (a silent pass), a report that contains the
key or terminal control characters, or more than ten seconds of CPU for one input.
Failures are written to the folder ``--keep``, and the exit code is 1.
The output is Markdown.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.changes import change_of, context
from zt_gate import reports, rulebook
from zt_gate.audit import chain
from zt_gate.drill.payloads import fill, key
from zt_gate.errors import GateError
from zt_gate.git.errors import GitError
from zt_gate.git.raw_diff import DiffReader, read_changes
from zt_gate.git.spooled_text import Spool
from zt_gate.model.report import ToolInfo
from zt_gate.model.scanner import MEMORY
from zt_gate.policy import baseline, inline_ignores, load, other_baselines
from zt_gate.policy.schema import Policy
from zt_gate.review import judge, serialization
from zt_gate.scanners import SCANNERS, registered, scanner_in
from zt_gate.sources import patch_file

if TYPE_CHECKING:
    from types import FrameType

CASES = Path(__file__).resolve().parent.parent / "zt_gate" / "drill" / "cases"
KEY = key("fuzz")
PLANTED = f'\nKEY = "{KEY}"\n'.encode()
#: Seconds of CPU time and of wall time for one input.
MAX_CPU_SECONDS = 10
MAX_WALL_SECONDS = 120
#: Bytes and words with a meaning to one of the parsers.
WORDS = (
    b"\n", b"\r", b"\0", b"\t", b" ", b"\x1b[31m", b"\xff", b"\xfe\xff", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xf3\xa0\x81\x81", b"'",
    b'"', b'"""', b"\\", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"*", b"#", b"%", b"$", b"|",
    b"`", b"=", b":", b",", b"---\n", b"+++ b/x\n", b"@@ -1 +1 @@\n",
    b"@@ -0,0 +1,99999999999 @@\n", b"diff --git a/x b/x\n", b"GIT binary patch\n",
    b"literal 10\n", b"\\ No newline at end of file\n", b"From 0 Mon Sep 17\n", b"=?utf-8?b?",
    b"Content-Transfer-Encoding: base64\n", b"# -*- coding: utf-7 -*-\n", b"&a *a", b"!!x",
    b"1e999", b"-1", b"99999999999999999999", b"null", b"true", b"__proto__", b"../", b"file://",
    b"-r x\n", b"[[ignore]]\n", b"[levels]\n", b"expires = 2020-13-45\n", b"a.b.c.d.e = 1\n",
    b"zt-gate: ignore[", b"nosec", b"gitleaks:allow", b"<!--", b"-->", b"::error::",
    b"-----BEGIN ", b"<<<<<<<", b"160000",
)  # fmt: skip


class FuzzFailureError(Exception):
    """A failure that the fuzzer reports."""


@cache
def seeds() -> list[tuple[bytes, bytes]]:
    """Return the seeds: pairs of path and content."""
    found = []
    for file in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(file.read_text("utf-8"))["case"]:
            encoding = case.get("encoding", "utf-8")
            for path, text in case.get("files", {}).items():
                data = fill(text).lstrip("\n").encode(encoding)[:20_000]
                found.append((fill(path).encode(), data))
    own = Path(__file__).resolve().parent.parent
    names = (
        "pyproject.toml",
        ".zt-gate.toml",
        "action.yml",
        "docs/policy.md",
        "README.md",
    )
    return [
        *found,
        *((name.encode(), (own / name).read_bytes()[:20_000]) for name in names),
    ]


@cache
def patches() -> list[bytes]:
    """Return patches by git, some in mail format."""
    with tempfile.TemporaryDirectory() as folder:

        def git(*words: str) -> bytes:
            who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
            return subprocess.run(
                ["git", *who, *words], cwd=folder, check=True, capture_output=True
            ).stdout

        git("init", "-q")
        git("commit", "-q", "--allow-empty", "-m", "first")
        for path, data in seeds():
            target = Path(folder, path.decode())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data[:3000])
        git("add", "-A", "-f")
        git("commit", "-q", "-m", "second")
        git("mv", "README.md", "MOVED.md")
        Path(folder, "app.py").write_text("x = 1\n" * 40)
        git("add", "-A", "-f")
        git("commit", "-q", "-m", "third\n\nwith a body")
        return [
            git("diff", "HEAD~2", "HEAD~1"), git("diff", "--binary", "HEAD~1", "HEAD"),
            git("format-patch", "--stdout", "HEAD~2"), git("format-patch", "--stdout", "HEAD~1"),
        ]  # fmt: skip


@cache
def raw() -> bytes:
    """Return the output of diff-tree for a commit, with the options of the gate."""
    from zt_gate.git.raw_diff import DIFF_FLAGS

    with tempfile.TemporaryDirectory() as folder:

        def git(*words: str) -> bytes:
            who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
            return subprocess.run(
                ["git", *who, *words], cwd=folder, check=True, capture_output=True
            ).stdout

        git("init", "-q")
        Path(folder, "a.py").write_text("x = 1\n" * 30)
        git("add", "-A")
        git("commit", "-q", "-m", "first")
        git("mv", "a.py", "b.py")
        Path(folder, "b.py").write_text("x = 1\n" * 29 + "y = 2")
        Path(folder, "c\n\t.py").write_bytes(b"a\rb\n\x00\n@@ -1 +1 @@\n+x\n")
        git("add", "-A")
        git("commit", "-q", "-m", "second")
        return git("diff-tree", *DIFF_FLAGS, "HEAD~1", "HEAD", "--")


def mutated(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return ``data`` after a few random mutations."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        end = min(end, start + 200)
        mutation = rng.randrange(8)
        if mutation == 0:
            data = data[:start] + data[end:]
        elif mutation == 1:
            data = data[:start] + data[start:end] * rng.choice((2, 3, 50)) + data[end:]
        elif mutation == 2:
            data = (
                data[:start]
                + bytes(rng.randrange(256) for _ in range(end - start))
                + data[end:]
            )
        elif mutation == 3:
            other_start = rng.randrange(len(other) + 1)
            other_end = other_start + rng.randrange(1, 300)
            data = data[:start] + other[other_start:other_end] + data[end:]
        elif mutation == 4:
            data = data[:start]
        else:
            data = (
                data[:start]
                + rng.choice(WORDS) * rng.choice((1, 1, 1, 2, 400))
                + data[start:]
            )
    return data


@cache
def scanners() -> list[tuple[object, object]]:
    """Return all scanners without an external engine, each with its context."""
    folder = Path(tempfile.mkdtemp(prefix="zt-gate-fuzz-"))
    found = []
    for scanner in map(scanner_in, SCANNERS):
        if scanner.info.memory == MEMORY:
            rules = rulebook.load(scanner.info.name)
            # One context for all inputs, so its deadline must never pass.
            used = context(rules, folder, offline=True, deadline=time.monotonic() + 1e9)
            found.append((scanner, used))
    return found


def change(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Scan a changed file with all scanners, judge it and render all reports."""
    planted = rng.random() < 0.5
    if planted:
        data += PLANTED
    old = mutated(rng, other, data) if rng.random() < 0.3 else None
    changed = change_of({path: data}, None if old is None else {path: old})  # type: ignore[dict-item]
    runs = [scanner.scan(changed, used) for scanner, used in scanners()]
    runs = [serialization.load(serialization.dump(run), seconds=0.0) for run in runs]
    report = judge.judge(
        changed,
        runs,
        Policy(),
        judge.JudgeOptions(today="2026-01-01"),
        tool=ToolInfo("zt-gate", "0", ""),
        rules=rulebook.load("gate"),
    )
    if report.errors and any(run.status != "ok" for run in runs):
        raise FuzzFailureError(f"a scanner failed: {report.errors[0]}")
    if planted and report.verdict.value == "pass":
        looked = all(skip.path != path for run in runs for skip in run.not_inspected)
        if looked and KEY.encode() not in (old or b""):
            raise FuzzFailureError("a silent pass")
    for name, _ in reports.FORMATS:
        text = reports.render(name, report).decode("utf-8")
        if KEY in text:
            raise FuzzFailureError(f"{name} contains the key")
        if set(text) & set("\x00\x07\x08\x1b\x7f\x9b\u202e\u2028"):
            raise FuzzFailureError(f"{name} contains control characters")


def patch(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse a patch that ends in an intact section."""
    del path
    section = (
        b"\ndiff --git a/k.py b/k.py\nnew file mode 100644\nindex 0000000..1111111\n"
        b"--- /dev/null\n+++ b/k.py\n@@ -0,0 +1 @@\n+" + PLANTED.strip() + b"\n"
    )
    text = mutated(rng, rng.choice(patches()), other + data) + section
    with tempfile.TemporaryDirectory() as folder:
        parsed = patch_file.read(text, None, Path(folder))
        lines = [line.data for file in parsed.files for line in file.added_lines()]
        messages = [commit.message for commit in parsed.commits]
        content = b"\n".join([*lines, *messages])
        is_incomplete = any(file.incomplete for file in parsed.files)
    if KEY.encode() not in content and not is_incomplete:
        raise FuzzFailureError("the last section of the patch is missing")


class _EmptyStore:
    """An object store without objects."""

    def __getattr__(self, name: str) -> object:
        raise GitError(f"no {name} here")


def listing(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse the output of git diff-tree."""
    del path
    stream = io.BytesIO(mutated(rng, raw(), other + data))
    for file in read_changes(DiffReader(stream.read), Spool(), _EmptyStore()):  # type: ignore[arg-type]
        for hunk in file.hunks:
            list(hunk.added_lines())
            list(hunk.removed_lines())


def policy(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse a policy."""
    del path
    page = Path(__file__).resolve().parent.parent / "docs" / "policy.md"
    example = page.read_bytes().partition(b"```toml\n")[2].partition(b"```")[0]
    load.parse(
        mutated(rng, example, other + data), ".zt-gate.toml", scanners=registered()
    )


def baselines(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse a baseline, and baselines of other tools."""
    del path
    entries = frozenset(
        baseline.BaselineEntry(f"{number:032x}", "secrets/x", b"a b\xff")
        for number in range(9)
    )
    whole = baseline.render(baseline.Baseline(baseline.new_salt(), entries))
    broken = mutated(rng, whole, other + data)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (
            (".secrets.baseline", b'{"version": "1.5.0", "results": {"a.py": [{"type": "x", '
             b'"hashed_secret": "' + b"a" * 40 + b'", "line_number": 1}]}}'),
            (".gitleaksignore", b"a.py:rule:1\n" + b"1" * 40 + b":a.py:rule:1\n"),
        ):  # fmt: skip
            file = Path(folder, name)
            file.write_bytes(mutated(rng, text, other + data))
            try:
                other_baselines.load_matcher(file, registered())
            except GateError:
                continue
    baseline.parse(broken)


def inline_marks(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse inline ignores."""
    del path, other
    own = b'x = 1  # zt-gate: ignore[code/*,secrets/x] reason="because" expires=2027-01-31\n'
    for line in mutated(rng, own, data).split(b"\n"):
        list(inline_ignores.find_inline_ignores(line))


def scanner_result(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Parse the result of a scanner process."""
    del other
    scanner, used = scanners()[2]
    whole = serialization.dump(scanner.scan(change_of({path: data + PLANTED}), used))  # type: ignore[attr-defined]
    serialization.load(mutated(rng, whole, data), seconds=0.0)


def audit_log(rng: random.Random, data: bytes, path: bytes, other: bytes) -> None:
    """Verify a log: every modification must be detected."""
    del path
    whole, prev = b"", chain.GENESIS_HASH
    for number in range(1, 4):
        entry = {"time": "x", "v": 1, "seq": number, "prev": prev}
        line, prev = chain._line(entry)  # noqa: SLF001
        whole += line
    broken = mutated(rng, whole, other + data)
    chain.verify(io.BytesIO(broken), prev)
    if broken != whole:
        raise FuzzFailureError("a modified log passes verification")


#: Each target, the errors that its parser raises for invalid input, and its weight.
TARGETS = {
    "changed file": (change, (), 12),
    "patch": (patch, GateError, 4),
    "git's listing": (listing, GateError, 4),
    "policy": (policy, GateError, 2),
    "baselines": (baselines, GateError, 2),
    "marks": (inline_marks, (), 1),
    "scanner's answer": (scanner_result, serialization.WireError, 2),
    "log": (audit_log, GateError, 1),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    chosen = options.targets or list(TARGETS)
    weighted = [name for name in chosen for _ in range(TARGETS[name][2])]
    signal.signal(signal.SIGALRM, _on_timeout)
    rng = random.Random(options.seed)
    ran: Counter[str] = Counter()
    slowest: Counter[str] = Counter()
    failures: dict[str, int] = {}
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        name = rng.choice(weighted)
        seed = rng.getrandbits(64)
        ran[name] += 1
        started = time.process_time()
        problem = run_input(name, seed)
        spent = time.process_time() - started
        slowest[name] = max(slowest[name], int(spent * 1000))
        if not problem and spent > MAX_CPU_SECONDS:
            problem = f"slow: {spent:.0f} s of CPU"
        kind = problem.partition(": ")[0]
        if problem and failures.setdefault(kind, seed) == seed:
            print(
                f"failure: {name}, input {seed}: {problem}", file=sys.stderr, flush=True
            )
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{name.replace(' ', '-')}-{seed}.txt").write_text(
                    problem
                )
    print(
        f"seed {options.seed}\n\n| target | inputs | slowest, ms of CPU |\n|---|---|---|"
    )
    for name in chosen:
        print(f"| {name} | {ran[name]:,} | {slowest[name]:,} |")
    print(f"\n{len(failures)} failures")
    return 1 if failures else 0


def run_input(name: str, seed: int) -> str:
    """Run one input by its seed; return the failure, or ""."""
    target, expected_errors, _ = TARGETS[name]
    rng = random.Random(seed)
    path, data = rng.choice(seeds())
    _, other = rng.choice(seeds())
    signal.alarm(MAX_WALL_SECONDS)
    try:
        if target is change:
            data = mutated(rng, data, other)
        target(rng, data, path, other)
    except expected_errors:
        return ""
    except FuzzFailureError as error:
        return str(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return f"{type(error).__name__} at {where}: {error}\n{traceback.format_exc()}"
    finally:
        signal.alarm(0)
    return ""


def _on_timeout(_number: int, _frame: FrameType | None) -> None:
    raise FuzzFailureError(f"no result within {MAX_WALL_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
