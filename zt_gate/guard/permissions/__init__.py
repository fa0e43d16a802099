"""A review of what agents may do: settings, skills and agents of repository and user."""
