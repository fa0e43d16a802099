import os

def read(filename):
    # ruleid: python-path-traversal-argument
    return open(os.path.join(FOLDER, filename)).read()

def remove(name):
    # ruleid: python-path-traversal-argument
    os.remove(f"{FOLDER}/{name}")

def base(filename):
    # ok: python-path-traversal-argument
    return open(os.path.join(FOLDER, os.path.basename(filename))).read()

def constant():
    # ok: python-path-traversal-argument
    return open(os.path.join(FOLDER, "a.txt")).read()

def added(name):
    # ruleid: python-path-traversal-argument
    return open(FOLDER + "/" + name).read()


class Store:
    def load(self, session_id: str):
        # ruleid: python-path-traversal-argument
        with open(os.path.join(self.folder, f"{session_id}.json")) as file:
            return file.read()

    def keep(self, upload):
        # ruleid: python-path-traversal-argument
        with open(os.path.join(self.folder, upload.filename), "wb") as file:
            file.write(upload.read())

    def checked(self, session_id: str):
        uuid.UUID(session_id)
        # ok: python-path-traversal-argument
        with open(os.path.join(self.folder, f"{session_id}.json")) as file:
            return file.read()
