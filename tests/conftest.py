"""Settings of all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Property tests look for wrong answers, not for slow ones: machines are noisy.
settings.register_profile(
    "zt-gate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("zt-gate")
