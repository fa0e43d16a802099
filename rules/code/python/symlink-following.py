from aiohttp import web
from starlette.staticfiles import StaticFiles

app = web.Application()
# ruleid: python-symlink-following
app.router.add_static("/files", "uploads", follow_symlinks=True)
# ok: python-symlink-following
app.router.add_static("/files", "uploads")
# ruleid: python-symlink-following
static = StaticFiles(directory="uploads", follow_symlink=True)


def share(name):
    full = os.path.abspath(os.path.join(SHARE, name))
    if not full.startswith(SHARE + os.sep):
        abort(404)
    # ruleid: python-symlink-following
    return send_file(full)


def resolved(name):
    full = os.path.realpath(os.path.join(SHARE, name))
    if not full.startswith(SHARE + os.sep):
        abort(404)
    # ok: python-symlink-following
    return send_file(full)
