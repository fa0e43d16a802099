"""The fingerprint of a finding, by which exceptions and reports recognise it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding

DEFAULT_SALT = b"zt-gate"


def fingerprint(finding: Finding, salt: bytes = DEFAULT_SALT) -> str:
    """Return 32 hexadecimal digits for rule, path and what was found.

    It contains no line number, commit or time, so it is the same for moved and
    re-indented code.  It uses the rule's first id, so that a renamed rule keeps
    its fingerprints.  What was found is the subject, else the marked span of the
    evidence, else the whole evidence, else the message; a run of white space
    counts as one space.
    """
    from hashlib import blake2b

    evidence = finding.evidence
    subject = finding.subject
    if not subject and evidence is not None:
        subject = evidence.text[evidence.start : evidence.end] or evidence.text
    subject = " ".join((subject or finding.message).split())
    parts = (
        finding.first_rule.encode("utf-8", "surrogatepass"),
        finding.location.path or b"",
        subject.encode("utf-8", "surrogatepass"),
    )
    key = salt if len(salt) <= blake2b.MAX_KEY_SIZE else blake2b(salt).digest()
    hasher = blake2b(digest_size=16, key=key)
    for part in parts:
        # With lengths, so that no two different triples give the same bytes.
        hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.hexdigest()
