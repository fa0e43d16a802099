# ruleid: python-open-to-all-hosts
app.run(host="0.0.0.0")
# ruleid: python-open-to-all-hosts
sock.bind(("0.0.0.0", 80))
# ok: python-open-to-all-hosts
app.run(host="127.0.0.1")
