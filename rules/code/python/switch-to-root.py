import os

# ruleid: python-switch-to-root
os.setuid(0)
# ok: python-switch-to-root
os.setuid(1000)
