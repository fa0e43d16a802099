import hashlib

import bcrypt


def store(user, password, data, password_file):
    # ruleid: python-weak-password-hash
    user.hash = hashlib.md5(password.encode()).hexdigest()
    # ruleid: python-weak-password-hash
    hashlib.sha256(password.encode("utf-8")).hexdigest()
    # ruleid: python-weak-password-hash
    hashlib.sha1((user.salt + password).encode()).hexdigest()
    # ruleid: python-weak-password-hash
    hashlib.new("md5", user.password.encode())
    # ruleid: python-weak-password-hash
    hashlib.sha512(f"{user.salt}{password}".encode()).hexdigest()
    digest = hashlib.sha256()
    # ruleid: python-weak-password-hash
    digest.update(password.encode())
    # ok: python-weak-password-hash
    hashlib.sha256(data).hexdigest()
    # ok: python-weak-password-hash
    hashlib.sha256(password_file.read()).hexdigest()
    # ok: python-weak-password-hash
    hashlib.scrypt(password.encode(), salt=user.salt, n=2**14, r=8, p=1)
    # ok: python-weak-password-hash
    hashlib.pbkdf2_hmac("sha256", password.encode(), user.salt, 600_000)
    # ok: python-weak-password-hash
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt())


def leaked(password):
    # ok: python-weak-password-hash
    digest = hashlib.sha1(password.encode()).hexdigest()
    return ask("https://api.pwnedpasswords.com/range/" + digest[:5])
