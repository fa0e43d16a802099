"""The program behind ``bench/run``: sections, their commands, and the page."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from bench import plots

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "bench" / "RESULTS.md"
HEAD = """\
# Measurements

Written by `bench/run`; a section names its command, the machine and the date. Where other
tools are in a table, they ran on the same input in the same run. What is called "known while
the rules were written" is practice: expect lower rates on what nobody here has seen.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement: its command, in which ``{data}`` is the folder of the inputs."""

    name: str
    title: str
    words: tuple[str, ...]
    #: What the reader must know to read the figures.
    note: str = ""
    #: Files of the folder without which it cannot run.
    inputs: tuple[str, ...] = ()


SECTIONS = (
    Section("speed", "Speed of a commit",
            ("python", "bench/speed.py", "--rounds", "5", "--markdown"),
            "The chain is what one would build of the pre-commit hooks of detect-secrets and "
            "semgrep, with the gate's own rules. The gate has its rules in its cache, and no "
            "result: no commit is judged twice."),
    Section("code-speed", "Speed of the code scanner",
            ("python", "-m", "bench.code_speed", "--markdown")),
    Section("tree", "Whole trees",
            ("python", "bench/tree.py", "{data}/trees", "--markdown"),
            "Copies of public projects, every file as new, no result in the cache; a line of "
            "progress every 30 s. Without `code` (`--skip code`) 10,000 files, because of the "
            "time; with it the source files of three projects.",
            ("trees",)),
    Section("secrets", "Secrets",
            ("bench/secrets", "--cases", "{data}/practice-secrets.jsonl.xz", "--markdown"),
            "Cases from the public test suites of gitleaks, betterleaks and detect-secrets, "
            "known while the rules were written. A hit is a finding at block or warn, in "
            "brackets at block alone.",
            ("practice-secrets.jsonl.xz",)),
    Section("code", "Code",
            ("python", "-m", "bench.code", "--brief", "--samples",
             "{data}/practice-code.jsonl.xz", "--packages", "requests", "flask", "click",
             "jinja2", "httpx", "werkzeug", "--npm", "express", "koa", "ws", "got", "commander",
             "mocha"),
            "SecurityEval, and functions before and after a real fix, known while the rules "
            "were written: the share in which a finding has a CWE of the right family; then "
            "findings per 100,000 lines of source distributions.",
            ("practice-code.jsonl.xz",)),
    Section("dependencies", "Dependencies",
            ("python", "bench/dependencies.py", "--markdown", "--names",
             "{data}/practice-names.jsonl.xz", "--pypi-names", "{data}/pypi-names.tsv.xz",
             "--npm-names", "{data}/npm-names.tsv.xz"),
            "Against a registry on the same machine; published typosquats, known while the "
            "rules were written.",
            ("practice-names.jsonl.xz", "pypi-names.tsv.xz", "npm-names.tsv.xz")),
    Section("injection", "Hidden instructions",
            ("python", "bench/injection.py", "{data}/practice-injection.jsonl.xz"),
            "A whole files, B instructions in carriers, E disguises, F trojan source, known "
            "while the rules were written; then alarms on harmless questions and on source "
            "distributions.",
            ("practice-injection.jsonl.xz",)),
    Section("injection-generated", "Hidden instructions, own cases",
            ("python", "bench/injection_generated.py"),
            "Incidents of 2025-26 rebuilt, a third of them held back, and orders in six languages "
            "in carriers, hidden and disguised; then alarms and CPU time on the installed "
            "packages.", ()),
    Section("guard", "The guard",
            ("python", "-m", "bench.guard", "--brief", "--cold", "200"),
            "Our own commands: how the task `develop` answers honest ones, and how each task "
            "answers hostile ones, with 95 % bounds; a third was kept apart while the tables "
            "were made. Then what whole calls of the hook cost: each starts its own Python, "
            "finds session and policy, judges, and writes the log."),
)  # fmt: skip

_SECTION = re.compile(
    r"(?ms)^<!-- section ([a-z-]+) -->\n(.*?)^<!-- end of section -->\n"
)


def machine() -> str:
    """Describe the machine in a few words."""
    cores = os.cpu_count()
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{platform.machine()}, {cores} cores, load {load:.1f}, Python {python}"


def kept(page: str) -> dict[str, str]:
    """Return the sections of an earlier page by name."""
    return {match[1]: match[2] for match in _SECTION.finditer(page)}


def page_of(bodies: dict[str, str]) -> str:
    """Return the page with these sections, in the order of SECTIONS."""
    sections = [
        f"<!-- section {section.name} -->\n{bodies[section.name]}<!-- end of section -->\n"
        for section in SECTIONS
        if section.name in bodies
    ]
    return "\n".join((HEAD, *sections))


def measure(section: Section, data: Path | None) -> str:
    """Run a section's command; return its text.  Raises SystemExit if it fails."""
    words = [word.format(data=data) for word in section.words]
    if words[0] == "python":
        words[0] = sys.executable
    where = machine()
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"{section.name}: exit code {done.returncode}\n{done.stderr[-2000:]}"
        )
    command = shlex.join(section.words).replace("'{data}/", "FOLDER/")
    command = re.sub(r"'|\{data\}/", "", command)
    lines = [
        f"## {section.title}",
        "",
        f"`{command}` · {time.strftime('%Y-%m-%d', time.gmtime())} · {where}",
        "",
    ]
    if section.note:
        lines += [*textwrap.wrap(section.note, 95), ""]
    return "\n".join(lines) + "\n" + done.stdout.strip() + "\n"


def main() -> int:
    """Measure the sections that the command line names; returns the exit code."""
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--data", type=Path, help="folder of cases and name lists")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(names))
    options = parser.parse_args()
    unknown = [name for name in options.sections if name not in names]
    if unknown:
        parser.error(f"no section {unknown[0]!a}; there are {', '.join(names)}")
    data = options.data.resolve() if options.data else None
    bodies = kept(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    for section in SECTIONS:
        if options.sections and section.name not in options.sections:
            continue
        missing = [
            name for name in section.inputs if not data or not (data / name).exists()
        ]
        if missing:
            print(
                f"{section.name}: not measured, --data has no {missing[0]}",
                file=sys.stderr,
            )
            continue
        print(f"{section.name} …", file=sys.stderr, flush=True)
        bodies[section.name] = measure(section, data)
        # After each, so that an interruption loses one section at most.
        PAGE.write_text(page_of(bodies), "utf-8")
    plots.write(bodies)
    return 0
