# ruleid: python-sql-value-concatenation
cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
# ruleid: python-sql-value-concatenation
cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
# ruleid: python-sql-value-concatenation
cursor.execute("SELECT * FROM users WHERE id = " + user_id)
# ruleid: python-sql-value-concatenation
db.session.execute(text(f"DELETE FROM users WHERE id = {user_id}"))
# ruleid: python-sql-value-concatenation
cursor.execute("INSERT INTO users VALUES ('{}')".format(name))
query = "SELECT * FROM users WHERE name = '" + name + "'"
# ruleid: python-sql-value-concatenation
run_query(query)

# ok: python-sql-value-concatenation
cursor.execute("SELECT * FROM users WHERE name = %s", (name,))
# ok: python-sql-value-concatenation
cursor.execute(f"SELECT * FROM {table} WHERE name = ?", (name,))
# ok: python-sql-value-concatenation
cursor.execute("SELECT * FROM users WHERE id = " + str(int(user_id)))
# ok: python-sql-value-concatenation
session.execute(select(User).where(User.name == name))
# ok: python-sql-value-concatenation
print("Please select a file from = '%s'" % name)
