"""The broker: decisions, denials and log under an account that no agent runs as.

A hook runs as the user whom an agent could imitate.  What it remembers, and what it
writes down, is therefore kept by a small service of another account, which hears hooks on
a Unix socket and asks the kernel who they are.
"""
