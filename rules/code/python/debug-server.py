import os

import fastapi
import werkzeug.serving
from flask import Flask

app = Flask(__name__)
# ruleid: python-debug-server
app.debug = True
# ruleid: python-debug-server
app.config["DEBUG"] = True
# ok: python-debug-server
app.config["DEBUG"] = os.environ.get("APP_DEBUG") == "1"

# ruleid: python-debug-server
api = fastapi.FastAPI(debug=True)
# ok: python-debug-server
api = fastapi.FastAPI(title="x")

if __name__ == "__main__":
    # ruleid: python-debug-server
    app.run(host="0.0.0.0", debug=True)
    # ruleid: python-debug-server
    werkzeug.serving.run_simple("localhost", 80, app, use_debugger=True)
    # ok: python-debug-server
    app.run(host="127.0.0.1")
    # ok: python-debug-server
    app.run(debug=os.environ.get("APP_DEBUG") == "1")
