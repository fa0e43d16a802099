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
