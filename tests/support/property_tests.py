"""How many examples a property test tries: few in README's command, more in CI."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_THOROUGH = 100


def register_profiles() -> None:
    """Register ``quick`` and load it; ``--hypothesis-profile=thorough`` asks for more.

    Property tests have no deadline: they check results, not time.
    """
    common = settings(
        deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
    )
    settings.register_profile("quick", common, max_examples=_THOROUGH // 4)
    settings.register_profile("thorough", common, max_examples=_THOROUGH)
    settings.load_profile("quick")


def examples(thorough: int) -> int:
    """Return the number of examples in the loaded profile for that of the thorough one."""
    return max(1, thorough * settings().max_examples // _THOROUGH)
