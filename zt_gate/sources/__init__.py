"""Reads a ChangeSet from each kind of source."""
