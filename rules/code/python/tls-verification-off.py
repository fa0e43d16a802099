import ssl

import aiohttp
import httpx
import jwt
import paramiko
import requests
import urllib3


def fetch(url):
    # ruleid: python-tls-verification-off
    requests.get(url, verify=False)
    # ruleid: python-tls-verification-off
    requests.post(url, json={}, verify=False, timeout=3)
    # ok: python-tls-verification-off
    requests.get(url, timeout=3)
    # ok: python-tls-verification-off
    requests.get(url, verify="/etc/ssl/own-ca.pem", timeout=3)
    session = requests.Session()
    # ruleid: python-tls-verification-off
    session.verify = False
    # ok: python-tls-verification-off
    session.verify = "/etc/ssl/own-ca.pem"
    # ruleid: python-tls-verification-off
    httpx.Client(verify=False)
    # ruleid: python-tls-verification-off
    client = httpx.AsyncClient(timeout=3, verify=False)
    # ok: python-tls-verification-off
    form.post(verify=False)


def contexts():
    # ruleid: python-tls-verification-off
    context = ssl._create_unverified_context()
    # ruleid: python-tls-verification-off
    ssl._create_default_https_context = ssl._create_unverified_context
    context = ssl.create_default_context()
    # ruleid: python-tls-verification-off
    context.verify_mode = ssl.CERT_NONE
    # ok: python-tls-verification-off
    context.verify_mode = ssl.CERT_REQUIRED
    # ruleid: python-tls-verification-off
    urllib3.PoolManager(cert_reqs="CERT_NONE")
    # ok: python-tls-verification-off
    return urllib3.PoolManager(cert_reqs="CERT_REQUIRED")


async def asynchronous(url, session):
    # ruleid: python-tls-verification-off
    aiohttp.TCPConnector(ssl=False)
    # ruleid: python-tls-verification-off
    async with session.get(url, ssl=False) as answer:
        return answer


def shell(host):
    client = paramiko.SSHClient()
    # ruleid: python-tls-verification-off
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    # ok: python-tls-verification-off
    client.set_missing_host_key_policy(paramiko.RejectPolicy())


def claims(token, key):
    # ok: python-tls-verification-off
    jwt.decode(token, options={"verify_signature": False})
    # ok: python-tls-verification-off
    return jwt.decode(token, key, algorithms=["HS256"])


def choice(context, insecure):
    if insecure:
        # ok: python-tls-verification-off
        context.verify_mode = ssl.CERT_NONE
