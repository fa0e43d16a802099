import os
import shlex
import subprocess
import sys

PROGRAM = "ls"


def convert(path, cursor):
    # ruleid: python-shell-string-concatenation
    os.system(f"convert {path} out.png")
    # ruleid: python-shell-string-concatenation
    subprocess.run("convert " + path, shell=True, check=True)
    command = "convert %s" % path
    # ruleid: python-shell-string-concatenation
    subprocess.Popen(command, shell=True)
    # ruleid: python-shell-string-concatenation
    os.popen("convert {}".format(path))
    # ok: python-shell-string-concatenation
    subprocess.run(["convert", path], check=True)
    # ok: python-shell-string-concatenation
    subprocess.run(f"convert {shlex.quote(path)}", shell=True, check=True)
    # ok: python-shell-string-concatenation
    os.system(f"{PROGRAM} -l")
    # ok: python-shell-string-concatenation
    os.system("ls -l")
