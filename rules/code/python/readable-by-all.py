import os

# ruleid: python-readable-by-all
os.chmod(path, 0o644)
# ok: python-readable-by-all
os.chmod(path, 0o600)
