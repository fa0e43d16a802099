"""Files that a tool reads or writes: where they really are, and what would be in them."""
