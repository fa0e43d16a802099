"""Short-lived tokens for sessions: issued for one task, revoked when the session ends.

One file per issuer: ``vault``, ``github_app``, ``aws_sts``, and one line for it in
``worker.ISSUERS``.  It has ``KEYS`` and ``NEEDED`` of its settings, ``issuing_secret``,
and ``issuer``, which returns a ``TokenIssuer`` (``base``).  An issuer runs in a process of
its own (``ask`` starts ``worker``), which is killed at a deadline.
"""
