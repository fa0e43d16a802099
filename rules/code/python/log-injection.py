import logging

from flask import request

def flask_view():
    # ruleid: python-log-injection
    logging.info("user %s", request.args["name"])

def django_view(request):
    # ruleid: python-log-injection
    logger.warning(f"no user {request.GET['name']}")

def quoted():
    # ok: python-log-injection
    logging.info("user %s", repr(request.args["name"]))

def stripped():
    # ok: python-log-injection
    logging.info(request.args["name"].replace("\n", ""))
