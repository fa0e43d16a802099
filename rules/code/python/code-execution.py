import ast
import socket

import jinja2
import requests
from aiohttp import web
from fastapi import FastAPI
from flask import Flask, render_template, render_template_string, request

app = Flask(__name__)
api = FastAPI()


@app.route("/calc")
def flask_calc():
    expression = request.args["q"]
    # ruleid: python-code-execution
    result = eval(expression)
    # ruleid: python-code-execution
    exec("x = " + expression)
    # ok: python-code-execution
    result = ast.literal_eval(expression)
    # ok: python-code-execution
    result = int(expression)
    # ok: python-code-execution
    render_template("page.html", q=expression)
    # ok: python-code-execution
    render_template_string("<p>{{ q }}</p>", q=expression)
    # ruleid: python-code-execution
    return render_template_string(f"<p>{expression}</p>")


def django_view(request):
    # ruleid: python-code-execution
    return HttpResponse(eval(request.POST.get("expr"), {"__builtins__": {}}))


@api.post("/eval")
def fastapi_eval(body: dict):
    # ruleid: python-code-execution
    return {"result": eval(body["expression"])}


async def aiohttp_handler(request):
    # ruleid: python-code-execution
    exec((await request.post())["code"])
    return web.Response()


def typed():
    # ruleid: python-code-execution
    return eval(input("expression: "))


def fetched():
    # ruleid: python-code-execution
    exec(requests.get("https://example.org/plugin.py").text)


def received(sock):
    # ruleid: python-code-execution
    exec(sock.recv(1024))


def own():
    # ok: python-code-execution
    return eval("1 + 1")
