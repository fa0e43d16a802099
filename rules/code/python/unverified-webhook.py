import hashlib
import hmac

from flask import Flask, request

app = Flask(__name__)


# ruleid: python-unverified-webhook
@app.post("/webhooks/payments")
def payments():
    event = request.get_json()
    if event["type"] == "paid":
        mark_paid(event["order"])
    return "", 204


# ok: python-unverified-webhook
@app.post("/webhooks/github")
def github():
    body = request.get_data()
    sent = request.headers["X-Hub-Signature-256"]
    made = "sha256=" + hmac.new(KEY, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(sent, made):
        return "", 403
    return "", 204
