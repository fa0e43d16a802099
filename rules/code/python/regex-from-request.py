import re

from flask import request

def flask_view():
    # ruleid: python-regex-from-request
    return re.search(request.args["q"], TEXT)

def django_view(request):
    # ruleid: python-regex-from-request
    return re.compile(request.GET["q"])

def escaped():
    # ok: python-regex-from-request
    return re.search(re.escape(request.args["q"]), TEXT)

def text():
    # ok: python-regex-from-request
    return re.search("a+", request.args["q"])
