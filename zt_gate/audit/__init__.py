"""The audit log: a hash chain, and the record of a run."""
