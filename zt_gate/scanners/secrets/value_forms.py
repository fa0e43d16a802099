"""The forms of values that are no secrets: templates, ciphertext, versions, paths, texts.

A template is a place where the value is put in later.  A harmless form is one that a
program writes for something else than a secret.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re

_TEMPLATES = (
    r"\$\{[A-Za-z_.][\w.:?!/ |'\"-]*\}|\{\{[^{}]*\}\}|^\{\{.*\}\}$|<%|%>|\$\("
    r"|#\{[^{}]*\}|\{%|%\([a-z_]{1,40}\)s"
    r"|\{(?!(?:s?sha|s?md5|crypt|pbkdf2)[\w-]*\})[a-z_][\w.\[\]'\"]{1,40}\}|^<[^<>]*>$"
    r"|^\$[A-Za-z_(]\w*\)?$|^%\w+%$|^%[sdv]$|^\*+$"
    r"|^\[[\w /:-]*\]$|^__\w+__$|^@\w+@$"
    # A count and a class of characters: how templates of keys are written.
    r"|\{\d{1,4}(?:-\d{1,4})?\*[^{}\n]{1,80}(?:\}|$)|\\\(|secretKeyRef|\{\d{1,2}\}"
    # A variable with text around it, or cut off by a blank.
    r"|(?-i:%[A-Z][A-Z_]{2,40}%)|\(\([\w./ -]{2,60}\)\)|\[\[[^\[\]\n]{1,80}\]\]"
    r"|@@\w{2,40}@@|(?-i:__[A-Z][A-Z0-9_]{2,40}__)|\$\[[\w.\[\]'\" ()-]{1,80}\]"
    r"|\$\{[A-Za-z_]\w*(?:\.\w{1,40}|\[[\w:'\"-]{1,40}\]|\([\w ,'\"]{0,40}\)){1,6}\}"
    r"|\$env:[A-Za-z_]\w*|^\{[a-z_]\w*(?:\.\w+)+\["
    r"|\$\{[^}]{0,80}$|\{\{[^}]{0,80}$|\$\{\{|^&lt;[^;]{1,60}&gt;|^~[^~]{1,60}~$"
    r"|(?:^|[-_.:/ ])(?-i:\$[A-Z][A-Z_]{2,40})(?![$\w])"
)
# The value is in a store of secrets, and this is its address.
_REFERENCES = (
    r"^op://|^vault:|^ref\+|^@Microsoft\.KeyVault|^sm://|^ssm:|^akv:|^gcp-?sm:|^bws?://"
    r"|^doppler://|^infisical://|^secretref:|^secret:[\w./-]+$"
    r"|^(?:aws|azure|gcp|google)?-?(?:secret-?manager|key-?vault)[:/]"
)
# Ciphertext of SOPS, Ansible, KMS, Spring, Jasypt, PGP and age.
_SEALED = (
    r"^ENC[\[(]|^DEC\(|^\$ANSIBLE_VAULT|^!(?:vault|Ref|Sub|secret)\b|^AQ[EI]CAH|^CiQA"
    r"|^\{cipher\}|^\{aes|^encrypted:|^kms:|^sops:|^YWdlLWVuY3J5cHRpb24"
    r"|^-{5}BEGIN (?:PGP MESSAGE|AGE ENCRYPTED)"
    # A sealed secret of Kubernetes: the length of its encrypted key comes first.
    r"|^(?-i:Ag[A-D])[A-Za-z0-9+/]{200,}={0,2}$"
)
TEMPLATE = lazy_re.compile(f"{_TEMPLATES}|{_REFERENCES}|{_SEALED}", re.IGNORECASE)

# Numbers, versions and ranges of them.
_NUMBERS = (
    r"[\d.,:xX/+ -]*|[\^~<>=]{1,2} ?v?\d[\w.+-]{0,30}"
    r"|(?:[\^~<>=!]{0,2} ?v?\d{1,8}(?:\.(?:\d{1,14}|\*|x)){1,3}[\w.+-]{0,60}"
    r"(?:[ ,|]{1,4}|/go\.mod|$)){1,6}|[\[(]\d[\w.+-]{0,30},[\w.+-]{0,30}[\])]"
    r"|(?:workspace|npm|file|link|git\+\w{2,5}|catalog):.*|\d{4}-\d\d-\d\d.*"
)
# Sums, fingerprints and public keys.
_SUMS = (
    r"(?i:sha(?:1|224|256|384|512)[-:=].*|md5[-:=].*)|h1:.*"
    r"|(?:[0-9a-fA-F]{2}[:-]){5,}[0-9a-fA-F]{2}"
    r"|(?:ssh-\w{3,10}|ecdsa-[\w-]{6,30})? ?AAAA[BCE]3NzaC1.*"
    r"|\{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}"
    # PostHog's keys of projects, which are in every page, and keys of minisign.
    r"|phc_[A-Za-z0-9]{30,60}|RW[QRST][A-Za-z0-9+/]{53}"
)
# Paths, addresses, host names, names of resources.
_PLACES = (
    r"(?:[a-z]+:)?/.*|\.{1,2}/.*|[A-Za-z]:\\.*|(?:[\w.@-]{1,40}/){2,}(?:[\w.@-]{1,60}|\*{1,2})"
    r"|lib[\w.+-]{1,60}-(?:dev|devel|dbg|doc)"
    r"|[a-z][a-z0-9+.-]*://.*|[\w.+-]+@[\w-]+\.[a-z]{2,8}"
    r"|(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai|co|local|internal|svc|yaml|yml|json|py|js"
    r"|go|txt|md)|arn:.*|projects/.*|urn:.*|data:.*"
)
# Names in code, tags of Go's structures, regular expressions.
_CODE = (
    r"[a-z]+\d?(?:_[a-z]+\d?)+|(?:[a-z]\w{1,20}:\\?\"[^\"]{0,200}\"[ ,]?)+|\\u003[ce].*"
    r"|.*\]\{\d.*|.*\(\?[:=!P<].*|\^.*\$|.*\\[dwsbSWD].*|.*\[[a-zA-Z]-[a-zA-Z].*"
)
HARMLESS_FORM = lazy_re.compile(f"{_NUMBERS}|{_SUMS}|{_PLACES}|{_CODE}")

# A letter beyond ASCII, as .properties files, JSON and HTML write it.
_ESCAPED_LETTER = lazy_re.compile(
    r"\\u(?:00[a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F][0-9a-fA-F])[0-9a-fA-F]{1,2}"
    r"|&(?:[aeiouyAEIOU](?:uml|acute|grave|circ)|[nN]tilde|szlig|[cC]cedil);"
)


def is_language(value: str) -> bool:
    r"""Whether this is a text in another alphabet, or one whose letters are escaped.

    Message files write ``\u00fc`` for a letter; a generator of keys does not.
    """
    if _ESCAPED_LETTER.search(value):
        return True
    foreign = sum(not char.isascii() and char.isalpha() for char in value)
    if not foreign:
        return False
    plain = sum(char.isascii() and not char.isalpha() for char in value)
    return foreign * 2 >= len(value) or not plain
