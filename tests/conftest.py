"""Settings of all tests."""

from __future__ import annotations

from tests.support.property_tests import register_profiles

register_profiles()
