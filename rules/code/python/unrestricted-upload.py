import os

from flask import request
from werkzeug.utils import secure_filename

def flask_upload():
    file = request.files["file"]
    # ruleid: python-unrestricted-upload
    file.save(os.path.join("/srv", file.filename))

def named():
    file = request.files["file"]
    # ok: python-unrestricted-upload
    file.save(os.path.join("/srv", secure_filename(file.filename)))

# ok: python-unrestricted-upload
figure.save(path)
