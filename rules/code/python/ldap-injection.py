from flask import request
from ldap.filter import escape_filter_chars

def flask_view():
    # ruleid: python-ldap-injection
    conn.search_s("dc=example", 2, "(uid=" + request.args["name"] + ")")

def django_view(request):
    # ruleid: python-ldap-injection
    connection.search("dc=example", f"(uid={request.GET['name']})")

def escaped():
    # ok: python-ldap-injection
    conn.search_s("dc=example", 2, "(uid=" + escape_filter_chars(request.args["name"]) + ")")
