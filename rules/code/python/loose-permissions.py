import os

# ruleid: python-loose-permissions
os.chmod(path, 0o777)
# ruleid: python-loose-permissions
os.chmod(path, 0o666)
# ruleid: python-loose-permissions
os.umask(0)
# ok: python-loose-permissions
os.chmod(path, 0o600)
# ok: python-loose-permissions
os.chmod(path, 0o755)
# ok: python-loose-permissions
os.umask(0o077)
