import random
import time

# ruleid: python-predictable-seed
random.seed(time.time())
# ok: python-predictable-seed
random.seed(42)
