"""Rates how strongly the name of a variable, key or option suggests a secret."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How strongly a name suggests a secret: not, little (``key``), much (``token``),
#: surely (``password``).
NONE, WEAK, MEDIUM, STRONG = range(4)

_WORDS = lazy_re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ID_WORDS = frozenset(("id", "ids", "uuid", "guid", "ref", "urn", "arn", "oid"))
# Half of a log-in at HashiCorp Vault and at Tencent.
_SECRET_IDS = frozenset(("secretid",))
# Last words of names whose values are public sums of something.
_DIGESTS = frozenset((
    "checksum", "digest", "fingerprint", "fingerprints", "thumbprint", "integrity", "sha",
    "sum", "md5", "sha1", "sha256", "sha384", "sha512",
))  # fmt: skip
_SHORTEST_STRONG_AFFIX = 6
_SHORTEST_MEDIUM_SUFFIX = 5


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The lists of words of ``secrets/keyword-assignment``."""

    stems: tuple[str, ...]
    strong: frozenset[str]
    medium: frozenset[str]
    weak: frozenset[str]
    pairs: frozenset[str]
    qualifiers: frozenset[str]
    harmless: frozenset[str]
    identifiers: frozenset[str]
    session_trailers: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> VariableNames:
        """Read the lists of a rule's data."""
        return cls(
            stems=tuple(data["stems"]),
            strong=frozenset(data["strong"]),
            medium=frozenset(data["medium"]),
            weak=frozenset(data["weak"]),
            pairs=frozenset(data["pairs"]),
            qualifiers=frozenset(data["qualifiers"]),
            harmless=frozenset(data["harmless"]),
            identifiers=frozenset(data["identifiers"]),
            session_trailers=frozenset(data["session-trailers"]),
        )

    def strength(self, name: str) -> int:
        """Return how strongly ``name`` suggests a secret.

        ``dbPassword`` surely, ``password_field`` little, ``keyboard`` not.
        """
        words = [word.lower() for word in _WORDS.findall(name)]
        if not words:
            return NONE
        joined_pairs = {first + second for first, second in pairwise(words)}
        if joined_pairs & self.harmless or "".join(words) in self.harmless:
            return NONE
        strength = max(self._word_strength(word) for word in words)
        if joined_pairs & self.pairs:
            strength = max(strength, MEDIUM)
        if words[-1] in _DIGESTS or "".join(words[-2:]) in _DIGESTS:
            return NONE
        last_word = next((word for word in reversed(words) if not word.isdigit()), "")
        if last_word in self.qualifiers and self._word_strength(last_word) == NONE:
            strength = min(strength, WEAK)
        return strength

    def is_identifier(self, name: str) -> bool:
        """Whether the name ends like that of an identifier: ``client_id``."""
        words = [word.lower() for word in _WORDS.findall(name)]
        return "".join(words[-2:]) in self.identifiers

    def is_id(self, name: str) -> bool:
        """Whether the name's last word says that the value only names something."""
        words = [word.lower() for word in _WORDS.findall(name) if not word.isdigit()]
        if "".join(words[-2:]) in _SECRET_IDS:
            return False
        return bool(words) and words[-1] in _ID_WORDS

    def is_session_trailer(self, name: str) -> bool:
        """Whether this is the key of an agent's trailer that names its session."""
        words = [word.lower() for word in _WORDS.findall(name)]
        if words[-1:] == ["id"]:
            words.pop()
        is_session = len(words) >= 2 and words[-1] == "session"
        return is_session and words[-2] in self.session_trailers

    def _word_strength(self, word: str) -> int:
        if word in self.strong:
            return STRONG
        if word in self.medium:
            return MEDIUM
        if word in self.weak:
            return WEAK
        for stem in self.strong:
            if len(stem) < _SHORTEST_STRONG_AFFIX:
                continue
            if word.startswith(stem) or word.endswith(stem):
                return STRONG
        for stem in self.medium:
            if len(stem) >= _SHORTEST_MEDIUM_SUFFIX and word.endswith(stem):
                return MEDIUM
        return NONE
