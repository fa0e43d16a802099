import re
import sqlite3

import sqlalchemy
from aiohttp import web
from django.db import connection
from fastapi import FastAPI, Depends
from flask import Flask, request
from psycopg2 import sql
from sqlalchemy import select, text
from sqlalchemy.orm import Session

app = Flask(__name__)
api = FastAPI()
COLUMNS = {"name": "name", "age": "age"}


@app.route("/users")
def flask_user():
    name = request.args.get("name")
    cursor = sqlite3.connect("app.db").cursor()
    # ruleid: python-sql-injection
    cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
    # ruleid: python-sql-injection
    cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
    # ruleid: python-sql-injection
    cursor.execute("SELECT * FROM users WHERE name = '{}'".format(name))
    query = "SELECT * FROM users WHERE name = '" + name + "'"
    # ruleid: python-sql-injection
    cursor.executescript(query)
    # ok: python-sql-injection
    cursor.execute("SELECT * FROM users WHERE name = ?", (name,))
    number = int(request.form["id"])
    # ok: python-sql-injection
    cursor.execute(f"SELECT * FROM users WHERE id = {number}")
    column = request.args["sort"]
    if column not in ("name", "age"):
        return "no", 400
    # ok: python-sql-injection
    cursor.execute(f"SELECT * FROM users ORDER BY {column}")
    order = COLUMNS[request.args["order"]]
    # ok: python-sql-injection
    cursor.execute(f"SELECT * FROM users ORDER BY {order}")
    return cursor.fetchall()


@app.route("/users/<name>")
def flask_route(name):
    # ruleid: python-sql-injection
    db.session.execute(text("SELECT * FROM users WHERE name = '" + name + "'"))
    # ok: python-sql-injection
    db.session.execute(text("SELECT * FROM users WHERE name = :name"), {"name": name})


@app.route("/orders/<int:number>")
def flask_number(number):
    # ok: python-sql-injection
    db.execute(f"SELECT * FROM orders WHERE id = {number}")


def django_view(request):
    term = request.GET["q"]
    with connection.cursor() as cursor:
        # ruleid: python-sql-injection
        cursor.execute("SELECT * FROM items WHERE title LIKE '%%%s%%'" % term)
        # ok: python-sql-injection
        cursor.execute("SELECT * FROM items WHERE title LIKE %s", [f"%{term}%"])
    # ruleid: python-sql-injection
    return Item.objects.raw(f"SELECT * FROM items WHERE title = '{term}'")


def django_orm(request):
    # ok: python-sql-injection
    return Item.objects.filter(title=request.POST["title"])


@api.get("/items")
def fastapi_item(name: str, limit: int, session: Session = Depends(get_session)):
    # ruleid: python-sql-injection
    rows = session.execute(text(f"SELECT * FROM items WHERE name = '{name}'"))
    # ok: python-sql-injection
    session.execute(text(f"SELECT * FROM items LIMIT {limit}"))
    # ok: python-sql-injection
    session.execute(select(Item).where(Item.name == name))
    return rows


@api.post("/items")
async def fastapi_body(item: ItemCreate, q: str | None = None):
    # ruleid: python-sql-injection
    await database.fetch_all(f"SELECT * FROM items WHERE name = '{item.name}'")
    # ruleid: python-sql-injection
    await conn.fetchrow("SELECT * FROM items WHERE q = '" + q + "'")
    # ok: python-sql-injection
    await conn.fetchrow("SELECT * FROM items WHERE q = $1", q)


async def aiohttp_handler(request):
    data = await request.json()
    # ruleid: python-sql-injection
    await request.app["db"].execute(f"DELETE FROM users WHERE id = {data['id']}")
    # ruleid: python-sql-injection
    await pool.fetch("SELECT * FROM users WHERE id = " + request.match_info["id"])
    # ok: python-sql-injection
    await pool.fetch("SELECT * FROM users WHERE id = $1", request.match_info["id"])
    return web.json_response({})


def composed(request):
    table = request.GET["table"]
    # ok: python-sql-injection
    cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    # ok: python-sql-injection
    executor.execute(request.GET["job"])


def matched(request):
    name = request.GET["name"]
    if not re.fullmatch("[a-z]+", name):
        raise ValueError(name)
    # ok: python-sql-injection
    cursor.execute(f"SELECT * FROM {name}")
