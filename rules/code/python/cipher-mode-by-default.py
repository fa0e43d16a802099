from Crypto.Cipher import AES

# ruleid: python-cipher-mode-by-default
AES.new(key)
# ok: python-cipher-mode-by-default
AES.new(key, AES.MODE_GCM)
