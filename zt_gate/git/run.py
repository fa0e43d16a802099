"""Git, started without trusting the repository it looks at.

A repository's own settings can make git run programs (``core.fsmonitor``,
``core.sshCommand``, filters, external diffs), hide content (attributes,
``ignore`` of submodules) or lie about history (grafts, replace refs).  Every
call here has them switched off, by ``_FLAGS`` and by the environment.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, NotARepositoryError, failure, visible
from zt_gate.git.executable import (
    REPOSITORY,
    find_git,
    hardened,
    inside,
    scanned_folders,
)
from zt_gate.git.output_stream import Pipe
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Seconds of CPU time that one git command may use, and wall seconds that it may take.
SECONDS = 120.0
WALL_SECONDS = 600.0
#: Bytes of memory that git may take for itself (mapped packs do not count): ten
#: trees that name each other ten times over are a listing without an end.
MEMORY = 4 << 30
#: Bytes of a path that git keeps in a file.
_MAX_PATH = 1 << 16

_FLAGS = (
    "--no-pager",
    "-c", "core.fsmonitor=false",          # would run a program
    "-c", "core.hooksPath=/dev/null",      # would run programs
    "-c", "core.quotePath=false",
    "-c", "safe.bareRepository=explicit",  # a bare repository in the tree is content
    "-c", "protocol.ext.allow=never",      # would run a program
    "-c", "core.untrackedCache=false",     # could hide an untracked file
    "-c", "core.commitGraph=false",        # could lie about parents
    "-c", "core.fsync=none",               # what is written is thrown away
    "-c", "core.splitIndex=false",         # would write beside the index
    "-c", "advice.graftFileDeprecated=false",
)  # fmt: skip

_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


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
    wall_seconds: float = WALL_SECONDS
    #: The repository's own folder, absolute.
    folder: str = ""

    @classmethod
    def open(
        cls, cwd: Path, environ: Mapping[str, str], seconds: float = SECONDS
    ) -> Git:
        """Find the repository around ``cwd``.

        Raises NotARepositoryError where there is none or it has no work tree,
        GitError where git is missing or refuses.
        """
        cwd = Path(os.path.abspath(cwd))
        outside = scanned_folders(cwd, environ)
        program = find_git(environ, outside)
        bound = cls(cwd, program, hardened(environ, cwd, outside), seconds=seconds)
        done = bound._start(
            ["rev-parse", "--is-bare-repository", "--is-inside-work-tree",
             "--is-shallow-repository", "--show-object-format", "--absolute-git-dir",
             "--show-toplevel", "--verify", "-q", "HEAD"]
        )  # fmt: skip
        flags = done.stdout.split(b"\n", 4)
        if flags[0] == b"true":
            raise NotARepositoryError(
                "this is a bare repository: there is no work tree to scan"
            )
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
            places = [
                bound.run(["rev-parse", word]).removesuffix(b"\n") for word in asked
            ]
        folder, root = os.fsdecode(places[0]), Path(os.fsdecode(places[1]))
        if (
            inside(os.path.realpath(program), os.path.realpath(root))
            and str(root) != "/"
        ):
            raise GitError("the only git found lies in the folder that is scanned")
        opened = cls(root, program, bound.environ, flags[3].decode("ascii", "replace"),
                     flags[2] == b"true", head, seconds, folder=folder)  # fmt: skip
        if opened.object_format not in _EMPTY_TREES:
            raise GitError(f"unknown object format {visible(flags[3])}")
        if not head:
            opened._check_unborn()
        return opened

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries, which git knows without storing it."""
        return _EMPTY_TREES[self.object_format]

    @property
    def common_folder(self) -> str:
        """The repository's common folder, absolute: linked work trees share it.

        It is ``folder`` itself except in a linked work tree.  Raises GitError where
        it cannot be read.
        """
        if self.environ.get("GIT_COMMON_DIR"):
            return os.path.join(self.root, self.environ["GIT_COMMON_DIR"])
        try:
            with open(os.path.join(self.folder, "commondir"), "rb") as file:
                shared = os.fsdecode(file.read(_MAX_PATH).rstrip(b"\r\n"))
        except FileNotFoundError:
            return self.folder
        except OSError as error:
            raise GitError("the repository's folder cannot be read") from error
        return os.path.normpath(os.path.join(self.folder, shared))

    def with_environ(self, **added: str) -> Git:
        """Return the same with variables added to git's environment."""
        return replace(self, environ={**self.environ, **added})

    def nested(self, top: Path) -> Git:
        """Return git for a repository whose ``.git`` lies in ``top``, inside this one."""
        own = {
            name: value
            for name, value in self.environ.items()
            if name not in REPOSITORY
        }
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
            child = subprocess.Popen(
                self.command(args), cwd=self.root, env=self.environ, bufsize=0,
                stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise GitError(
                f"git could not be started: {visible(str(error))}"
            ) from error
        if sys.platform == "linux":
            with suppress(OSError, ValueError):  # it has ended, or has a stricter limit
                resource.prlimit(child.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
        return child

    def pipe(self, child: subprocess.Popen[bytes], name: str) -> Pipe:
        """Return the output of a running git; the limits of time count from now on."""
        return Pipe(child, name, cpu=self.seconds, wall=self.wall_seconds)

    @contextmanager
    def stream(
        self, args: Sequence[str | bytes], stdin: int | None = None
    ) -> Iterator[Pipe]:
        """Run git and read its output as it comes; ``stdin`` is a descriptor or None.

        Raises GitError where git fails, or says more than was read.
        """
        child = self.popen(args, subprocess.DEVNULL if stdin is None else stdin)
        pipe = self.pipe(child, os.fsdecode(args[0]))
        try:
            yield pipe
            pipe.finish()
        except GitError as error:
            # Where git failed, output that ends too early is not the cause.
            cause = pipe.cause()
            if cause is None:
                raise
            raise cause from error
        finally:
            pipe.close()

    def _start(
        self, args: Sequence[str | bytes], stdin: bytes = b"", max_output: int = 1 << 24
    ) -> process.CompletedProcess:
        try:
            return process.run(
                self.command(args), cwd=self.root, env=self.environ, stdin=stdin,
                deadline=time.monotonic() + self.wall_seconds, cpu_seconds=self.seconds,
                max_output=max_output,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise GitError(
                f"git {os.fsdecode(args[0])}: {visible(str(error))}"
            ) from error

    def _check_unborn(self) -> None:
        """Tell a HEAD that has no commit yet from one that cannot be read."""
        name = self.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1)).strip()
        if name:
            # Names a broken ref in a warning, and says nothing of one that is not there.
            self.run(["for-each-ref", "--format=%(refname)", name], strict=True)
        else:
            raise GitError("HEAD names no branch and no commit")
