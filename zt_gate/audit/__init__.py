"""The audit log: a chain of hashed records, and what goes into a record."""
