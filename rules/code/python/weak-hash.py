import hashlib

# ruleid: python-weak-hash
hashlib.md5(data)
# ruleid: python-weak-hash
hashlib.new("sha1", data)
# ok: python-weak-hash
hashlib.sha256(data)
# ok: python-weak-hash
hashlib.md5(data, usedforsecurity=False)
