"""The program of a managed guard: a copy of interpreter, packages and rules that is root's.

The copy is an environment like those of ``venv --copies``, over an interpreter of the
system that only root can change.  Its interpreter cannot be read by users, and has a
capability that does no harm: for both reasons the kernel lets no process of the user
attach to a hook, from the hook's first instruction on, and the second one makes the
loader ignore ``LD_PRELOAD`` and its like.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.metadata import Distribution

#: Where the copy is.
PROGRAM = "/opt/zt-gate"
_PACKAGE = "zt-gate"
_SYSTEM_FOLDERS = ("/usr/bin", "/usr/local/bin")
#: Executed, and not read: then the kernel keeps other processes of the user away from it.
_PROGRAM_MODE = 0o711
#: ``struct vfs_cap_data`` with CAP_WAKE_ALARM (35) as permitted, without the effective bit:
#: where the capability cannot be had, the program starts without it.
HARMLESS_CAPABILITY = struct.pack("<5I", 0x02000000, 0, 0, 1 << (35 - 32), 0)
_SECONDS = 120
#: Any account without rights: it starts the copy once, as users will.
_NOBODY = 65_534
_CHECK = (
    "from zt_gate.guard.install.root_owned_parts import own_parts, within_reach\n"
    "from zt_gate.guard.shell.parse import syntax_tree\n"
    "syntax_tree('git status')\n"
    "print('\\n'.join(within_reach(own_parts())) or 'out of reach')\n"
)


class ProgramCopyError(GateError):
    """The copy cannot be made, or is within the users' reach; the text says why."""


def interpreter_in(folder: str = PROGRAM) -> str:
    """Return the path of a copy's interpreter."""
    return os.path.join(folder, "bin", "python")


def install_program(folder: str = PROGRAM, *, without: Collection[str] = ()) -> str:
    """Make the copy, or replace it, and return its interpreter; raises ProgramCopyError.

    What was there before stays until the new copy has been checked.  ``without`` are
    packages that are left out, with what they alone need.
    """
    base = system_interpreter()
    above, name = os.path.split(folder)
    new = os.path.join(above, f".{name}.{os.urandom(6).hex()}")
    old = f"{new}.old"
    try:
        _make(new, base, without, folder)
        check_program(new)
        if os.path.lexists(folder):
            os.rename(folder, old)
        os.rename(new, folder)
    except OSError as error:
        raise ProgramCopyError(
            f"{folder} cannot be written: {error.strerror}"
        ) from error
    finally:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
    return interpreter_in(folder)


def check_program(folder: str = PROGRAM) -> None:
    """Start a copy as a user without rights would; raises ProgramCopyError.

    The copy itself says whether any part of it can be changed by others than root.
    """
    program = interpreter_in(folder)
    nobody = _NOBODY if os.geteuid() == 0 else None
    try:
        done = subprocess.run(
            [program, "-I", "-c", _CHECK],
            cwd="/",
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else [],
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProgramCopyError(f"{program} cannot be started: {error}") from error
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or not said:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ProgramCopyError(f"{program} does not work for a user: {last}")
    if said != "out of reach":
        raise ProgramCopyError(
            "a managed guard must be out of the users' reach, and this is not: "
            f"{said.replace(chr(10), '; ')}"
        )


def remove_program(folder: str = PROGRAM) -> bool:
    """Remove a copy; return whether there was one.  Raises ProgramCopyError."""
    if not os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
        return False
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise ProgramCopyError(
            f"{folder} cannot be removed: {error.strerror}"
        ) from error
    return True


def system_interpreter() -> str:
    """Return an interpreter of this version that only root can change, and all can start.

    Raises ProgramCopyError where there is none.
    """
    from zt_gate.guard.install.root_owned_parts import within_reach

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [os.path.join(sys.base_prefix, "bin", version)]
    candidates += [os.path.join(place, version) for place in _SYSTEM_FOLDERS]
    reasons = []
    for path in candidates:
        program = os.path.realpath(path)
        if not os.path.isfile(program):
            continue
        reason = next(iter(within_reach([program])), "") or _closed(program)
        if not reason:
            return program
        reasons.append(reason)
    raise ProgramCopyError(
        f"a managed guard needs a {version} that only root can change and all users can"
        f" start; {'; '.join(reasons) or 'there is none on this machine'}"
    )


def _closed(program: str) -> str:
    """Return which folder above a program users cannot enter, "" if there is none."""
    place = os.path.dirname(program)
    while True:
        if not os.stat(place).st_mode & stat.S_IXOTH:
            return f"users cannot enter {place}"
        if place == os.path.dirname(place):
            return ""
        place = os.path.dirname(place)


def _make(folder: str, base: str, without: Collection[str], final: str) -> None:
    """Make the files of a copy that will be at ``final``; raises OSError."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = os.path.join(folder, "lib", version, "site-packages")
    programs = os.path.join(folder, "bin")
    for place in (folder, programs, library):
        os.makedirs(place, mode=0o755, exist_ok=True)
    settings = f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n"
    _write(os.path.join(folder, "pyvenv.cfg"), settings.encode(), 0o644)
    program = interpreter_in(folder)
    for source, target in _files(library, programs, without):
        _copy(source, target, interpreter_in(final))
    shutil.copyfile(base, program)
    os.chmod(program, _PROGRAM_MODE)
    # A file system without capabilities: unreadable it is anyway.
    with suppress(OSError):
        os.setxattr(program, "security.capability", HARMLESS_CAPABILITY)
    _compile(library, folder, final)
    _open_for_all(folder)


def _files(
    library: str, programs: str, without: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each file of the packages, and where it goes."""
    package = _own_package()
    yield from _tree(package, os.path.join(library, "zt_gate"))
    rules = os.path.join(os.path.dirname(package), "rules")
    if not os.path.isdir(os.path.join(package, "_rules")):
        # A checkout has the rules beside the package.
        yield from _tree(rules, os.path.join(library, "zt_gate", "_rules"))
    for distribution in _distributions(without):
        for file in distribution.files or ():
            source = os.path.realpath(str(distribution.locate_file(file)))
            parts = file.parts
            # A .pth file adds folders to the import path, such as a checkout's.
            is_path = parts[-1].endswith(".pth")
            if is_path or parts[0] == "zt_gate" or not os.path.isfile(source):
                continue
            if ".." not in parts:
                yield source, os.path.join(library, *parts)
            elif parts[-2:-1] == ("bin",):
                yield source, os.path.join(programs, parts[-1])


def _tree(source: str, target: str) -> Iterator[tuple[str, str]]:
    for here, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name != "__pycache__"]
        below = os.path.relpath(here, source)
        for name in files:
            yield (
                os.path.join(here, name),
                os.path.normpath(os.path.join(target, below, name)),
            )


def _own_package() -> str:
    import zt_gate

    return os.path.dirname(os.path.realpath(zt_gate.__file__))


def _distributions(without: Collection[str]) -> Iterator[Distribution]:
    """Yield zt-gate and the installed packages that it needs, and what these need."""
    from importlib.metadata import PackageNotFoundError, distribution

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = [_PACKAGE]
    seen = {canonicalize_name(name) for name in without}
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        for text in found.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)


def _copy(source: str, target: str, interpreter: str) -> None:
    """Copy one file; a script gets the copy's own interpreter."""
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    is_program = bool(os.stat(source).st_mode & stat.S_IXUSR)
    with open(source, "rb") as file:
        first = file.readline(200) if is_program else b""
        if first.startswith(b"#!") and b"python" in first:
            # Scripts of packages name the interpreter that they were installed for.
            text = f"#!{interpreter} -I\n".encode() + file.read()
            _write(target, text, 0o755)
            return
    shutil.copyfile(source, target)
    # What the hook starts is kept apart like the hook; a library has to be read.
    is_library = ".so" in os.path.basename(target)
    os.chmod(target, _PROGRAM_MODE if is_program and not is_library else 0o644)
    info = os.stat(source)
    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


def _write(path: str, content: bytes, mode: int) -> None:
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def _compile(library: str, folder: str, final: str) -> None:
    """Compile the modules: users cannot write there what a start compiles."""
    import compileall

    compileall.compile_dir(
        library, quiet=2, force=True, stripdir=folder, prependdir=final
    )


def _open_for_all(folder: str) -> None:
    """Let all users enter the folders, whatever root's umask is."""
    for here, _, _ in os.walk(folder):
        os.chmod(here, 0o755)  # noqa: S103 - read by all, written by root
