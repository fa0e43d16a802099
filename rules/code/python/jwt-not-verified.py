import jwt

# ruleid: python-jwt-not-verified
jwt.decode(token, verify=False)
# ruleid: python-jwt-not-verified
jwt.decode(token, options={"verify_signature": False})
# ruleid: python-jwt-not-verified
jwt.encode(data, key, algorithm="none")
# ok: python-jwt-not-verified
jwt.decode(token, key, algorithms=["HS256"])
