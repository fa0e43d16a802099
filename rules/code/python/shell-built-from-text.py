import os
import shlex
import subprocess
import sys

PROGRAM = "ls"


def convert(path, cursor):
    # ruleid: python-shell-built-from-text
    os.system(f"convert {path} out.png")
    # ruleid: python-shell-built-from-text
    subprocess.run("convert " + path, shell=True, check=True)
    command = "convert %s" % path
    # ruleid: python-shell-built-from-text
    subprocess.Popen(command, shell=True)
    # ruleid: python-shell-built-from-text
    os.popen("convert {}".format(path))
    # ok: python-shell-built-from-text
    subprocess.run(["convert", path], check=True)
    # ok: python-shell-built-from-text
    subprocess.run(f"convert {shlex.quote(path)}", shell=True, check=True)
    # ok: python-shell-built-from-text
    os.system(f"{PROGRAM} -l")
    # ok: python-shell-built-from-text
    os.system("ls -l")
