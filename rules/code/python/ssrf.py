import urllib.request
from urllib.parse import urlparse

import aiohttp
import httpx
import requests
from aiohttp import web
from fastapi import FastAPI
from flask import Flask, request

app = Flask(__name__)
api = FastAPI()
API = "https://api.example.org"
ALLOWED_HOSTS = {"example.org"}


@app.route("/fetch")
def flask_fetch():
    url = request.args["url"]
    # ruleid: python-ssrf
    requests.get(url, timeout=3)
    # ruleid: python-ssrf
    requests.get(f"http://{url}/status", timeout=3)
    # ruleid: python-ssrf
    urllib.request.urlopen(url)
    # ok: python-ssrf
    requests.get(f"https://api.example.org/users/{url}", timeout=3)
    # ok: python-ssrf
    requests.get("https://api.example.org/users/" + url, timeout=3)
    # ok: python-ssrf
    requests.get(f"{API}/users/{url}", timeout=3)
    # ok: python-ssrf
    requests.get(API + "/users/" + url, timeout=3)
    # ok: python-ssrf
    requests.get("https://api.example.org/users", params={"q": url}, timeout=3)
    # ok: python-ssrf
    return requests.post("https://api.example.org/users", json=request.json, timeout=3).text


@app.route("/checked")
def flask_checked():
    url = request.args["url"]
    parsed = urlparse(url)
    if parsed.scheme != "https" or parsed.hostname not in ALLOWED_HOSTS:
        raise ValueError(url)
    # ok: python-ssrf
    return requests.get(url, timeout=3).text


def django_view(request):
    # ruleid: python-ssrf
    return HttpResponse(requests.get(request.GET["url"], timeout=3).content)


@api.get("/proxy")
async def fastapi_proxy(url: str):
    async with httpx.AsyncClient() as client:
        # ruleid: python-ssrf
        answer = await client.get(url)
    return answer.text


async def aiohttp_handler(request):
    async with aiohttp.ClientSession() as session:
        # ruleid: python-ssrf
        async with session.get(request.query["url"]) as answer:
            return web.Response(body=await answer.read())


def own(url):
    # ok: python-ssrf
    return requests.get(url, timeout=3)
