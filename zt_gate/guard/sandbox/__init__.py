"""The sandbox: what the operating system keeps from an agent's processes.

``run`` starts a command in it.  ``init`` and ``probe_program`` run inside, as programs of
their own, and import nothing of zt-gate.
"""
