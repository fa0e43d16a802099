import base64
import hmac
import json
import pickle
import socket

import jsonpickle
import requests
import yaml
from aiohttp import web
from fastapi import FastAPI, UploadFile
from flask import Flask, request

app = Flask(__name__)
api = FastAPI()


@app.route("/load", methods=["POST"])
def flask_load():
    # ruleid: python-unsafe-deserialization
    session = pickle.loads(base64.b64decode(request.cookies["session"]))
    # ruleid: python-unsafe-deserialization
    yaml.load(request.data, Loader=yaml.Loader)
    # ruleid: python-unsafe-deserialization
    jsonpickle.decode(request.get_data())
    # ok: python-unsafe-deserialization
    yaml.safe_load(request.data)
    # ok: python-unsafe-deserialization
    yaml.load(request.data, Loader=yaml.SafeLoader)
    # ok: python-unsafe-deserialization
    return json.loads(request.data)


@app.route("/signed", methods=["POST"])
def flask_signed():
    data = request.get_data()
    if not hmac.compare_digest(hmac.new(KEY, data, "sha256").digest(), read_tag()):
        raise ValueError
    # ok: python-unsafe-deserialization
    return pickle.loads(data)


def django_view(request):
    # ruleid: python-unsafe-deserialization
    return HttpResponse(pickle.loads(request.body))


@api.post("/model")
async def fastapi_model(file: UploadFile):
    # ruleid: python-unsafe-deserialization
    return pickle.loads(await file.read())


async def aiohttp_handler(request):
    # ruleid: python-unsafe-deserialization
    yaml.unsafe_load(await request.body())
    return web.Response()


def fetched(url):
    # ruleid: python-unsafe-deserialization
    return pickle.loads(requests.get(url).content)


def received(sock):
    # ruleid: python-unsafe-deserialization
    return pickle.loads(sock.recv(4096))


def own_cache():
    with open("cache.pkl", "rb") as file:
        # ok: python-unsafe-deserialization
        return pickle.load(file)
