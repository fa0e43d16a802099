import os
import shlex
import subprocess

def ping(host):
    # ruleid: python-command-injection-argument
    os.system(host)

def run(command):
    # ruleid: python-command-injection-argument
    subprocess.run(command, shell=True)

def safe(host):
    # ok: python-command-injection-argument
    os.system(shlex.quote(host))

def listed(host):
    # ok: python-command-injection-argument
    subprocess.run(["ping", host])
