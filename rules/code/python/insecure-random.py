import random
import secrets

def make_token():
    # ruleid: python-insecure-random
    return "".join(random.choice(LETTERS) for _ in range(20))

# ruleid: python-insecure-random
session_id = random.getrandbits(64)
def shuffle_cards(cards):
    # ok: python-insecure-random
    random.shuffle(cards)

# ok: python-insecure-random
token = secrets.token_urlsafe()
