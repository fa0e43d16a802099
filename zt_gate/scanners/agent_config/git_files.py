"""git's own files: attributes that hide or run, submodules that lead elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts
from zt_gate.scanners.agent_config.matched_values import MatchedValue, ValueIssue, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A pattern for code everywhere, or for everything; ``dist/*.js`` is somebody's build.
_CODE = re.compile(
    r"(?:\*\*?/)?\*(?:\.(?:\[[^\]]{1,20}\]|\{[^}]{1,60}\}|py|jsx?|tsx?|mjs|cjs|go|rs|rb|php|java|kt|c|cc|cpp|h|sh|ps1|yml|yaml|toml|json))?|\*\*"
    r"|(?:src|lib|app|scripts|\.github|\.claude|\.vscode)/(?:\*\*?/?)?(?:\*[\w.]*)?"
)
_HIDING = {"diff": "the changes of these files are shown as binary, without a line"}


def attributes(
    pattern: str, given: Mapping[str, Any], asked: MatchedValue
) -> Iterator[ValueIssue]:
    """Yield what the attributes of one pattern do beyond line ends."""
    broad = _CODE.fullmatch(pattern) is not None
    known = asked.book.listed("known-filters")
    for name in ("filter", "diff", "merge"):
        driver = given.get(name)
        if not isinstance(driver, str) or driver in known:
            continue
        if name == "filter":
            level = Level.BLOCK if broad else Level.WARN
            says = f"sends these files through the filter {short(driver)}, a program, at checkout"
        else:
            level = Level.BLOCK if broad and name == "diff" else Level.WARN
            says = f"gives these files to the {name} driver {short(driver)}, a program"
        yield ValueIssue(level, says, driver, path=(name,))
    hidden = given.get("diff") is False or given.get("binary") is True
    if hidden and broad:
        name = "diff" if given.get("diff") is False else "binary"
        says = (
            "hides the changes of code: git shows these files as binary, without a line"
        )
        yield ValueIssue(Level.BLOCK, says, "hidden", "git-hidden-diff", path=(name,))


def submodule(given: Mapping[str, Any], asked: MatchedValue) -> Iterator[ValueIssue]:
    """Yield what one submodule's settings do."""
    url, path, update = (given.get(name) for name in ("url", "path", "update"))
    if isinstance(url, str):
        yield from _url(url, asked)
    if isinstance(path, str) and (
        path[:1] in {"-", "/"}
        or ".." in path.split("/")
        or "\r" in path
        or ".git/" in path.lower()
    ):
        says = (
            "leads out of the place of a submodule: git has run hooks from such a path"
        )
        yield ValueIssue(Level.BLOCK, says, path, path=("path",))
    if isinstance(update, str) and update.startswith("!"):
        yield ValueIssue(
            Level.BLOCK,
            f"runs a command on every update: {short(update)}",
            update,
            path=("update",),
        )
    if given.get("ignore") in {"all", "dirty"}:
        yield ValueIssue(
            Level.WARN,
            "hides changes of the submodule from git status and diff",
            "ignore",
            path=("ignore",),
        )


def _url(url: str, asked: MatchedValue) -> Iterator[ValueIssue]:
    if url[:1] == "-" or url.startswith(("ext::", "fd::")) or "\r" in url:
        yield ValueIssue(
            Level.BLOCK,
            "is no address: git would take it as an option or run it",
            url,
            path=("url",),
        )
        return
    if url.startswith((".", "/", "file:")):
        if not url.startswith("."):
            yield ValueIssue(
                Level.WARN,
                f"takes a submodule from this machine's {short(url)}",
                url,
                path=("url",),
            )
        return
    where = url_hosts.destination(url, asked.book) if "://" in url else "foreign"
    level = (
        Level.BLOCK
        if where in {"drop", "address", "clear"} or url.startswith("git://")
        else Level.WARN
    )
    yield ValueIssue(
        level,
        f"takes a submodule's code from {short(url_hosts.without_credentials(url))}",
        url,
        path=("url",),
    )
