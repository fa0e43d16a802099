# ruleid: python-sql-identifier-concatenation
cursor.execute(f"SELECT * FROM {table} WHERE id = ?", (number,))
# ruleid: python-sql-identifier-concatenation
cursor.execute("DROP TABLE %s" % name)
# ok: python-sql-identifier-concatenation
cursor.execute("SELECT * FROM users WHERE id = ?", (number,))
# ok: python-sql-identifier-concatenation
cursor.execute(f"SELECT * FROM {TABLE} WHERE id = ?", (number,))
