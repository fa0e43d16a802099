"""The nouns of the gate: pure, frozen, importing nothing else of ours."""
