import os

# ruleid: python-hardcoded-credential
connect(host, password="swordfish")
# ruleid: python-hardcoded-credential
app.secret_key = "development"
# ruleid: python-hardcoded-credential
db_pass = "swordfish"
# ok: python-hardcoded-credential
connect(host, password=os.environ["PASSWORD"])
# ok: python-hardcoded-credential
app.secret_key = os.environ["KEY"]
# ok: python-hardcoded-credential
password = ""

# ruleid: python-hardcoded-credential
key = "x7Rq2LmP9vTz" + "4KdW8sYb1N"
# ok: python-hardcoded-credential
key = "name_of_a_setting"


def test_login(client):
    # ok: python-hardcoded-credential
    response = client.post("/login", login(username="ada", password="correct horse"))
    # ok: python-hardcoded-credential
    assert client.login(username="ada", password="correct horse")


def basic(credentials):
    # ruleid: python-hardcoded-credential
    return secrets.compare_digest(credentials.password, "swordfish")


def form(data):
    # ruleid: python-hardcoded-credential
    return data["password"] == "admin"
