"""What the guard knows of a session, and keeps outside the repository."""
