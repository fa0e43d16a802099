import random
import secrets
import string
import time


def cookie(response):
    value = "".join(random.choices(string.ascii_letters, k=32))
    # ruleid: python-insecure-random-use
    response.set_cookie("sid", value)


def link(user):
    number = random.randint(100000, 999999)
    # ruleid: python-insecure-random-use
    return f"https://example.com/reset?code={number}"


def stored(session):
    made = str(time.time())
    # ruleid: python-insecure-random-use
    session["csrf_token"] = made


def fine(response):
    value = secrets.token_urlsafe(32)
    # ok: python-insecure-random-use
    response.set_cookie("sid", value)


def color(response):
    # ok: python-insecure-random-use
    response.headers["X-Color"] = random.choice(["red", "blue"])
