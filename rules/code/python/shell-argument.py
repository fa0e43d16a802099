import os
import shlex
import subprocess

def ping(host):
    # ruleid: python-shell-argument
    os.system(host)

def run(command):
    # ruleid: python-shell-argument
    subprocess.run(command, shell=True)

def safe(host):
    # ok: python-shell-argument
    os.system(shlex.quote(host))

def listed(host):
    # ok: python-shell-argument
    subprocess.run(["ping", host])
