"""The profiles: how strictly a change is judged."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """The profile of a policy, in the order of strictness."""

    #: Blocks become warnings; errors stay errors.
    ADVISORY = "advisory"
    STANDARD = "standard"
    #: For changes that an agent wrote.
    STRICT = "strict"
