import keras
import numpy as np
import torch
from langchain_community.vectorstores import FAISS
from transformers import AutoModel

# ruleid: python-unsafe-model-loading
model = AutoModel.from_pretrained("org/model", trust_remote_code=True)

# ok: python-unsafe-model-loading
model = AutoModel.from_pretrained("org/model", trust_remote_code=False)

# ruleid: python-unsafe-model-loading
state = torch.load("model.pt", map_location="cpu", weights_only=False)

# ok: python-unsafe-model-loading
state = torch.load("model.pt", weights_only=True)

# ruleid: python-unsafe-model-loading
net = keras.models.load_model("model.keras", safe_mode=False)

# ruleid: python-unsafe-model-loading
store = FAISS.load_local("index", embeddings, allow_dangerous_deserialization=True)

# ok: python-unsafe-model-loading
array = np.load("data.npy")
