import ssl

# ruleid: python-host-name-not-checked
context.check_hostname = False
# ruleid: python-host-name-not-checked
ssl.SSLContext(ssl.PROTOCOL_TLS)
# ok: python-host-name-not-checked
context.check_hostname = True
# ok: python-host-name-not-checked
ssl.create_default_context()
