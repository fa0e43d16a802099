"""What takes more than a pattern: names, files' own forms, plug-ins, encodings, pieces."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.concatenated_strings import find_split
from zt_gate.scanners.secrets.context_formats import (
    find_aws_pairs,
    find_commands,
    find_connections,
)
from zt_gate.scanners.secrets.credential_files import CredentialFiles
from zt_gate.scanners.secrets.detect_secrets_plugins import DetectSecretsPlugins
from zt_gate.scanners.secrets.encoded_secrets import find_encoded
from zt_gate.scanners.secrets.hits import KEY, SecretHit
from zt_gate.scanners.secrets.keyword_assignments import RULE as KEYWORDS
from zt_gate.scanners.secrets.keyword_assignments import KeywordAssignments
from zt_gate.scanners.secrets.keyword_formats import find_near
from zt_gate.scanners.secrets.kubernetes import find_kubernetes
from zt_gate.scanners.secrets.pem import encoded
from zt_gate.scanners.secrets.variable_names import VariableNames
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.scanners.secrets.rule_index import FormatIndex
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

SERVICE_ACCOUNT = "secrets/google-service-account"

# A URL with a host is judged as a whole elsewhere.
_HOST = re.compile(rb"@[\w\[]")
_SERVICE_KEY = re.compile(
    rb"\"private_key\"\s{0,8}:\s{0,8}\"(-{5}BEGIN[A-Z ]{0,20} PRIVATE KEY-{5}[^\"]{24,8192})\""
)
# Checksums in lock files: left alone, and blanked so that the rest can be scanned.
_CHECKSUM = re.compile(
    rb"sha(?:1|224|256|384|512)[-:][A-Za-z0-9+/=]{20,100}|h1:[A-Za-z0-9+/=]{40,50}"
    rb"|(?<=[\"'#:@ =])[0-9a-f]{32,128}(?=[\"'\s,;)#&\\]|$)"
    rb"|(?i:checksum|integrity|hash)[\"']?[ \t]*[:=][^\n]{0,300}"
)


class DeepScan:
    """The parts that need the lists of names, or a process's time."""

    def __init__(self, catalogue: FormatIndex, judge: ValueClassifier) -> None:
        data = catalogue.data(KEYWORDS)
        self.files = CredentialFiles(catalogue.rules)
        self._catalogue = catalogue
        self._judge = judge
        self._names = VariableNames.of(data)
        self._keywords = KeywordAssignments(data, self._names, judge)
        self._plugins = DetectSecretsPlugins(catalogue.rules)

    def find(
        self,
        block: TextBlock,
        plain: Sequence[SecretHit],
        look: Callable[[bytes], list[SecretHit]],
    ) -> list[SecretHit]:
        """Return what stands in the block besides ``plain``; ``look`` finds formats in bytes."""
        lock = paths.is_any(block.path, "lock")
        if lock:
            block = replace(block, data=_CHECKSUM.sub(_blank, block.data), _lower=b"")
        found = [
            *find_near(block, self._catalogue, self._judge, self._names),
            *self._keywords.find(block),
            *(() if block.columns else self._called(block, lock=lock)),
            *find_aws_pairs(block, plain, self._judge),
            *find_connections(block, self._judge),
            *find_commands(block, self._judge),
            *self.files.find(block, self._judge),
            *find_kubernetes(block, self._judge),
            *_service_accounts(block, self._judge),
            *find_split(block, look),
        ]
        return found if lock else [*found, *find_encoded(block, look)]

    def _called(self, block: TextBlock, *, lock: bool) -> Iterator[SecretHit]:
        """Call the plug-ins; in tests and documentation what they see is only information."""
        low = sample_paths.is_sample(block.path)
        for hit in self._plugins.find(block):
            value = block.data[hit.start : hit.end].decode("utf-8", "replace")
            if self._judge.placeholder(value) or not self._plausible(block, hit, value):
                continue
            if lock and "entropy" in hit.rule:
                continue
            yield replace(hit, level=Level.INFO) if low else hit

    def _plausible(self, block: TextBlock, hit: SecretHit, value: str) -> bool:
        """Whether what a plug-in saw can be a secret at all, and nobody else judged it."""
        data = self._catalogue.data(hit.rule)
        if data.get("open") and _HOST.match(block.data, hit.end):
            return False
        if data.get("random"):
            return self._judge.random(value)
        if not data.get("judged"):
            return True
        return self._judge.passwordlike(value) or self._judge.random(value)


def _service_accounts(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    if b"service_account" not in block.data:
        return
    for match in _SERVICE_KEY.finditer(block.data):
        value = match[1].decode("ascii", "replace")
        body = value.partition("-----BEGIN")[2].partition("KEY-----")[2].encode()
        if "..." not in value and encoded(body, 20) and not judge.template(value):
            extra = tuple(
                part for part in re.split(rb"\\n|\s", match[1]) if len(part) >= 16
            )
            yield SecretHit(SERVICE_ACCOUNT, *match.span(1), KEY, extra=extra, weight=9)


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
