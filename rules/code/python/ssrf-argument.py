from urllib.parse import urlparse

import requests


def fetch(url):
    # ruleid: python-ssrf-argument
    return requests.get(url, timeout=5).text


class Loader:
    def load_image(self, image_url: str) -> bytes:
        # ruleid: python-ssrf-argument
        return requests.get(image_url, timeout=5).content


def allowed(url):
    if urlparse(url).hostname not in {"example.com"}:
        raise ValueError(url)
    # ok: python-ssrf-argument
    return requests.get(url, timeout=5).text


def item(name):
    # ok: python-ssrf-argument
    return requests.get(f"https://api.example.com/{name}", timeout=5).json()


def _private(url):
    # ok: python-ssrf-argument
    return requests.get(url, timeout=5).text
