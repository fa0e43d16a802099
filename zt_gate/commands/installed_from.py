"""Where the running zt-gate was installed from, for files that name it.

The sources, in this order: PEP 610's ``direct_url.json``, which installers write; the
git clone that it names; the project's own coordinates, which pyproject.toml keeps under
``[project.urls]`` and every wheel has in its metadata.  What none of them knows stays
empty: a made-up address would install a stranger's program.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zt_gate
from zt_gate import __version__, lazy_re
from zt_gate.errors import GateError
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import Distribution

    from zt_gate.git.run import Git

DISTRIBUTION = "zt-gate"
#: The label of the project's address in ``[project.urls]``.
ADDRESS_LABEL = "Repository"
#: File of the package with the commit that it was built from (hatch_build.py).
COMMIT_FILE = "_commit.txt"

_COMMIT = lazy_re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HTTPS = lazy_re.compile(
    r"https://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:/[\w.~+-]+)+", re.ASCII
)
_SSH = lazy_re.compile(
    r"ssh://\w[\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:/[\w.~+-]+)+", re.ASCII
)
_SCP = lazy_re.compile(
    r"(\w[\w.-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):(?!/)([\w.~+/-]+)", re.ASCII
)
_CREDENTIALS = lazy_re.compile(r"(?<=^https://)[^/@]*@")
#: GitHub's archive of one commit.
_ARCHIVE = lazy_re.compile(
    r"(https://github\.com/[\w.-]+/[\w.-]+)/archive/([0-9a-f]{40})\.(?:zip|tar\.gz)",
    re.ASCII,
)
#: Forges whose addresses work without ".git".
_FORGES = frozenset(("github.com", "gitlab.com", "bitbucket.org", "codeberg.org"))


@dataclass(frozen=True, slots=True)
class InstallSource:
    """Where zt-gate can be installed from.

    ``address`` is the https or ssh URL of its repository, ``commit`` a full id,
    ``tag`` the version's tag if it is known to lead to that commit; each is "" if it is
    not known.  ``doubt`` says why something is unknown, as a clause.
    """

    address: str = ""
    commit: str = ""
    tag: str = ""
    doubt: str = ""

    @property
    def host(self) -> str:
        """The host of the address, without a port."""
        return _parts(self.address)[0]

    @property
    def slug(self) -> str:
        """The path of the address, OWNER/NAME on most forges."""
        return _parts(self.address)[1]

    @property
    def requirement(self) -> str:
        """The requirement with which pip installs this commit, "" if it is not known."""
        if not self.address or not self.commit:
            return ""
        return f"{DISTRIBUTION} @ git+{self.address}@{self.commit}"

    def raw_file(self, path: str) -> str:
        """Return the https URL of a file of the project at this commit, "" if unknown."""
        if not self.address.startswith("https://") or not self.commit:
            return ""
        if self.host == "github.com":
            return f"https://raw.githubusercontent.com/{self.slug}/{self.commit}/{path}"
        if self.host == "gitlab.com":
            return f"{self.address}/-/raw/{self.commit}/{path}"
        return ""

    def page(self, path: str) -> str:
        """Return the https URL of a page of the documentation, "" if unknown."""
        if not self.address.startswith("https://"):
            return ""
        revision = self.commit or self.tag
        if self.host == "github.com" and revision:
            return f"{self.address}/blob/{revision}/{path}"
        if self.host == "gitlab.com" and revision:
            return f"{self.address}/-/blob/{revision}/{path}"
        return ""


def read_source(environ: Mapping[str, str]) -> InstallSource:
    """Return where the running package was installed from; it raises nothing."""
    package = Path(zt_gate.__file__).resolve().parent
    distribution = _distribution(package)
    if distribution is None:
        return _of_clone(package.parent, environ, _built_from(package))
    direct = _direct_url(distribution)
    url = str(direct.get("url", ""))
    if "vcs_info" in direct:
        return _of_repository(url, direct["vcs_info"], environ)
    if "dir_info" in direct:
        commit = "" if direct["dir_info"].get("editable") else _built_from(package)
        found = _of_clone(_local_path(url), environ, commit)
        return found if found.address else _project(distribution, found)
    archive = _ARCHIVE.fullmatch(url)
    if archive:
        return InstallSource(archive[1], archive[2])
    tag = "" if direct else f"v{__version__}"  # an index has releases only
    return _project(distribution, InstallSource(commit=_built_from(package), tag=tag))


def as_address(url: str) -> str:
    """Return the https or ssh form of a repository's URL, without credentials.

    "" for every other address: a local path works on this machine alone, and the
    address is written into files that programs read.
    """
    text = _CREDENTIALS.sub("", url.strip().removeprefix("git+").rstrip("/"))
    scp = _SCP.fullmatch(text)
    if scp:
        text = f"ssh://{scp[1]}@{scp[2]}/{scp[3]}"
    if not (_HTTPS.fullmatch(text) or _SSH.fullmatch(text)) or "/../" in f"{text}/":
        return ""
    return text.removesuffix(".git") if _parts(text)[0] in _FORGES else text


def is_commit(text: str) -> bool:
    """Whether a text is a full commit id."""
    return bool(_COMMIT.fullmatch(text))


def forge_host(git: Git) -> str:
    """Return the host of a repository's remote ``origin``, "" if it has none."""
    return _parts(as_address(_remote(git)))[0]


def _parts(address: str) -> tuple[str, str]:
    """Split an address into host and path, both without decoration."""
    host, _, path = address.partition("://")[2].partition("/")
    return host.rpartition("@")[2].partition(":")[0].lower(), path.removesuffix(".git")


def _distribution(package: Path) -> Distribution | None:
    """Return the installed distribution of the running package, None if it has none."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return None
    source = _direct_url(found)
    if source.get("dir_info", {}).get("editable"):
        folder = _local_path(str(source.get("url", "")))
    else:
        folder = Path(str(found.locate_file(""))).resolve()
    # Another installation can be on the path of a package that runs from its clone.
    return found if package.parent == folder else None


def _direct_url(distribution: Distribution) -> dict[str, Any]:
    """Return PEP 610's record, {} without a valid one."""
    import json

    try:
        data = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    for key in ("vcs_info", "dir_info", "archive_info"):
        if not isinstance(data.get(key, {}), dict):
            return {}
    return data


def _local_path(url: str) -> Path:
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(url.removeprefix("git+")).path)).resolve()


def _of_repository(
    url: str, info: dict[str, Any], environ: Mapping[str, str]
) -> InstallSource:
    """Return the origin that an installer cloned."""
    commit = str(info.get("commit_id", ""))
    if info.get("vcs") != "git" or not is_commit(commit):
        return InstallSource(doubt="it was not installed from git")
    if url.startswith("file:"):
        return _of_clone(_local_path(url), environ, commit)
    address = as_address(url)
    if not address:
        return InstallSource(
            doubt="it was installed from an address that is not https or ssh"
        )
    asked = str(info.get("requested_revision", ""))
    return InstallSource(address, commit, asked if asked == f"v{__version__}" else "")


def _of_clone(folder: Path, environ: Mapping[str, str], commit: str) -> InstallSource:
    """Return the origin of a clone: its remote, and ``commit`` or else its HEAD.

    A commit that the remote does not have is not returned: nobody else could get it.
    """
    from zt_gate.git.executable import REPOSITORY_VARIABLES
    from zt_gate.git.run import Git

    own = {
        name: value
        for name, value in environ.items()
        if name not in REPOSITORY_VARIABLES
    }
    try:
        git = Git.open(folder, own)
        if git.root.resolve() != folder:
            return InstallSource(
                doubt="it was installed from a folder that is no git clone"
            )
        return _of_remote(git, commit or git.head)
    except GateError:
        return InstallSource(
            doubt="it was installed from a folder that is no git clone"
        )


def _of_remote(git: Git, commit: str) -> InstallSource:
    """Return the origin of a commit in a clone; raises GitError."""
    address = as_address(_remote(git))
    if not address:
        return InstallSource(
            doubt="its clone has no remote with an https or ssh address"
        )
    if not is_commit(commit):
        return InstallSource(address, doubt="its clone has no commit")
    args = ["rev-parse", "-q", "--verify", f"refs/tags/v{__version__}^{{commit}}"]
    tagged = git.run(args, ok=(0, 1)).decode("ascii", "replace").strip()
    if tagged == commit:
        return InstallSource(address, commit, f"v{__version__}")
    branches = git.run(["branch", "-r", "--contains", commit], ok=(0, 1, 128, 129))
    if not branches.strip():
        return InstallSource(
            address, doubt=f"the commit {commit[:12]} is not pushed yet"
        )
    return InstallSource(address, commit)


def _remote(git: Git) -> str:
    url = git.run(["config", "--get", "remote.origin.url"], ok=(0, 1))
    return os.fsdecode(url.rstrip(b"\n"))


def _built_from(package: Path) -> str:
    """Return the commit that the package was built from, "" if that is not known."""
    try:
        text = (package / COMMIT_FILE).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return text if is_commit(text) else ""


def _project(distribution: Distribution, found: InstallSource) -> InstallSource:
    """Complete an origin with the project's own address from the metadata."""
    address = ""
    for entry in distribution.metadata.get_all("Project-URL") or ():
        label, _, url = str(entry).partition(",")
        if label.strip() == ADDRESS_LABEL:
            address = as_address(url)
    if not address:
        doubt = found.doubt or "this package does not name its project's address"
        return InstallSource(doubt=doubt)
    doubt = found.doubt
    if not found.commit:
        doubt = doubt or "this package does not name the commit that it was built from"
    return replace(found, address=address, doubt=doubt)
