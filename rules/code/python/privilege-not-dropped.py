import os

# ruleid: python-privilege-not-dropped
os.setuid(0)
# ok: python-privilege-not-dropped
os.setuid(1000)
