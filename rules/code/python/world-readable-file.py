import os

# ruleid: python-world-readable-file
os.chmod(path, 0o644)
# ok: python-world-readable-file
os.chmod(path, 0o600)
