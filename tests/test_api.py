"""The Python functions: the same verdicts as the command line."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.api import GateError, UsageError, Verdict, scan
from zt_gate.scanners import registered

KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    made.write("settings.py", f"KEY = '{KEY}'\n")
    return made


def judged(repo: Repo, **keywords: Any) -> Any:
    environ = {**GIT_ENV, "HOME": str(repo.path.parent)}
    return scan(repo.path, scanners=["secrets"], environ=environ, **keywords)


def test_every_source(repo: Repo) -> None:
    assert judged(repo).verdict is Verdict.PASS
    assert judged(repo, worktree=True).verdict is Verdict.FAIL
    assert judged(repo, tree=[]).verdict is Verdict.FAIL
    assert judged(repo, tree=["a.txt"]).verdict is Verdict.PASS
    assert judged(repo, tree=[repo.path / "settings.py"]).verdict is Verdict.FAIL
    repo.git("add", "-A")
    report = judged(repo)
    assert (report.kind, report.verdict.exit_code) == ("staged", 1)
    patch = repo.git("diff", "--cached", "--binary", "--full-index")
    assert judged(repo, patch=patch).verdict is Verdict.FAIL
    repo.commit()
    for source in ({"range": "HEAD~1..HEAD"}, {"base": "HEAD~1"}):
        assert judged(repo, **source).verdict is Verdict.FAIL
    assert judged(repo, base="HEAD").verdict is Verdict.PASS


def test_keywords_have_the_meaning_of_the_options(repo: Repo, tmp_path: Path) -> None:
    assert judged(repo, worktree=True, profile="advisory").verdict is Verdict.PASS
    (tmp_path / "mine.toml").write_text('profile = "advisory"\n')
    assert (
        judged(repo, worktree=True, config=tmp_path / "mine.toml").verdict
        is Verdict.PASS
    )
    skipped = {run.scanner for run in judged(repo).runs if run.status == "skipped"}
    assert skipped == registered().keys() - {"secrets"}


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"base": "HEAD", "worktree": True}, "give one source"),
        ({"patch": b"", "tree": []}, "give one source"),
        ({"text": "", "buffer": ("a", b"")}, "give one source"),
        ({"buffer": ("../a", b"")}, "outside"),
        ({"buffer": (b"a", b"")}, "takes a name"),
        ({"range": b"HEAD..HEAD"}, "takes a name"),
        ({"base": "nowhere"}, "nowhere"),
        ({"patch": b"a letter, no patch"}, "patch"),
        ({"skip": "code"}, "list"),
        ({"tree": "src"}, "list"),
        ({"skip": ["cod"]}, "code"),
        ({"profile": "lax"}, "profile"),
        ({"fail_on": "never"}, "fail-on"),
    ],
)
def test_wrong_keywords(repo: Repo, keywords: dict[str, Any], said: str) -> None:
    with pytest.raises(GateError, match=said) as caught:
        judged(repo, **keywords)
    assert isinstance(caught.value, UsageError) or keywords.keys() & {"base", "patch"}
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="repository") as caught:
        scan(tmp_path, environ=GIT_ENV)
    assert caught.value.exit_code == 2


def test_nothing_is_printed_and_nothing_is_changed(
    repo: Repo, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (os.getcwd(), dict(os.environ))
    judged(repo, worktree=True)
    assert capfd.readouterr() == ("", "")
    assert (os.getcwd(), dict(os.environ)) == before


def test_the_example_in_the_documentation(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "api.md"
    example, texts = re.findall(
        r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL
    )
    assert '"path/to/repository"' in example
    repo.git("add", "-A")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(example.replace("path/to/repository", str(repo.path)), {})
    assert said.getvalue() == "block secrets/anthropic-api-key b'settings.py' 1\n"
    monkeypatch.chdir(repo.path)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(texts, {})
    assert said.getvalue() == "True True\n"
