from __future__ import annotations

import hashlib
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from zt_gate.model.finding import Level
from zt_gate.policy import load as loading
from zt_gate.policy.load import TABLE, digest_of
from zt_gate.policy.schema import (
    EMPTY_DIGEST,
    AgentRights,
    Allowance,
    Dependencies,
    GuardSettings,
    Ignore,
    Policy,
    PolicyError,
    Scope,
)
from zt_gate.scanners import SCANNERS, registered

if TYPE_CHECKING:
    from pathlib import Path

parse = partial(loading.parse, scanners=registered())
load = partial(loading.load, scanners=registered())
load_file = partial(loading.load_file, scanners=registered())

WHOLE = b"""
profile = "strict"

[levels]
injection = "warn"
"secrets/generic-password" = "info"

[paths]
"docs/**" = { allow = ["injection/*"], reason = "we  teach\\tabout it" }
"tests/fixtures/" = { allow = ["secrets", "gate/unreadable"], reason = "made up" }

[scanners.code]
deadline-seconds = 90
rules = ["tools/rules.yaml"]

[[scanners.code.packs]]
path = "/opt/pack.yaml"
sha256 = "AbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAb"

[dependencies]
min-age-days = 7
min-weekly-downloads = 5_000
min-version-age-days = 2
on-unverified = "warn"

[registries]
pypi = "https://packages.example.org/simple"

[scope]
allowed = ["src/**"]
restricted = ["/infra/"]

[tasks.docs]
allowed = ["docs/**"]
tools = ["Read", "Edit", "Bash"]
commands = ["git log", "make docs"]
network = ["docs.example.org", "*.example.net"]
limits = { calls = 500, writes = 40 }
ttl = 120
token = "vault"

[skills.secure-code-review]
restricted = ["/config/credentials/"]
network = false

[guard]
task = "docs"
modes = { "*" = "observe", "gate/*" = "enforce" }
log-days = 7
log-megabytes = 4
keep-days = 90

[[ignore]]
rule = "code/*"
path = "legacy/**"
reason = "to be rewritten"
expires = 2027-01-31

[[ignore]]
rule = "secrets/generic-password"
path = "old.py"
reason = "rotated"
expires = "2027-02-28"

[ai]
labels = ["ai-generated"]
marks = ["Co-Authored-By: *"]

[audit]
log = "gate.log"
"""


def wrong(
    text: str | bytes, table: tuple[str, ...] = (), rules: tuple[str, ...] | None = None
) -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(PolicyError) as caught:
        parse(data, ".zt-gate.toml", table, rules=rules)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


def test_every_key_is_read() -> None:
    policy = parse(WHOLE, ".zt-gate.toml")
    assert policy.profile == "strict"
    assert policy.levels == {
        "injection": Level.WARN,
        "secrets/generic-password": Level.INFO,
    }
    assert policy.paths == (
        Allowance("docs/**", ("injection/*",), "we teach about it"),
        Allowance("tests/fixtures/", ("secrets", "gate/unreadable"), "made up"),
    )
    assert policy.scanners == {
        "code": {
            "deadline-seconds": 90.0,
            "rules": ("tools/rules.yaml",),
            "packs": ({"path": "/opt/pack.yaml", "sha256": "ab" * 32},),
        }
    }
    assert policy.dependencies == Dependencies(7, 5000, 2, "warn")
    assert policy.registries == {"pypi": "https://packages.example.org/simple"}
    assert policy.scope == Scope(("src/**",), ("/infra/",))
    assert policy.tasks == {"docs": Scope(("docs/**",), ())}
    assert policy.task_rights == {
        "docs": AgentRights(
            paths=Scope(("docs/**",), ()),
            tools=("Read", "Edit", "Bash"),
            commands=("git log", "make docs"),
            network=("docs.example.org", "*.example.net"),
            limits={"calls": 500, "writes": 40},
            ttl=120,
            token="vault",
        )
    }
    assert policy.skills == {
        "secure-code-review": AgentRights(
            paths=Scope((), ("/config/credentials/",)), network=()
        )
    }
    assert policy.guard == GuardSettings(
        "docs", {"*": "observe", "gate/*": "enforce"}, 7, 4, 90
    )
    assert policy.ignores == (
        Ignore("code/*", "legacy/**", "to be rewritten", "2027-01-31"),
        Ignore("secrets/generic-password", "old.py", "rotated", "2027-02-28"),
    )
    assert policy.ai == {"labels": ("ai-generated",), "marks": ("Co-Authored-By: *",)}
    assert policy.audit == {"log": "gate.log"}


def test_the_policy_knows_the_scanners_that_there_are() -> None:
    assert len(registered()) == len(SCANNERS)
    for name in registered():
        policy = parse(f"[levels]\n{name} = 'warn'\n[scanners.{name}]\n".encode(), "p")
        assert policy.levels == {name: Level.WARN}


def test_nothing_said_is_the_defaults() -> None:
    assert parse(b"", ".zt-gate.toml") == Policy()
    assert hashlib.sha256(b"{}").hexdigest() == EMPTY_DIGEST == digest_of({})


def test_the_digest_is_of_what_is_said_not_of_how() -> None:
    one = parse(b'profile = "strict"\n[dependencies]\nmin-age-days = 3\n', "a")
    same = parse(
        b"# a comment\ndependencies.min-age-days=0x3\n\"profile\" = 'strict'\n", "b"
    )
    inside = parse(
        b'[tool.zt-gate]\nprofile="strict"\ndependencies={min-age-days=3}', "c", TABLE
    )
    other = parse(b'profile = "strict"\n[dependencies]\nmin-age-days = 4\n', "a")
    assert one.digest == same.digest == inside.digest != other.digest
    dates = [
        parse(
            b'[[ignore]]\nrule="*"\npath="*"\nreason="r"\nexpires=' + text, "d"
        ).digest
        for text in (b"2027-01-31", b"'2027-01-31'")
    ]
    assert dates[0] == dates[1]


#: Policies that are wrong, and a part of the message.
WRONG = [
    (
        "\n\n[dependencies]\n# a comment\n'min-age-day' = 3",
        ":5: unknown key 'min-age-day' in [dependencies]; did you mean 'min-age-days'?",
    ),
    ("profle = 'strict'", ":1: unknown key 'profle'; did you mean 'profile'?"),
    (
        "\nmin-age-days = 3",
        ":2: unknown key 'min-age-days'; it belongs in [dependencies]",
    ),
    ("[audit]\nq = 1", ":2: unknown key 'q' in [audit]; known keys: log"),
    (
        "profile = 'stict'",
        "'profile' must be one of 'advisory', 'standard', 'strict', not 'stict'; did",
    ),
    (
        "profile = 3",
        ":1: 'profile' must be one of 'advisory', 'standard', 'strict', not a number",
    ),
    ("levels = 3", ":1: 'levels' must be a table, not a number"),
    (
        "[levels]\ncode = 'blok'",
        ":2: [levels] 'code' must be one of 'block', 'warn', 'info', not",
    ),
    (
        "[levels]\nsecrts = 'warn'",
        ":2: unknown scanner in 'secrts'; did you mean 'secrets'?",
    ),
    (
        "[levels]\n'code/*' = 'warn'",
        ":2: 'code/*' is a glob; [levels] takes scanners and rules",
    ),
    (
        "[levels]\n'code/' = 'warn'",
        ":2: 'code/' is not a rule; use scanner/rule or a glob",
    ),
    (
        "[paths]\n'a' = {reason='x'}",
        ":2: [paths] 'a' has no allow, a list of rule globs",
    ),
    (
        "[paths]\n'a' = {allow=['code']}",
        ":2: [paths] 'a' has no reason; say why the finding is expected",
    ),
    ("[paths]\n'a' = {allow=['x/y'], reason='r'}", ":2: unknown scanner in 'x/y'"),
    (
        "[paths]\n'a' = {allow='code', reason='r'}",
        ":2: [paths] 'a' 'allow' must be a list of non-empty strings",
    ),
    ("[paths]\na.md = {allow=['*'], reason='r'}", "a path with dots needs quotes"),
    (
        "[paths]\n'!a' = {allow=['*'], reason='r'}",
        ":2: '!a': a glob that begins with '!'",
    ),
    ("[paths]\n'a[b' = {allow=['*'], reason='r'}", "'[' without its ']'"),
    ("[paths]\n'a[[:alpha:]]' = {allow=['*'], reason='r'}", "are not supported"),
    ("[scanners.codes]", ":1: unknown scanner 'codes'; did you mean 'code'?"),
    (
        "[scanners.code]\nenabled = false",
        ":2: a policy cannot disable a scanner",
    ),
    (
        "[scanners.code]\ndeadlin-seconds = 5",
        ":2: unknown key 'deadlin-seconds' in [scanners",
    ),
    (
        "[scanners.code]\ndeadline-seconds = nan",
        ":2: [scanners.code] 'deadline-seconds' must be",
    ),
    (
        "[scanners.code]\ndeadline-seconds = 1e300",
        "must be above 0 and at most 86,400",
    ),
    (
        "[scanners.code]\ndeadline-seconds = 0",
        "must be above 0 and at most 86,400",
    ),
    ("[scanners.code]\ndeadline-seconds = '5'", "must be a number, not a string"),
    ("[scanners.code]\ndeadline-seconds = true", "must be a number, not a boolean"),
    (
        "[scanners.secrets]\nrules = ['x']",
        ":2: unknown key 'rules' in [scanners.secrets]",
    ),
    (
        "[scanners.code]\nrules = 'x'",
        ":2: [scanners.code] 'rules' must be a list of non-empty strings",
    ),
    ("[scanners.code]\npacks = ['x']", ":2: packs must be a list of tables"),
    (
        "[scanners.code]\npacks = [{ path = 'x', sha256 = 'g' }]",
        "64 hexadecimal digits",
    ),
    ("[scanners.code]\npacks = [{ path = 'x' }]", "a pack needs sha256"),
    ("[[scanners.code.packs]]\nsha256 = 'x'", "a pack has no path"),
    ("[[scanners.code.packs]]\nurl = 'x'", "unknown key 'url'"),
    (
        "[dependencies]\nmin-age-days = '3'",
        "'min-age-days' must be a whole number, not a string",
    ),
    (
        "[dependencies]\nmin-age-days = true",
        "must be a whole number, not a boolean",
    ),
    (
        "[dependencies]\nmin-age-days = -1",
        ":2: [dependencies] 'min-age-days' must be from 0",
    ),
    (
        "[dependencies]\non-unverified = 'ignore'",
        ":2: [dependencies] 'on-unverified' must be one of",
    ),
    ("[registries]\npypy = ''", "did you mean 'pypi'?"),
    (
        "[registries]\npypi = 'ftp://a/'",
        ":2: [registries] 'pypi' is not an http or https URL",
    ),
    (
        "[registries]\npypi = 'https://a/${X}'",
        "variables are expanded only in the user's own",
    ),
    ("[registries]\npypi = 'https://a:99999/'", "'pypi' is not a URL"),
    ("[registries]\npypi = 'https://a/?q=1'", "has a query or a fragment"),
    ("[registries]\npypi = 'https://a\\u0000/'", "is not a URL"),
    ("[tasks.'a b']", ":1: [tasks] 'a b': the name of a task has at most 64 letters"),
    ("[skills.'']", ":1: [skills] '': the name of a skill has"),
    ("[tasks.a]\nnetwork = true", ":2: [tasks.a] 'network' must be false or a list"),
    (
        "[tasks.a]\nnetwork = ['https://a.example/']",
        ":2: 'https://a.example/' is not a",
    ),
    ("[tasks.a]\nlimits = { steps = 3 }", "unknown key 'steps' in [tasks.a.limits]"),
    ("[tasks.a]\nttl = -1", ":2: [tasks.a] 'ttl' must be from 0"),
    ("[tasks.a]\ntoken = 'valt'", "must be one of 'vault', 'github-app', 'aws-sts'"),
    ("[skills.a]\ntoken = 'vault'", "unknown key 'token' in [skills.a]"),
    (
        "[guard]\nmodes = { 'a/b' = 'off' }",
        "must be one of 'observe', 'warn', 'enforce'",
    ),
    ("[guard]\nmodes = { 'a b' = 'warn' }", "'a b' is not the id of a control"),
    ("[guard]\ntask = 'a b'", ":2: 'a b' is not the name of a task"),
    (
        "[tasks.a]\nallow = ['x']",
        ":2: unknown key 'allow' in [tasks.a]; did you mean 'allowed'?",
    ),
    (
        "[scope]\nallowed = ['a', 3]",
        ":2: [scope] 'allowed' must be a list of non-empty strings",
    ),
    ("[scope]\nallowed = ['a/../b']", "has an empty, '.' or '..' segment"),
    (
        "[ignore]\nrule = 'x'",
        ":1: ignore must be a list of tables; write [[ignore]]",
    ),
    (
        "[[ignore]]\nrule = 'code'\n\n[[ignore]]\npath = 'x'",
        ":1: [[ignore]] needs 'path', a glob",
    ),
    (
        2 * "[[ignore]]\nrule='code'\npath='a'\nreason='r'\n" + "expires='soon'",
        ":9: [[ignore]] 'expires' must be a date such as 2027-01-31",
    ),
    (
        "[[ignore]]\nrule='code'\npath='a'\nreason='r'\nexpires='2027-W01-1'",
        ":5: [[ignore]] 'exp",
    ),
    (
        "[[ignore]]\nrule='code'\npath='a'\nreason='r'\nexpires=2027-01-01T00:00:00Z",
        ":5: [[ignore]]",
    ),
    (
        "[[ignore]]\nrule='code'\npath='a'\nreason=' \t'",
        ":4: [[ignore]] has no reason; say why",
    ),
    ("a = 1\nb = = 2", ":2: not valid TOML: Invalid value"),
    ("a = '''\n\n\n", ":1: not valid TOML"),
]


@each_of(("text", "message"), WRONG)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    said = wrong(text)
    assert said.startswith("policy .zt-gate.toml:")
    assert message in said


def test_a_registrys_password_is_in_no_message() -> None:
    password = "hunter" + "2hunter2"
    said = wrong(f"[registries]\npypi = 'https://user:{password}@example.org/'")
    assert "contains credentials" in said
    assert password not in said


def test_control_characters_in_keys_are_escaped() -> None:
    said = wrong('"a\\u001b[31m\\u202e" = 1')
    assert said.isprintable()


def test_rules_are_checked_where_they_are_known() -> None:
    text = "[levels]\n'secrets/aws-acces-key' = 'warn'"
    assert "did you mean 'secrets/aws-access-key'?" in wrong(
        text, rules=("secrets/aws-access-key",)
    )
    assert parse(text.encode(), "p").levels


def test_lines_inside_pyproject() -> None:
    text = '[project]\nname = "x"\n\n[tool.zt-gate]\n\n[tool.zt-gate.dependencies]\nmin-age = 1\n'
    assert "policy .zt-gate.toml:7: unknown key 'min-age' in [dep" in wrong(text, TABLE)


HOSTILE_DOCUMENTS = [
    (b"#" * 65_537, "is larger than 64 KB"),
    (b"a = 1\nb = '\xff'", ":2: the file is not UTF-8"),
    (b"x = 1\n" + b"a." * 30_000 + b"b = 1", ":2: a key has more than 64 dotted parts"),
    (b"[" + b'"a" . ' * 9_000 + b"b]", ":1: a key has more than 64 dotted parts"),
    (b"x = {" + b"a." * 30_000 + b"b = 1}", "a key has more than 64 dotted parts"),
    (b"a = " + b"[" * 60_000, "nested too deeply"),
    (b"a = " + b"{a=" * 20_000, "nested too deeply"),
    (b"a = " + b"9" * 60_000, "not valid TOML"),
]
LINES_TO_SCAN = (b'"""\\', b"'''a'", b'"""', b"'", b'"', b"\\", b"[[a]]\n", b"a.")


def test_hostile_documents_end_quickly_in_one_line() -> None:
    def is_refused(case: tuple[bytes, str]) -> None:
        data, message = case
        assert message in wrong(data)

    finishes(HOSTILE_DOCUMENTS, is_refused)


def test_the_scanner_of_lines_is_linear() -> None:
    def is_refused(unit: bytes) -> None:
        wrong(unit * (500_000 // len(unit)) + b"\nx = " + b"1." * 70, TABLE)

    finishes(LINES_TO_SCAN, is_refused)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="[]{}=.\"'#\\\n ax1-_", max_size=80)
    )
)
def test_anything_is_a_policy_or_a_policy_error(data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    for table in ((), TABLE):
        try:
            said = parse(raw, "p", table).digest
        except PolicyError as error:
            said = str(error)
        assert len(said) == 64 or said.startswith("policy p")


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-5, 5),
        st.text(max_size=5),
        st.just(date(2027, 1, 1)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=6,
)
KNOWN = st.sampled_from(["profile", "levels", "paths", "scanners", "dependencies", "registries",
                         "scope", "tasks", "skills", "ignore", "ai", "audit", "approval",
                         "guard"])  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(st.dictionaries(KNOWN, VALUES, max_size=3))
def test_any_table_is_a_policy_or_one_that_says_why(table: dict[str, object]) -> None:
    from zt_gate.policy.typed_reader import InvalidError
    from zt_gate.policy.validate import policy_of

    try:
        said: str = policy_of(table, scanners=registered()).profile
        path: tuple[str | int, ...] = ()
    except InvalidError as error:
        said, path = str(error), error.path
    assert said.isprintable()
    assert path or table.get("profile", "standard") == said


def side(**files: bytes) -> dict[bytes, bytes]:
    names = {"own": b".zt-gate.toml", "project": b"pyproject.toml"}
    return {names[key]: value for key, value in files.items()}


def test_one_place_for_the_policy() -> None:
    own, project = b"profile='strict'", b"[tool.zt-gate]\nprofile='advisory'"
    assert load(side().get, "abc") == Policy()
    strict = load(side(own=own, project=b"[project]\nname='zt-gate'").get, "abc")
    assert (strict.profile, strict.rev) == ("strict", "abc")
    advisory = load(side(project=project).get, "abc")
    assert (advisory.profile, advisory.rev) == ("advisory", "abc")
    with pytest.raises(PolicyError, match="remove one of them"):
        load(side(own=own, project=project).get, "abc")
    with pytest.raises(PolicyError, match="remove one of them"):
        load(side(own=b"", project=b"[tool.zt-gate]").get, "abc")


def test_an_escaped_key_is_found_too() -> None:
    project = rb'[tool."zt\u002dgate"]' + b"\nprofile='strict'"
    assert load(side(project=project).get, "abc").profile == "strict"


def test_a_broken_pyproject_matters_if_it_speaks_of_the_gate() -> None:
    assert load(side(project=b"a = = \\").get, "abc") == Policy()
    with pytest.raises(PolicyError, match=r"policy pyproject\.toml:2: not valid TOML"):
        load(side(project=b"[tool.zt-gate]\na = = 1").get, "abc")


def test_a_file_of_the_users_choice(tmp_path: Path) -> None:
    own = tmp_path / "team.toml"
    own.write_text("profile = 'strict'")
    policy = load_file(own)
    assert (policy.profile, policy.rev) == ("strict", "file:team.toml")
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.zt-gate]\nprofile = 'advisory'")
    assert load_file(project).profile == "advisory"
    project.write_text("[project]\n")
    with pytest.raises(PolicyError, match=r"no \[tool\.zt-gate\]"):
        load_file(project)
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        load_file(tmp_path / "none.toml")
    with pytest.raises(PolicyError, match="cannot be read: Is a directory"):
        load_file(tmp_path)
