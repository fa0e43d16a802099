"""One run of the gate, from request to report."""
