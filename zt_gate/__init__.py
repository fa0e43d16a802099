"""zt-gate: a review gate for changes that AI agents write."""

__version__ = "0.1.0"
