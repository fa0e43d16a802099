"""Commands as syntax: what a shell would run, read without running anything."""
