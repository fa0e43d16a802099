"""Checks Git's own files: attributes that hide changes or run programs, and submodules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts
from zt_gate.scanners.agent_config.matched_values import MatchedValue, ValueIssue, short
from zt_gate.syntax.addresses import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A pattern for source code anywhere, or for every file; ``dist/*.js`` is build output.
_SOURCE_CODE = lazy_re.compile(
    r"(?:\*\*?/)?\*(?:\.(?:\[[^\]]{1,20}\]|\{[^}]{1,60}\}|py|jsx?|tsx?|mjs|cjs|go|rs|rb|php|java|kt|c|cc|cpp|h|sh|ps1|yml|yaml|toml|json))?|\*\*"
    r"|(?:src|lib|app|scripts|\.github|\.claude|\.vscode)/(?:\*\*?/?)?(?:\*[\w.]*)?"
)


def attributes(
    pattern: str, values: Mapping[str, Any], matched: MatchedValue
) -> Iterator[ValueIssue]:
    """Check the attributes of one pattern: filters, drivers, and hidden diffs."""
    covers_code = _SOURCE_CODE.fullmatch(pattern) is not None
    known_filters = matched.rules.listed("known-filters")
    for name in ("filter", "diff", "merge"):
        driver = values.get(name)
        if not isinstance(driver, str) or driver in known_filters:
            continue
        blocks = covers_code and name in {"filter", "diff"}
        level = Level.BLOCK if blocks else Level.WARN
        clause = f"runs the {name} driver {short(driver)}, a program, on these files"
        if name == "filter":
            clause = f"runs the filter {short(driver)}, a program, on these files at checkout"
        yield ValueIssue(level, clause, driver, path=(name,))
    if not covers_code:
        return
    for name, hiding_value in (("diff", False), ("binary", True)):
        if values.get(name) is hiding_value:
            clause = "hides changes to code: Git shows these files as binary"
            yield ValueIssue(
                Level.BLOCK, clause, "hidden", "git-hidden-diff", path=(name,)
            )
            return


def submodule(values: Mapping[str, Any], matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check one submodule's settings."""
    url = values.get("url")
    path = values.get("path")
    update = values.get("update")
    if isinstance(url, str):
        yield from _url(url, matched)
    if isinstance(path, str) and _is_unsafe_path(path):
        clause = "is an unsafe path for a submodule: Git has run hooks from such a path"
        yield ValueIssue(Level.BLOCK, clause, path, path=("path",))
    if isinstance(update, str) and update.startswith("!"):
        clause = f"runs a command on every update: {short(update)}"
        yield ValueIssue(Level.BLOCK, clause, update, path=("update",))
    if values.get("ignore") in {"all", "dirty"}:
        clause = "hides changes in the submodule from git status and git diff"
        yield ValueIssue(Level.WARN, clause, "ignore", path=("ignore",))


def _is_unsafe_path(path: str) -> bool:
    if path[:1] in {"-", "/"} or "\r" in path:
        return True
    return ".." in path.split("/") or ".git/" in path.lower()


def _url(url: str, matched: MatchedValue) -> Iterator[ValueIssue]:
    if url[:1] == "-" or url.startswith(("ext::", "fd::")) or "\r" in url:
        clause = "is not an address: Git would take it as an option or run it"
        yield ValueIssue(Level.BLOCK, clause, url, path=("url",))
        return
    if url.startswith("."):
        return
    if url.startswith(("/", "file:")):
        clause = f"takes a submodule from a local path, {short(url)}"
        yield ValueIssue(Level.WARN, clause, url, path=("url",))
        return
    destination = "foreign"
    if "://" in url:
        destination = url_hosts.destination(url, matched.rules)
    level = Level.WARN
    if destination in {"drop", "address", "clear"} or url.startswith("git://"):
        level = Level.BLOCK
    address = short(without_credentials(url))
    clause = f"takes a submodule's code from {address}"
    yield ValueIssue(level, clause, url, path=("url",))
