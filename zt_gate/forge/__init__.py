"""What a forge knows of a change, and what it is told of the verdict."""
