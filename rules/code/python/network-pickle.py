import pickle

import zmq


def serve():
    socket = zmq.Context().socket(zmq.REP)
    # ruleid: python-network-pickle
    job = socket.recv_pyobj()
    # ok: python-network-pickle
    job = socket.recv_json()
    # ruleid: python-network-pickle
    job = pickle.loads(socket.recv())
    return job
