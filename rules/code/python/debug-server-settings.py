# ruleid: python-debug-server-settings
DEBUG = True
# ruleid: python-debug-server-settings
app.config["DEBUG"] = True
# ok: python-debug-server-settings
DEBUG = False
def setup():
    # ok: python-debug-server-settings
    app.config["DEBUG"] = True
