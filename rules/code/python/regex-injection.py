import re

from flask import request

def flask_view():
    # ruleid: python-regex-injection
    return re.search(request.args["q"], TEXT)

def django_view(request):
    # ruleid: python-regex-injection
    return re.compile(request.GET["q"])

def escaped():
    # ok: python-regex-injection
    return re.search(re.escape(request.args["q"]), TEXT)

def text():
    # ok: python-regex-injection
    return re.search("a+", request.args["q"])
