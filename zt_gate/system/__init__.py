"""The machine underneath: the cache folder, child processes, temporary folders."""
