"""Names that no honest tree holds, because git itself does not check them out."""

from __future__ import annotations

# What a file system may drop from a name or not tell apart (git: is_hfs_dotgit):
# a name that is .git without them leads into the repository there.
_DROPPED = dict.fromkeys(
    (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)
#: ``git~1`` is the short name that Windows gives ``.git``.
_REPOSITORY = frozenset((".git", "git~1"))
_UP = frozenset((b"", b".", b".."))


def leads_astray(path: bytes) -> bool:
    """Whether a path leads out of the work tree or into the repository's own folder.

    Git refuses to check such a path out (verify_path, CVE-2014-9390), but other
    programs that unpack a tree or apply a patch do not.
    """
    if not _UP.isdisjoint(path.split(b"/")):
        return True
    if b"git" not in path.lower() and path.isascii():
        return False
    names = path.decode("utf-8", "surrogateescape").replace("\\", "/").split("/")
    return any(_plain(name) in _REPOSITORY for name in names)


def _plain(name: str) -> str:
    """Return a name as the laxest file system would take it (Windows: no stream, no end dots)."""
    return name.translate(_DROPPED).casefold().partition(":")[0].rstrip(" .")
