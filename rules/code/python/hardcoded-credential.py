import os

# ruleid: python-hardcoded-credential
connect(host, password="hunter22")
# ruleid: python-hardcoded-credential
app.secret_key = "development"
# ruleid: python-hardcoded-credential
db_pass = "hunter22"
# ok: python-hardcoded-credential
connect(host, password=os.environ["PASSWORD"])
# ok: python-hardcoded-credential
app.secret_key = os.environ["KEY"]
# ok: python-hardcoded-credential
password = ""
