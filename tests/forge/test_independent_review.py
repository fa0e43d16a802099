"""Who counts as independent, and what counts as a list of commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.test_github_action import Job, asked, forge, job, rules
from tests.support import forge as make
from tests.support.forge import ADA, BOB
from tests.support.offenders import check_each
from zt_gate import rulebook
from zt_gate.errors import GateError
from zt_gate.forge import human_review, unmatched_writers
from zt_gate.forge.api_client import ApiError
from zt_gate.forge.commit_list import checked_commits, checked_reviews
from zt_gate.forge.unmatched_writers import Identity, Writer, is_apart
from zt_gate.review import authorship

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["forge", "job"]

DOMAIN = "private.example"
#: What is publicly known of Bob.
BOBS = [
    {
        "author": BOB,
        "commit": {"author": {"name": "Robert Stone", "email": "rs@stone.example"}},
    }
]


def with_message(message: str) -> dict[str, Any]:
    entry = make.commit()
    entry["commit"]["message"] = message
    return entry


def unmatched(role: str, name: str, email: str) -> dict[str, Any]:
    entry = make.commit()
    entry[role] = None
    entry["commit"][role] = {"name": name, "email": email}
    return entry


UNCERTAIN = (
    f"Fix\n\nCo-authored-by: X <x@{DOMAIN}>",
    f"Fix\n\nco-authored-by: bob <hidden@{DOMAIN}>",
    f"Fix\n\nCO-AUTHORED-BY : Robert S. <r@{DOMAIN}>",
    f"Fix\n\nCo-authored-by: Somebody <bob@{DOMAIN}>",
    f"Fix\n\nCo-Developed-by: R. Stone <q@{DOMAIN}>",
    "Fix\n\nCo-authored-by: X",
    f"Fix\n\nCo-authored-by: <rs@{DOMAIN}>",
    "Fix\n\nCo-authored-by: Another Name <rs@stone.example>",
    f"Fix\n\nCo-authored-by: A B <a@{DOMAIN}>, Stone <s@{DOMAIN}>",
    f"Co-authored-by: X <x@{DOMAIN}>\n\nMore text.",
    f"Fix\n\nCo\u2010authored\u2010by: X <x@{DOMAIN}>".replace("\u2010", "-"),
)


BOB_THERE = f"Bob <x@{DOMAIN}>"
NAMED = (
    "Co-authored-by: X <2+BOB@USERS.NOREPLY.GITHUB.COM>",
    "Co-authored-by: X <2+bob@Users.NoReply.GitHub.com>",
    f"Co-authored-by:\n  {BOB_THERE}",
    f"Signed-off-by: Y <y@{DOMAIN}>\n  Co-authored-by: {BOB_THERE}",
    "line\n" * 6000 + f"Co-authored-by: {BOB_THERE}",
    f"Co-authored-by: {' ' * 1500}{BOB_THERE}",
    f"Co\u2011authored\u2011by: {BOB_THERE}",
    f"Co\u2013authored\u2212by: {BOB_THERE}",
    f"\u200bCo-authored-by: {BOB_THERE}",
    f"> > Co-authored-by: {BOB_THERE}",
    f"Co-authored-by; {BOB_THERE}",
    f"Pair: {BOB_THERE}",
    f"Contributed-by: {BOB_THERE}",
    f"Implemented-by: {BOB_THERE}",
    BOB_THERE,
)


def test_any_line_with_a_name_and_an_address_names_a_writer() -> None:
    marks = authorship.marks_of(rulebook.load("gate")[authorship.RULE], {}, ())

    def is_named(text: str) -> str:
        for whole in (f"Fix\n\n{text}", text):
            entry = with_message(whole)
            named = unmatched_writers.unmatched([entry], marks)
            bobs = [one for one in named if one.address == f"x@{DOMAIN}"]
            if not bobs and "bob" not in set(human_review._writers({}, [entry])):
                return "nobody is named"
        return ""

    check_each(NAMED, is_named)


def test_prose_and_other_roles_name_no_writer() -> None:
    marks = authorship.marks_of(rulebook.load("gate")[authorship.RULE], {}, ())

    def is_quiet(text: str) -> str:
        named = unmatched_writers.unmatched([with_message(text)], marks)
        return f"{named}" if named else ""

    check_each(
        (*HONEST[1:], f"Fix\n\nAcked-by: Bob <x@{DOMAIN}>", f"Mail to x@{DOMAIN} bounced",
         "Fix pair: two items", "Install a@1.2", f"Tested-by: Bob <x@{DOMAIN}>"),
        is_quiet,
    )  # fmt: skip


@pytest.mark.parametrize("message", UNCERTAIN)
def test_a_co_author_who_may_be_the_reviewer_makes_the_approval_not_count(
    message: str, job: Job
) -> None:
    job.forge.commits = [with_message(message)]
    job.forge.history = {"bob": BOBS}
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1
    assert rules(job) == {"gate/not-reviewed"}
    assert "may be the co-author" in job.summary or "wrote, committed" in job.summary


@pytest.mark.parametrize(
    "entry",
    [
        unmatched("author", "X", f"x@{DOMAIN}"),
        unmatched("committer", "Bob", f"y@{DOMAIN}"),
        unmatched("author", "Jane Hill", "rs@stone.example"),
    ],
)
def test_an_author_without_an_account_is_as_uncertain(entry: Any, job: Job) -> None:
    job.forge.commits = [entry]
    job.forge.history = {"bob": BOBS}
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1


def test_a_reviewer_of_whom_nothing_is_known_is_uncertain(job: Job) -> None:
    job.forge.commits = [
        with_message(f"Fix\n\nCo-authored-by: Jane Hill <jh@{DOMAIN}>")
    ]
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1
    assert "users.noreply.github.com" in job.summary.replace("\\", "")
    job.forge.profiles = {"bob": {"name": "Robert Stone", "email": None}}
    assert asked(job) == 0


HONEST = (
    f"Fix\n\nCo-authored-by: Jane Hill <jane@{DOMAIN}>",
    "Fix\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    "Fix\n\nCo-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>",
    "Fix\n\nCo-authored-by: Eve <3+eve@users.noreply.github.com>",
    f"Fix\n\nSigned-off-by: X <x@{DOMAIN}>\nReviewed-by: Bob <bob@{DOMAIN}>",
    "Fix\n\nFrom: the old module, which nobody reads",
    "Fix the list of co-authors: it was empty",
)


@pytest.mark.parametrize("message", HONEST)
def test_co_authors_who_are_somebody_else_change_nothing(
    message: str, job: Job
) -> None:
    job.forge.commits = [with_message(message)]
    job.forge.history = {"bob": BOBS}
    job.forge.approve(BOB, job.change())
    assert asked(job) == 0


def test_an_address_of_an_earlier_commit_names_its_account(job: Job) -> None:
    address = f"x@{DOMAIN}"
    known = {"author": BOB, "commit": {"author": {"name": "X", "email": address}}}
    job.forge.commits = [with_message(f"Fix\n\nCo-authored-by: X <{address}>")]
    job.forge.history = {"bob": BOBS, address: [known]}
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1
    assert "wrote, committed" in job.summary
    job.forge.history[address] = [{**known, "author": ADA}]
    assert asked(job) == 0


def test_how_two_people_are_told_apart() -> None:
    bob = Identity("bob", frozenset({"Robert Stone"}), frozenset({"rs@stone.example"}))

    def together(writer: Writer) -> None:
        assert not is_apart(writer, bob)

    check_each(
        (Writer("", ""), Writer("X", ""), Writer("bob", ""), Writer("Bobby Tables", ""),
         Writer("STONE", "a@b"), Writer("Röbert", "a@b"), Writer("Jane", "rs@x"),
         Writer("Jane", "robert.h@x")),
        together,
    )  # fmt: skip
    assert is_apart(Writer("Jane Hill", "jh@x"), bob)
    assert is_apart(Writer("Ada Lovelace", "ada@stone.example"), bob)
    assert not is_apart(Writer("Jane Hill", "jh@x"), Identity("bob"))


# The lists of the forge

HEAD = "f" * 40


def entry(oid: str = HEAD, **changed: Any) -> dict[str, Any]:
    return {"sha": oid, **make.commit(), **changed}


def message(text: Any) -> dict[str, Any]:
    recorded = make.commit()["commit"]
    return entry(commit={**recorded, "message": text})


def without(role: str) -> dict[str, Any]:
    recorded = make.commit()["commit"]
    del recorded[role]
    return entry(commit=recorded)


OTHER = "1" * 40
MALFORMED: tuple[tuple[Any, Any], ...] = (
    ({"0": entry()}, 1),
    ("commits", 1),
    (None, 1),
    ([], 0),
    ([], 1),
    (["x"], 1),
    ([None], 1),
    ([[]], 1),
    ([{}], 1),
    ([entry(sha="")], 1),
    ([entry(sha=None)], 1),
    ([entry(sha=7)], 1),
    ([entry("HEAD")], 1),
    ([entry("F" * 40)], 1),
    ([entry(OTHER)], 1),
    ([entry(), entry()], 2),
    ([entry(), entry(OTHER)], 1),
    ([entry()], 2),
    ([entry()], None),
    ([entry()], "1"),
    ([entry()], True),
    ([entry(commit=None)], 1),
    ([message(None)], 1),
    ([message(["Fix"])], 1),
    ([without("author")], 1),
    ([without("committer")], 1),
    ([entry(author="ada")], 1),
    ([entry(committer=[ADA])], 1),
    ([entry(author={"login": ["bob"]})], 1),
    ([entry(author={"login": 2})], 1),
    ([entry(committer={"login": None})], 1),
    ([entry(committer={"id": 2})], 1),
    ([entry(author={"login": {"login": "bob"}})], 1),
)


def test_a_malformed_list_of_commits_is_an_error() -> None:
    def refused(case: tuple[Any, Any]) -> None:
        with pytest.raises(ApiError):
            checked_commits(case[0], "GET /commits", announced=case[1], head=HEAD)

    check_each(MALFORMED, refused)
    whole = [entry(OTHER, author=None), entry(committer={})]
    assert checked_commits(whole, "GET /commits", announced=2, head=HEAD) == whole


def test_a_malformed_list_of_reviews_is_an_error() -> None:
    def refused(reviews: Any) -> None:
        with pytest.raises(ApiError):
            checked_reviews(reviews, "GET /reviews")

    check_each(({}, None, "x", ["x"], [None], [{}], [{"state": 1}],
                [{"state": "APPROVED", "user": "bob"}], [{"state": "APPROVED", "user": {}}]),
               refused)  # fmt: skip
    assert checked_reviews([{"state": "APPROVED", "user": None}], "GET /reviews")


@pytest.mark.parametrize(
    "change",
    [
        lambda forge: forge.commits.append("x"),
        lambda forge: forge.commits.append(make.commit()),
        lambda forge: forge.commits.clear(),
        lambda forge: forge.commits[0].update(sha="0" * 40),
        lambda forge: forge.commits[0].update(sha=None),
        lambda forge: forge.reviews.append("APPROVED"),
    ],
)
def test_the_job_ends_in_an_error(change: Callable[[Any], None], job: Job) -> None:
    job.forge.approve(BOB, job.change())
    change(job.forge)
    with pytest.raises(GateError):
        asked(job)
    assert job.outputs["verdict"] == "error"


def test_an_event_without_the_number_of_commits_asks_for_it(job: Job) -> None:
    job.forge.approve(BOB, job.change())
    event = job.pull(labels=[{"name": "ai"}])
    short = {**event["pull_request"]}
    del short["commits"]
    job.inputs["ZT_APPROVAL"] = "true"
    assert job.run({**event, "pull_request": short}, "pull_request_review") == 0
    job.forge.pulls[0]["commits"] = 3
    with pytest.raises(GateError, match="1 of 3"):
        job.run({**event, "pull_request": short}, "pull_request_review")
