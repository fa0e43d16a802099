import subprocess

from flask import request
from git import Repo


def clone():
    url = request.args["url"]
    # ruleid: python-argument-injection
    subprocess.run(["git", "clone", url, "/srv/repo"], check=True)


def separated():
    url = request.args["url"]
    # ok: python-argument-injection
    subprocess.run(["git", "clone", "--", url, "/srv/repo"], check=True)


def refused():
    url = request.args["url"]
    if url.startswith("-"):
        raise ValueError(url)
    # ok: python-argument-injection
    subprocess.run(["git", "clone", url, "/srv/repo"], check=True)


def prefixed():
    branch = request.args["branch"]
    # ok: python-argument-injection
    subprocess.run(["git", "fetch", "origin", f"refs/heads/{branch}"], check=True)


def library():
    # ruleid: python-argument-injection
    Repo.clone_from(request.json["url"], "/srv/repo")


def archive():
    name = request.form["name"]
    # ruleid: python-argument-injection
    subprocess.check_output(["tar", "-cf", "/srv/out.tar", name])


def message():
    text = request.form["text"]
    # ok: python-argument-injection
    subprocess.run(["git", "commit", "-m", text], check=True)
