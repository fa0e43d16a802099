"""The guard: the gate's checks at the moment an agent acts. See docs/guard.md."""
