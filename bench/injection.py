"""Measures the injection scanner: recall, false positives on packages, and CPU time.

Usage: python bench/injection.py [CASES.jsonl[.xz]] [--packages NAME…] [--sources FOLDER]
                                 [--clean FOLDER]… [--honest FILE] [--show]

Cases are JSON lines with ``id``, ``group``, ``obfuscation``, ``file`` and ``text``.
The source distributions of the packages are downloaded with pip, or taken from the
folder ``--sources``; each of their text files is scanned as an added file.
The scanner is compared with a list of six phrases and with ctxsentry, which is installed
from its wheel into a separate environment.  If a download fails, its name is printed on
stderr, the rest is measured, and the exit code is 1.
False positives are blocking findings per 100,000 lines.  ``honest-prompts.txt`` contains
harmless questions to an assistant, one per line, with many words of typical attacks.
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
# With underscores, so that this file has no findings.
PHRASES = tuple(
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
#: Files of one scan.
_BATCH = 200
#: Bytes of a file; larger files are left out.
_MAX_BYTES = 1_000_000


class Case(NamedTuple):
    """One injected text.  ``names`` are the rows of the table in which it counts."""

    id: str
    names: tuple[str, ...]
    file: str
    text: bytes


class Package(NamedTuple):
    """The text files of one package by kind, each by path."""

    name: str
    files: Mapping[str, Mapping[str, bytes]]

    def lines(self) -> int:
        """Return how many lines they hold."""
        return sum(
            data.count(b"\n") for kind in self.files.values() for data in kind.values()
        )


def read_cases(path: Path) -> Iterator[Case]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            raw = json.loads(line)
            group, obfuscation = raw["group"], raw["obfuscation"]
            names: tuple[str, ...] = (group,)
            if obfuscation:
                names = (group, f"{group}/{obfuscation}")
            yield Case(
                raw["id"],
                names,
                raw["file"],
                raw["text"].encode("utf-8", "surrogatepass"),
            )


def read_package(name: str, folder: Path) -> Package:
    files: dict[str, dict[str, bytes]] = {kind: {} for kind in KINDS}
    for root, _, names in os.walk(folder):
        for file_name in sorted(names):
            path = Path(root, file_name)
            kind = kind_of(path)
            if kind is None or path.is_symlink() or path.stat().st_size > _MAX_BYTES:
                continue
            data = path.read_bytes()
            if kind == "code" and not data.isascii():
                kind = "code, not ASCII"
            files[kind][str(path.relative_to(folder))] = data
    return Package(name, files)


def kind_of(path: Path) -> str | None:
    """Return the kind of a text file by its suffix, None for other files."""
    for kind, suffixes in KINDS.items():
        if path.suffix in suffixes:
            return kind
    return None


def fetch(names: Sequence[str], folder: Path) -> list[str]:
    """Download source distributions; return the names of failed downloads.

    ``--no-binary`` names the packages: ``:all:`` would also build their build tools from
    source, which takes minutes.
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
            print(f"download failed, left out: {name}", file=sys.stderr)
            missing.append(name)
    return missing


def unpack(archive: Path, folder: Path) -> Package:
    name = archive.name.removesuffix(".tar.gz").removesuffix(".zip")
    target = folder / name
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    return read_package(name, target)


class OwnScanner:
    """The scanner of this project."""

    name = "zt-gate"

    def __init__(self, folder: Path, *, show: bool) -> None:
        self.show = show
        self.context: Context = context(rulebook.load("injection"), folder)
        self.cpu: dict[str, float] = defaultdict(float)
        self.size: dict[str, int] = defaultdict(int)

    def hits(self, cases: Sequence[Case], level: str = "block") -> set[str]:
        """Return the ids of the cases with a finding at ``level`` or above."""
        hits = set()
        for case in cases:
            run = SCANNER.scan(change_of({case.file: case.text}), self.context)
            levels = {str(finding.level) for finding in run.findings}
            if "block" in levels or (level == "warn" and "warn" in levels):
                hits.add(case.id)
            elif self.show and level == "warn":
                print("missed", case.id, file=sys.stderr)
        return hits

    def alarms(self, package: Package) -> Counter[str]:
        """Return the number of findings of each level."""
        count: Counter[str] = Counter()
        for kind, files in package.files.items():
            paths = list(files)
            for first in range(0, len(paths), _BATCH):
                batch = {path: files[path] for path in paths[first : first + _BATCH]}
                count += self._alarms(kind, batch)
        return count

    def _alarms(self, kind: str, batch: Mapping[str, bytes]) -> Counter[str]:
        self.context = context(self.context.rules, self.context.workdir)
        change = change_of(batch)
        start = time.process_time()
        run = SCANNER.scan(change, self.context)
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


class PhraseList:
    """The list of six phrases: each line that contains one is a finding."""

    name = "six phrases"

    def hits(self, cases: Sequence[Case]) -> set[str]:
        return {case.id for case in cases if self._count(case.text)}

    def alarms(self, package: Package) -> int:
        return sum(
            self._count(data)
            for kind in package.files.values()
            for data in kind.values()
        )

    def _count(self, data: bytes) -> int:
        return sum(
            any(phrase in line for phrase in PHRASES)
            for line in data.lower().split(b"\n")
        )


class Ctxsentry:
    """ctxsentry with the severities at which it fails (high and critical), on all text."""

    name = "ctxsentry"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scan_count = 0
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
        reported = self._scan({path: case.text for path, case in paths.items()})
        indices = {path.partition("/")[0] for path in reported}
        return {case.id for i, case in enumerate(cases) if str(i) in indices}

    def alarms(self, package: Package) -> int:
        files: dict[str, bytes] = {}
        for files_of_kind in package.files.values():
            files.update(files_of_kind)
        return len(self._scan(files))

    def _scan(self, files: Mapping[str, bytes]) -> list[str]:
        self.scan_count += 1
        top = self.folder / f"tree{self.scan_count}"
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
        options = [
            "--all-text",
            "--min-severity",
            "high",
            "--max-bytes",
            str(_MAX_BYTES),
        ]
        done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=False)
        return [finding["path"] for finding in json.loads(done.stdout)["findings"]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table; all columns but the first are numbers."""
    print("|", " | ".join(head), "|")
    print("|", " | ".join(["---"] + ["--:"] * (len(head) - 1)), "|")
    for row in rows:
        print("|", " | ".join(row), "|")
    print()


def recall(
    path: Path, own_scanner: OwnScanner, peers: Sequence[PhraseList | Ctxsentry]
) -> None:
    cases = list(read_cases(path))
    found = [
        own_scanner.hits(cases),
        own_scanner.hits(cases, "warn"),
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
    packages: Sequence[Package],
    own_scanner: OwnScanner,
    peers: Sequence[PhraseList | Ctxsentry],
) -> None:
    rows = []
    for package in packages:
        lines = max(1, package.lines())
        own = own_scanner.alarms(package)
        counts = [own["block"], own["warn"], *(peer.alarms(package) for peer in peers)]
        shares = [f"{count * 100_000 / lines:.1f}" for count in counts]
        rows.append([package.name, f"{lines:,}", *shares])
    names = ["zt-gate", "its reviews", *(peer.name for peer in peers)]
    table(["alarms per 100,000 lines in", "lines", *names], rows)
    cost = [
        [kind, f"{size / 1024:,.0f}", f"{own_scanner.cpu[kind] * 1024_000 / size:.3f}"]
        for kind, size in sorted(own_scanner.size.items())
    ]
    table(["CPU of zt-gate on", "KB", "ms/KB"], cost)


def honest(
    path: Path, own_scanner: OwnScanner, peers: Sequence[PhraseList | Ctxsentry]
) -> None:
    lines = path.read_bytes().splitlines()
    cases = [Case(str(i), (), f"{i}.txt", line + b"\n") for i, line in enumerate(lines)]
    found = [
        own_scanner.hits(cases),
        own_scanner.hits(cases, "warn"),
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
        own_scanner = OwnScanner(folder, show=args.show)
        missing: list[str] = []
        peers: list[PhraseList | Ctxsentry] = [PhraseList()]
        try:
            peers.append(Ctxsentry(folder / "ctxsentry"))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"installation failed, left out: ctxsentry: {error}", file=sys.stderr)
            missing.append("ctxsentry")
        if args.cases:
            recall(args.cases, own_scanner, peers)
        honest(args.honest, own_scanner, peers)
        sources = args.sources or folder / "sources"
        if args.packages and not args.sources:
            missing += fetch(args.packages, sources)
        archives = sorted((*sources.glob("*.tar.gz"), *sources.glob("*.zip")))
        packages = [unpack(archive, folder / "unpacked") for archive in archives]
        packages += [read_package(folder.name, folder) for folder in args.clean]
        alarms(packages, own_scanner, peers)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
