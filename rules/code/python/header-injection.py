import urllib.parse

from flask import make_response, request

def flask_view():
    response = make_response("")
    # ruleid: python-header-injection
    response.headers["X-Name"] = request.args["name"]

def django_view(request):
    response = HttpResponse()
    # ruleid: python-header-injection
    response["X-Name"] = request.GET["name"]

def quoted():
    response = make_response("")
    # ok: python-header-injection
    response.headers["X-Name"] = urllib.parse.quote(request.args["name"])
