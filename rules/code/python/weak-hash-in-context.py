import hashlib

def sign(data):
    # ruleid: python-weak-hash-in-context
    return hashlib.sha1(data).hexdigest()

def make_token(user):
    # ruleid: python-weak-hash-in-context
    return hashlib.md5(user).hexdigest()

def sign_well(data):
    # ok: python-weak-hash-in-context
    return hashlib.sha256(data).hexdigest()

def cache_name(data):
    # ok: python-weak-hash-in-context
    return hashlib.md5(data).hexdigest()
