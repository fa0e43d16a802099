# ruleid: python-bind-all-interfaces
app.run(host="0.0.0.0")
# ruleid: python-bind-all-interfaces
sock.bind(("0.0.0.0", 80))
# ok: python-bind-all-interfaces
app.run(host="127.0.0.1")
