from Crypto.Cipher import AES, DES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# ruleid: python-weak-cipher
DES.new(key, DES.MODE_CBC, iv)
# ruleid: python-weak-cipher
AES.new(key, AES.MODE_ECB)
# ruleid: python-weak-cipher
Cipher(algorithms.AES(key), modes.ECB())
# ok: python-weak-cipher
AES.new(key, AES.MODE_GCM)
# ok: python-weak-cipher
Cipher(algorithms.AES(key), modes.GCM(iv))
