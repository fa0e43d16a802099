"""Whether a client's session belongs to another account: such a one is not resumed.

What the guard knows of a session is kept by account.  Who resumes another account's
session would go on with its conversation, and without what was denied to it.
"""

from __future__ import annotations

import os

from zt_gate.guard.decision import Answer, Concern

CONTROL = "session/other-account"


def problem_of_transcript(path: str, user_id: int) -> str:
    """Return why the client's record of a session is not this account's, "" if it is.

    ``path`` is the event's ``transcript_path``; a record that does not exist yet is of a
    new session.  One that cannot be looked at counts as another account's.
    """
    if not path:
        return ""
    try:
        owner = os.stat(path).st_uid
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"whose record of this session it is cannot be seen ({reason})"
    if owner == user_id:
        return ""
    return f"the client's record of this session belongs to the account {owner}"


def concern(problem: str) -> Concern:
    """Return the denial for a session of another account."""
    return Concern(
        CONTROL,
        Answer.DENY,
        f"This session is not resumed: {problem}.",
        "The person starts a new session.",
    )
