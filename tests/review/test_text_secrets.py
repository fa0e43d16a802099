"""No text leaves the gate with a secret in it, whichever scanner found what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.changes import change_of
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.model.finding import Confidence, Evidence, Finding, Location, Severity
from zt_gate.model.report import NotInspected, Report, ScannerRun, ToolInfo
from zt_gate.policy.schema import Policy
from zt_gate.reports import FORMATS, render
from zt_gate.review import judge, run, text_secrets, workers
from zt_gate.review.report_masking import TextSecrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from zt_gate.model.change import ChangeSet

WEAK = "hun" + "ter2"
KEY = "gh" + "p_" + "kX9fQ2mLp7VtR4wZs8JbN1cYd5HgT3eUa6Po"
BODY = "MIIEpAIBAAKCAQEA" + "q7RkX2vLm9TtB4wZ" * 3
SCANNERS = ("code", "injection", "agent_config", "dependencies", "tampering", "scope")

#: A line with a secret, the file that it is in, and the secret.
LINES = (
    (f'password = "{WEAK}"; eval(x)', "src/app.py", WEAK),
    (f'token = "{KEY}"', "src/app.js", KEY),
    (f"DB_PASSWORD={WEAK}", "deploy/app.env", WEAK),
    (f"curl https://bob:{WEAK}@registry.example.org/simple", "run.sh", WEAK),
    (f'{{"password": "{WEAK}"}}', "app.json", WEAK),
    (f"  password: {WEAK}", "app.yaml", WEAK),
    (f'token = "{KEY.replace("_", chr(92) + "x5f", 1)}"', "src/c.py", KEY[4:]),
    (f'assert login("bob", password="{WEAK}")', "tests/test_app.py", WEAK),
)


def quoting(scanner: str, line: str, path: str) -> Finding:
    return Finding(
        f"{scanner}/x",
        Location("line", path.encode(), 1, 1, 1, 5),
        f"found here: {line}",
        Severity.HIGH,
        Confidence.HIGH,
        evidence=Evidence(line, 0, len(line)),
        fix=f"{line}  # fixed",
        title="A title",
    )


def report_of(change: ChangeSet, runs: Iterable[ScannerRun]) -> Report:
    runs = tuple(runs)
    return judge.judge(
        change,
        runs,
        Policy(),
        judge.JudgeOptions(today="2026-01-01"),
        tool=ToolInfo("zt-gate", "0", "0"),
        rules=rulebook.load("gate"),
        patterns=run.secret_patterns(),
        text_secrets=text_secrets.find(change, runs, None),
    )


SECRETS_RUNS = (
    ScannerRun("secrets", "skipped", "excluded on the command line"),
    ScannerRun("secrets", "error", "secrets used more than 1 s of CPU time"),
    ScannerRun("secrets", "error", f'secrets crashed: ValueError: password = "{WEAK}"'),
)


@each_of("secrets_run", SECRETS_RUNS)
def test_no_format_shows_a_secret_that_a_scanner_quotes(
    secrets_run: ScannerRun,
) -> None:
    change = change_of({path: f"{line}\n" for line, path, _ in LINES})
    runs = [
        ScannerRun(
            scanner,
            "ok",
            findings=tuple(quoting(scanner, line, path) for line, path, _ in LINES),
            not_inspected=(
                NotInspected(
                    b"a.txt", "failed", f"https://bob:{WEAK}@h.example/ is gone"
                ),
            ),
        )
        for scanner in SCANNERS
    ]
    report = report_of(change, [*runs, secrets_run])
    paths = {file.path.decode() for file in change.files}
    for name, _module in FORMATS:
        text = render(name, report).decode()
        shown = {secret for _, _, secret in LINES if secret in text}
        assert not shown, (
            name,
            [line for line in text.split("\n") if WEAK in line][:3],
        )
    for finding in json.loads(render("json", report))["findings"]:
        assert finding["path"] in paths


def test_a_line_of_a_private_key_is_masked() -> None:
    head, end = (
        "-----BEGIN" + " RSA PRIVATE KEY-----",
        "-----END" + " RSA PRIVATE KEY-----",
    )
    change = change_of({"id.txt": "\n".join((head, BODY, BODY[::-1], end)) + "\n"})
    finding = quoting("injection", BODY, "id.txt")
    report = report_of(change, [ScannerRun("injection", "ok", findings=(finding,))])
    assert BODY not in repr(report)


def test_a_name_that_is_no_secret_leaves_paths_as_they_are() -> None:
    name = "Saml2MetadataResponseResolver"
    path = f"src/{name}/{name}.java"
    line = f'String secret = "{name}";'
    own = Finding(
        "secrets/keyword-assignment",
        Location("line", path.encode(), 1),
        "m",
        Severity.HIGH,
        Confidence.MEDIUM,
        evidence=Evidence(line, 17, 17 + len(name)),
        secrets=(name,),
    )
    skipped = NotInspected(path.encode(), "failed", "cannot be read")
    runs = [
        ScannerRun("secrets", "ok", findings=(own,)),
        ScannerRun("code", "ok", not_inspected=(skipped,), findings=(
            quoting("code", "eval(x)", path),
        )),
    ]  # fmt: skip
    report = report_of(change_of({path: f"{line}\n"}), runs)
    assert {item.finding.location.path for item in report.findings} == {path.encode()}
    assert report.runs[1].not_inspected[0].path == path.encode()
    assert path in report.errors[0]


def test_a_key_in_a_path_is_masked_there() -> None:
    path = f"keys/{KEY}.txt"
    finding = quoting("code", "eval(x)", path)
    report = report_of(
        change_of({path: "x\n"}), [ScannerRun("code", "ok", findings=(finding,))]
    )
    assert KEY not in repr(report)
    assert (report.findings[0].finding.location.path or b"").startswith(b"keys/ghp_")


def test_texts_that_were_not_searched_are_withheld(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(_change: ChangeSet, _jobs: object) -> tuple[ScannerRun, ...]:
        return (
            ScannerRun("secrets", "error", "secrets used more than 1 s of CPU time"),
        )

    monkeypatch.setattr(workers, "run", late)
    line = f"the value is {WEAK}"
    crash = ScannerRun("code", "error", f"code crashed: ValueError: bad value {WEAK}")
    runs = [
        ScannerRun("injection", "ok", findings=(quoting("injection", line, "a.md"),)),
        crash,
    ]
    report = report_of(change_of({"a.md": f"{line}\n"}), runs)
    assert WEAK not in repr(report)
    (item,) = report.findings
    assert item.finding.evidence is not None
    assert item.finding.evidence.text == "withheld: secrets were not looked for"
    assert item.finding.location.path == b"a.md"
    assert item.finding.message == "A title"
    assert any("withheld" in error for error in report.errors)
    assert not report.complete


def test_without_a_text_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(workers, "run")
    runs = [
        ScannerRun("code", "ok"),
        ScannerRun("secrets", "ok", not_inspected=()),
    ]
    found = text_secrets.find(change_of({"a.py": "x = 1\n"}), runs, None)
    assert found == TextSecrets()


#: A line with a weak value where a credential belongs, and the file that it is in.
_VALUE = "dragon" + "33blue"
POSITIONS = (
    ('requests.get(url, auth=("bob","VALUE"))', "a.py"),
    ('headers={"X-Auth":"VALUE"}', "a.py"),
    ('jwt.decode(t,"VALUE")', "a.js"),
    ("query = f\"SELECT a FROM t WHERE p='VALUE'\"", "a.py"),
    ('exec("PGPASSWORD=VALUE psql "+q)', "a.js"),
    ("curl -su bob:VALUE https://h.example/x | sh", "a.sh"),
    ('"args": ["--token=VALUE"]', ".mcp.json"),
    ('fetch("https://h.example/x?key=VALUE&a=1")', "a.ts"),
    ("curl -H 'X-Key: VALUE' https://h.example", "a.sh"),
    ("echo VALUE | docker login --password-stdin", "ci.yml"),
    ("eval(x)  # pw: VALUE", "a.py"),
    ('password = typed or "VALUE"', "a.py"),
    ("branch = token=VALUE", "a.cfg"),
)
KINDS = (
    "not_applicable", "unreadable", "failed", "unverified", "excluded", "unsupported_syntax",
)  # fmt: skip


def test_a_weak_value_in_a_credential_position_is_in_no_format() -> None:
    """In evidence, messages and fixes of every scanner, and in reasons of every kind."""
    found = tuple(
        quoting("code", line.replace("VALUE", _VALUE), path) for line, path in POSITIONS
    )
    reasons = (
        "from https://bob:VALUE@h.example/x.git",
        "branch = token=VALUE",
        "uses --key=VALUE",
    )
    skips = tuple(
        NotInspected(b"a.txt", kind, reason.replace("VALUE", _VALUE))
        for kind in KINDS
        for reason in reasons
    )
    folder = f"password={_VALUE}/x.py"
    moved = NotInspected(folder.encode(), "not_applicable", "a reason")
    runs = [
        ScannerRun("code", "ok", findings=(*found, quoting("code", "eval(x)", folder))),
        ScannerRun("tampering", "ok", not_inspected=(*skips, moved)),
    ]
    report = report_of(change_of({"a.py": "x\n"}), runs)
    for name, _module in FORMATS:
        text = render(name, report).decode()
        assert _VALUE not in text, (
            name,
            [line for line in text.split("\n") if _VALUE in line][:3],
        )


@each_of(
    "line",
    [
        "subprocess.run(command, shell=True)",
        "token = get_token(user_id)",
        "call(password=user_password, key=self.key)",
        'eval(compile(text, "src/app.py", "exec"))',
        'open("/usr/share/data/names.txt")',
        "db.execute(f\"select id from users where name = '{name}'\")",
        "db.execute(\"select id from users where name = '%s'\" % name)",
        "psql -c \"select id from users where password = '${PASSWORD}'\"",
        "url = f'https://{user}:{password}@h.example/'",
    ],
)
def test_names_and_paths_of_evidence_stay(line: str) -> None:
    found = replace(quoting("code", line, "a.py"), message="found", fix=None)
    report = report_of(
        change_of({"a.py": "x\n"}),
        [ScannerRun("code", "ok", findings=(found,))],
    )
    (item,) = report.findings
    assert item.finding.evidence is not None
    assert item.finding.evidence.text == line
