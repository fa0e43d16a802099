"""Asks every address outside of the project that the pages and rules link to.

    python scripts/outside_links.py [--seconds 20] [--tries 3]

Prints the dead ones with the files that name them, and those whose server answers only
browsers; the exit code is 1 if one is dead.  A workflow runs it every week; a link is no
reason to stop a change.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from zt_gate import rulebook  # noqa: E402 - needs the path above
from zt_gate.scanners import registered  # noqa: E402

#: Names that belong to nobody (RFC 2606), and this machine.
NOBODY = (
    "example",
    "example.com",
    "example.net",
    "example.org",
    "invalid",
    "localhost",
    "test",
)
#: The server is there, but does not answer a program, or not so often.
UNKNOWN = frozenset((401, 403, 405, 406, 429, 999))
GONE = frozenset((404, 410))
AGENT = "Mozilla/5.0 (compatible; zt-gate's check of its links)"
IN_FLIGHT = 8
MAX_READ = 1 << 16


@dataclass(frozen=True)
class Answer:
    """What came of one address: ``state`` is ok, dead or unknown."""

    state: str
    reason: str = ""


def of_page(text: str) -> set[str]:
    """Return the addresses that a page links to; code is not a link."""
    found = set()
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        for child in token.children or ():
            if child.type == "link_open":
                found.add(str(child.attrGet("href")))
            elif child.type == "image":
                found.add(str(child.attrGet("src")))
    return found


def is_outside(address: str) -> bool:
    """Return whether an address is http(s), on a host that can exist."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    is_nobody = any(host == name or host.endswith(f".{name}") for name in NOBODY)
    return parts.scheme in {"http", "https"} and bool(host) and not is_nobody


def collect(root: Path = ROOT) -> dict[str, list[str]]:
    """Return each outside address, without its fragment, and what names it."""
    named: dict[str, set[str]] = {}
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("rules/**/*.md"),
             root / "bench" / "RESULTS.md"]  # fmt: skip
    for page in pages:
        for address in of_page(page.read_text("utf-8")):
            named.setdefault(urldefrag(address).url, set()).add(
                str(page.relative_to(root))
            )
    for scanner in registered():
        for rule in rulebook.load(scanner).values():
            for address in rule.references:
                named.setdefault(urldefrag(address).url, set()).add(rule.id)
    return {
        url: sorted(names) for url, names in sorted(named.items()) if is_outside(url)
    }


def status(address: str, seconds: float) -> int:
    """Return the status of the last answer, after redirects; raises OSError."""
    headers = {"User-Agent": AGENT, "Accept": "text/html,*/*;q=0.5"}
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            response.read(MAX_READ)
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no usable answer: {error}") from error


def ask(address: str, *, seconds: float, tries: int, pause: float) -> Answer:
    """Ask for an address until it answers well, is gone, or the tries are used up."""
    answer = Answer("dead", "not asked")
    for number in range(tries):
        if number:
            time.sleep(pause * 2 ** (number - 1))
        try:
            code = status(address, seconds)
        except OSError as error:
            reason = getattr(error, "reason", None) or error
            answer = Answer("dead", " ".join(str(reason).split()))
            continue
        if code < 400:
            return Answer("ok")
        if code in GONE:
            return Answer("dead", f"status {code}")
        answer = Answer("unknown" if code in UNKNOWN else "dead", f"status {code}")
    return answer


def check(
    named: dict[str, list[str]], *, seconds: float, tries: int, pause: float
) -> int:
    """Ask all addresses and print the result; returns the exit code."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        answers = dict(
            zip(
                named,
                pool.map(
                    lambda url: ask(url, seconds=seconds, tries=tries, pause=pause),
                    named,
                ),
                strict=True,
            )
        )
    for state in ("unknown", "dead"):
        for address, answer in answers.items():
            if answer.state == state:
                print(
                    f"{state}: {address} ({answer.reason}), in {', '.join(named[address])}"
                )
    states = [answer.state for answer in answers.values()]
    counts = (f"{states.count(state)} {state}" for state in ("ok", "unknown", "dead"))
    print(f"{len(named)} links: {', '.join(counts)}")
    return 1 if "dead" in states else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--seconds", type=float, default=20, help="for each request")
    parser.add_argument("--tries", type=int, default=3, help="for each address")
    options = parser.parse_args()
    return check(collect(), seconds=options.seconds, tries=options.tries, pause=5)


if __name__ == "__main__":
    sys.exit(main())
