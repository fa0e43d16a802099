from xml.etree import ElementTree

import defusedxml.ElementTree
from flask import request
from lxml import etree

def flask_view():
    # ruleid: python-xxe-from-request
    return ElementTree.fromstring(request.data)

def django_view(request):
    # ruleid: python-xxe-from-request
    return etree.fromstring(request.body)

def safe():
    # ok: python-xxe-from-request
    return defusedxml.ElementTree.fromstring(request.data)
