"""Runs git on a repository that may be hostile.

A repository's own settings can make git run programs (``core.fsmonitor``,
``core.sshCommand``, filters, external diffs), hide content (attributes,
``ignore`` of submodules) or falsify history (grafts, replace refs).  Every call
switches them off through ``_FLAGS`` and the environment.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.git.errors import (
    GitError,
    NoSuchFolderError,
    NotARepositoryError,
    failure,
    visible,
)
from zt_gate.git.executable import (
    REPOSITORY_VARIABLES,
    find_git,
    hardened_environment,
    inside,
    scanned_folders,
)
from zt_gate.git.output_stream import Pipe
from zt_gate.git.repository_state import check_state
from zt_gate.record import dataclass, field, replace
from zt_gate.system import process
from zt_gate.system.ci import in_ci
from zt_gate.system.regular_file import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Limits of one git command in seconds: CPU time and elapsed time.
SECONDS = 120.0
WALL_SECONDS = 600.0
#: Seconds in which git may only wait, not for a disk: it opened a named pipe.
STALL_SECONDS = 10.0
#: Bytes of git's own memory, without mapped packs.  Ten small trees that nest each
#: other produce a listing of any length.
MEMORY = 4 << 30
#: Bytes of a path that git stores in a file.
_MAX_PATH = 1 << 16

_FLAGS = (
    "--no-pager",
    "-c", "core.fsmonitor=false",          # runs a program
    "-c", "core.hooksPath=/dev/null",      # runs programs
    "-c", "core.quotePath=false",
    "-c", "safe.bareRepository=explicit",  # a bare repository in the tree is content
    "-c", "protocol.ext.allow=never",      # runs a program
    "-c", "core.untrackedCache=false",     # can hide an untracked file
    "-c", "core.commitGraph=false",        # can falsify parents
    "-c", "core.fsync=none",               # nothing that git writes is kept
    "-c", "core.splitIndex=false",         # writes beside the index
    "-c", "advice.graftFileDeprecated=false",
)  # fmt: skip

# The first answers of `git rev-parse`: one line each, before two paths and HEAD.
_FLAG_QUESTIONS = (
    "--is-bare-repository",
    "--is-inside-work-tree",
    "--is-shallow-repository",
    "--show-object-format",
)
_FLAG_COUNT = len(_FLAG_QUESTIONS)
_PATH_QUESTIONS = ("--absolute-git-dir", "--show-toplevel")
_QUESTIONS = (*_FLAG_QUESTIONS, *_PATH_QUESTIONS)

_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


@dataclass(frozen=True, slots=True)
class Git:
    """Git for one repository; ``root`` is the top of its work tree.

    ``head`` is the commit of HEAD when the repository was opened, "" if there
    are no commits yet: a run uses one state even if HEAD moves meanwhile.
    ``seconds`` limits the CPU time of a command, ``wall_seconds`` its duration, and
    ``stall_seconds`` how long it may wait for something other than a disk.
    """

    root: Path
    program: str
    environ: Mapping[str, str] = field(repr=False)
    object_format: str = "sha1"
    shallow: bool = False
    head: str = ""
    seconds: float = SECONDS
    wall_seconds: float = WALL_SECONDS
    stall_seconds: float = STALL_SECONDS
    #: The repository's own folder, absolute.
    folder: str = ""
    #: Whether the caller is a CI job, whose local branches the change can name.
    in_ci: bool = False

    @classmethod
    def open(
        cls, cwd: Path, environ: Mapping[str, str], seconds: float = SECONDS
    ) -> Git:
        """Find the repository around ``cwd``.

        Raises NotARepositoryError if there is none or it has no work tree,
        NoSuchFolderError if ``cwd`` is no folder, GitError if git is missing or refuses
        the repository, or if one of its own files is a named pipe or another special file.
        """
        cwd = Path(os.path.abspath(cwd))
        if not cwd.is_dir():
            raise NoSuchFolderError(f"{visible(str(cwd))}: no such folder")
        outside = scanned_folders(cwd, environ)
        program = find_git(environ, outside)
        hardened = hardened_environment(environ, cwd, outside)
        check_state(cwd, hardened)
        in_cwd = cls(cwd, program, hardened, seconds=seconds, in_ci=in_ci(environ))
        return in_cwd._at_top()

    def _at_top(self) -> Git:
        """Return git for the top of the work tree around ``root``, with its properties."""
        result = self._start(["rev-parse", *_QUESTIONS, "--verify", "-q", "HEAD"])
        answers = result.stdout.split(b"\n", _FLAG_COUNT)
        if answers[0] == b"true":
            raise NotARepositoryError(
                "this is a bare repository: it has no work tree to scan"
            )
        if len(answers) > 1 and answers[1] == b"false":
            raise NotARepositoryError("this folder is not part of a work tree")
        if result.returncode not in {0, 1} or len(answers) <= _FLAG_COUNT:
            raise failure("rev-parse", result.stderr, result.returncode)
        paths = answers[_FLAG_COUNT].removesuffix(b"\n")
        head = b""
        if result.returncode == 0:
            paths, _, head = paths.rpartition(b"\n")
        folder, newline, root = paths.partition(b"\n")
        if not newline or b"\n" in root:  # a path contains a newline: ask for each
            folder, root = (
                self.run(["rev-parse", question]).removesuffix(b"\n")
                for question in _PATH_QUESTIONS
            )
        object_format = answers[3].decode("ascii", "replace")
        self._check_program(os.fsdecode(root))
        if object_format not in _EMPTY_TREES:
            raise GitError(f"unknown object format {visible(object_format)}")
        if not head:
            self._check_unborn()
        return replace(
            self,
            root=Path(os.fsdecode(root)),
            object_format=object_format,
            shallow=answers[2] == b"true",
            head=head.decode("ascii", "replace"),
            folder=os.fsdecode(folder),
        )

    def _check_program(self, root: str) -> None:
        """Raise GitError if git itself is in the work tree with the top ``root``."""
        real_root = os.path.realpath(root)
        if root != "/" and inside(os.path.realpath(self.program), real_root):
            raise GitError("the only git found is inside the scanned folder")

    @property
    def empty_tree(self) -> str:
        """The id of the empty tree, which every repository has."""
        return _EMPTY_TREES[self.object_format]

    @property
    def common_folder(self) -> str:
        """The absolute path of the folder that linked work trees share.

        Equals ``folder`` except in a linked work tree.  Raises GitError if it cannot
        be read.
        """
        if self.environ.get("GIT_COMMON_DIR"):
            return os.path.join(self.root, self.environ["GIT_COMMON_DIR"])
        try:
            data = read_regular(os.path.join(self.folder, "commondir"), _MAX_PATH)
            shared = os.fsdecode(data.rstrip(b"\r\n"))
        except FileNotFoundError:
            return self.folder
        except OSError as error:
            raise GitError("the repository's commondir file cannot be read") from error
        return os.path.normpath(os.path.join(self.folder, shared))

    def with_environ(self, **added: str) -> Git:
        """Return the same git with variables added to its environment."""
        return replace(self, environ={**self.environ, **added})

    def nested(self, top: Path) -> Git:
        """Return git for a nested repository whose ``.git`` is in ``top``.

        Raises GitError as ``open`` does for special files.
        """
        environ = {
            name: value
            for name, value in self.environ.items()
            if name not in REPOSITORY_VARIABLES
        }
        environ["GIT_CEILING_DIRECTORIES"] = str(top.parent)
        check_state(top, environ)
        return replace(
            self, root=top, environ=environ, shallow=False, head="", folder=""
        )

    def command(self, args: Sequence[str | bytes]) -> list[str]:
        """Return the complete command line for ``args``."""
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

        ``ok``: exit codes of success.  ``strict``: any message on standard error is
        a failure (``ls-files`` only warns about a folder that it cannot read).
        """
        result = self._start(args, stdin, max_output)
        if result.returncode not in ok or (strict and result.stderr.strip()):
            raise failure(os.fsdecode(args[0]), result.stderr, result.returncode)
        return result.stdout

    def popen(self, args: Sequence[str | bytes], stdin: int) -> subprocess.Popen[bytes]:
        """Start git with unbuffered pipes; the caller must end it.  Raises GitError."""
        try:
            child = subprocess.Popen(
                self.command(args),
                cwd=self.root,
                env=self.environ,
                bufsize=0,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            raise GitError(
                f"git could not be started: {visible(str(error))}"
            ) from error
        if sys.platform == "linux":
            with suppress(OSError, ValueError):  # it ended, or has a stricter limit
                resource.prlimit(child.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
        return child

    def pipe(self, child: subprocess.Popen[bytes], name: str) -> Pipe:
        """Return the output of a running git; the time limits start now."""
        return Pipe(
            child,
            name,
            cpu=self.seconds,
            wall=self.wall_seconds,
            stall=self.stall_seconds,
        )

    @contextmanager
    def stream(
        self, args: Sequence[str | bytes], stdin: int | None = None
    ) -> Iterator[Pipe]:
        """Run git and yield its output as a pipe; ``stdin`` is a file descriptor or None.

        Raises GitError if git fails, or if its output was not read to the end.
        """
        child = self.popen(args, subprocess.DEVNULL if stdin is None else stdin)
        pipe = self.pipe(child, os.fsdecode(args[0]))
        try:
            yield pipe
            pipe.finish()
        except GitError as error:
            # If git failed, output that ends early is a consequence: report git's error.
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
                self.command(args),
                cwd=self.root,
                env=self.environ,
                stdin=stdin,
                deadline=time.monotonic() + self.wall_seconds,
                cpu_seconds=self.seconds,
                stall_seconds=self.stall_seconds,
                max_output=max_output,
            )
        except (OSError, ValueError) as error:
            raise GitError(
                f"git {os.fsdecode(args[0])}: {visible(str(error))}"
            ) from error

    def _check_unborn(self) -> None:
        """Raise GitError unless HEAD is a branch without commits."""
        branch = self.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1)).strip()
        if not branch:
            raise GitError("HEAD refers to neither a branch nor a commit")
        # Git warns about a broken ref here, but not about one that does not exist.
        self.run(["for-each-ref", "--format=%(refname)", branch], strict=True)
