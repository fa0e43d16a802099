from aiohttp import web
from flask import jsonify, render_template, request
from markupsafe import escape

@app.route("/hello")
def hello():
    name = request.args["name"]
    # ruleid: python-xss
    return f"<h1>{name}</h1>"

def django_view(request):
    # ruleid: python-xss
    return HttpResponse("<p>" + request.GET["q"])

@api.get("/x")
def fastapi_page(name: str):
    # ruleid: python-xss
    return HTMLResponse(f"<p>{name}</p>")

async def aiohttp_page(request):
    name = request.query["name"]
    # ruleid: python-xss
    return web.Response(text=f"<p>{name}</p>", content_type="text/html")

class Tornado(RequestHandler):
    def get(self):
        # ruleid: python-xss
        self.write("<p>" + self.get_argument("q"))

@app.route("/safe")
def safe():
    # ok: python-xss
    return f"<h1>{escape(request.args['name'])}</h1>"

@app.route("/json")
def data():
    # ok: python-xss
    return jsonify(request.args["name"])

@app.route("/template")
def template():
    # ok: python-xss
    return render_template("a.html", name=request.args["name"])
