"""What the path of a file changes for the secrets in it, besides the kinds of paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.credential_files import CredentialFiles
from zt_gate.scanners.secrets.kubernetes import is_manifest_name
from zt_gate.scanners.secrets.rule_index import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule


class SecretPaths:
    """Compares two paths by the rules for credential files and for published values."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._files = CredentialFiles(rules)
        self._public = [form.public for form in formats(rules) if form.public]

    def expects_more(self, old: bytes, new: bytes) -> bool:
        """Whether a rule reads the new path only, or lowers its finding at the old one."""
        if self._files.rule_ids(new) - self._files.rule_ids(old):
            return True
        if is_manifest_name(new) and not is_manifest_name(old):
            return True
        before, after = old.lower(), new.lower()
        return any(
            _names_any(before, words) and not _names_any(after, words)
            for words in self._public
        )


def _names_any(path: bytes, words: tuple[bytes, ...]) -> bool:
    return any(word in path for word in words)
