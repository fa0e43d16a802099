"""How strictly a change is judged: the one home of the profiles."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """The profile of a policy, the least strict first."""

    #: Blocks become warnings; errors stay errors.
    ADVISORY = "advisory"
    STANDARD = "standard"
    #: For what an agent wrote.
    STRICT = "strict"
