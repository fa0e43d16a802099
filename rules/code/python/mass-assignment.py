from flask import request

def flask_view():
    # ruleid: python-mass-assignment
    return User(**request.json)

def django_view(request):
    # ruleid: python-mass-assignment
    return User.objects.create(**request.data)

def named():
    # ok: python-mass-assignment
    return User(name=request.json["name"])

def function():
    # ok: python-mass-assignment
    return handle(**request.json)
