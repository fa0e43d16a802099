"""The files that run when a server starts: their digests, and what cannot be pinned.

An interpreter, its script, a module that is installed for it (``-m NAME``, or the module
that a console script imports) and an npm package around a script are found.  What else
the server loads is not.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat

from zt_gate.record import record
from zt_gate.system.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.guard.mcp.definitions import ServerDefinition

_MOST_FILES = 4000
_MOST_BYTES = 200 << 20
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "fish", "env"))
#: A file that a word names counts if it is code: data of a server may change.
_CODE = (
    ".py", ".pyz", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".sh", ".rb", ".php",
    ".pl", ".lua", ".jar", ".wasm", ".exe", ".dll",
)  # fmt: skip
_RANGE = re.compile(r"@[~^]")
_CONTAINERS = frozenset(("docker", "podman", "nerdctl"))
#: A console script of Python has a few lines; its module is what runs.
_STUB_BYTES = 4096
_STUB_IMPORT = re.compile(rb"^from ([\w.]+) import ", re.MULTILINE)
_SHEBANG = re.compile(rb"#!\s*(\S+)(?:[ \t]+(\S+))?")
_NODE_PACKAGES = f"{os.sep}node_modules{os.sep}"


class UnpinnableError(Exception):
    """A file or folder is too large, or changes while it is read."""


@record
class Artifact:
    """One file or installed package: its digest, and its state that tells it unchanged.

    ``identity`` is size, inode and times: while they are the same, nobody wrote the file.
    It is "" for a folder, whose files are always read.
    """

    digest: str
    identity: str = ""


def relayed(words: Sequence[str]) -> tuple[str, ...] | None:
    """Return the server's command behind ``zt-gate guard mcp run NAME -- COMMAND``.

    None for a command that is started without the relay.
    """
    listed = list(words)
    for place in range(1, len(listed) - 2):
        if listed[place : place + 3] == ["guard", "mcp", "run"]:
            if "--" in listed[place:]:
                return tuple(listed[listed.index("--", place) + 1 :])
            return None
    return None


def files_of(server: ServerDefinition, root: str, search_path: str) -> Iterator[str]:
    """Yield the files and folders that run when a local server starts."""
    folder = str(server.table.get("cwd") or root)
    folder = os.path.normpath(os.path.join(root, folder))
    words = server.words
    inner = relayed(words)
    found: dict[str, None] = {}
    for command in (words, inner or ()):
        if command:
            found.update(dict.fromkeys(_files(command, folder, search_path)))
    yield from found


def artifacts_of(
    server: ServerDefinition,
    root: str,
    search_path: str,
    known: Mapping[str, Artifact] | None = None,
) -> dict[str, Artifact]:
    """Return what runs by its real path; ``known`` saves reading what nobody wrote since.

    Raises UnpinnableError.
    """
    found = {}
    for path in files_of(server, root, search_path):
        old = (known or {}).get(path)
        found[path] = _artifact(path, old)
    return found


def problems_of(server: ServerDefinition) -> Iterator[str]:
    """Yield what of a server no pin can hold."""
    from zt_gate.scanners.agent_config.mcp_servers import floating_package

    words = list(relayed(server.words) or server.words)
    if server.address:
        yield "it is remote: what runs there can change, and its tools are not read here"
        return
    if not words:
        yield "its settings name no command and no address"
        return
    package = floating_package(words) or next(filter(_RANGE.search, words), "")
    if package:
        yield f"it downloads the newest {package} at each start: name one version"
    program = os.path.basename(words[0])
    if program in _SHELLS and len(words) > 1:
        yield f"it starts through {program}: name the program itself"
    if program in _CONTAINERS and not any("@sha256:" in word for word in words):
        yield "its image can change: name it by its digest (NAME@sha256:…)"


def _files(words: Sequence[str], folder: str, search_path: str) -> Iterator[str]:
    program = _program(words[0], folder, search_path)
    if program:
        yield program
        yield from _behind(program)
    for number, word in enumerate(words[1:], 1):
        value = word.partition("=")[2] if word.startswith("-") else word
        path = os.path.realpath(os.path.join(folder, os.path.expanduser(value)))
        if value and _is_code(path):
            yield path
            yield from _behind(path)
        elif word == "-m" and program and number + 1 < len(words):
            yield from _module(program, words[number + 1])


def _is_code(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    return path.lower().endswith(_CODE) or os.access(path, os.X_OK)


def _program(word: str, folder: str, search_path: str) -> str:
    import shutil

    found = shutil.which(
        os.path.join(folder, word) if "/" in word else word, path=search_path
    )
    # A link of a virtual environment leads to the interpreter, and names the environment.
    return os.path.abspath(found) if found else ""


def _behind(path: str) -> Iterator[str]:
    """Yield what a script belongs to: its interpreter's module, its npm package."""
    real = os.path.realpath(path)
    if real != path:
        yield real
    if _NODE_PACKAGES in real:
        top, _, rest = real.rpartition(_NODE_PACKAGES)
        names = rest.split(os.sep)
        length = 2 if names[0].startswith("@") else 1
        yield os.path.join(f"{top}{_NODE_PACKAGES}", *names[:length])
        return
    head = _head(real)
    shebang = _SHEBANG.match(head)
    if shebang is None:
        return
    interpreter = os.fsdecode(shebang[1])
    if os.path.isabs(interpreter) and os.path.isfile(interpreter):
        yield interpreter
    imported = _STUB_IMPORT.search(head)
    if imported and len(head) < _STUB_BYTES:
        yield from _module(interpreter, os.fsdecode(imported[1]))


def _module(interpreter: str, name: str) -> Iterator[str]:
    """Yield the folder or file of a module that is installed for an interpreter."""
    prefix = os.path.dirname(os.path.dirname(interpreter))
    libraries = os.path.join(prefix, "lib")
    top = name.partition(".")[0]
    try:
        versions = sorted(os.listdir(libraries))
    except OSError:
        return
    for version in versions:
        base = os.path.join(libraries, version, "site-packages", top)
        if version.startswith("python") and os.path.isdir(base):
            yield base
        elif version.startswith("python") and os.path.isfile(f"{base}.py"):
            yield f"{base}.py"


def _head(path: str) -> bytes:
    try:
        handle = os.open(path, _READ)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        return file.read(_STUB_BYTES)


def _artifact(path: str, old: Artifact | None) -> Artifact:
    if os.path.isdir(path):
        return Artifact(_tree_digest(path))
    identity = _identity(path)
    if old is not None and old.identity == identity:
        return old
    digest = _digest(path)
    if _identity(path) != identity:
        raise UnpinnableError(f"{path} changes while it is read")
    return Artifact(digest, identity)


def _identity(path: str) -> str:
    try:
        info = os.stat(path)
    except OSError as error:
        raise UnpinnableError(f"{path} cannot be read: {error.strerror}") from error
    # ctime is the kernel's: no program of a user sets it.
    parts = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    return ".".join(map(str, parts))


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    try:
        handle = os.open(path, _READ)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UnpinnableError(f"{path} is no regular file")
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise UnpinnableError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _tree_digest(folder: str) -> str:
    """Return the digest of names and contents; raises UnpinnableError for a large folder.

    Compiled Python next to its source is left out: Python writes it at the first run.
    """
    lines: list[str] = []
    total = 0
    for place, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != "__pycache__")
        for name in sorted(files):
            path = os.path.join(place, name)
            total += os.lstat(path).st_size
            if len(lines) >= _MOST_FILES or total > _MOST_BYTES:
                raise UnpinnableError(
                    f"{folder} has more than {_MOST_FILES:,} files or "
                    f"{_MOST_BYTES >> 20} MB"
                )
            lines.append(f"{os.path.relpath(path, folder)}\0{_digest(path)}")
    return sha256(os.fsencode("\n".join(lines)))
