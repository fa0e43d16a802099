"""A restricted user account for a task: what the file system itself keeps from an agent.

``plan`` says which files the account may read and change, ``apply`` makes it so as root,
and ``check`` says what is different now.
"""
