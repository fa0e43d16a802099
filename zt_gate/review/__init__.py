"""One run of the gate: a request becomes a report."""
