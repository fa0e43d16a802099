"""Finds secrets that stand beside the name or id that belongs to them.

An id says whose the secret next to it is: an AWS key id, a Twilio account.  A line of
netrc has host, user and password in one place, in whatever file it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import NAMED, NEAR, SecretHit
from zt_gate.scanners.secrets.value_classifier import entropy

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

NETRC = "secrets/netrc"


class _Pair(NamedTuple):
    """The form of a secret that is within some lines of an id.

    ``lowered`` is its level in tests and documents, None for the same as elsewhere.
    """

    rule: str
    pattern: re.Pattern[bytes]
    reach: int
    entropy: float
    lowered: Level | None


_AWS = _Pair(
    "secrets/aws-secret-key",
    lazy_re.compile(rb"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
    400,
    4.2,
    None,
)
_TWILIO = _Pair(
    "secrets/twilio-auth-token",
    lazy_re.compile(
        rb"(?<![A-Za-z0-9_/+=-])(?:[a-f0-9]{32}|[A-Za-z0-9]{32})(?![\w/+=-])"
    ),
    300,
    3.0,
    Level.WARN,
)
#: The rule that finds the id, and what belongs to it.
_PAIRS = {
    "secrets/aws-access-key-id": _AWS,
    "secrets/twilio-account-sid": _TWILIO,
    "secrets/twilio-api-key": _TWILIO,
}
_NETRC = lazy_re.compile(
    rb"\bmachine\s{1,8}[\w.*:-]{1,128}\s{1,40}login\s{1,8}\S{1,128}\s{1,40}password\s{1,8}"
    rb"[\"']?([^\s\"'#\\]{3,256})"
)


def find_pairs(
    block: TextBlock, hits: Iterable[SecretHit], classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the secrets within some lines of the ids among ``hits``."""
    is_sample = sample_paths.is_sample(block.path)
    for hit in hits:
        pair = _PAIRS.get(hit.rule)
        if pair is None:
            continue
        search_start = max(0, hit.start - pair.reach)
        for match in pair.pattern.finditer(
            block.data, search_start, hit.end + pair.reach
        ):
            value = match[0].decode("ascii")
            if entropy(value) < pair.entropy or not classifier.is_random(value):
                continue
            if not classifier.is_placeholder(value):
                level = pair.lowered if is_sample else None
                yield SecretHit(
                    pair.rule, *match.span(), NEAR, level=level or Level.BLOCK, weight=9
                )


def find_netrc_lines(
    block: TextBlock, classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find ``machine HOST login USER password PASSWORD`` in any file: scripts write it."""
    if b"machine" not in block.data or b"password" not in block.data:
        return
    is_sample = sample_paths.is_sample(block.path)
    for match in _NETRC.finditer(block.data):
        value = match[1].decode("utf-8", "replace")
        if value.strip("`'\",.").isalpha() and value.isupper():
            continue  # the word PASSWORD of a description
        if classifier.is_placeholder(value) or value.startswith(("$", "%", "<", "{")):
            continue
        is_random = classifier.is_random(value, shortest=10)
        is_chosen = is_random or classifier.is_password_like(value)
        level = Level.WARN if not is_chosen or (is_sample and not is_random) else None
        yield SecretHit(NETRC, *match.span(1), NAMED, level=level, weight=1)
