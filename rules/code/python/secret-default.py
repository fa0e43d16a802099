import os

# ruleid: python-secret-default
SECRET_KEY = os.getenv("SECRET_KEY", "change-me")
# ruleid: python-secret-default
JWT = os.environ.get("JWT_SECRET") or "supersecret"
# ruleid: python-secret-default
PASSWORD = os.environ.get("ADMIN_PASSWORD", "admin123")
# ok: python-secret-default
SECRET_KEY = os.environ["SECRET_KEY"]
# ok: python-secret-default
API_KEY = os.getenv("API_KEY", "")
# ok: python-secret-default
KEY_FILE = os.getenv("SECRET_KEY_FILE", "/run/secrets/key")
# ok: python-secret-default
HOST = os.getenv("HOST", "localhost")
