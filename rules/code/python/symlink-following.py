from aiohttp import web
from starlette.staticfiles import StaticFiles

app = web.Application()
# ruleid: python-symlink-following
app.router.add_static("/files", "uploads", follow_symlinks=True)
# ok: python-symlink-following
app.router.add_static("/files", "uploads")
# ruleid: python-symlink-following
static = StaticFiles(directory="uploads", follow_symlink=True)
