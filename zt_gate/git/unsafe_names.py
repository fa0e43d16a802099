"""Recognizes paths that git refuses to check out."""

from __future__ import annotations

# Characters that HFS+ ignores in a name (git: is_hfs_dotgit).  A name that is .git
# without them is the repository's own folder there.
_IGNORED_CHARACTERS = dict.fromkeys(
    (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)
#: ``git~1`` is the short name that Windows gives ``.git``.
_GIT_FOLDERS = frozenset((".git", "git~1"))
_RELATIVE_PARTS = frozenset((b"", b".", b".."))


def is_unsafe_path(path: bytes) -> bool:
    """Whether a path can lead out of the work tree or into the ``.git`` folder.

    Git refuses to check out such a path (verify_path, CVE-2014-9390); other
    programs that unpack a tree or apply a patch may not.
    """
    if not _RELATIVE_PARTS.isdisjoint(path.split(b"/")):
        return True
    if b"git" not in path.lower() and path.isascii():
        return False
    names = path.decode("utf-8", "surrogateescape").replace("\\", "/").split("/")
    return any(_plain(name) in _GIT_FOLDERS for name in names)


def _plain(name: str) -> str:
    """Normalize a name as HFS+ and NTFS do; NTFS drops streams and trailing dots."""
    return name.translate(_IGNORED_CHARACTERS).casefold().partition(":")[0].rstrip(" .")
