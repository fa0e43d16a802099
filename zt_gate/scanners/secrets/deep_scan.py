"""Runs the detectors that need more than a pattern: names, file formats, plug-ins, encodings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import replace
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.concatenated_strings import find_split
from zt_gate.scanners.secrets.context_formats import (
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
from zt_gate.scanners.secrets.paired_values import find_netrc_lines, find_pairs
from zt_gate.scanners.secrets.pem import is_base64
from zt_gate.scanners.secrets.text_block import block_of
from zt_gate.scanners.secrets.variable_names import VariableNames
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.scanners.secrets.rule_index import FormatIndex
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

SERVICE_ACCOUNT = "secrets/google-service-account"

# What follows the password of a URL, which ``url_credentials`` checks as a whole.
_URL_HOST = lazy_re.compile(rb"@[\w\[]")
_SERVICE_ACCOUNT_KEY = lazy_re.compile(
    rb"\"private_key\"\s{0,8}:\s{0,8}\"(-{5}BEGIN[A-Z ]{0,20} PRIVATE KEY-{5}[^\"]{24,8192})\""
)
_SHORTEST_BODY = 20
_QUOTES = frozenset((b'"', b"'", b"`"))
# Checksums in lock files: blanked, so that the rest of the file can be scanned.
_CHECKSUM = lazy_re.compile(
    rb"sha(?:1|224|256|384|512)[-:][A-Za-z0-9+/=]{20,100}|h1:[A-Za-z0-9+/=]{40,50}"
    rb"|(?<=[\"'#:@ =])[0-9a-f]{32,128}(?=[\"'\s,;)#&\\]|$)"
    rb"|(?i:checksum|integrity|hash)[\"']?[ \t]*[:=][^\n]{0,300}"
)


class DeepScan:
    """The detectors that need lists of names, file formats or plug-ins."""

    def __init__(self, formats: FormatIndex, classifier: ValueClassifier) -> None:
        data = formats.data(KEYWORDS)
        self.files = CredentialFiles(formats.rules)
        self._formats = formats
        self._classifier = classifier
        self._names = VariableNames.of(data)
        self._keywords = KeywordAssignments(data, self._names, classifier)
        self._plugins = DetectSecretsPlugins(formats.rules)

    def find(
        self,
        block: TextBlock,
        format_hits: Sequence[SecretHit],
        find_in_bytes: Callable[[bytes], list[SecretHit]],
        *,
        plugins: bool = True,
    ) -> list[SecretHit]:
        """Return what the block holds besides ``format_hits``.

        ``find_in_bytes`` finds formats in decoded or joined bytes.  ``plugins`` off
        leaves out the plug-ins, which look at one line at a time.
        """
        classifier = self._classifier
        is_lock_file = paths.is_any(block.path, "lock")
        if is_lock_file:
            block = replace(block, data=_CHECKSUM.sub(_blank, block.data), _lower=b"")
        hits = [
            *find_near(block, self._formats, classifier, self._names),
            *self._keywords.find(block),
        ]
        if plugins and not block.columns:
            hits += self._run_plugins(block, is_lock_file=is_lock_file)
        hits += find_pairs(block, format_hits, classifier)
        hits += find_netrc_lines(block, classifier)
        hits += find_connections(block, classifier)
        hits += find_commands(block, classifier)
        hits += self.files.find(block, classifier)
        hits += find_kubernetes(
            block,
            classifier,
            self._names,
            lambda text: self._holds_secret(text, find_in_bytes),
        )
        hits += _find_service_accounts(block, classifier)
        hits += find_split(block, find_in_bytes)
        if not is_lock_file:
            hits += find_encoded(block, find_in_bytes)
        return hits

    def _holds_secret(
        self, text: bytes, find_in_bytes: Callable[[bytes], list[SecretHit]]
    ) -> bool:
        """Whether a text has a format of an issuer, or a value with a secret's name."""
        if find_in_bytes(text):
            return True
        return any(
            hit.level is not Level.INFO
            for block in block_of(b"secret.cfg", text)
            for hit in self._keywords.find(block)
        )

    def _run_plugins(
        self, block: TextBlock, *, is_lock_file: bool
    ) -> Iterator[SecretHit]:
        """Run the plug-ins; in tests and documentation their hits are only information."""
        is_sample = sample_paths.is_sample(block.path)
        for hit in self._plugins.find(block):
            if is_lock_file and "entropy" in hit.rule:
                continue
            value = block.data[hit.start : hit.end].decode("utf-8", "replace")
            if self._classifier.is_placeholder(value):
                continue
            if self._is_plausible(block, hit, value):
                yield replace(hit, level=Level.INFO) if is_sample else hit

    def _is_plausible(self, block: TextBlock, hit: SecretHit, value: str) -> bool:
        """Whether a plug-in's hit can be a secret, and no other detector checks it."""
        data = self._formats.data(hit.rule)
        if data.get("open") and _URL_HOST.match(block.data, hit.end):
            return False
        if data.get("random"):
            return self._classifier.is_random(value)
        if not data.get("judged"):
            return True
        if paths.is_any(block.path, "program") and not _is_quoted(
            block.data, hit.start
        ):
            return self._keywords.is_pasted(value)
        return self._classifier.is_password_like(value) or self._classifier.is_random(
            value
        )


def _find_service_accounts(
    block: TextBlock, classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the private key in the JSON file of a Google service account."""
    if b"service_account" not in block.data:
        return
    for match in _SERVICE_ACCOUNT_KEY.finditer(block.data):
        value = match[1].decode("ascii", "replace")
        after_begin = value.partition("-----BEGIN")[2]
        body = after_begin.partition("KEY-----")[2].encode()
        if "..." in value or not is_base64(body, _SHORTEST_BODY):
            continue
        if classifier.is_template(value):
            continue
        lines = re.split(rb"\\n|\s", match[1])
        long_lines = tuple(line for line in lines if len(line) >= 16)
        start, end = match.span(1)
        yield SecretHit(SERVICE_ACCOUNT, start, end, KEY, extra=long_lines, weight=9)


def _is_quoted(data: bytes, start: int) -> bool:
    return data[max(0, start - 1) : start] in _QUOTES


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
