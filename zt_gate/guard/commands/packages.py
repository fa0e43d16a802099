"""Judges the packages that a command would install, with the dependency scanner."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import time
from contextlib import suppress

from zt_gate import lazy_re
from zt_gate.guard.shell.words import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord
    from zt_gate.model.report import Report

#: Seconds in which the registries may answer.
SECONDS = 4.0
#: ``name[extra]``, which the shell takes for a pattern, and leaves as it is.
_EXTRAS = lazy_re.compile(r"[A-Za-z0-9._-]+\[[A-Za-z0-9,._-]+\](?:[=<>!~].*)?")
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".gem", ".crate")
_LOCAL = ("./", "../", "/", "file:", ".")
_MOST = 40


def judge(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge what an installing command adds; locks and the project itself are nothing new."""
    from zt_gate.ecosystems.manifests.commands import in_words

    words: list[str | None] = [
        word.text
        if word.is_known and (not word.pattern or _EXTRAS.fullmatch(word.text))
        else None
        for word in _own_words(invocation, reading)
    ]
    if words[0]:
        words[0] = _program(invocation.program)
    if any(word is None for word in words):
        undecided = [
            word
            for word in reading.words("package")
            if not word.is_known
            or (
                word.pattern
                and "/" not in word.text
                and not _EXTRAS.fullmatch(word.text)
            )
        ]
        if undecided:
            case.add("install/undecided", undecided[0].text)
    for found in in_words(words, ("", 1, 1)):  # type: ignore[arg-type]
        source = found.source
        if source.kind == "index":
            case.add("install/source-changed", str(source.target))
        elif source.kind not in {"registry", ""}:
            if source.kind != "path":
                case.add("install/foreign-source", found.name or str(source.target))
        elif found.name:
            case.packages.append(
                (found.ecosystem, found.name, _version(found.constraint))
            )
    _addresses(case, reading)
    _requirements(case, invocation, reading)
    _foreign_files(case, invocation, reading)
    if "install/runs" in reading.table.get("does", ()):
        _run(case, invocation, reading)


def _requirements(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge the packages of a list that the same text writes, or that only a run knows."""
    for _, option, word in reading.values:
        if option not in {"-r", "--requirement"}:
            continue
        text = case.written.get(invocation.path(word.text) or "")
        if word.text in {"-", "/dev/stdin"}:
            text = invocation.input.text
        if (
            not word.is_known
            or word.text.startswith("/dev/fd/")
            or (text is not None and UNKNOWN in text.text)
        ):
            case.add("install/undecided", word.text)
        elif text is not None:
            lines = [line.split("#")[0].strip() for line in text.text.splitlines()]
            names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines]
            case.packages += [("pypi", name[0], "") for name in names if name]
        elif word.text == "/dev/stdin":
            case.add("install/undecided", word.text)


def _foreign_files(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge archives and folders that are not the project's."""
    for word in reading.words("package"):
        text = word.text.removeprefix("file:")
        is_file = text.startswith(("/", "../", "~")) or text.endswith(_ARCHIVES)
        path = invocation.path(text) if is_file and "://" not in text else None
        if path is None:
            continue
        if path in case.downloads:
            case.add("run/downloaded", text)
        elif not case.context.is_in_project(path):
            case.add("install/foreign-source", text)


def _run(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge the program of a package that is run at once, if a table knows it."""
    from zt_gate.guard.commands.tables import table_of
    from zt_gate.record import replace

    if not reading.arguments:
        return
    first, *rest = reading.arguments
    name = first.text.rpartition("/")[2].partition("@")[0]
    if table_of(name) is not None and name not in {"npx", "create"}:
        words = (replace(first, text=name), *rest)
        case.command(replace(invocation, words=words, redirects=(), assignments=()))


def _own_words(invocation: Invocation, reading: Reading) -> Sequence[CommandWord]:
    """Return the words up to the program that a runner starts: ``npx X -p Y``."""
    if not reading.table.get("stop") or not reading.arguments:
        return invocation.words
    first = reading.arguments[0]
    at = next(at for at, word in enumerate(invocation.words) if word is first)
    return invocation.words[: at + 1]


def _program(name: str) -> str:
    return (
        "pip"
        if name.startswith("pip") and name[3:].replace(".", "").isdigit()
        else name
    )


def _version(constraint: str) -> str:
    text = constraint.strip().removeprefix("==").removeprefix("=").lstrip("v")
    plain = text.replace(".", "").replace("-", "").replace("+", "").isalnum()
    return text if plain and text[:1].isdigit() else ""


_NPM_LIKE = frozenset(("npm", "npx", "pnpm", "yarn", "bun", "bunx", "pnpx"))


def _is_forge_name(text: str) -> bool:
    """Whether npm takes a word as OWNER/REPOSITORY of a forge."""
    if text.count("/") != 1 or text.startswith((*_LOCAL, "@")) or UNKNOWN in text:
        return False
    return not os.path.exists(text)


def _addresses(case: CommandCase, reading: Reading) -> None:
    for word in reading.words("package"):
        text = word.text
        is_address = "://" in text or text.startswith(
            ("git+", "github:", "git@", "gitlab:", "bitbucket:")
        )
        if (is_address and not text.startswith("file:")) or (
            reading.path[0] in _NPM_LIKE and _is_forge_name(text)
        ):
            case.add("install/foreign-source", text)
    for option in reading.options:
        if (
            option in {"--trusted-host", "--pre-"}
            or option.startswith("--trusted")
            or (option in {"--find-links", "-f"} and reading.path[0] in {"pip", "uv"})
        ):
            case.add("install/source-changed", option)


def verify_all(case: CommandCase) -> None:
    """Ask about all packages of a text at once."""
    packages = [tuple(one) for one in dict.fromkeys(case.packages)][:_MOST]
    if not packages:
        return
    if case.context.task.is_narrow:
        for _, name, _ in packages:
            case.add("install/new-package", name)
        return
    verifier = case.verifier or verify
    try:
        answers = verifier(packages, case.context.root, case.context.environ)  # type: ignore[arg-type]
    except (OSError, ValueError, RuntimeError):
        answers = [None] * len(packages)
    for (ecosystem, name, *_), answer in zip(packages, answers, strict=True):
        if answer is None:
            case.add("install/not-asked", f"{ecosystem}:{name}")
        elif answer:
            case.add("install/blocked", f"{ecosystem}:{name}: {answer}")


def verify(
    packages: Sequence[tuple[str, str, str]], folder: str, environ: Mapping[str, str]
) -> Sequence[str | None]:
    """Judge packages with the gate's scanner, in a process that has ``SECONDS`` to answer."""
    read, write = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(read)
        # A group of its own, so that the scanner's workers end with it.
        os.setpgid(0, 0)
        status = 1
        try:
            answers = _scanned(packages, folder, environ)
            os.write(write, json.dumps(answers).encode()[: 1 << 15])
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    try:
        output = _read(read, time.monotonic() + SECONDS)
    finally:
        os.close(read)
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    try:
        answers = json.loads(output)
    except ValueError:
        return [None] * len(packages)
    return answers if len(answers) == len(packages) else [None] * len(packages)


def _read(handle: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        ready = select.select([handle], [], [], max(0.0, left))[0]
        if not ready:
            return b""
        part = os.read(handle, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _scanned(
    packages: Sequence[tuple[str, str, str]], folder: str, environ: Mapping[str, str]
) -> list[str | None]:
    from pathlib import Path

    from zt_gate.errors import GateError
    from zt_gate.review import packages as gate

    requests = [
        gate.PackageRequest(ecosystem, name, version)
        for ecosystem, name, version in packages
    ]
    try:
        report = gate.verify(requests, Path(folder), environ)
    except GateError:
        return [None] * len(requests)
    return [_answer(report, *gate.report_location(one, requests)) for one in requests]


def _answer(report: Report, path: bytes, line: int) -> str | None:
    """Return why a package at a line is blocked, "" for nothing, None if it is not known."""
    for judged in report.findings:
        location = judged.finding.location
        is_here = location.path == path and location.line in {None, line}
        if is_here and judged.level.value == "block":
            return judged.finding.title or judged.finding.message
    return "" if report.complete and not report.errors else None
