import ssl

# ruleid: python-tls-hostname-verification-off
context.check_hostname = False
# ruleid: python-tls-hostname-verification-off
ssl.SSLContext(ssl.PROTOCOL_TLS)
# ok: python-tls-hostname-verification-off
context.check_hostname = True
# ok: python-tls-hostname-verification-off
ssl.create_default_context()
