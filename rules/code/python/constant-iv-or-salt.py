import hashlib
import os

from Crypto.Cipher import AES

# ruleid: python-constant-iv-or-salt
AES.new(key, AES.MODE_CBC, b"0000000000000000")
# ruleid: python-constant-iv-or-salt
hashlib.pbkdf2_hmac("sha256", password, b"salt", 600000)
# ok: python-constant-iv-or-salt
AES.new(key, AES.MODE_CBC, os.urandom(16))
# ok: python-constant-iv-or-salt
hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
