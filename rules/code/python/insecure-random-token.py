import random
import secrets
import string
import uuid


def tokens(user, vocabulary):
    # ruleid: python-insecure-random-token
    reset_token = "".join(random.choices(string.ascii_letters, k=32))
    # ruleid: python-insecure-random-token
    user.password = "".join(random.choice(string.ascii_letters) for _ in range(12))
    # ruleid: python-insecure-random-token
    otp = random.randint(100000, 999999)
    # ruleid: python-insecure-random-token
    session_id = str(random.getrandbits(128))
    # ruleid: python-insecure-random-token
    api_key = uuid.uuid1().hex
    # ok: python-insecure-random-token
    reset_token = secrets.token_urlsafe(32)
    # ok: python-insecure-random-token
    session_id = uuid.uuid4().hex
    # ok: python-insecure-random-token
    password = "".join(random.SystemRandom().choice(string.ascii_letters) for _ in range(12))
    # ok: python-insecure-random-token
    token = random.choice(vocabulary)
    # ok: python-insecure-random-token
    color = random.choice(["red", "green"])


def generate_password(length):
    # ruleid: python-insecure-random-token
    return "".join(random.choice(string.printable) for _ in range(length))


def generate_reset_token():
    # ruleid: python-insecure-random-token
    return "%032x" % random.getrandbits(128)


def roll():
    # ok: python-insecure-random-token
    return random.randint(1, 6)
