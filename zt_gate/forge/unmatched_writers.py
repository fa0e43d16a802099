"""Writers of a change whose account is not known, and who they may be.

A commit names its co-authors, and sometimes its author, by an address that no account
shows.  The person who approves may be that writer.  So the approval counts only if the
two can be told apart: the address is known to be another account's, or the approving
account is known by names and addresses that have nothing in common with the writer's.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate import lazy_re
from zt_gate.forge.api_client import ApiError
from zt_gate.record import dataclass
from zt_gate.review.authorship import is_agent_account

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.review.authorship import Marks

#: Trailers that name somebody who did not write the change, without case and marks.
_NO_WRITERS = frozenset(
    ("signedoffby", "reviewedby", "ackedby", "testedby", "reportedby", "suggestedby",
     "approvedby", "cc", "to", "helpedby", "thanksto", "requestedby", "notified",
     "mergedby", "reportedandtestedby", "fixes", "closes", "link", "seealso", "refs")
)  # fmt: skip
#: Trailers that name a writer also without an address.
_PAIRS = frozenset(
    ("pair", "pairedwith", "pairprogrammedwith", "pairedby", "mobbedwith",
     "mobprogrammedwith", "contributedby", "implementedby")
)  # fmt: skip
_TRAILER = lazy_re.compile(
    r"[ \t>*#|-]{0,40}([^\W\d_][\w -]{0,60}?)[ \t]{0,8}[:=;](.*)"
)
#: Hyphens and dashes that look like "-".
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad"
                                 "\ufe58\ufe63\uff0d\u2043"), "-")  # fmt: skip
_ADDRESS = lazy_re.compile(r"[<(]?[ \t]*([^\s<>()\",;]{1,200}@[^\s<>()\",;]{1,200})")
_NOREPLY = lazy_re.compile(
    r"(?:[0-9]{1,20}\+)?[^@\s<>]{1,60}@users\.noreply\.github\.com"
)
#: The forge itself, as the committer of merges and edits on its pages.
_FORGE = "noreply@github.com"
#: Characters of an unfolded line; more than any forge's address has.
_MAX_LINE = 20_000
#: Characters shared by neighbouring parts of a line.
_OVERLAP = 600
_MAX_NAME = 200
#: The end of a line that the next one continues.
_FOLD = lazy_re.compile(r"\n[ \t]+(?=\S)")
#: Different writers that are looked up; more make every approval uncertain.
_MAX_LOOKUPS = 20
#: Letters of the shortest word of a name that tells two people apart.
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Writer:
    """A name and an address as a commit has them; either may be ""."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The names and addresses under which an account is known, in lower case."""

    login: str
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def unmatched(commits: Iterable[Mapping[str, Any]], marks: Marks) -> list[Writer]:
    """Return the writers without an account, each once; known agents are left out."""
    writers: dict[Writer, None] = {}
    for commit in commits:
        for writer in _of_commit(commit):
            address = writer.address
            is_known = address == _FORGE or _NOREPLY.fullmatch(address) is not None
            if not is_known and not is_agent_account(address, marks):
                writers[writer] = None
    return list(writers)


def _of_commit(commit: Mapping[str, Any]) -> Iterator[Writer]:
    recorded = commit["commit"]
    for role in ("author", "committer"):
        account = commit.get(role)
        if not account or not account.get("login"):
            person = recorded[role]
            yield Writer(person["name"].strip(), person["email"].strip().lower())
    for line in plain_message(recorded["message"]).split("\n"):
        for start in range(0, len(line), _MAX_LINE):
            yield from _in_line(line[start : start + _MAX_LINE + _OVERLAP])


def plain_message(message: str) -> str:
    """Return a message without invisible characters, then again with folded lines joined.

    What is indented can be a trailer of its own as well as the rest of the last one.
    """
    text = unicodedata.normalize("NFKC", message).translate(_DASHES)
    text = "".join(
        char for char in text if unicodedata.category(char) != "Cf" or char == "\t"
    )
    text = "\n".join(text.splitlines())
    folded = _FOLD.sub(" ", text)
    return text if folded == text else f"{text}\n{folded}"


def _in_line(line: str) -> Iterator[Writer]:
    """Yield the writers that a line names; one can stand on any line of a message.

    A line with a name and an address names a writer, unless its trailer says that the
    person did something else.
    """
    match = _TRAILER.match(line.rstrip())
    key = re.sub(r"[\W_]", "", match[1]).lower() if match else ""
    if key in _NO_WRITERS:
        return
    value = (match[2] if match else line).strip()
    addresses = list(_ADDRESS.finditer(value))
    if match is None:
        # Without a key, only "Name <address>" has the form of a trailer.
        addresses = [found for found in addresses if found[0].startswith("<")]
    start = 0
    for address in addresses:
        name = value[start : address.start()].strip(" ,;\"'<(")
        yield Writer(name.rpartition(":")[2].strip(), address[1].lower())
        start = address.end()
    # "From: the old module" is prose; a co-author without an address is a person.
    if (
        not addresses
        and value
        and ((key.startswith("co") and "author" in key) or key in _PAIRS)
    ):
        yield Writer(value[:_MAX_NAME], "")


def accounts_of(
    client: ForgeClient, repository: str, writers: Iterable[Writer]
) -> dict[Writer, str]:
    """Return the login of each writer whose address is that of an earlier commit's account."""
    found = {}
    for writer in list(writers)[:_MAX_LOOKUPS]:
        if not writer.address:
            continue
        query = f"author={quote(writer.address, safe='')}&per_page=1"
        for entry in _list(client, f"{repository}/commits?{query}"):
            login = _login(entry, "author")
            email = _recorded(entry).get("email")
            if login and str(email).lower() == writer.address:
                found[writer] = login.lower()
    return found


def identity_of(client: ForgeClient, repository: str, login: str) -> Identity:
    """Return what is publicly known of an account: its profile and its commits here."""
    names: set[str] = set()
    addresses: set[str] = set()
    try:
        profile = client.get(f"/users/{quote(login, safe='')}")
    except ApiError as error:
        if error.status not in {403, 404}:
            raise
        profile = {}
    if isinstance(profile, dict):
        names.add(str(profile.get("name") or ""))
        addresses.add(str(profile.get("email") or "").lower())
    query = f"author={quote(login, safe='')}&per_page=100"
    for entry in _list(client, f"{repository}/commits?{query}"):
        if _login(entry, "author").lower() == login.lower():
            person = _recorded(entry)
            names.add(str(person.get("name") or ""))
            addresses.add(str(person.get("email") or "").lower())
    return Identity(login.lower(), frozenset(names - {""}), frozenset(addresses - {""}))


def _list(client: ForgeClient, path: str) -> list[Any]:
    """Return a list, [] where there is none that this token can read."""
    try:
        answer = client.get(path)
    except ApiError as error:
        if error.status not in {403, 404, 409, 422}:
            raise
        return []
    return answer if isinstance(answer, list) else []


def _login(entry: Any, role: str) -> str:
    account = entry.get(role) if isinstance(entry, dict) else None
    login = account.get("login") if isinstance(account, dict) else None
    return login if isinstance(login, str) else ""


def _recorded(entry: Any) -> Mapping[str, Any]:
    commit = entry.get("commit") if isinstance(entry, dict) else None
    author = commit.get("author") if isinstance(commit, dict) else None
    return author if isinstance(author, dict) else {}


def is_same(writer: Writer, identity: Identity) -> bool:
    """Whether the writer's address is one of the account's."""
    return bool(writer.address) and writer.address in identity.addresses


def is_apart(writer: Writer, identity: Identity) -> bool:
    """Whether writer and account are known to be two people.

    The account must be known by a name, the writer must have one, and no word of the
    one's name and address may occur in those of the other.
    """
    account_words = _words(" ".join(identity.names))
    writer_words = _words(writer.name)
    if not account_words or not writer_words:
        return False
    own = {*account_words, *_address_words(identity.addresses)}
    other = {*writer_words, *_address_words((writer.address,))}
    if own & other:
        return False
    login = "".join(_words(identity.login)) or identity.login
    return not any(_overlap(word, login) for word in other)


def _overlap(word: str, login: str) -> bool:
    if min(len(word), len(login)) <= _SHORTEST:
        return word == login
    return word in login or login in word


def _words(text: str) -> list[str]:
    """Return the words of a name, without accents and case."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.split(r"[^\w]+|_|[0-9]+", letters)
    return [word for word in words if len(word) >= _SHORTEST]


def _address_words(addresses: Iterable[str]) -> set[str]:
    return {word for address in addresses for word in _words(address.partition("@")[0])}
