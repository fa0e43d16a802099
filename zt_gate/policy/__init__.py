"""The policy: schema, loading, levels, and waivers of findings."""
