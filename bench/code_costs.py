"""Measures what the code scanner costs: by rule, on a tree, and on real commits.

    python -m bench.code_costs rules FILE…
    python -m bench.code_costs tree FOLDER [--files 500] [--suffix .ts]
    python -m bench.code_costs commits REPOSITORY [--last 100]

All figures are CPU seconds, without a cache.  ``rules`` starts the engine once for each
rule that could match in a file, its start and the parsing of the file included, and
gives the most expensive ones as multiples of the median.  ``tree`` compares the scanner
on the files of a folder with the engine alone: with as many plain search rules, one for
each of the words that occur in most files, and with the scanner's own rules.
``commits`` scans each commit of a repository's first-parent line by itself.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.code_large_files import cpu, timed
from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.code import semgrep_engine
from zt_gate.scanners.code.languages import by_name
from zt_gate.scanners.code.prefilter_literals import KEYWORDS
from zt_gate.scanners.code.result_cache import ResultCache
from zt_gate.scanners.code.rule_selection import EngineRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.model.rule import Rule

_WORD = re.compile(rb"[A-Za-z_]\w{3,}")
_CODE = (".py", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".go")


def engine_seconds(
    folder: Path, files: Sequence[str], rule_file: str, rules: Mapping[str, Rule]
) -> float:
    """Return the CPU seconds of one start of the engine."""
    commands = tuple(semgrep_engine.engine_commands(folder))
    before = cpu()
    semgrep_engine.scan(files, [rule_file], commands, context(rules, folder))
    return cpu() - before


def print_rules(names: Iterable[str]) -> None:
    rules = rulebook.load("code")
    for name in names:
        dialect = by_name(os.fsencode(name))
        if dialect is None:
            continue
        language = dialect.language.name
        text = Path(name).read_bytes()
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            copy = f"a.{dialect.extension}"
            (folder / copy).write_bytes(text)
            engine_rules = EngineRules(rules, folder, ResultCache(None))
            seconds = {}
            for rule in sorted(engine_rules.applicable(language, text)):
                file = engine_rules.write_file(language, {rule: [copy]}, {copy: text})
                seconds[rule] = engine_seconds(folder, [copy], file, rules)
        middle = median(seconds.values())
        print(f"{name}: {len(seconds)} rules, median {middle:.2f}")
        for rule in sorted(seconds, key=lambda rule: -seconds[rule])[:8]:
            print(f"  {seconds[rule]:.2f}  {seconds[rule] / middle:.1f} x  {rule}")


def print_tree(tree: Path, count: int, suffix: str) -> None:
    rules = rulebook.load("code")
    found = (file for file in sorted(tree.rglob(f"*{suffix}")) if file.is_file())
    files = {str(file.relative_to(tree)): file.read_bytes() for file in found}
    files = dict(list(files.items())[:count])
    seconds, run = timed(change_of(dict(files)), rules)
    size = sum(map(len, files.values()))
    print(
        f"{len(files)} files, {size:,} bytes; not inspected: {len(run.not_inspected)}"
    )
    print(f"scanner: {seconds:.1f}")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        dialect = by_name(os.fsencode(f"a{suffix}"))
        assert dialect is not None
        language = dialect.language.name
        number = sum(name.startswith(f"code/{language}-") for name in rules)
        searches = search_rules(files.values(), language, number)
        searching = json.dumps({"rules": searches})
        (folder / "search.json").write_text(searching, encoding="utf-8")
        engine_rules = EngineRules(rules, folder, ResultCache(None))
        ids = engine_rules.in_language(
            language, (name.removeprefix("code/") for name in rules)
        )
        own = engine_rules.write_file(language, dict.fromkeys(sorted(ids), ()))
        copies = []
        for index, text in enumerate(files.values()):
            copies.append(f"{index:04}.{dialect.extension}")
            (folder / copies[-1]).write_bytes(text)
        for title, file in (("plain search rules", "search.json"), ("own rules", own)):
            alone = engine_seconds(folder, copies, file, rules)
            print(
                f"engine with {number} {title}: {alone:.1f} ({seconds / alone:.2f} x)"
            )


def search_rules(
    texts: Iterable[bytes], language: str, number: int
) -> list[dict[str, Any]]:
    """Return rules that look for calls of the words that occur in most texts."""
    counts: Counter[bytes] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(text)) - KEYWORDS)
    languages = ["javascript", "typescript"] if language == "javascript" else [language]
    return [
        {"id": f"search-{word.decode()}", "languages": languages, "severity": "INFO",
         "message": "m", "pattern-either": [
             {"pattern": f"{word.decode()}($ARGUMENT, ...)"},
             {"pattern": f"$OBJECT.{word.decode()}(...)"}]}
        for word, _ in counts.most_common(number)
    ]  # fmt: skip


def git(repository: str, *words: str) -> bytes:
    command = ["git", "-C", repository, *words]
    return subprocess.run(command, capture_output=True, check=True).stdout


def print_commits(repository: str, last: int) -> None:
    rules = rulebook.load("code")
    log = git(repository, "log", "--first-parent", f"-{last}", "--format=%H %P")
    seconds = []
    for line in log.decode().splitlines():
        commit, *parents = line.split()
        if not parents:
            continue
        seconds.append(commit_seconds(repository, commit, parents[0], rules))
    seconds.sort()
    print(
        f"{len(seconds)} commits: median {median(seconds):.2f}, "
        f"90th percentile {seconds[math.ceil(len(seconds) * 0.9) - 1]:.2f}, "
        f"maximum {seconds[-1]:.2f}"
    )


def commit_seconds(
    repository: str, commit: str, parent: str, rules: Mapping[str, Rule]
) -> float:
    options = ("--no-renames", "--name-status", "-z", parent, commit)
    fields = git(repository, "diff", *options).split(b"\0")
    new: dict[str, str | bytes | None] = {}
    old: dict[str, str | bytes] = {}
    for status, raw in zip(fields[::2], fields[1::2], strict=False):
        path = os.fsdecode(raw)
        if status == b"D" or not path.endswith(_CODE):
            continue
        new[path] = git(repository, "show", f"{commit}:{path}")
        if status == b"M":
            old[path] = git(repository, "show", f"{parent}:{path}")
    return timed(change_of(new, old), rules)[0] if new else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("rules").add_argument("files", nargs="+")
    tree = kinds.add_parser("tree")
    tree.add_argument("folder", type=Path)
    tree.add_argument("--files", type=int, default=500)
    tree.add_argument("--suffix", default=".ts")
    commits = kinds.add_parser("commits")
    commits.add_argument("repository")
    commits.add_argument("--last", type=int, default=100)
    options = parser.parse_args()
    if options.kind == "rules":
        print_rules(options.files)
    elif options.kind == "tree":
        print_tree(options.folder, options.files, options.suffix)
    else:
        print_commits(options.repository, options.last)


if __name__ == "__main__":
    main()
