"""Recognises attack texts that are the data of a security tool: its tests, fixtures, rules.

A tool that finds prompt injection is tested with it.  Such a text is reported for
review, in every profile: stopping each change of such a test would teach people to
switch the gate off.  Comments and docstrings of the same files, files of instructions
for agents, and hidden or encoded text block as everywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Subjects of a test that needs attack texts.
_SUBJECT_OF_TEST = lazy_re.compile(
    r"inject|jail_?break|attack|poison|quarantin|securit|scan|guard|detect|redact"
    r"|saniti[sz]|threat|exfil|adversar|malicious"
    r"|prompt|moderat|safety|abuse|phish|eval|corpus|red_?-?team|owasp|rug_?-?pull"
    r"|untrusted|firewall|vulnerab|exploit"
)
#: Subjects of a file outside of tests that lists attack texts, or patterns of them.
_SUBJECT_OF_RULES = lazy_re.compile(
    r"inject|jail_?break|attack|poison|quarantin|adversar|malicious|red_?-?team"
    r"|rug_?-?pull|prompt[_-]?(?:guard|scan|shield|firewall)"
    r"|(?:threat|security|detect|scan|guard)[^/]{0,40}(?:rule|pattern|signature"
    r"|phrase|payload|lexicon|keyword)"
)
#: What such a file is: the subject alone could be a folder that anyone may choose.
_FORM_OF_RULES = lazy_re.compile(
    r"rule|pattern|signature|phrase|payload|lexicon|keyword|corpus|dataset|sample|fixture"
    r"|detect|guard|scanner|shield|firewall|eval|bench|quarantin"
)
_COMMENT = lazy_re.compile(r"\s*(?:#|//|/?\*|--|<!--|;)")
_QUOTES = "\"'`"
_DATA_SUFFIXES = (
    b".json", b".jsonl", b".ndjson", b".yaml", b".yml", b".toml", b".csv", b".tsv",
    b".txt", b".xml", b".yar", b".yara",
)  # fmt: skip


#: Names of what a test does with attack texts, in the code around one.
_NAMED_IN_TEST = lazy_re.compile(
    rb"(?i)(?:inject|jail_?break|attack|poison|malicious|adversar|exfil|saniti[sz]"
    rb"|redact|neutrali[sz]|quarantin|suspicious|untrusted|hijack)\w*"
)
_LINES_AROUND = 20


def names_attacks(lines: Sequence[bytes], index: int) -> bool:
    """Whether the code around a line names what a security tool does, twice or more."""
    nearby = lines[max(0, index - _LINES_AROUND) : index + _LINES_AROUND]
    return len(_NAMED_IN_TEST.findall(b"\n".join(nearby))) > 1


def is_sample(path: bytes, line: str, start: int, *, named: bool = False) -> bool:
    """Whether the text at a column of a line is data of a security tool.

    ``named`` says that the code around it names what such a tool does.
    """
    name = path.decode("utf-8", "replace").lower()
    is_test = paths.is_any(path, "test", "test-data")
    subject = _SUBJECT_OF_TEST if is_test else _SUBJECT_OF_RULES
    is_tested_code = named and is_test and paths.is_any(path, "program")
    if not is_tested_code and subject.search(name) is None:
        return False
    if not is_test and _FORM_OF_RULES.search(name) is None:
        return False
    if _COMMENT.match(line):
        return False
    if name.encode().endswith(_DATA_SUFFIXES):
        return True
    if paths.is_any(path, "program", "shell"):
        return _is_in_literal(line, start)
    return is_test


def _is_in_literal(line: str, start: int) -> bool:
    """Whether a string literal of the line is open at a column, or begins there."""
    quote = ""
    escaped = False
    for char in line[: start + 1]:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
    return bool(quote)
