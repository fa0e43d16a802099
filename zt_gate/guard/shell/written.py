"""What commands write, as far as their words tell: a text, or names of files of a folder."""

from __future__ import annotations

import itertools

from zt_gate.guard.shell.words import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord

#: Where ``mktemp`` makes files.
_TEMPORARY = "/tmp"  # noqa: S108
#: Programs that pass lines on, some of them or in another order.
_FILTERS = frozenset(
    ("sort", "uniq", "head", "tail", "grep", "egrep", "rg", "tee", "tac", "shuf")
)
#: Options with which a program writes names of files, and not their content.
_NAMES_ONLY = frozenset(
    (
        "-l",
        "-L",
        "-lr",
        "-rl",
        "-rL",
        "-ril",
        "-rli",
        "-lri",
        "-il",
        "-li",
        "-rlE",
        "--files-with-matches",
        "--files-without-match",
        "--name-only",
        "--files",
        "-rlF",
        "-lF",
        "-rlw",
    )
)


def output_text(commands: Sequence[Invocation], *, names: bool = False) -> str | None:
    """Return what commands write, None where that is not known.

    Names of files keep the folder that they are in, with an UNKNOWN part.  ``names``
    tells that a reader takes the lines one by one.
    """
    if not commands:
        return ""
    rest = list(commands)
    while len(rest) > 1 and _is_filter(rest[-1]):
        rest.pop()
    is_filtered = len(rest) < len(commands)
    if len(rest) != 1:
        return None
    text = _written(rest[0])
    if text is None or UNKNOWN in text:
        return text
    # Which of several lines a filter or a reader takes is not known.
    is_one = not is_filtered and not (names and "\n" in text)
    return text if is_one else None


def _is_filter(command: Invocation) -> bool:
    if command.program not in _FILTERS or command.input.kind != "commands":
        return False
    return not any(word.text in _NAMES_ONLY for word in command.arguments)


def _written(command: Invocation) -> str | None:
    name = command.program
    words = [word.text for word in command.arguments]
    plain = [word for word in words if not word.startswith("-")]
    if name in {"echo", "printf"}:
        return _printed(name, words)
    if name == "git":
        return _of_git(command, words, plain)
    if (name, plain[0] if plain else "") in _SETTINGS:
        return ":"
    reader = _WRITERS.get(name)
    if reader is not None:
        return reader(command, plain)
    if name in {"grep", "rg", "egrep"} and not _NAMES_ONLY.isdisjoint(words):
        return _listed(name, plain if "--files" in words else plain[1:])
    return None


def _printed(name: str, words: list[str]) -> str | None:
    if name == "printf":
        return _formatted(words[0], words[1:]) if words else ""
    while words and words[0] in {"-n", "-e", "-E", "-ne", "-en"}:
        words.pop(0)
    text = " ".join(words)
    return None if "\\" in text else text.rstrip("\n")


def _of_git(command: Invocation, words: list[str], plain: list[str]) -> str | None:
    verb = plain[0] if plain else ""
    if verb == "ls-files":
        return f"./{UNKNOWN}" if len(plain) > 1 or len(words) > 1 else "."
    if verb == "rev-parse":
        if "--show-toplevel" in words:
            return command.cwd
        if {"--git-dir", "--absolute-git-dir"} & set(words):
            return f"{command.cwd or ''}/.git"
        return None
    lists = verb in {"diff", "grep", "show", "diff-tree"}
    return f"./{UNKNOWN}" if lists and not _NAMES_ONLY.isdisjoint(words) else None


def _temporary(_: Invocation, plain: list[str]) -> str | None:
    is_absolute = bool(plain) and plain[0].startswith("/")
    return plain[0] if is_absolute else f"{_TEMPORARY}/{UNKNOWN}"


def _copied(command: Invocation, plain: list[str]) -> str | None:
    given = command.input.text
    return None if plain or given is None else given.text.rstrip("\n")


def _found(command: Invocation, _: list[str]) -> str | None:
    folders = found_names(command.arguments)
    if len(folders) > 1 and UNKNOWN not in folders[-1]:
        # One of the gate's files, which is worse than what else is found.
        return folders[-1]
    return folders[0] if len(folders) == 1 else None


def _program_path(_: Invocation, plain: list[str]) -> str | None:
    return f"/usr/local/bin/{plain[0]}" if len(plain) == 1 else None


#: Subcommands that write settings for the shell, which ``eval`` is meant for.
_SETTINGS = {
    ("pyenv", "init"), ("rbenv", "init"), ("nodenv", "init"), ("direnv", "hook"),
    ("direnv", "export"), ("starship", "init"), ("zoxide", "init"), ("fnm", "env"),
    ("brew", "shellenv"), ("mise", "activate"), ("conda", "shell.bash"), ("asdf", "exec"),
}  # fmt: skip


_WRITERS: Mapping[str, Callable[[Invocation, list[str]], str | None]] = {
    "pwd": lambda command, _: command.cwd,
    "mktemp": _temporary,
    "cat": _copied,
    "find": _found,
    "fd": lambda _, plain: _listed("fd", plain),
    "ls": lambda _, plain: _listed("ls", plain) if plain else ".",
    "locate": lambda _, __: f"/{UNKNOWN}",
    "mdfind": lambda _, __: f"/{UNKNOWN}",
    "which": _program_path,
    "command": _program_path,
}


def _formatted(text: str, words: Sequence[str]) -> str | None:
    text = text.replace("\\n", "\n")
    for word in words:
        for mark in ("%s", "%b", "%q"):
            if mark in text:
                text = text.replace(mark, word, 1)
                break
        else:
            return None
    return None if "%" in text or "\\" in text else text.rstrip("\n")


def _listed(name: str, plain: Sequence[str]) -> str | None:
    """Return the folder that listed names are in, None for several."""
    if any(any(char in word for char in "*?[") for word in plain):
        is_here = all("/" not in word.lstrip("./") for word in plain)
        return f"./{UNKNOWN}" if is_here and name != "find" else None
    folders = list(plain)
    if len(folders) > 1 or (folders and UNKNOWN in folders[0]):
        return None
    folder = folders[0] if folders else "."
    if name == "ls" and folder != ".":
        return f"./{UNKNOWN}"
    return f"{folder.rstrip('/')}/{UNKNOWN}"


#: Tests of ``find`` that choose some files only.
_CHOOSES = frozenset(
    (
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-newer",
        "-mtime",
        "-mmin",
        "-atime",
        "-ctime",
        "-size",
        "-empty",
        "-perm",
        "-user",
        "-samefile",
        "-lname",
        "-executable",
        "-cmin",
        "-amin",
    )
)


def found_names(arguments: Sequence[CommandWord]) -> list[str]:
    """Return what ``find`` gives: names below each folder that it begins in.

    Without a test that chooses, all of a folder is given, which stands for the folder.
    """
    folders = []
    for word in arguments:
        if word.text in {"-H", "-L", "-P"} or word.text.startswith(("-O", "-D")):
            continue
        if word.text[:1] in {"-", "(", "!"}:
            break
        folders.append("" if word.pattern else word.text)
    chooses = any(word.text in _CHOOSES for word in arguments)
    names = []
    hidden = _gate_files(arguments) if chooses else []
    for folder in folders or ["."]:
        if not folder or UNKNOWN in folder:
            names.append(UNKNOWN)
        else:
            names.append(f"{folder.rstrip('/')}/{UNKNOWN}" if chooses else folder)
            names += [f"{folder.rstrip('/')}/{name}" for name in hidden]
    return names


#: Files that decide whether the gate runs, which a search by name would find.
_GATE_FILES = (
    ".git/hooks/pre-commit",
    ".git/hooks/commit-msg",
    ".git/hooks/pre-push",
    ".git/hooks",
    ".pre-commit-config.yaml",
    ".zt-gate.toml",
    ".husky",
)


def _gate_files(arguments: Sequence[CommandWord]) -> list[str]:
    """Return the files of the gate that the tests of ``find`` name, other than by ``*``."""
    from fnmatch import fnmatchcase

    texts = [word.text for word in arguments]
    if "-prune" in texts or any(
        ".git" in after
        for before, after in zip(texts, texts[2:], strict=False)
        if before in {"!", "-not"}
    ):
        return []
    found = []
    for test, pattern in itertools.pairwise(texts):
        is_name = test in {"-name", "-iname"}
        if not is_name and test not in {"-path", "-ipath", "-wholename", "-iwholename"}:
            continue
        if not pattern.strip("*?./"):
            continue
        found += [
            name
            for name in _GATE_FILES
            if fnmatchcase(name.rpartition("/")[2] if is_name else f"./{name}", pattern)
        ]
    return found
