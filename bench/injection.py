"""Recall of the injection scanner on planted cases, its alarms on packages, and its cost.

Usage: python bench/injection.py [CASES.jsonl[.xz]] [--packages NAME…] [--sources FOLDER]
                                 [--clean FOLDER]… [--honest FILE] [--show]

Cases are JSON lines with ``id``, ``group``, ``obfuscation``, ``file`` and ``text``.
The source distributions of the packages are fetched with pip (or taken from
``--sources``, where they lie already); every text file of theirs counts as added.
Beside the scanner run a list of six phrases and ctxsentry, which is installed from
its wheel into an environment of its own.  What cannot be had is named on stderr,
the rest is measured, and the exit code is 1.
Alarms are findings that block, per 100,000 lines; ``honest-prompts.txt`` holds honest
questions to an assistant, one a line, full of the words that scanners wait for.
The output is Markdown.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.injection import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.base import Context

ORDINARY = ("flask", "requests", "rich")
PROMPTS = ("crewai", "langchain-classic", "llama-index-core")
TRANSLATIONS = ("django", "sphinx")
# Written so that this file is not itself a finding.
SIX = tuple(
    phrase.replace("_", " ").encode()
    for phrase in (
        "ignore_previous", "disregard_the_above", "new_instructions:",
        "system:", "assistant:", "you_are_now",
    )
)  # fmt: skip
KINDS: dict[str, set[str]] = {
    "code": {".py", ".pyi", ".js", ".ts", ".c", ".h", ".pyx", ".css", ".sh"},
    "code, not ASCII": set(),
    "docs": {".md", ".rst", ".txt", ".html", ".ipynb"},
    "translations": {".po", ".pot", ".ftl", ".xlf"},
    "data": {".json", ".yaml", ".yml", ".toml", ".csv", ".xml", ".cfg", ".ini", ".svg"},
}
_BATCH = 200
_MOST = 1_000_000


class Case(NamedTuple):
    """One planted text."""

    id: str
    names: tuple[str, ...]
    file: str
    text: bytes


class Clean(NamedTuple):
    """The text files of one package, by kind."""

    name: str
    files: Mapping[str, Mapping[str, bytes]]

    def lines(self) -> int:
        """Return how many lines they hold."""
        return sum(
            data.count(b"\n") for kind in self.files.values() for data in kind.values()
        )


def cases_of(path: Path) -> Iterator[Case]:
    with (lzma.open if path.suffix == ".xz" else open)(
        path, "rt", encoding="utf-8"
    ) as file:
        for line in file:
            raw = json.loads(line)
            group, how = raw["group"], raw["obfuscation"]
            names = (group, f"{group}/{how}") if how else (group,)
            yield Case(
                raw["id"],
                names,
                raw["file"],
                raw["text"].encode("utf-8", "surrogatepass"),
            )


def clean_of(name: str, folder: Path) -> Clean:
    files: dict[str, dict[str, bytes]] = {kind: {} for kind in KINDS}
    for root, _, names in os.walk(folder):
        for one in sorted(names):
            path = Path(root, one)
            kind = next((k for k, ends in KINDS.items() if path.suffix in ends), None)
            if kind and not path.is_symlink() and path.stat().st_size <= _MOST:
                data = path.read_bytes()
                kind = (
                    "code, not ASCII" if kind == "code" and not data.isascii() else kind
                )
                files[kind][str(path.relative_to(folder))] = data
    return Clean(name, files)


def fetch(names: Sequence[str], folder: Path) -> list[str]:
    """Download source distributions; return the names of those that could not be had.

    Only the named packages are asked for as source: ``:all:`` would build their build
    tools from source too, which takes minutes and changes nothing in what is unpacked.
    """
    missing = []
    for name in names:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            str(folder),
        ]
        done = subprocess.run([*command, "--no-binary", name, name], check=False)
        if done.returncode:
            print(f"{name} could not be downloaded and is left out", file=sys.stderr)
            missing.append(name)
    return missing


def unpack(archive: Path, folder: Path) -> Clean:
    name = archive.name.removesuffix(".tar.gz").removesuffix(".zip")
    target = folder / name
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    return clean_of(name, target)


class Ours:
    """This project's scanner."""

    name = "zt-gate"

    def __init__(self, folder: Path, *, show: bool) -> None:
        self.show = show
        self.ctx: Context = context(rulebook.load("injection"), folder)
        self.cpu: dict[str, float] = defaultdict(float)
        self.size: dict[str, int] = defaultdict(int)

    def hits(self, cases: Sequence[Case], level: str = "block") -> set[str]:
        found = set()
        for case in cases:
            run = SCANNER.scan(change_of({case.file: case.text}), self.ctx)
            levels = {str(finding.level) for finding in run.findings}
            if "block" in levels or (level == "warn" and "warn" in levels):
                found.add(case.id)
            elif self.show and level == "warn":
                print("missed", case.id, file=sys.stderr)
        return found

    def alarms(self, clean: Clean) -> Counter[str]:
        """Return how many findings there are of each level."""
        count: Counter[str] = Counter()
        for kind, files in clean.files.items():
            paths = list(files)
            for at in range(0, len(paths), _BATCH):
                batch = {path: files[path] for path in paths[at : at + _BATCH]}
                count += self._alarms(kind, batch)
        return count

    def _alarms(self, kind: str, batch: Mapping[str, bytes]) -> Counter[str]:
        self.ctx = context(self.ctx.rules, self.ctx.workdir)
        change = change_of(batch)
        start = time.process_time()
        run = SCANNER.scan(change, self.ctx)
        self.cpu[kind] += time.process_time() - start
        self.size[kind] += sum(map(len, batch.values()))
        for finding in run.findings if self.show else ():
            where = (
                f"{os.fsdecode(finding.location.path or b'')}:{finding.location.line}"
            )
            print(
                finding.level,
                finding.rule,
                where,
                finding.message[:200],
                file=sys.stderr,
            )
        return Counter(str(finding.level) for finding in run.findings)


class Six:
    """The list of six phrases: a line that holds one is an alarm."""

    name = "six phrases"

    def hits(self, cases: Sequence[Case]) -> set[str]:
        return {case.id for case in cases if self._count(case.text)}

    def alarms(self, clean: Clean) -> int:
        return sum(
            self._count(data) for kind in clean.files.values() for data in kind.values()
        )

    def _count(self, data: bytes) -> int:
        return sum(
            any(six in line for six in SIX) for line in data.lower().split(b"\n")
        )


class Ctxsentry:
    """ctxsentry at the severities for which it fails (high and critical), on all text."""

    name = "ctxsentry"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.turn = 0
        venv.create(folder / "env", with_pip=True)
        self.python = (
            folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        )
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "-q",
            "--only-binary",
            ":all:",
            "ctxsentry",
        ]
        subprocess.run(command, check=True)

    def hits(self, cases: Sequence[Case]) -> set[str]:
        paths = {f"{i}/{case.file}": case for i, case in enumerate(cases)}
        found = self._scan({path: case.text for path, case in paths.items()})
        ids = {path.partition("/")[0] for path in found}
        return {case.id for i, case in enumerate(cases) if str(i) in ids}

    def alarms(self, clean: Clean) -> int:
        return len(
            self._scan({p: d for kind in clean.files.values() for p, d in kind.items()})
        )

    def _scan(self, files: Mapping[str, bytes]) -> list[str]:
        self.turn += 1
        top = self.folder / f"tree{self.turn}"
        for path, data in files.items():
            target = top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        command = [
            str(self.python),
            "-m",
            "ctxsentry",
            "scan",
            str(top),
            "--format",
            "json",
        ]
        options = ["--all-text", "--min-severity", "high", "--max-bytes", str(_MOST)]
        done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=False)
        return [finding["path"] for finding in json.loads(done.stdout)["findings"]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table; all columns but the first are numbers."""
    print("|", " | ".join(head), "|")
    print("|", " | ".join(["---"] + ["--:"] * (len(head) - 1)), "|")
    for row in rows:
        print("|", " | ".join(row), "|")
    print()


def recall(path: Path, ours: Ours, peers: Sequence[Six | Ctxsentry]) -> None:
    cases = list(cases_of(path))
    found = [
        ours.hits(cases),
        ours.hits(cases, "warn"),
        *(peer.hits(cases) for peer in peers),
    ]
    total = Counter(name for case in cases for name in case.names)
    rows = []
    for name in sorted(total):
        ids = {case.id for case in cases if name in case.names}
        shares = (f"{len(ids & hit) / len(ids):.0%}" for hit in found)
        rows.append([name, str(total[name]), *shares])
    names = ["zt-gate", "zt-gate with review", *(peer.name for peer in peers)]
    table(["planted, found in", "cases", *names], rows)


def alarms(
    packages: Sequence[Clean], ours: Ours, peers: Sequence[Six | Ctxsentry]
) -> None:
    rows = []
    for clean in packages:
        lines = max(1, clean.lines())
        own = ours.alarms(clean)
        counts = [own["block"], own["warn"], *(peer.alarms(clean) for peer in peers)]
        shares = [f"{count * 100_000 / lines:.1f}" for count in counts]
        rows.append([clean.name, f"{lines:,}", *shares])
    names = ["zt-gate", "its reviews", *(peer.name for peer in peers)]
    table(["alarms per 100,000 lines in", "lines", *names], rows)
    cost = [
        [kind, f"{size / 1024:,.0f}", f"{ours.cpu[kind] * 1024_000 / size:.3f}"]
        for kind, size in sorted(ours.size.items())
    ]
    table(["CPU of zt-gate on", "KB", "ms/KB"], cost)


def honest(path: Path, ours: Ours, peers: Sequence[Six | Ctxsentry]) -> None:
    lines = path.read_bytes().splitlines()
    cases = [Case(str(i), (), f"{i}.txt", line + b"\n") for i, line in enumerate(lines)]
    found = [
        ours.hits(cases),
        ours.hits(cases, "warn"),
        *(peer.hits(cases) for peer in peers),
    ]
    names = ["zt-gate", "zt-gate with review", *(peer.name for peer in peers)]
    counts = [str(len(hit)) for hit in found]
    table(
        ["alarms on honest questions", "questions", *names],
        [[path.stem, str(len(cases)), *counts]],
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", type=Path, nargs="?")
    parser.add_argument(
        "--packages", nargs="*", default=[*ORDINARY, *PROMPTS, *TRANSLATIONS]
    )
    parser.add_argument("--sources", type=Path, help="folder of source distributions")
    parser.add_argument("--clean", type=Path, action="append", default=[])
    parser.add_argument(
        "--honest", type=Path, default=Path(__file__).parent / "honest-prompts.txt"
    )
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Ours(folder, show=args.show)
        missing: list[str] = []
        peers: list[Six | Ctxsentry] = [Six()]
        try:
            peers.append(Ctxsentry(folder / "ctxsentry"))
        except (OSError, subprocess.CalledProcessError) as error:
            print(
                f"ctxsentry could not be had and is left out: {error}", file=sys.stderr
            )
            missing.append("ctxsentry")
        if args.cases:
            recall(args.cases, ours, peers)
        honest(args.honest, ours, peers)
        sources = args.sources or folder / "sources"
        if args.packages and not args.sources:
            missing += fetch(args.packages, sources)
        archives = sorted((*sources.glob("*.tar.gz"), *sources.glob("*.zip")))
        packages = [unpack(archive, folder / "unpacked") for archive in archives]
        packages += [clean_of(clean.name, clean) for clean in args.clean]
        alarms(packages, ours, peers)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
