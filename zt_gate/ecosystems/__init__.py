"""Package ecosystems: their manifests, lock files, registries and version rules."""
