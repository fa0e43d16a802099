"""Measures the dependencies scanner against a local test registry.

    python bench/dependencies.py [--rounds N] [--only PART…] [--markdown]
        [--names CASES.jsonl.xz --pypi-names PYPI.tsv.xz --npm-names NPM.tsv.xz]

Parts: cost, faults, popular, hallucinated, names.  The scanner runs in a separate
interpreter, as in the gate, against the registry of the tests.  pip-audit audits the same
pins.  CPU time is that of the process and its children, without the start of the
interpreter.  ``names`` needs lists that are not in the repository: cases with the fields
ecosystem, name and imitates, and all names of each ecosystem with the rank or the
downloads in the last column.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.other_registries import example_name  # noqa: E402
from tests.support.registry import Fault, Registry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

# The test registry supports more faults.
FAULTS: tuple[Fault, ...] = (
    "404", "429", "500", "reset", "slow", "cut", "html", "empty", "wrong-name", "redirect",
    "huge", "portal", "expired", "no-date", "no-etag",
)  # fmt: skip
ROUND_TRIP = 0.04
#: Print rows of a Markdown table.
MARKDOWN = "--markdown" in sys.argv

RUN = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.support.caches import sealed
from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.dependencies import SCANNER
job = json.loads(sys.stdin.read())
cache = Path(job["cache"])
rules = rulebook.load("dependencies", cache=sealed(cache))
here = context(rules, cache, cache_dir=cache, environ=job["environ"], offline=job["offline"],
               registries=job["registries"])
change = change_of(job["files"], job["old"])
wall, cpu = time.perf_counter(), time.process_time()
run = SCANNER.scan(change, here)
print(json.dumps({
    "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
    "rules": [f.rule.partition("/")[2] + " " + f.message.partition(" ")[0] for f in run.findings],
    "modules": sorted(m for m in sys.modules if m in ("ssl", "http.client", "sqlite3", "packaging")
                      or (m.startswith("zt_gate.scanners.dependencies.")
                          and not m.endswith(".quick_check"))),  # the first look
}))
"""


@dataclass(frozen=True)
class ScanResult:
    """One run: seconds, findings as "rule package", and imported modules."""

    wall: float
    cpu: float
    rules: list[str]
    modules: list[str]


def scan(
    environ: dict[str, str],
    cache: str,
    files: dict[str, str],
    old: dict[str, str],
    *,
    offline: bool = False,
    registries: dict[str, str] | None = None,
) -> ScanResult:
    job = {
        "environ": environ,
        "cache": cache,
        "files": files,
        "old": old,
        "offline": offline,
        "registries": registries or {},
    }
    completed = subprocess.run(
        [sys.executable, "-c", RUN, str(ROOT)], input=json.dumps(job), text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    return ScanResult(**json.loads(completed.stdout))


def requirements(names: Sequence[str]) -> dict[str, str]:
    return {"requirements.txt": "".join(f"{name}\n" for name in names)}


def package_json(names: Sequence[str]) -> dict[str, str]:
    return {
        "package.json": json.dumps(
            {"dependencies": dict.fromkeys(names, "*")}, indent=1
        )
    }


def print_row(what: str, value: str, aim: str = "") -> None:
    row = (
        f"| {what} | {value} | {aim} |"
        if MARKDOWN
        else f"{what:<66} {value:>18}  {aim}"
    )
    print(row, flush=True)


def known_names(ecosystem: str, count: int) -> list[str]:
    from zt_gate.scanners.dependencies import name_snapshot

    return list(name_snapshot.bundled_snapshot(ecosystem).names[:count])


def cost(rounds: int) -> None:
    outside = [f"zzinhouse-{n}-kit" for n in range(200)]
    with Registry(latency=ROUND_TRIP) as registry, tempfile.TemporaryDirectory() as top:
        for name in outside:
            registry.pypi(name)
        environ = {**registry.environment(), "HOME": top}
        fresh = iter(range(10**6))

        def runs(
            files: dict[str, str], old: dict[str, str], *, warm: bool = False
        ) -> list[ScanResult]:
            folder = Path(top, f"cache-{next(fresh)}")
            done = []
            for _ in range(rounds + warm):
                if not warm:
                    folder = Path(top, f"cache-{next(fresh)}")
                folder.mkdir(exist_ok=True)
                done.append(scan(environ, str(folder), files, old))
            return done[warm:]

        code = {"app.py": "x = 1\n"}
        nothing = runs(code, {})
        print_row(
            "no manifest changed, CPU",
            f"{median(d.cpu for d in nothing) * 1000:.1f} ms",
            "5 ms",
        )
        print_row("… readers, checks and modules of the network that are loaded",
            str(len(nothing[0].modules)), "0")  # fmt: skip
        five = requirements(outside[:5])
        warm = runs(five, {}, warm=True)
        warm_cpu = median(result.cpu for result in warm)
        print_row(
            "five outside the snapshot, warm, CPU", f"{warm_cpu * 1000:.0f} ms", "60 ms"
        )
        vouched = runs(
            requirements([f"{n}==1.0" for n in known_names("pypi", 5)]), {}, warm=True
        )
        print_row(
            "five in the snapshot, warm, CPU",
            f"{median(d.cpu for d in vouched) * 1000:.0f} ms",
        )
        cold = median(d.wall for d in runs(five, {}))
        trips = trips_of(environ, top, five, registry)
        print_row("five outside it, cold at 40 ms, wall", f"{cold * 1000:.0f} ms")
        print_row(
            "… round trips one after the other, after connecting", f"{trips}", "2"
        )
        mixed = [f"{n}==1.0" for n in known_names("pypi", 190)] + [
            f"{n}==1.0" for n in outside[:10]
        ]
        some = median(d.wall for d in runs(requirements(mixed), {}))
        print_row("200 pins, ten outside, cold at 40 ms, wall", f"{some:.2f} s", "1 s")
        every = runs(requirements(outside), {})
        print_row(
            "200 outside, cold at 40 ms, wall",
            f"{median(d.wall for d in every):.2f} s",
            "4 s",
        )
        print_row("… of these unverified", str(max(len(d.rules) for d in every)), "0")
        print_row("… CPU", f"{median(d.cpu for d in every):.2f} s")
        many = package_json([f"zz{n}kit" for n in range(10_000)])
        alone = [
            scan(environ, top, many, {}, offline=True).cpu
            for _ in range(min(rounds, 3))
        ]
        print_row(
            "10,000 names in one file, without a network, CPU", f"{median(alone):.1f} s"
        )
        took, cpu = pip_audit(registry, Path(top), mixed)
        print_row("pip-audit, the same 200 pins, wall", f"{took:.1f} s")
        print_row("… CPU", f"{cpu:.1f} s")


def trips_of(
    environ: dict[str, str], top: str, files: dict[str, str], registry: Registry
) -> int:
    """Return the longest chain of sequential requests for one name at one server."""
    registry.requests.clear()
    folder = Path(top, "cache-trips")
    folder.mkdir()
    scan(environ, str(folder), files, {})
    index = [
        path for path in registry.asked() if path.startswith(("/simple/", "/pypi/"))
    ]
    counts = [path for path in registry.asked() if path.startswith("/stats/")]
    each = [
        len([p for p in index if name in p])
        for name in files["requirements.txt"].split()
    ]
    return max(*each, -(-len(counts) // 3))


def pip_audit(
    registry: Registry, top: Path, pins: Sequence[str]
) -> tuple[float, float]:
    file = top / "pins.txt"
    file.write_text("\n".join(pins))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", str(file), "--no-deps", "--disable-pip",
         "--progress-spinner", "off", "-s", "osv", "--osv-url", f"{registry.url}/osv/v1/query",
         "--cache-dir", str(top / "audit")],
        env={**os.environ, "HOME": str(top)}, capture_output=True, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def faults() -> None:
    """Scan a suspicious and a legitimate package under each fault of the registry."""
    from zt_gate.ecosystems import supported

    unsafe = false_missing = 0
    for ecosystem in supported():
        fresh, old = (example_name(ecosystem, word) for word in ("fresh", "old"))
        for fault in FAULTS:
            findings = rules_under_fault(fault, ecosystem)
            unsafe += not any(fresh in finding for finding in findings)
            false_missing += any(
                finding in {f"missing {fresh}", f"missing {old}"}
                for finding in findings
            )
    count = len(supported())
    print_row(
        f"{len(FAULTS)} faults in {count} ecosystems: unsafe ok", str(unsafe), "0"
    )
    print_row("… called missing though it is there", str(false_missing), "0")
    healthy = [line for kind in supported() for line in rules_under_fault(None, kind)]
    print_row(
        "a healthy registry: unverified",
        str(sum("unverified" in line for line in healthy)),
        "0",
    )


def rules_under_fault(fault: Fault | None, ecosystem: str) -> list[str]:
    from zt_gate.ecosystems import ecosystem_named

    secure = fault == "expired"
    fresh, old = (example_name(ecosystem, word) for word in ("fresh", "old"))
    sample = ecosystem_named(ecosystem).sample
    assert sample is not None
    version = {"golang": "v1.0.0", "maven": "1.0.0"}.get(ecosystem, "")
    text = "\n".join(sample.lines([(fresh, version), (old, version)])) + "\n"
    with (
        tempfile.TemporaryDirectory() as top,
        Registry(tls="expired" if secure else "") as registry,
    ):
        registry.add(ecosystem, fresh, days=3)
        registry.add(ecosystem, old, days=900, modified_days=1)
        if fault is not None and not secure:
            registry.fault(fault, part="index")
        environ = {**registry.environment(), **registry.trust(), "HOME": top}
        files = {sample.file: text}
        return scan(environ, top, files, {}, registries=registry.policy()).rules


def popular() -> None:
    """Scan the most popular names, without requests to the registry."""
    for ecosystem, write in (("pypi", requirements), ("npm", package_json)):
        with Registry() as registry, tempfile.TemporaryDirectory() as top:
            environ = {**registry.environment(), "HOME": top}
            findings = scan(environ, top, write(known_names(ecosystem, 1000)), {}).rules
            print_row(
                f"first 1,000 of {ecosystem}: flagged",
                str(len(findings)),
                "known decoys only",
            )


def hallucinated() -> None:
    """Scan 181 invented names that exist: old enough, but without downloads."""
    rng = random.Random(181)
    words = ["async", "auth", "cloud", "config", "data", "fast", "graph", "json", "kit", "lang",
             "model", "net", "query", "stream", "sync", "tools", "vector", "web"]  # fmt: skip
    names: set[str] = set()
    while len(names) < 181:
        names.add("-".join(rng.sample(words, 3)))
    with Registry() as registry, tempfile.TemporaryDirectory() as top:
        for name in names:
            registry.pypi(name, days=rng.randint(90, 300), weekly=rng.randint(0, 60))
        environ = {**registry.environment(), "HOME": top}
        findings = scan(environ, top, requirements(sorted(names)), {}).rules
        flagged = {
            line.partition(" ")[2]
            for line in findings
            if not line.startswith("unverified")
        }
        print_row(
            "181 registered hallucinations flagged", str(len(flagged & names)), "181"
        )


def name_rules(cases: str, pypi: str, npm: str) -> None:
    from zt_gate import rulebook
    from zt_gate.scanners.dependencies import name_snapshot
    from zt_gate.scanners.dependencies.name_similarity import NameMatcher

    data = rulebook.load("dependencies")["dependencies/similar-name"].data
    with lzma.open(cases, "rt", encoding="utf-8") as file:
        squats = [json.loads(line) for line in file]
    for ecosystem, path in (("pypi", pypi), ("npm", npm)):
        known = name_snapshot.bundled_snapshot(ecosystem)
        names = NameMatcher(known, data)
        own = [
            normal(ecosystem, case["name"])
            for case in squats
            if case["ecosystem"] == ecosystem
            and known.rank(normal(ecosystem, case["imitates"]))
        ]
        living = random.Random(20261101).sample(
            unranked(ecosystem, path, known.ranks), 10_000
        )
        start = time.process_time()
        grades = [
            one.grade if (one := names.most_similar(name)) else "" for name in living
        ]
        spent = (time.process_time() - start) / len(living)
        found = [one.grade if (one := names.most_similar(name)) else "" for name in own]
        for label, wanted, aim in (
            ("the name alone", {"high"}, "65 %, 0.3 %"),
            ("with evidence", {"high", "low"}, "85 %, 1 %"),
        ):
            recall = sum(grade in wanted for grade in found) / len(found)
            alarms = sum(grade in wanted for grade in grades) / len(living)
            print_row(f"{ecosystem}, {label}: found of {len(own)}; of 10,000 living names",
                f"{recall:.1%}, {alarms:.2%}", aim)  # fmt: skip
        print_row(f"{ecosystem}, CPU a name", f"{spent * 1000:.2f} ms", "1 ms")


def normal(ecosystem: str, name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "pypi" else name


def unranked(ecosystem: str, path: str, ranks: dict[str, int]) -> list[str]:
    """Return living names outside the snapshot: for PyPI with a release in the last year."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    if ecosystem == "pypi":
        return [
            normal(ecosystem, row[0])
            for row in rows
            if not row[2] and row[1] >= "2025-11"
        ]
    return [row[0] for row in rows if row[0] not in ranks]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument(
        "--markdown", action="store_true", help="print a Markdown table"
    )
    for option in ("--names", "--pypi-names", "--npm-names"):
        parser.add_argument(option, default="")
    options = parser.parse_args()

    def wanted(part: str) -> bool:
        return not options.only or part in options.only

    if MARKDOWN:
        print("| what | measured | aim |\n|---|---|---|")
    if wanted("cost"):
        cost(options.rounds)
    if wanted("faults"):
        faults()
    if wanted("popular"):
        popular()
    if wanted("hallucinated"):
        hallucinated()
    if wanted("names") and options.names:
        name_rules(options.names, options.pypi_names, options.npm_names)


if __name__ == "__main__":
    main()
