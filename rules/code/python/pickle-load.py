import json
import pickle

import numpy
import torch

# ruleid: python-pickle-load
pickle.loads(data)
# ruleid: python-pickle-load
pickle.load(file)
# ruleid: python-pickle-load
torch.load(path)
# ruleid: python-pickle-load
numpy.load(path, allow_pickle=True)
# ok: python-pickle-load
json.loads(data)
# ok: python-pickle-load
numpy.load(path)
# ok: python-pickle-load
pickle.loads(pickle.dumps(thing))
