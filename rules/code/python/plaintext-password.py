from flask import request


def register(db):
    data = request.get_json()
    # ruleid: python-plaintext-password
    user = User(username=data["username"], password=data["password"])
    db.add(user)


def login(user):
    # ruleid: python-plaintext-password
    if user.password == request.form["password"]:
        return "ok"


def sql(cursor, name, password):
    # ruleid: python-plaintext-password
    cursor.execute("INSERT INTO users (name, password) VALUES (?, ?)", (name, password))


def hashed(db):
    data = request.get_json()
    password = generate_password_hash(data["password"])
    # ok: python-plaintext-password
    db.add(User(username=data["username"], password=password))


def verified(user, password):
    # ok: python-plaintext-password
    return check_password_hash(user.password, password)
