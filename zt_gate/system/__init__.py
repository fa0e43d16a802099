"""Operating system services: cache folder, child processes, time limits, temporary folders."""
