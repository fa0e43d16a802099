import asyncio
import os
import shlex
import subprocess

from aiohttp import web
from fastapi import FastAPI
from flask import Flask, request

app = Flask(__name__)
api = FastAPI()


@app.route("/ping")
def flask_ping():
    host = request.args.get("host", "")
    # ruleid: python-command-injection
    os.system("ping -c 1 " + host)
    # ruleid: python-command-injection
    subprocess.run(f"ping -c 1 {host}", shell=True, check=True)
    # ruleid: python-command-injection
    subprocess.check_output("ping %s" % host, shell=True)
    # ruleid: python-command-injection
    subprocess.run(["sh", "-c", f"ping {host}"])
    # ruleid: python-command-injection
    os.popen(f"ping {host}").read()
    # ok: python-command-injection
    subprocess.run(["ping", "-c", "1", "--", host], check=True)
    # ok: python-command-injection
    subprocess.run(f"ping -c 1 {shlex.quote(host)}", shell=True, check=True)
    if host in ALLOWED_HOSTS:
        # ok: python-command-injection
        os.system("ping " + host)
    count = int(request.args["count"])
    # ok: python-command-injection
    os.system(f"ping -c {count} localhost")
    return ""


def django_view(request):
    # ruleid: python-command-injection
    return HttpResponse(subprocess.getoutput("nslookup " + request.POST["domain"]))


@api.post("/run")
async def fastapi_run(command: str):
    # ruleid: python-command-injection
    await asyncio.create_subprocess_shell(command)
    # ruleid: python-command-injection
    subprocess.run([command, "--version"])
    # ok: python-command-injection
    await asyncio.create_subprocess_exec("echo", command)


async def aiohttp_handler(request):
    name = request.query["name"]
    # ruleid: python-command-injection
    ssh.exec_command("cat " + name)
    return web.Response()


def constant():
    # ok: python-command-injection
    os.system("make clean")
