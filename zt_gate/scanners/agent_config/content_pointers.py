"""Lists files that only name content elsewhere, which no scanner can read.

Data versioning, remote build contexts, shared hooks and wrappers fetch what they name when
somebody works with the repository.  The change shows the address, not the content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange

_LARGEST = 256 * 1024
_ANNEX = lazy_re.compile(
    rb"\A(?:\.\./){0,12}(?:\.git)?/?annex/objects/\S{1,400}\s*\Z"
    rb"|\A(?:\.\./){1,12}\.git/annex/objects/\S{1,400}\s*\Z"
)
_ADDRESS = rb"[\"']?(?:https?|ssh|git|git\+\w+|s3|gs)://[^\s\"']{1,300}"
#: The name of a file, what an entry looks like there, and what it is.
_POINTERS = tuple(
    (lazy_re.compile(name), lazy_re.compile(entry), what)
    for name, entry, what in (
        (rb"(?:^|/)\.dvc/config(?:\.local)?$", rb"(?im)^\s*url\s*=\s*\S[^\n]{0,300}", "a remote of DVC"),  # noqa: E501
        (rb"\.dvc$|(?:^|/)dvc\.lock$", rb"(?m)^\s*-?\s*(?:md5|hash|etag|url|repo)\s*:[^\n]{0,200}",
         "data that DVC fetches"),
        (rb"(?:^|/)\.gitrepo$", rb"(?m)^\s*remote\s*=[^\n]{0,300}", "a repository of git-subrepo"),
        (rb"(?:^|/)kustomization(?:\.ya?ml)?$", rb"(?m)^\s*(?:-|\w+:)\s*[\"']?(?:" + _ADDRESS
         + rb"|github\.com/[^\s]{3,200}|git@[^\s]{3,200})", "a remote base of kustomize"),
        (rb"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$", rb"(?m)^\s*(?:build|context|dockerfile)\s*:\s*"  # noqa: E501
         rb"(?:" + _ADDRESS + rb"|git@[^\s]{3,200}|github\.com/[^\s]{3,200})", "a remote build context"),  # noqa: E501
        (rb"(?:^|/)\.?lefthook[\w.-]*\.(?:ya?ml|toml|json)$", rb"(?m)git_url[\"']?\s*[:=]\s*[^\n]{3,300}",  # noqa: E501
         "remote hooks of lefthook"),
        (rb"\.gitlab-ci[\w.-]*\.ya?ml$|(?:^|/)\.gitlab/[^\0]{1,200}\.ya?ml$",
         rb"(?m)^\s*-?\s*(?:include\s*:\s*|remote\s*:\s*)[\"']?https?://[^\s]{1,300}",
         "a remote CI configuration"),
        (rb"(?:^|/)action\.ya?ml$", rb"(?m)^\s*image\s*:\s*[\"']?docker://[^\s]{1,200}",
         "an image that the action runs"),
        (rb"(?:^|/)gradle-wrapper\.properties$", (rb"(?m)^\s*distributionUrl\s*[=:]\s*"
         rb"(?!https\\?://(?:services|downloads)\.gradle\.org/)[^\n]{3,300}"),
         "a Gradle that does not come from its maker"),
        (rb"(?:^|/)maven-wrapper\.properties$", (rb"(?m)^\s*(?:distributionUrl|wrapperUrl)\s*[=:]\s*"  # noqa: E501
         rb"(?!https\\?://(?:repo\.maven\.apache\.org|repo1\.maven\.org|archive\.apache\.org"
         rb"|downloads\.apache\.org|dlcdn\.apache\.org)/)[^\n]{3,300}"),
         "a Maven that does not come from its maker"),
        (rb"(?:^|/)\.cargo/config(?:\.toml)?$", (rb"(?m)^\s*(?:runner|rustc-wrapper|rustc-workspace-wrapper"  # noqa: E501
         rb"|rustc|rustdoc|linker)\s*=\s*[^\n]{0,40}?(?:[./]|\b(?:ba)?sh\b)[^\n]{0,200}"),
         "a program that Cargo runs in the build"),
        (rb"(?:^|/)\.gitattributes$", rb"(?m)^[^#\n]{1,200}\bworking-tree-encoding=[^\n]{1,60}",
         "an encoding that Git changes at checkout"),
        (rb"(?:^|/)conftest\.py$", rb"(?m)^pytest_plugins\s*[:=][^\n]{0,200}", "plugins of pytest"),
        (rb"(?:^|/)(?:pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|\.pytest\.ini)$",
         rb"(?m)^\s*addopts\s*=[^\n]{0,200}?(?<![\w-])-p[ =]?[\"',\s]{0,3}(?!no:)\w[\w.]{1,80}",
         "plugins of pytest"),
    )
)  # fmt: skip
_NAMES = (
    b"dvc", b".gitrepo", b"kustomization", b"compose", b"lefthook", b"gitlab", b"action.y",
    b"wrapper.properties", b".cargo/", b".gitattributes", b"conftest.py", b"pytest.ini",
    b"tox.ini", b"setup.cfg", b"pyproject.toml",
)  # fmt: skip
_KNOWN_PLUGINS = lazy_re.compile(
    rb"pytester|pytest_[a-z]|xdist|anyio|sphinx\.testing|_pytest|asyncio|aiohttp\.pytest"
)


def reason(file: FileChange) -> str | None:
    """Return why content that a file names was not inspected; None if it names none.

    Content that is not available is reported by the scanners that must read it.
    """
    path = file.path.lower()
    is_named = any(name in path for name in _NAMES)
    if not is_named and (file.new is None or not _adds_little(file)):
        return None
    try:
        data = file.new.read(_LARGEST) if file.new is not None else b""
        old = file.old.read(_LARGEST) if file.old is not None and is_named else b""
    except ContentUnavailableError:
        return None
    if len(data) < 500 and _ANNEX.match(data):
        return "the file is a pointer of git-annex; its content is stored elsewhere"
    for name, entry, what in _POINTERS if is_named else ():
        if not name.search(path):
            continue
        known = {match[0].strip() for match in entry.finditer(old)}
        for match in entry.finditer(data):
            line = match[0].strip()
            value = re.split(rb"[:=]", line, maxsplit=1)[-1]
            if line in known or ("plugin" in what and _KNOWN_PLUGINS.search(value)):
                continue
            shown = re.sub(
                r"://[^/@\s]{1,200}@", "://", line.decode("utf-8", "replace")
            )
            return (
                f"the file names {what}, whose content no scanner read: {shown[:160]}"
            )
    return None


def _adds_little(file: FileChange) -> bool:
    return sum(hunk.added.lines for hunk in file.hunks) <= 2 and any(
        b"annex/objects/"
        in hunk.added.store.read(hunk.added.offset, min(hunk.added.length, 500))
        for hunk in file.hunks
    )
