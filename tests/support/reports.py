"""Reports made in memory, for the tests of the formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)
from zt_gate.model.report import (
    JudgedFinding,
    NotInspected,
    Origin,
    PolicyInfo,
    Report,
    ScannerRun,
    ToolInfo,
    Verdict,
)

if TYPE_CHECKING:
    from zt_gate.model.report import State

#: Names and lines that speak to a terminal, a log, a web page or a parser.
HOSTILE: dict[str, bytes] = {
    "newline": b"a\nb.py",
    "carriage return": b"a\rb.py",
    "quotes": b'it\'s "q".py',
    "escape": b"\x1b[2J\x1b]0;title\x07.py",
    "c1": "\u009b31m\u0085.py".encode(),
    "delete": b"x\x7f\x08.py",
    "command": b"::error file=x::owned.py",
    "spaced command": b" \t::add-mask::x.py",
    "legacy command": b"x ##[stop-commands]y.py",
    "other log commands": b"##vso[task.setvariable variable=x]y ##teamcity[x]",
    "dash": b"--output=x.py",
    "not utf-8": b"caf\xe9\xff.py",
    "bidi": "\u202egnp.exe\u2066.py".encode(),
    "zero width": "pay\u200bpal\ufeff\u2060\u00ad.py".encode(),
    "tags": "a\U000e0041\U000e0042\ufe0f\U000e0101.py".encode(),
    "blank": "\u3164\u115f\uffa0\u2800\u00a0\u2028.py".encode(),
    "marks": ("z" + "\u0301" * 40).encode(),
    "wide": "日本語のファイル.py".encode(),
    "rich": b"[/x][bold red]y[/].py",
    "html": b"</details><img src=x onerror=y><!--.py",
    "mention": b"@octocat/team me@example.com #1 GH-2.py",
    "image": b"![img](http://x.example/y) [a](javascript:b) www.x.example",
    "pipe": b"a|b\\|c||d.py",
    "backticks": b"`a``b```c` `.py",
    "emphasis": b"*a* __b__ ~~c~~ <!-- > # - 1.",
    "percent": b"100%25%0A::error::x,y:z=;]",
    "uri": b"http://x.example/a?b#c",
    "up": b"../../etc/./x",
    "root": b"/etc/passwd",
    "json": b'"}],{"x":"\\u0000',
    "links": b"](http://x.example) [",
}


def finding(
    rule: str = "code/sql-injection",
    path: bytes | None = b"src/app.py",
    line: int | None = 12,
    column: int | None = 16,
    end_line: int | None = 12,
    end_column: int | None = 32,
    kind: Any = "line",
    commit: str | None = None,
    evidence: Evidence | None = None,
    **more: Any,
) -> Finding:
    """Return a finding in the second half of a line, with all texts set."""
    given = {
        "message": "SQL is put together from a request's data",
        "severity": Severity.HIGH,
        "confidence": Confidence.HIGH,
        "why": "Whoever sends the request decides what the database does.",
        "remedy": "Pass the values as parameters of the query.",
        "cwe": ("CWE-89",),
        "references": ("https://owasp.org/www-community/attacks/SQL_Injection",),
    } | more
    text = 'cursor.execute("SELECT * FROM users WHERE name = " + name)'
    return Finding(
        rule=rule,
        location=Location(kind, path, line, column, end_line, end_column, commit),
        evidence=evidence or Evidence(text, 15, 50),
        **given,
    )


def judged(
    found: Finding | None = None,
    level: Level = Level.BLOCK,
    fingerprint: str = "3f2a9c41d0b27e8812aa",
    state: State = "active",
    reason: str = "",
    expires: str = "",
) -> JudgedFinding:
    return JudgedFinding(found or finding(), level, fingerprint, state, reason, expires)


def run(scanner: str = "code", **more: Any) -> ScannerRun:
    given: dict[str, Any] = {
        "status": "ok",
        "seconds": 0.21,
        "files": 5,
        "lines": 120,
    } | more
    return ScannerRun(scanner, **given)


def report(**more: Any) -> Report:
    """Return a report that passes without findings, with the given fields changed."""
    given: dict[str, Any] = {
        "tool": ToolInfo("zt-gate", "0.1.0", "5d" * 32),
        "kind": "staged",
        "base": "4b825dc",
        "head": "index",
        "change_digest": "c0" * 32,
        "policy": PolicyInfo("", "d1" * 32, "standard"),
        "origin": Origin(),
        "verdict": Verdict.PASS,
        "complete": True,
        "seconds": 0.314,
        "findings": (),
        "runs": tuple(
            run(name) for name in ("code", "dependencies", "secrets", "injection")
        ),
        "files": 5,
    }
    return Report(**given | more)


def failing() -> Report:
    """Return a report with findings of every level and state, in several places."""
    secret = "aws_key = 'AKIA…[20]'"
    return report(
        verdict=Verdict.FAIL,
        origin=Origin(ai=True, evidence=("Co-authored-by trailer",)),
        findings=(
            judged(
                finding("code/debug-server", b"web.py", 3, 1, 3, 9, fix="debug=False"),
                Level.WARN,
                "aa" * 16,
            ),
            judged(fingerprint="bb" * 16),
            judged(
                finding(
                    "secrets/aws-access-key",
                    line=4,
                    column=12,
                    end_line=4,
                    end_column=21,
                    message="An AWS access key",
                    evidence=Evidence(secret, 11, 20),
                    cwe=("CWE-798",),
                ),
                Level.BLOCK,
                "cc" * 16,
            ),
            judged(
                finding("injection/override", b"docs/a.md", 1, 1, 1, 9),
                Level.BLOCK,
                "dd" * 16,
                "ignored",
                "A quotation in the security guide",
                "2027-01-31",
            ),
            judged(finding("code/weak-hash"), Level.WARN, "ee" * 16, "baseline"),
            judged(finding("code/todo", line=40), Level.INFO, "ff" * 16),
            judged(
                finding(
                    "gate/policy-changed",
                    b".zt-gate.toml",
                    None,
                    None,
                    None,
                    None,
                    kind="file",
                ),
                Level.WARN,
                "ab" * 16,
            ),
            judged(
                finding(
                    "injection/override",
                    None,
                    None,
                    None,
                    None,
                    None,
                    kind="commit",
                    commit="9fceb02d0ae598e95dc970b74767f19372d61af8",
                ),
                Level.WARN,
                "ac" * 16,
            ),
        ),
    )


def incomplete() -> Report:
    """Return a report with the verdict error and every reason for not inspecting."""
    return report(
        verdict=Verdict.ERROR,
        complete=False,
        errors=(
            "code: semgrep did not answer within 10 s",
            "the audit log could not be written",
        ),
        runs=(
            run(
                "code",
                status="error",
                reason="semgrep did not answer within 10 s",
                not_inspected=(NotInspected(b"src/big.py", "failed", "timed out"),),
            ),
            run(
                "dependencies",
                not_inspected=(
                    NotInspected(
                        b"package.json", "unverified", "left-pad: the registry said 503"
                    ),
                    NotInspected(b"logo.png", "not_applicable", "a PNG image"),
                ),
            ),
            run(
                "secrets",
                not_inspected=(
                    NotInspected(b"data.bin.py", "unreadable", "its bytes are no text"),
                    NotInspected(b"logo.png", "not_applicable", "a PNG image"),
                ),
            ),
            run("injection", status="skipped", reason="--skip injection"),
            run("scope", status="error", reason="the task is not known"),
        ),
    )


def hostile() -> Report:
    """Return a report with every hostile text in every field that a change can reach."""
    found = []
    items = []
    for index, (name, raw) in enumerate(HOSTILE.items(), 1):
        text = raw.decode("utf-8", "surrogateescape")
        line = f"\tx = '{text}' # 日本"
        start = line.index(text)
        found.append(
            judged(
                finding(
                    "code/hostile-text",
                    raw,
                    index,
                    start + 1,
                    index,
                    start + 1 + len(text),
                    message=f"{name}: {text}",
                    evidence=Evidence(line, start, start + len(text)),
                    fix=text if index % 2 else None,
                    why=text,
                    remedy=f"{text} {text}",
                ),
                fingerprint=f"{index:02x}" * 16,
            )
        )
        items.append(NotInspected(raw, "unreadable", text))
    texts = tuple(raw.decode("utf-8", "surrogateescape") for raw in HOSTILE.values())
    return report(
        verdict=Verdict.FAIL,
        complete=False,
        findings=tuple(found),
        errors=texts,
        origin=Origin(ai=True, evidence=texts),
        runs=(run("code", not_inspected=tuple(items)),),
        files=len(found),
    )
