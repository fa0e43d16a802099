"""The policy: what it may say, and where it is read from."""
