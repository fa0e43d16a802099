"""The data types of the gate: pure and frozen; they import no other room."""
