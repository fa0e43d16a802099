"""Where a change comes from: each module gives a ChangeSet."""
