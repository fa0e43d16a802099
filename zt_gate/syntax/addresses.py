"""Shows addresses without the credentials in them: the one way for every message."""

from __future__ import annotations

import re

from zt_gate import lazy_re

# ``scheme://user:password@``, also without a password: a token often stands alone.
_USER_INFO = lazy_re.compile(r"(://)[^\s/@\"'<>]{1,2000}@(?=[^\s/@])")
# ``user:password@host:path`` of scp; a user alone is no secret.
_SCP_USER = lazy_re.compile(
    r"(?<![\w/@:.+-])[^\s/@:\"'<>]{1,200}:[^\s/@\"'<>]{1,200}@(?=[\w.-]+:)"
)
_QUERY_VALUE = lazy_re.compile(
    r"([?&;][^=&;\s]{0,40}(?:key|token|sig|pass|pwd|secret|auth|code|session|sid|cred)[^=&;\s]{0,40}=)"
    r"[^&;\s\"'<>#]+",
    re.IGNORECASE,
)


def without_credentials(text: str) -> str:
    """Return a text whose addresses have no user, password or secret parameter."""
    text = _USER_INFO.sub(r"\1", text)
    text = _SCP_USER.sub("", text)
    return _QUERY_VALUE.sub(r"\1…", text)
