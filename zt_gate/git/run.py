"""Git, started without trusting the repository it looks at.

A repository's own settings can make git run programs (``core.fsmonitor``,
``core.sshCommand``, filters, external diffs), hide content (attributes,
``ignore`` of submodules) or lie about history (grafts, replace refs).  Every
call here has them switched off; what each switch is for stands in ``_FLAGS``
and ``_FORCED``.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate import process
from zt_gate.git.errors import GitError, NotARepositoryError, failure, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Wall seconds that one git command may take.
SECONDS = 120.0

_FLAGS = (
    "--no-pager",
    "-c", "core.fsmonitor=false",          # would run a program
    "-c", "core.hooksPath=/dev/null",      # would run programs
    "-c", "core.quotePath=false",
    "-c", "safe.bareRepository=explicit",  # a bare repository in the tree is content
    "-c", "protocol.ext.allow=never",      # would run a program
    "-c", "core.untrackedCache=false",     # could hide an untracked file
    "-c", "core.commitGraph=false",        # could lie about parents
    "-c", "advice.graftFileDeprecated=false",
)  # fmt: skip

_FORCED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_GRAFT_FILE": "/dev/null",
    "LC_ALL": "C",
}

# Which index, which repository: `git commit FILE` and `git commit -a` give their
# hook another index.  HOME and XDG_CONFIG_HOME lead to the user's own settings,
# where safe.directory stands.
_KEPT = (
    "GIT_INDEX_FILE", "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM", "HOME", "XDG_CONFIG_HOME",
)  # fmt: skip

# What belongs to one repository and must not reach another one inside it.
_REPOSITORY = frozenset(_KEPT) - {"HOME", "XDG_CONFIG_HOME"}

# Git goes to the top of the work tree by itself; these are relative to where it starts.
_RELATIVE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")

_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

_STDERR_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class Git:
    """Git, bound to one repository; its work tree's top is ``root``.

    ``head`` is the commit of HEAD when the repository was opened, "" where
    there are no commits yet: a run looks at one state, whatever moves meanwhile.
    """

    root: Path
    program: str
    environ: Mapping[str, str] = field(repr=False)
    object_format: str = "sha1"
    shallow: bool = False
    head: str = ""
    seconds: float = SECONDS
    #: The repository's own folder, absolute.
    folder: str = ""

    @classmethod
    def open(cls, cwd: Path, environ: Mapping[str, str], seconds: float = SECONDS) -> Git:
        """Find the repository around ``cwd``.

        Raises NotARepositoryError where there is none or it has no work tree,
        GitError where git is missing or refuses.
        """
        cwd = Path(os.path.abspath(cwd))
        outside = _scanned_folders(cwd, environ)
        program = find_git(environ, outside)
        bound = cls(cwd, program, _hardened(environ, cwd, outside), seconds=seconds)
        done = bound._start(
            ["rev-parse", "--is-bare-repository", "--is-inside-work-tree",
             "--is-shallow-repository", "--show-object-format", "--absolute-git-dir",
             "--show-toplevel", "--verify", "-q", "HEAD"]
        )  # fmt: skip
        flags = done.stdout.split(b"\n", 4)
        if flags[0] == b"true":
            raise NotARepositoryError("this is a bare repository: there is no work tree to scan")
        if len(flags) > 1 and flags[1] == b"false":
            raise NotARepositoryError("this folder is no part of a work tree")
        if done.returncode not in {0, 1} or len(flags) < 5:
            raise failure("rev-parse", done.stderr, done.returncode)
        head = ""
        rest = flags[4].removesuffix(b"\n")
        if done.returncode == 0:
            rest, _, last = rest.rpartition(b"\n")
            head = last.decode("ascii", "replace")
        places = rest.split(b"\n")
        if len(places) != 2:  # their names hold newlines themselves
            asked = ("--absolute-git-dir", "--show-toplevel")
            places = [bound.run(["rev-parse", word]).removesuffix(b"\n") for word in asked]
        folder, root = os.fsdecode(places[0]), Path(os.fsdecode(places[1]))
        if _inside(os.path.realpath(program), os.path.realpath(root)) and str(root) != "/":
            raise GitError("the only git found lies in the folder that is scanned")
        opened = cls(root, program, bound.environ, flags[3].decode("ascii", "replace"),
                     flags[2] == b"true", head, seconds, folder)  # fmt: skip
        if opened.object_format not in _EMPTY_TREES:
            raise GitError(f"unknown object format {visible(flags[3])}")
        if not head:
            opened._check_unborn()
        return opened

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries, which git knows without storing it."""
        return _EMPTY_TREES[self.object_format]

    def with_environ(self, **added: str) -> Git:
        """Return the same with variables added to git's environment."""
        return replace(self, environ={**self.environ, **added})

    @contextmanager
    def apart(self) -> Iterator[Git]:
        """Give the same repository with an empty work tree, for reading diffs.

        Git takes content from the work tree instead of the object database where
        the index says that both are the same.  That is for the index to say, and
        whoever wrote the index may lie: the diff would show other lines than the
        commit has.  Raises GitError.
        """
        place = self.environ.get("TMPDIR", "")
        empty = Path(place if os.path.isabs(place) else "/tmp", f"zt-gate-{os.urandom(8).hex()}")  # noqa: S108
        relative = ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
        moved = {
            name: os.path.join(self.root, self.environ[name])
            for name in relative
            if self.environ.get(name)
        }
        environ = {**self.environ, **moved, "GIT_DIR": self.folder, "GIT_WORK_TREE": str(empty)}
        try:
            empty.mkdir(mode=0o700)
        except OSError as error:
            raise GitError(
                f"no private folder can be made in {empty.parent}: {error.strerror}; set TMPDIR"
            ) from error
        try:
            yield replace(self, root=empty, environ=environ)
        finally:
            with suppress(OSError):
                empty.rmdir()

    def nested(self, top: Path) -> Git:
        """Return git for a repository whose ``.git`` lies in ``top``, inside this one."""
        own = {name: value for name, value in self.environ.items() if name not in _REPOSITORY}
        own["GIT_CEILING_DIRECTORIES"] = str(top.parent)
        return replace(self, root=top, environ=own, shallow=False, head="", folder="")

    def command(self, args: Sequence[str | bytes]) -> list[str]:
        """Return the whole command line for ``args``."""
        return [self.program, *_FLAGS, *(os.fsdecode(arg) for arg in args)]

    def run(
        self,
        args: Sequence[str | bytes],
        *,
        stdin: bytes = b"",
        ok: Sequence[int] = (0,),
        strict: bool = False,
        max_output: int = 512 * 1024 * 1024,
    ) -> bytes:
        """Run git and return its standard output; raises GitError.

        ``ok``: exit codes that are no failure.  ``strict``: a warning is a
        failure too (``ls-files`` only warns about a folder it cannot read).
        """
        done = self._start(args, stdin, max_output)
        if done.returncode not in ok or (strict and done.stderr.strip()):
            raise failure(os.fsdecode(args[0]), done.stderr, done.returncode)
        return done.stdout

    def popen(self, args: Sequence[str | bytes], stdin: int) -> subprocess.Popen[bytes]:
        """Start git with unbuffered pipes; the caller ends it.  Raises GitError."""
        try:
            return subprocess.Popen(
                self.command(args), cwd=self.root, env=self.environ, bufsize=0,
                stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise GitError(f"git could not be started: {visible(str(error))}") from error

    @contextmanager
    def stream(self, args: Sequence[str | bytes], stdin: int | None = None) -> Iterator[Pipe]:
        """Run git and read its output as it comes; ``stdin`` is a descriptor or None.

        Raises GitError where git fails, or says more than was read.
        """
        child = self.popen(args, subprocess.DEVNULL if stdin is None else stdin)
        pipe = Pipe(child, os.fsdecode(args[0]), time.monotonic() + self.seconds)
        try:
            yield pipe
            pipe.finish()
        finally:
            pipe.close()

    def _start(
        self, args: Sequence[str | bytes], stdin: bytes = b"", max_output: int = 1 << 24
    ) -> process.Completed:
        try:
            return process.run(
                self.command(args), cwd=self.root, env=self.environ, stdin=stdin,
                deadline=time.monotonic() + self.seconds, max_output=max_output,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise GitError(f"git {os.fsdecode(args[0])}: {visible(str(error))}") from error

    def _check_unborn(self) -> None:
        """Tell a HEAD that has no commit yet from one that cannot be read."""
        name = self.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1)).strip()
        if name:
            # Names a broken ref in a warning, and says nothing of one that is not there.
            self.run(["for-each-ref", "--format=%(refname)", name], strict=True)
        else:
            raise GitError("HEAD names no branch and no commit")


class Pipe:
    """The output of a running git; ``read`` never waits past the deadline."""

    def __init__(self, child: subprocess.Popen[bytes], name: str, deadline: float) -> None:
        assert child.stdout
        assert child.stderr
        self._child = child
        self._name = name
        self._deadline = deadline
        self._out = child.stdout.fileno()
        self._err = child.stderr.fileno()
        self._stderr = bytearray()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, b"" at the end; raises GitError at the deadline."""
        while True:
            left = self._deadline - time.monotonic()
            ready = {fd for fd, _ in self._poll.poll(max(0.0, left) * 1000)} if left > 0 else set()
            if not ready:
                raise GitError(f"git {self._name} did not finish before its deadline")
            if self._err in ready:
                self._keep(os.read(self._err, 1 << 16))
            if self._out in ready:
                return os.read(self._out, size)

    def finish(self) -> None:
        """Check that nothing is left to read and that git succeeded; raises GitError."""
        if self.read(1):
            raise GitError(f"git {self._name} said more than was expected")
        left = max(0.0, self._deadline - time.monotonic())
        try:
            code = self._child.wait(left)
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {self._name} did not finish before its deadline") from error
        if code:
            raise failure(self._name, bytes(self._stderr) + self._rest(), code)

    def close(self) -> None:
        """End git if it still runs, and close the pipes."""
        if self._child.poll() is None:
            self._child.kill()
        for stream in (self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()
        self._child.wait()

    def _keep(self, chunk: bytes) -> None:
        if not chunk:
            self._poll.unregister(self._err)
        if len(self._stderr) < _STDERR_KEPT:
            self._stderr += chunk

    def _rest(self) -> bytes:
        os.set_blocking(self._err, False)
        try:
            return os.read(self._err, _STDERR_KEPT)
        except BlockingIOError:
            return b""


def find_git(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    """Return git's absolute path from PATH; entries inside ``outside`` do not count.

    A program called git in the scanned folder must never run.  Raises GitError.
    """
    for entry in _search_path(environ, outside).split(os.pathsep):
        found = os.path.join(entry, "git")
        if entry and os.path.isfile(found) and os.access(found, os.X_OK):
            real = os.path.realpath(found)
            if not any(_inside(real, folder) for folder in outside):
                return found
    raise GitError("git was not found on PATH outside the folder that is scanned")


def _search_path(environ: Mapping[str, str], outside: Sequence[str]) -> str:
    entries = process.absolute_path(environ.get("PATH", os.defpath)).split(os.pathsep)
    return os.pathsep.join(
        entry
        for entry in entries
        if not any(_inside(os.path.realpath(entry), folder) for folder in outside)
    )


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _scanned_folders(cwd: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the folders that may be scanned from ``cwd``, before git has said which.

    A repository at the root of the file system does not count: nothing lies
    outside it.
    """
    here = os.path.realpath(cwd)
    folders = [here]
    above = here
    while above != "/":
        if os.path.lexists(os.path.join(above, ".git")):
            folders.append(above)
        above = os.path.dirname(above)
    if "GIT_WORK_TREE" in environ:
        folders.append(os.path.realpath(os.path.join(here, environ["GIT_WORK_TREE"])))
    return [folder for folder in folders if folder != "/"]


def _hardened(environ: Mapping[str, str], cwd: Path, outside: Sequence[str]) -> Mapping[str, str]:
    child = process.scrubbed(environ)
    child.update({name: environ[name] for name in _KEPT if name in environ})
    for name in _RELATIVE:
        if child.get(name):
            child[name] = os.path.join(cwd, child[name])
    child["PATH"] = _search_path(environ, outside)
    child.update(_FORCED)
    return child
