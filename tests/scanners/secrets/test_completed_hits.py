"""Secrets of which the change adds a part: the rest stood there already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.scanners.secrets.templates import expand
from tests.support import changes
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.drill.payloads import fill
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.finding import Finding

RULES = rulebook.load("secrets")
GITHUB = "secrets/github-token"
KEY = expand("ghp_{36*A-Za-z0-9}")
HALF, REST = KEY[:14], KEY[14:]
WORD = fill("{{password:completed}}")
PEM = fill("{{pem}}").split("\n")
FILLER = "".join(f"# line {number}\n" for number in range(60))
SECRET = "kind: Secret\nmetadata:\n  name: a\ndata:\n  first: aGVsbG8td29ybGQtMQ==\n"
SECRET_JSON = (
    '{"kind": "Secret",\n "data": {\n  "first": "aGVsbG8td29ybGQtMQ=="%s\n }\n}\n'
)
CONFIG = (
    f"kind: %s\nmetadata:\n  name: a\nstringData:\n  greeting: hello {WORD[:8]}-there\n"
)

#: Path, old content, new content, rule.
COMPLETED = [
    ("a.yaml", SECRET, SECRET + "  second: " + "c2Vjb25kLXZhbHVlLTI=" + "\n", "kubernetes-secret"),
    ("a.yaml", SECRET.replace("data:", f"annotations:\n{FILLER}data:"),
     SECRET.replace("data:", f"annotations:\n{FILLER}data:") + "  b: c2Vjb25kLXZhbHVlLTI=\n",
     "kubernetes-secret"),
    ("a.json", SECRET_JSON % "", SECRET_JSON % ',\n  "second": "c2Vjb25kLXZhbHVlLTI="',
     "kubernetes-secret"),
    ("a.yaml", CONFIG % "ConfigMap", CONFIG % "Secret", "kubernetes-secret"),
    ("a.py", f'K = ("{HALF}"\n     "x")\n', f'K = ("{HALF}"\n     "{REST}")\n', "github-token"),
    ("a.js", f'k = "{HALF}" +\n  ""\n', f'k = "{HALF}" +\n  "{REST}"\n', "github-token"),
    ("a.sh", f"K={HALF}\\\nx\n", f"K={HALF}\\\n{REST}\n", "github-token"),
    ("a.py", f'K = ("x"\n     "{REST}")\n', f'K = ("{HALF}"\n     "{REST}")\n', "github-token"),
    ("a.py", f'k = "{HALF}"\nk += "."\nk += "{REST}"\n', f'k = "{HALF}"\nk += "{REST}"\n',
     "github-token"),
    ("key.txt", "\n".join(PEM[:4] + PEM[5:]) + "\n", "\n".join(PEM) + "\n", "private-key"),
    ("a.yml", "db_password:\n  # later\nname: x\n", f"db_password:\n  {WORD}\nname: x\n",
     "keyword-assignment"),
    ("a.yml", "greeting:\n  " + WORD + "\n", "db_password:\n  " + WORD + "\n",
     "keyword-assignment"),
    ("a.yml", "- name: DB_PASSWORD\n  value: later\n", f"- name: DB_PASSWORD\n  value: {WORD}\n",
     "keyword-assignment"),
    ("a.properties", "db.password=\\\n  later\n", f"db.password=\\\n  {WORD}\n",
     "keyword-assignment"),
    ("a.json", '{"db_password": [\n  "x"\n]}\n', f'{{"db_password": [\n  "{WORD}"\n]}}\n',
     "keyword-assignment"),
    ("a.py", 'DB_PASSWORD = """\n"""\n', f'DB_PASSWORD = """\n{WORD}\n"""\n',
     "keyword-assignment"),
    ("a.tf", "db_password = <<EOT\nlater\nEOT\n", f"db_password = <<EOT\n{WORD}\nEOT\n",
     "keyword-assignment"),
    ("a.sh", "DB_PASSWORD=<<-'END'\nx\nEND\n", f"DB_PASSWORD=<<-'END'\n{WORD}\nEND\n",
     "keyword-assignment"),
    ("a.tf", 'variable "db_password" {\n  type = string\n}\n',
     f'variable "db_password" {{\n  type = string\n  default = "{WORD}"\n}}\n',
     "keyword-assignment"),
]  # fmt: skip


def scan(
    path: str, new: str, old: str | None, tmp_path: Path, **fields: bool
) -> tuple[Finding, ...]:
    change = changes.change_of({path: new}, {} if old is None else {path: old})
    if fields:
        change = replace(change, files=(replace(change.files[0], **fields),))
    return SCANNER.scan(change, changes.context(RULES, tmp_path)).findings


@each_of(("path", "old", "new", "rule"), COMPLETED)
def test_what_stands_there_completes_what_is_added(
    path: str, old: str, new: str, rule: str, tmp_path: Path
) -> None:
    assert f"secrets/{rule}" in {one.rule for one in scan(path, new, None, tmp_path)}
    known = [one.subject for one in scan(path, old, None, tmp_path)]
    found = scan(path, new, old, tmp_path)
    assert f"secrets/{rule}" in {one.rule for one in found}
    assert not {one.subject for one in found if one.rule.endswith(rule)} & {*known}


OLD_KEY = f'KEY = "{KEY}"\n'


@each_of(
    ("path", "old", "new"),
    [
        ("a.py", OLD_KEY + "x = 1\n", OLD_KEY + "x = 2\n"),
        ("a.py", OLD_KEY + "x = 1\ny = 2\n", OLD_KEY + "y = 2\n"),
        ("a.py", "a = 1\n" + OLD_KEY, "a = 1\n" + FILLER + OLD_KEY),
        ("a.yaml", SECRET, SECRET.replace("name: a", "name: b")),
        ("a.yaml", SECRET + "immutable: true\n", SECRET),
        ("a.yml", f"db_password:\n  {WORD}\nname: x\n", f"db_password:\n  {WORD}\nname: y\n"),
        ("key.txt", "a\n" + "\n".join(PEM), "b\n" + "\n".join(PEM)),
        ("a.py", f'K = ("{HALF}"\n     "{REST}")\nx = 1\n', f'K = ("{HALF}"\n     "{REST}")\n'),
        ("a.yaml", CONFIG % "ConfigMap", (CONFIG % "ConfigMap").replace("name: a", "name: b")),
    ],
)  # fmt: skip
def test_an_edit_beside_an_old_secret_is_quiet(
    path: str, old: str, new: str, tmp_path: Path
) -> None:
    assert scan(path, new, old, tmp_path) == ()


def test_a_completed_secret_is_located_at_its_added_part(tmp_path: Path) -> None:
    old, new = f'K = ("{HALF}"\n     "x")\n', f'K = ("{HALF}"\n     "{REST}")\n'
    (finding,) = scan("a.py", new, old, tmp_path)
    assert (finding.location.kind, finding.location.line) == ("line", 2)
    assert finding.subject == KEY


def test_a_secret_on_old_lines_alone_is_about_the_file(tmp_path: Path) -> None:
    found = scan("a.yaml", CONFIG % "Secret", CONFIG % "ConfigMap", tmp_path)
    finding = next(one for one in found if one.rule == "secrets/kubernetes-secret")
    assert (finding.location.kind, finding.location.line) == ("file", 5)
    assert "this change made the finding possible" in finding.message


def test_a_half_in_another_commit_completes_the_key(tmp_path: Path) -> None:
    first, second = f'K = ("{HALF}"\n', f'K = ("{HALF}"\n     "{REST}")\n'
    gone = "x = 1\n"
    commits = (
        changes.commit("one", changes.file_change("a.py", first, ""), oid="1" * 40),
        changes.commit("two", changes.file_change("a.py", second, first), oid="2" * 40),
        changes.commit(
            "three", changes.file_change("a.py", gone, second), oid="3" * 40
        ),
    )
    change = changes.change_of({"a.py": gone}, {"a.py": ""}, commits)
    findings = SCANNER.scan(change, changes.context(RULES, tmp_path)).findings
    assert [(one.rule, one.location.commit) for one in findings] == [(GITHUB, "2" * 40)]


def test_of_a_merge_only_what_touches_its_own_lines_counts(tmp_path: Path) -> None:
    """What one parent lacks may come from the other one, whose commits are scanned."""
    new = OLD_KEY + "x = 2\n"
    assert scan("a.py", new, "x = 1\n", tmp_path)
    change = changes.change_of({"a.py": new}, {"a.py": "x = 1\n"})
    (file,) = change.files
    own = changes.file_change("a.py", new, OLD_KEY + "x = 1\n").hunks
    merged = replace(change, files=(replace(file, hunks=own, of_merge=True),))
    assert SCANNER.scan(merged, changes.context(RULES, tmp_path)).findings == ()


def test_a_patch_without_content_is_scanned_and_says_so(tmp_path: Path) -> None:
    change = changes.change_of({"a.py": OLD_KEY + "x = 2\n"}, {"a.py": "x = 1\n"})
    patch = replace(change, files=(replace(change.files[0], new=None),))
    run = SCANNER.scan(patch, changes.context(RULES, tmp_path))
    assert {one.rule for one in run.findings} == {GITHUB}
    (skipped,) = run.not_inspected
    assert (skipped.kind, "only the added lines" in skipped.reason) == (
        "not_applicable",
        True,
    )
