from flask import request

def flask_view():
    # ruleid: python-xpath-injection
    return tree.xpath(f"//user[@name='{request.args['name']}']")

def django_view(request):
    # ruleid: python-xpath-injection
    return root.find(".//user[@name='" + request.GET["name"] + "']")

def variable():
    # ok: python-xpath-injection
    return tree.xpath("//user[@name=$name]", name=request.args["name"])
