"""``zt-gate audit``: known vulnerabilities of an environment or a lock file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.commands.report_output import (
    output_arguments,
    parse_destinations,
    publish,
    terminal_options,
)
from zt_gate.commands.scan import run_scan
from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from zt_gate.ecosystems.environments.base import Environment
    from zt_gate.review.run import Request
    from zt_gate.scanners.base import InstalledPackages

_NODE_MODULES = "node_modules"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="ENV|LOCK",
        help="a virtual environment, a Python interpreter, a node_modules folder or a lock"
        " file (default: the active environment or .venv, and the lock files here)",
    )
    group = parser.add_argument_group("policy")
    group.add_argument(
        "--fail-on",
        metavar="LEVEL",
        help="block (default), warn, info, or a severity",
    )
    group.add_argument("--profile", metavar="P", help="advisory, standard, strict")
    group.add_argument(
        "--config", metavar="FILE", help="use this policy file instead of git's"
    )
    group.add_argument(
        "--policy-rev", metavar="REV", help="read the policy from this revision"
    )
    group.add_argument(
        "--accept",
        action="append",
        metavar="FINGERPRINT@HEAD",
        help="approve a finding of this head for this run; repeatable",
    )
    output_arguments(parser)


def main(options: Namespace) -> int:
    """Audit, write the reports, and return the exit code of the verdict; raises GateError."""
    outputs, stdout_format = parse_destinations(options)
    folder = Path.cwd()
    found = _named(options.targets) if options.targets else _present(folder)
    if not found:
        raise UsageError(
            "there is no environment and no lock file here; "
            "name one: zt-gate audit .venv"
        )
    print(f"zt-gate: auditing {found.described()}", file=sys.stderr)
    report = run_scan(_request(options, found, folder), unit="packages")
    render_options = terminal_options(options, is_terminal=sys.stdout.isatty())
    return publish(report, stdout_format, outputs, render_options)


@dataclass(slots=True)
class _Targets:
    """What is audited: environments by their paths, and lock files."""

    environments: list[tuple[Path, Environment]] = field(default_factory=list)
    locks: list[Path] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.environments or self.locks)

    def described(self) -> str:
        """Return the targets for people."""
        parts = [
            f"{_shown(path)} ({environment.kind}, {_count(environment)})"
            for path, environment in self.environments
        ]
        return ", ".join((*parts, *map(_shown, self.locks)))


def _count(environment: Environment) -> str:
    count = len(environment.packages)
    return "1 package" if count == 1 else f"{count} packages"


def _named(words: Sequence[str]) -> _Targets:
    """Return what the words name; raises UsageError."""
    found = _Targets()
    for word in words:
        path = Path(word)
        if not path.exists():
            raise UsageError(f"{word!a}: no such file or folder")
        environment = _environment(path)
        if environment is not None:
            found.environments.append((path, environment))
        elif path.is_file() and _is_lock(path):
            found.locks.append(path)
        elif path.is_dir() and (inside := _present(path, active=False)):
            found.environments += inside.environments
            found.locks += inside.locks
        else:
            raise UsageError(
                f"{word!a} is no virtual environment, Python interpreter, node_modules "
                "folder or lock file"
            )
    return found


def _present(folder: Path, *, active: bool = True) -> _Targets:
    """Return the active environment or ``.venv``, and the lock files of a folder.

    ``node_modules`` counts if no lock file of its package manager is there.
    """
    from zt_gate.ecosystems.manifest_formats import format_of, lock_formats

    found = _Targets()
    virtual = os.environ.get("VIRTUAL_ENV", "") if active else ""
    for path in (Path(virtual) if virtual else None, folder / ".venv"):
        environment = _environment(path) if path is not None else None
        if path is not None and environment is not None:
            found.environments.append((path, environment))
            break
    found.locks = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and format_of(os.fsencode(path.name)) in lock_formats()
    ]
    ecosystems = {_ecosystem(path) for path in found.locks}
    modules = _environment(folder / _NODE_MODULES)
    if modules is not None and "npm" not in ecosystems:
        found.environments.append((folder / _NODE_MODULES, modules))
    return found


def _ecosystem(lock: Path) -> str:
    from zt_gate.ecosystems import all_ecosystems
    from zt_gate.ecosystems.manifest_formats import format_of

    name = format_of(os.fsencode(lock.name))
    for ecosystem in all_ecosystems():
        if any(item.name == name for item in ecosystem.formats):
            return ecosystem.name
    return ""


def _environment(path: Path) -> Environment | None:
    """Return what is installed at a path, None for no environment; raises UsageError."""
    from zt_gate.ecosystems.environments import read_environment

    try:
        return read_environment(path)
    except OSError as error:
        raise UsageError(f"{str(path)!a} cannot be read: {error.strerror}") from error


def _is_lock(path: Path) -> bool:
    """Return whether a file may hold exact versions: a lock file, or pinned requirements."""
    from zt_gate.ecosystems.manifest_formats import format_of, with_role

    name = format_of(os.fsencode(path.name))
    return name in with_role("lock", "versions", "declares")


def _request(options: Namespace, found: _Targets, folder: Path) -> Request:
    from zt_gate.git.executable import find_program, scanned_folders
    from zt_gate.review.run import Request
    from zt_gate.scanners.base import InstalledPackages

    installed = tuple(
        InstalledPackages(_report_path(path), environment)
        for path, environment in found.environments
    )
    folders = [os.path.realpath(path) for path, _ in found.environments]
    outside = [*scanned_folders(folder, os.environ), *folders]
    targets = [path for path, _ in found.environments] + found.locks
    return Request(
        kind="installed",
        spec=", ".join(map(_shown, targets)),
        patch=_listing(installed),
        paths=tuple(map(str, found.locks)),
        folder=folder,
        applicable=("dependencies",),
        installed=installed,
        npm=find_program("npm", os.environ, outside),
        fail_on=options.fail_on or "",
        profile=options.profile or "",
        config=options.config or "",
        policy_rev=options.policy_rev or "",
        accept=tuple(options.accept or ()),
        debug=options.debug,
    )


def _listing(installed: Sequence[InstalledPackages]) -> bytes:
    """Return all packages as one text, for the digest of what is audited."""
    lines = [
        f"{item.path!a} {package.entry.identity!a} {package.entry.constraint!a}\n"
        for item in installed
        for package in item.environment.packages
    ]
    return "".join(lines).encode()


def _report_path(path: Path) -> bytes:
    """Return the path of an environment relative to the repository or the folder here.

    One elsewhere has its name alone.
    """
    absolute = path.absolute()
    here = Path.cwd()
    root = next(
        (above for above in (here, *here.parents) if (above / ".git").exists()), here
    )
    normal = Path(os.path.normpath(absolute))
    if normal.is_relative_to(root):
        return os.fsencode(normal.relative_to(root))
    return os.fsencode(normal.name)


def _shown(path: Path) -> str:
    """Return a path for people: relative to the folder here if it is below it."""
    from zt_gate.reports.escape import visible

    absolute = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    is_below = absolute.is_relative_to(here)
    return visible(str(absolute.relative_to(here) if is_below else absolute))
