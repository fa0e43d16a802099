import sqlite3

from sqlalchemy import text

TABLE = "users"
LIMIT = 10


def find(cursor, name, column):
    # ruleid: python-sql-built-from-text
    cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
    # ruleid: python-sql-built-from-text
    cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
    # ruleid: python-sql-built-from-text
    cursor.execute("DELETE FROM users WHERE name = '" + name + "'")
    # ruleid: python-sql-built-from-text
    cursor.execute("UPDATE users SET name = '{}'".format(name))
    query = "INSERT INTO users VALUES ('" + name + "')"
    # ruleid: python-sql-built-from-text
    cursor.execute(query)
    # ruleid: python-sql-built-from-text
    session.execute(text(f"SELECT name FROM users WHERE age > {column}"))
    # ok: python-sql-built-from-text
    session.execute(text(f"SELECT {column} FROM users"))
    # ok: python-sql-built-from-text
    cursor.execute("SELECT * FROM users WHERE name = ?", (name,))
    # ok: python-sql-built-from-text
    cursor.execute(f"SELECT * FROM {TABLE}")
    # ok: python-sql-built-from-text
    cursor.execute("SELECT * FROM users " + "WHERE name = ?", (name,))
    # ok: python-sql-built-from-text
    executor.execute(f"job {name}")
    # ok: python-sql-built-from-text
    cursor.execute(f"SELECT * FROM users WHERE id = {int(name)}")
    marks = ", ".join("?" for _ in name)
    # ok: python-sql-built-from-text
    cursor.execute(f"SELECT * FROM users WHERE name IN ({marks})", name)
