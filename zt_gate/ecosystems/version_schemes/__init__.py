"""Version schemes: pinned versions, selection of releases, and the order of versions."""
