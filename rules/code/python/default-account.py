import pytest
from werkzeug.security import generate_password_hash


def seed(db):
    if not User.query.filter_by(username="admin").first():
        # ruleid: python-default-account
        db.add(User(username="admin", password_hash=generate_password_hash("admin123")))


def django():
    # ruleid: python-default-account
    User.objects.create_superuser("admin", "admin@example.com", "letmein")


# ruleid: python-default-account
USERS = {"admin": "hunter2"}


def from_environment(db):
    # ok: python-default-account
    db.add(User(username="admin", password_hash=generate_password_hash(os.environ["ADMIN_PASSWORD"])))


@pytest.fixture
def user():
    # ok: python-default-account
    return User.objects.create_user("ada", "ada@example.com", "irrelevant")
