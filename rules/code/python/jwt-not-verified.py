import jwt

# ruleid: python-jwt-not-verified
jwt.decode(token, verify=False)
# ruleid: python-jwt-not-verified
jwt.decode(token, options={"verify_signature": False})
# ruleid: python-jwt-not-verified
jwt.encode(data, key, algorithm="none")
# ok: python-jwt-not-verified
jwt.decode(token, key, algorithms=["HS256"])


def by_hand(token):
    payload = token.split(".")[1]
    # ruleid: python-jwt-not-verified
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def options(token):
    # ruleid: python-jwt-not-verified
    return jwt.decode(token, options=dict(verify_signature=False))
