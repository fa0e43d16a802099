"""Version schemes: which version a constraint pins or chooses, and how versions are ordered."""
