"""Masks, or withholds, the texts of a report.

A secret is masked in every text, except that a value which is only likely to be one, and
is also a part of a file's path, is a name: it is masked in the findings of its own file,
and in texts in which it was found itself.  A path is masked only where the secret was
found in this very path: a path in a report must exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Evidence, Level
from zt_gate.record import dataclass, field, replace
from zt_gate.review.secret_masking import Masker

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.model.report import NotInspected, Origin, ScannerRun

#: Shown in place of a text that was not searched for secrets.
WITHHELD = "withheld: secrets were not looked for"
#: Characters of a secret that show beside an escape that a part of it is quoted.
_PART_LENGTH = 6
_ESCAPE = lazy_re.compile(r"\\u\{[0-9A-Fa-f]{1,6}\}")
#: The scanner of findings that the judge makes.
_GATE = "gate"
#: The shortest value that is masked in the texts in which it was found.
_SHORTEST_OWN = 4


@dataclass(frozen=True, slots=True)
class TextSecrets:
    """The secrets in the texts of a report.

    ``everywhere`` are masked in all texts.  ``by_text`` has the values that are masked
    where the text is shown, ``by_path`` those in the name of a file.  ``problem`` says
    why the texts could not be searched, "" if they were.
    """

    everywhere: tuple[str, ...] = ()
    by_text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_path: Mapping[bytes, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""

    def values_of(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the values to mask in any of these texts."""
        return tuple(
            dict.fromkeys(
                value for text in texts for value in self.by_text.get(text, ())
            )
        )


class ReportMasker:
    """The secrets of one report, and where each is masked."""

    def __init__(
        self,
        findings: Sequence[Finding],
        patterns: Sequence[re.Pattern[str]],
        texts: TextSecrets,
        paths: Iterable[bytes] = (),
    ) -> None:
        names = b"\n".join(dict.fromkeys((*paths, *_paths_of(findings))))
        all_paths = names.decode("utf-8", "surrogateescape")
        self._texts = texts
        certain = dict.fromkeys(texts.everywhere)
        self._likely: dict[bytes | None, dict[str, None]] = {}
        self._names: dict[bytes, dict[str, None]] = {}
        for finding in findings:
            path = finding.location.path
            for value in finding.secrets:
                if is_certain(finding) or value not in all_paths:
                    certain[value] = None
                else:
                    self._likely.setdefault(path, {})[value] = None
            if path is not None and finding.evidence is None:
                own_names = self._names.setdefault(path, {})
                own_names.update(dict.fromkeys(finding.secrets))
        for path, values in texts.by_path.items():
            self._names.setdefault(path, {}).update(dict.fromkeys(values))
        self._certain = tuple(certain)
        self._parts: frozenset[str] | None = None
        self._masker = Masker(certain, patterns)
        self._patterns = Masker((), patterns)
        self._maskers: dict[tuple[str, ...], Masker] = {}

    def errors(self) -> Iterator[str]:
        """Yield the error of a search for secrets that failed."""
        if self._texts.problem:
            yield (
                "the texts of this report were not searched for secrets, and are "
                f"withheld: {self._masker.mask(_start_of(self._texts.problem))}"
            )

    def mask(self, text: str) -> str:
        """Return a text without secrets; for texts of the trusted side."""
        return self._own_masker(self._texts.values_of((text,))).mask(text)

    def reason(self, text: str) -> str:
        """Return a reason without secrets, and without details that were not searched."""
        if not self._texts.problem:
            return self.mask(text)
        start = _start_of(text)
        masked = self._masker.mask(start)
        return masked if start == text else f"{masked} (details {WITHHELD})"

    def finding(self, finding: Finding) -> Finding:
        """Return a finding without secrets and without what only the judge needs."""
        location = replace(finding.location, path=self.path(finding.location.path))
        bare = replace(finding, location=location, subject="", secrets=())
        if self._texts.problem:
            return replace(
                bare,
                message=self._masker.mask(finding.title or finding.rule),
                why=self._masker.mask(finding.why),
                remedy=self._masker.mask(finding.remedy),
                evidence=finding.evidence and Evidence(WITHHELD, 0, 0),
                fix=None,
            )
        evidence, fix = finding.evidence, finding.fix
        shown = [finding.message]
        if evidence is not None:
            shown.append(evidence.text)
        if fix is not None:
            shown.append(fix)
        if finding.scanner == _GATE:
            # The judge puts its messages together from reasons that were searched alone.
            message = finding.message
            shown += [text for text in self._texts.by_text if text in message]
        likely = self._likely.get(finding.location.path, {})
        masker = self._own_masker((*likely, *self._texts.values_of(shown)))
        return replace(
            bare,
            message=self._without_parts(
                masker.mask(finding.message), finding.title or finding.rule, likely
            ),
            why=masker.mask(finding.why),
            remedy=masker.mask(finding.remedy),
            evidence=evidence and masker.mask_evidence(evidence, finding.secrets),
            fix=None
            if fix is None
            else self._without_parts(masker.mask(fix), "", likely),
        )

    def run(self, run: ScannerRun) -> ScannerRun:
        """Return a run without findings and without secrets in its reasons."""
        return replace(
            run,
            reason=self.reason(run.reason),
            findings=(),
            not_inspected=tuple(map(self.skip, run.not_inspected)),
        )

    def skip(self, skip: NotInspected) -> NotInspected:
        """Return what was not inspected, without secrets."""
        return replace(
            skip,
            path=self.path(skip.path),
            reason=self.reason(skip.reason),
            cause=self.reason(skip.cause),
        )

    def origin(self, origin: Origin) -> Origin:
        """Return the marks of the change's origin without secrets."""
        return replace(origin, evidence=tuple(map(self.reason, origin.evidence)))

    def path(self, path: bytes | None) -> bytes | None:
        """Return a path; only secrets that were found in this very path are masked."""
        if path is None:
            return None
        masker = None
        if self._texts.problem:
            masker = self._patterns
        text = path.decode("utf-8", "surrogateescape")
        values = [value for value in self._names.get(path, ()) if value in text]
        if values:
            masker = Masker(values)
        if masker is None:
            return path
        masked = masker.mask(text)
        return path if masked == text else masked.encode("utf-8", "surrogateescape")

    def _without_parts(self, text: str, instead: str, likely: Iterable[str]) -> str:
        r"""Return ``instead`` for a text that shows a part of a secret with escapes.

        Such a text quotes what is around an invisible character, written as
        ``\u{200B}``, and cuts it: neither the value nor its pattern is in it.
        """
        if "\\u{" not in text:
            return text
        if self._parts is None:
            self._parts = frozenset(_parts_of(self._certain))
        visible = _ESCAPE.sub("", text)
        own = frozenset(_parts_of(likely))
        shown = set(_parts_of((visible,)))
        if shown.isdisjoint(self._parts) and shown.isdisjoint(own):
            return text
        return self._masker.mask(instead)

    def _own_masker(self, values: Iterable[str]) -> Masker:
        key = tuple(sorted(set(values)))
        if not key:
            return self._masker
        masker = self._maskers.get(key)
        if masker is None:
            masker = Masker(key, base=self._masker, shortest=_SHORTEST_OWN)
            self._maskers[key] = masker
        return masker


def is_certain(finding: Finding) -> bool:
    """Whether the values of a finding are secrets in any text, not only in its own."""
    if finding.confidence is Confidence.LOW:
        return False
    return finding.level is not Level.INFO


def _parts_of(values: Iterable[str]) -> Iterator[str]:
    """Yield every run of a few characters of the values, without invisible ones."""
    for value in values:
        visible = "".join(filter(str.isprintable, value))
        for start in range(len(visible) - _PART_LENGTH + 1):
            yield visible[start : start + _PART_LENGTH]


def _paths_of(findings: Iterable[Finding]) -> Iterator[bytes]:
    for finding in findings:
        if finding.location.path is not None:
            yield finding.location.path


def _start_of(text: str) -> str:
    """Return what stands before the first detail of a reason.

    Details follow a second colon, or stand in quotes: "x crashed: ValueError: 'y'".
    """
    for mark in ("'", '"', "`"):
        text = text.partition(mark)[0]
    parts = text.split(": ")
    return ": ".join(parts[:2]).rstrip(" :")
