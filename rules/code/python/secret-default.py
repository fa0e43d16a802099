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


class Settings(BaseSettings):
    # ruleid: python-secret-default
    jwt_secret: str = "please-change-me-now"
    # ok: python-secret-default
    database_url: str = "sqlite:///app.db"
    # ok: python-secret-default
    api_key: str = ""
