# ruleid: python-sql-name-in-text
cursor.execute(f"SELECT * FROM {table} WHERE id = ?", (number,))
# ruleid: python-sql-name-in-text
cursor.execute("DROP TABLE %s" % name)
# ok: python-sql-name-in-text
cursor.execute("SELECT * FROM users WHERE id = ?", (number,))
# ok: python-sql-name-in-text
cursor.execute(f"SELECT * FROM {TABLE} WHERE id = ?", (number,))
