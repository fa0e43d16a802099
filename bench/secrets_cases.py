"""Recall and false positives of this scanner and of other tools on the same cases and code."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.text_block import block_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.scanners.secrets.hits import SecretHit

AI = frozenset((
    "anthropic", "openai", "huggingface", "groq", "xai", "perplexity", "cohere", "mistral",
    "deepseek", "openrouter", "replicate", "togetherai", "nvidia", "cerebras", "elevenlabs",
    "assemblyai", "deepgram", "stability", "langchain", "langsmith", "pinecone", "kimi",
    "minimax", "zai", "weights", "cursor", "privateai", "ollama", "greptile", "devin", "upstage",
    "lighton", "brave", "runpod",
))  # fmt: skip
RECOGNIZABLE_KINDS = ("prefixed", "private-key", "url-credential")


@dataclass(frozen=True)
class Case:
    source: str
    family: str
    kind: str
    filename: str
    text: str
    secret: bool


def read(file: Path) -> list[Case]:
    opener: Any = lzma.open if file.suffix == ".xz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Case(**{name: row[name] for name in Case.__annotations__}) for row in rows]


def ours(cases: Iterable[Case]) -> list[int]:
    """Return for each case 2 (block), 1 (warn), 0 (info) or -1."""
    scanner = BlockScanner(rulebook.load("secrets"))
    return [
        _level(scanner, case.filename.encode(), case.text.encode()) for case in cases
    ]


def _level_of(scanner: BlockScanner, hit: SecretHit) -> Level:
    return hit.level or scanner.rules[hit.rule].level or Level.WARN


def _level(scanner: BlockScanner, path: bytes, data: bytes) -> int:
    blocks = block_of(path, data)
    levels = (
        _level_of(scanner, hit) for block in blocks for hit in scanner.hits(block)
    )
    return max((level.rank for level in levels), default=-1)


def detect_secrets(cases: list[Case]) -> list[int]:
    """The same with detect-secrets: all plugins and the default filters, on files."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    with tempfile.TemporaryDirectory() as folder, default_settings():
        return [
            1 if any(True for _ in scan_file(str(path))) else -1
            for path in _written(cases, Path(folder))
        ]


def betterleaks(binary: Path, cases: list[Case]) -> list[int]:
    """The same with betterleaks: default settings, without online validation."""
    with tempfile.TemporaryDirectory() as folder:
        paths = _written(cases, Path(folder))
        hit = {
            os.path.realpath(path) for path in betterleaks_paths(binary, Path(folder))
        }
        return [1 if os.path.realpath(path) in hit else -1 for path in paths]


def betterleaks_paths(binary: Path, folder: Path) -> list[str]:
    """Return the path of each finding of betterleaks in ``folder``."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place, "report.json")
        subprocess.run(
            [str(binary), str(folder), "--no-banner", "-s", "-o", str(report)],
            check=False, capture_output=True,
        )  # fmt: skip
        text = report.read_text("utf-8") if report.exists() else "[]"
    rows = json.loads(text or "[]")
    rows = rows["findings"] if isinstance(rows, dict) else rows
    return [row.get("File") or row["location"]["path"] for row in rows]


def _written(cases: list[Case], folder: Path) -> list[Path]:
    paths = []
    for number, case in enumerate(cases):
        path = folder / f"{number:05}" / case.filename
        path.parent.mkdir(parents=True)
        path.write_text(case.text, "utf-8")
        paths.append(path)
    return paths


def table(cases: list[Case], results: Mapping[str, list[int]]) -> Iterator[str]:
    """Yield the lines of the table: the share of each group of cases that each tool reports."""
    yield "| cases | n | " + " | ".join(f"{name}" for name in results) + " |"
    yield "|---|---:|" + "---:|" * len(results)
    for title, chosen in _rows(cases):
        cells = [_share([levels[n] for n in chosen]) for levels in results.values()]
        yield f"| {title} | {len(chosen)} | " + " | ".join(cells) + " |"


def _rows(cases: list[Case]) -> Iterator[tuple[str, list[int]]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        if not case.secret:
            groups["**not secrets (false alarms)**"].append(number)
            groups[f"not secrets, {case.source}"].append(number)
            continue
        groups["**all**"].append(number)
        groups[f"{case.kind}"].append(number)
        groups[f"from {case.source}"].append(number)
        if case.kind in RECOGNIZABLE_KINDS:
            groups["**own form: prefix, private key, URL**"].append(number)
        if case.family in AI:
            groups["**AI providers**"].append(number)
    yield from sorted(groups.items())


def families(cases: list[Case], levels: list[int]) -> Iterator[str]:
    """Yield the families with missed cases, the most missed first."""
    groups: dict[str, list[int]] = defaultdict(list)
    for case, level in zip(cases, levels, strict=True):
        if case.secret:
            groups[case.family].append(level)
    missed = {name: sum(level < 1 for level in found) for name, found in groups.items()}
    for name, count in sorted(missed.items(), key=lambda item: (-item[1], item[0])):
        if count:
            yield f"{name} {len(groups[name]) - count}/{len(groups[name])}"


def _share(levels: list[int]) -> str:
    if not levels:
        return "–"
    both = 100 * sum(level >= 1 for level in levels) / len(levels)
    block = 100 * sum(level >= 2 for level in levels) / len(levels)
    return f"{both:.1f} % ({block:.1f} %)" if block else f"{both:.1f} %"


@dataclass(frozen=True)
class Alarms:
    lines: int
    block: int
    warn: int
    block_in_production: int


def alarms(folder: Path) -> Alarms:
    """Scan a folder of code as if all of it were added."""
    scanner = BlockScanner(rulebook.load("secrets"))
    counts = {Level.BLOCK: 0, Level.WARN: 0, Level.INFO: 0}
    lines = production = 0
    for path, data in files(folder):
        lines += data.count(b"\n")
        for block in block_of(path, data):
            for hit in scanner.hits(block):
                level = _level_of(scanner, hit)
                counts[level] += 1
                production += level is Level.BLOCK and not sample_paths.is_sample(path)
    return Alarms(lines, counts[Level.BLOCK], counts[Level.WARN], production)


def files(folder: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and content of the text files in a folder."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_symlink() or path.stat().st_size > 10 * 1024 * 1024:
                continue
            data = path.read_bytes()
            if b"\0" not in data[:8000]:
                yield os.fsencode(path.relative_to(folder)), data


def download(names: Iterable[str], into: Path, *, binary: bool = False) -> list[Path]:
    """Download source distributions (or wheels) with pip; print and leave out failures."""
    downloaded: list[Path] = []
    for name in names:
        before = set(into.iterdir())
        kind = ["--only-binary", ":all:"] if binary else ["--no-binary", ":all:"]
        reason = _pip(["download", "-q", "--no-deps", *kind, "-d", str(into), name])
        new = {
            path for path in into.iterdir() if path.suffix in {".gz", ".zip", ".whl"}
        } - before
        if reason or not new:
            print(f"\nLeft out, download failed: {name} ({reason or 'no file'}).")
        downloaded += sorted(new)
    return downloaded


def _pip(words: list[str]) -> str:
    """Run pip with a time limit; return why it failed, "" if it did not."""
    argv = [sys.executable, "-m", "pip", "--retries", "2", "--timeout", "20", *words]
    try:
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, timeout=300
        )
    except subprocess.TimeoutExpired:
        return "not finished after 300 seconds"
    lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [
        "pip failed"
    ]
    return lines[-1].strip() if done.returncode else ""
