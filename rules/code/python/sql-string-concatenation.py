import sqlite3

from sqlalchemy import text

TABLE = "users"
LIMIT = 10


def find(cursor, name, column):
    # ruleid: python-sql-string-concatenation
    cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
    # ruleid: python-sql-string-concatenation
    cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
    # ruleid: python-sql-string-concatenation
    cursor.execute("DELETE FROM users WHERE name = '" + name + "'")
    # ruleid: python-sql-string-concatenation
    cursor.execute("UPDATE users SET name = '{}'".format(name))
    query = "INSERT INTO users VALUES ('" + name + "')"
    # ruleid: python-sql-string-concatenation
    cursor.execute(query)
    # ruleid: python-sql-string-concatenation
    session.execute(text(f"SELECT name FROM users WHERE age > {column}"))
    # ok: python-sql-string-concatenation
    session.execute(text(f"SELECT {column} FROM users"))
    # ok: python-sql-string-concatenation
    cursor.execute("SELECT * FROM users WHERE name = ?", (name,))
    # ok: python-sql-string-concatenation
    cursor.execute(f"SELECT * FROM {TABLE}")
    # ok: python-sql-string-concatenation
    cursor.execute("SELECT * FROM users " + "WHERE name = ?", (name,))
    # ok: python-sql-string-concatenation
    executor.execute(f"job {name}")
    # ok: python-sql-string-concatenation
    cursor.execute(f"SELECT * FROM users WHERE id = {int(name)}")
    marks = ", ".join("?" for _ in name)
    # ok: python-sql-string-concatenation
    cursor.execute(f"SELECT * FROM users WHERE name IN ({marks})", name)
