from flask import Flask
from flask_login import login_required

app = Flask(__name__)


@app.get("/items")
@login_required
def items():
    return list_items()


# ruleid: python-missing-authentication
@app.post("/items/delete/<int:number>")
def delete_item(number):
    remove(number)
    return "done"


# ok: python-missing-authentication
@app.post("/items/<int:number>")
@login_required
def update_item(number):
    change(number)
    return "done"


# ok: python-missing-authentication
@app.get("/about")
def about():
    return "about"
