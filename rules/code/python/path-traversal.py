import os
from pathlib import Path

import flask
from aiohttp import web
from fastapi import FastAPI, UploadFile
from fastapi.responses import FileResponse
from flask import Flask, request, send_file, send_from_directory
from werkzeug.utils import secure_filename

app = Flask(__name__)
api = FastAPI()
UPLOADS = Path("/srv/uploads")
PAGES = {"home": "home.html"}


@app.route("/download")
def flask_download():
    name = request.args["file"]
    # ruleid: python-path-traversal
    with open(os.path.join("/srv/files", name)) as file:
        file.read()
    # ruleid: python-path-traversal
    os.remove("/srv/files/" + name)
    # ok: python-path-traversal
    with open(os.path.join("/srv/files", secure_filename(name))) as file:
        file.read()
    # ok: python-path-traversal
    with open(os.path.join("/srv/files", os.path.basename(name))) as file:
        file.read()
    # ok: python-path-traversal
    send_from_directory("/srv/files", name)
    # ok: python-path-traversal
    open(PAGES[name])
    # ruleid: python-path-traversal
    return send_file(f"/srv/files/{name}")


@app.route("/raw/<path:name>")
def flask_route(name):
    # ruleid: python-path-traversal
    return (UPLOADS / name).read_text()


@app.post("/upload")
def flask_upload():
    upload = request.files["file"]
    # ok: python-path-traversal
    upload.save(os.path.join("/srv/uploads", secure_filename(upload.filename)))


def django_view(request):
    # ruleid: python-path-traversal
    return HttpResponse(open("/srv/" + request.GET["name"]).read())


@api.get("/files/{name}")
def fastapi_file(name: str):
    # ruleid: python-path-traversal
    return FileResponse(f"/srv/files/{name}")


@api.get("/safe/{name}")
def fastapi_safe(name: str):
    path = (UPLOADS / name).resolve()
    if not path.is_relative_to(UPLOADS):
        raise ValueError(name)
    # ok: python-path-traversal
    return FileResponse(path)


@api.post("/upload")
async def fastapi_upload(file: UploadFile):
    # ruleid: python-path-traversal
    with open(f"/srv/uploads/{file.filename}", "wb") as target:
        target.write(await file.read())


async def aiohttp_handler(request):
    name = request.match_info["name"]
    path = os.path.realpath(os.path.join("/srv", name))
    if not path.startswith("/srv/"):
        raise web.HTTPNotFound
    # ok: python-path-traversal
    open(path)
    # ruleid: python-path-traversal
    return web.FileResponse("/srv/" + name)


def settings(path):
    # ok: python-path-traversal
    return open(path).read()
