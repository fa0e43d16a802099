import ssl

# ruleid: python-weak-tls-version
ssl.SSLContext(ssl.PROTOCOL_TLSv1)
# ruleid: python-weak-tls-version
ssl.wrap_socket(sock)
# ok: python-weak-tls-version
ssl.create_default_context()
# ok: python-weak-tls-version
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
