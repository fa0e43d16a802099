from aiohttp import web
from flask import redirect, request, url_for

@app.route("/go")
def go():
    # ruleid: python-open-redirect
    return redirect(request.args["next"])

def django_view(request):
    # ruleid: python-open-redirect
    return HttpResponseRedirect(request.GET["next"])

@api.get("/go")
def fastapi_go(target: str):
    # ruleid: python-open-redirect
    return RedirectResponse(target)

async def aiohttp_go(request):
    # ruleid: python-open-redirect
    raise web.HTTPFound(request.query["next"])

def home():
    # ok: python-open-redirect
    return redirect(url_for("home", page=request.args["page"]))

def checked(request):
    target = request.GET["next"]
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return None
    # ok: python-open-redirect
    return HttpResponseRedirect(target)


@app.route("/away")
def away():
    response = Response("", 302)
    # ruleid: python-open-redirect
    response.headers["Location"] = request.args["to"]
    return response


def with_query(request):
    target = "/login"
    target += "?" + request.META["QUERY_STRING"]
    # ok: python-open-redirect
    return HttpResponseRedirect(target)
