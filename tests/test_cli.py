"""The command line: exit codes; wrong usage gives one clear line and no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate import __version__

if TYPE_CHECKING:
    from pathlib import Path


def gate(
    *words: str, cwd: Path, stdin: bytes = b"", **env: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", *words],
        cwd=cwd, env={**GIT_ENV, "HOME": str(cwd), **env}, input=stdin, capture_output=True,
        check=False, timeout=600,
    )  # fmt: skip
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("zt-gate: ")
    assert "Traceback" not in done.stdout + done.stderr
    return lines[0]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    return made


def test_help_and_version(tmp_path: Path) -> None:
    done = gate("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "scan" in done.stdout
    assert gate("--version", cwd=tmp_path).stdout == f"zt-gate {__version__}\n"
    assert gate("scan", "--help", cwd=tmp_path).returncode == 0
    assert gate(cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scna"], "did you mean scan?"),
        (["scan", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["scan", "--range", "nowhere..HEAD"], "nowhere"),
        (["scan", "--range", "HEAD"], "A..B"),
        (["scan", "--base", "--output=x"], "--base"),
        (["scan", "--base=--output=x"], "--output=x"),
        (["scan", "--base", "no\x1b[31mwhere"], "\\x1b"),
        (["scan", "--patch", "absent.patch"], "cannot be read"),
        (["scan", "--scanner", "secert"], "secrets"),
        (["scan", "--skip", "cod"], "code"),
        (["scan", "--fail-on", "never"], "fail-on"),
        (["scan", "--min-confidence", "sure"], "min-confidence"),
        (["scan", "--profile", "lax"], "profile"),
        (["scan", "--format", "xml"], "unknown format"),
        (["scan", "--output", "report.json"], "FORMAT=FILE"),
        (["scan", "--config", "absent.toml"], "absent.toml"),
        (["scan", "--policy-rev", "nowhere"], "nowhere"),
        (["scan", "--task", "depoly"], "depoly"),
        (["scan", "--tree", "absent"], "absent"),
        (["explain", "secrets/nonesuch"], "unknown rule"),
        (["rules", "nonesuch"], "unknown scanner"),
        (["hook", "pre-push"], "PRE_COMMIT_FROM_REF"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    words: list[str], said: str, repo: Repo
) -> None:
    done = gate(*words, cwd=repo.path)
    assert done.returncode == 2, done.stderr
    assert said in one_line(done)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["scan", "--stagd"], "--staged"),
        (["scan", "--frmat", "json"], "--format"),
        (["scan", "--no-colour"], "--no-color"),
        (["scan", "--no_color"], "--no-color"),
        (["scan", "--policyrev=HEAD"], "--policy-rev"),
        (["policy", "show", "--confg", "x"], "--config"),
        (["init", "--precommit"], "--pre-commit"),
        (["hook", "instal"], "install"),
        (["policy", "shwo"], "show"),
        (["rules", "--level=wran"], "warn"),
        (["scan", "--zzzzzz"], ""),
        (["scan", "-x"], ""),
    ],
)
def test_a_near_miss_is_named(words: list[str], option: str, repo: Repo) -> None:
    done = gate(*words, cwd=repo.path)
    assert done.returncode == 2
    text = one_line(done)
    if option:
        assert f"(did you mean {option}?)" in text
    else:
        assert "did you mean" not in text


@pytest.mark.parametrize(
    ("env", "words", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "3", "TERM": "dumb"}, [], True),
        ({"FORCE_COLOR": "0"}, [], False),
        ({"FORCE_COLOR": ""}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, [], True),
        ({"FORCE_COLOR": "1"}, ["--no-color"], False),
        ({"FORCE_COLOR": "1"}, ["--format", "json"], False),
        (
            {"FORCE_COLOR": "1"},
            ["--output", "terminal=report.txt", "--format", "json"],
            False,
        ),
    ],
)
def test_colours_are_forced_and_refused_by_the_environment(
    env: dict[str, str], words: list[str], coloured: bool, repo: Repo
) -> None:
    repo.write("b.txt", "two\n")
    repo.git("add", "b.txt")
    done = gate(
        "scan", "--offline", "--scanner", "secrets", *words, cwd=repo.path, **env
    )
    assert done.returncode == 0, done.stderr
    assert ("\x1b[" in done.stdout) is coloured
    file = repo.path / "report.txt"
    assert not file.exists() or "\x1b[" not in file.read_text()


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    done = gate("scan", cwd=tmp_path / "plain")
    assert done.returncode == 2
    assert "repository" in one_line(done)


def test_a_repository_without_commits(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "empty")
    done = gate("scan", "--base", "main", cwd=repo.path)
    assert done.returncode == 2
    one_line(done)
    done = gate("scan", "--staged", cwd=repo.path)
    assert done.returncode == 0, done.stderr


def test_a_file_that_is_not_a_patch_is_refused(repo: Repo) -> None:
    done = gate(
        "scan", "--patch", "-", cwd=repo.path, stdin=b"hello, this is a letter\n"
    )
    assert done.returncode == 2
    assert "patch" in one_line(done)


def test_a_shallow_clone_whose_base_is_missing(repo: Repo, tmp_path: Path) -> None:
    first = repo.head()
    repo.write("a.txt", "two\n")
    repo.commit()
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow")],
        env={**GIT_ENV, "HOME": str(tmp_path)}, check=True, capture_output=True,
    )  # fmt: skip
    done = gate("scan", "--range", f"{first}..HEAD", cwd=tmp_path / "shallow")
    assert done.returncode == 3, done.stderr
    assert "shallow" in one_line(done)


def test_a_module_in_the_scanned_folder_is_not_imported(repo: Repo) -> None:
    for name in ("zt_gate/__init__.py", "rich.py", "yaml.py", "sitecustomize.py", "json.py",
                 "semgrep/__init__.py", "tomllib.py"):  # fmt: skip
        repo.write(name, f"open({str(repo.path.parent / 'canary')!r}, 'a').close()\n")
    repo.git("add", "-A")
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", "scan", "--scanner", "secrets"],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path.parent)}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (repo.path.parent / "canary").exists()


def test_the_console_script_drops_the_current_folder_from_its_path(repo: Repo) -> None:
    repo.write(
        "rich/__init__.py", f"open({str(repo.path.parent / 'canary')!r}, 'a').close()\n"
    )
    repo.write("yaml.py", f"open({str(repo.path.parent / 'canary')!r}, 'a').close()\n")
    script = os.path.join(os.path.dirname(sys.executable), "zt-gate")
    if not os.path.exists(script):
        pytest.skip("the console script is not installed here")
    subprocess.run(
        [script, "scan", "--staged"],
        cwd=repo.path,
        env={**GIT_ENV, "HOME": str(repo.path.parent), "PYTHONPATH": "."},
        capture_output=True, check=False,
    )  # fmt: skip
    assert not (repo.path.parent / "canary").exists()


def test_a_report_that_cannot_be_written_is_an_error(
    repo: Repo, tmp_path: Path
) -> None:
    os.symlink(tmp_path / "elsewhere", tmp_path / "link.json")
    for target in (tmp_path / "absent" / "r.json", tmp_path / "link.json", tmp_path):
        done = gate("scan", "--output", f"json={target}", cwd=repo.path)
        assert done.returncode == 3, (target, done.stderr)
        one_line(done)
    assert not (tmp_path / "elsewhere").exists()


def test_every_report_says_that_another_could_not_be_written(
    repo: Repo, tmp_path: Path
) -> None:
    good = tmp_path / "good.json"
    done = gate(
        "scan", "--output", f"json={tmp_path}/absent/x", "--output", f"json={good}",
        "--format", "json", cwd=repo.path,
    )  # fmt: skip
    assert done.returncode == 3
    for text in (done.stdout, good.read_text()):
        report = json.loads(text)
        assert (report["verdict"], report["exit_code"], report["complete"]) == (
            "error",
            3,
            False,
        )
        assert "absent" in report["errors"][-1]
    done = gate(
        "scan", "--output", f"json={good}", "--output", f"json={good}", cwd=repo.path
    )
    assert done.returncode == 2


def test_a_failing_change_fails_even_if_the_report_cannot_be_printed(
    repo: Repo,
) -> None:
    repo.write("big.py", "x = 1\r" * 3)
    repo.git("add", "-A")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "zt_gate", "scan"],
            cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path)}, stdout=full,
            stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr


def test_output_replaces_standard_output_unless_a_format_is_given(
    repo: Repo, tmp_path: Path
) -> None:
    target = tmp_path / "r.json"
    done = gate("scan", "--output", f"json={target}", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert target.read_text().startswith("{")
    done = gate(
        "scan", "--output", f"json={target}", "--format", "terminal", cwd=repo.path
    )
    assert "PASS" in done.stdout


def test_a_closed_pipe_is_not_a_pass(repo: Repo) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", "scan"],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path)}, stdout=write_end,
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(write_end)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(
    number: signal.Signals, repo: Repo, tmp_path: Path
) -> None:
    for index in range(400):
        repo.write(f"d/{index}.py", "import os\nprint(os.environ)\n" * 50)
    repo.git("add", "-A")
    (tmp_path / "tmp").mkdir()
    gate_process = subprocess.Popen(
        [sys.executable, "-I", "-m", "zt_gate", "scan"],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path), "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list((tmp_path / "tmp").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    gate_process.send_signal(number)
    _, said = gate_process.communicate(timeout=300)
    assert gate_process.returncode == 130, said
    assert said.decode() == "zt-gate: interrupted\n"
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("a\x1b[2Jb", "\\x1b[2J"),
        ("a\nzt-gate: all is well", "a\\\\nzt-gate"),
        ("a\r\x08b", "\\x08"),
        ("a\u202eb", "\\u{202E}"),
        ("a\u200bb", "\\u{200B}"),
        ("a\U000e0041b", "\\u{E0041}"),
        ("a\u3164b", "\\u{3164}"),
        ("##[error]a", "#\\\\x23[error]"),
        ("##vso[task.setvariable]a", "#\\\\x23vso["),
        (os.fsdecode(b"a\xffb"), "\\xff"),
        ("größe", "größe"),
    ],
)
def test_messages_escape_invisible_characters(
    word: str, shown: str, repo: Repo
) -> None:
    for words in (
        (word,),
        ("scan", "--base", word),
        ("scan", f"--{word}"),
        ("explain", word),
    ):
        done = gate(*words, cwd=repo.path)
        assert done.returncode == 2, done.stderr
        said = one_line(done)
        if (
            "--base" not in words and "explain" not in words
        ):  # these quote the name differently
            assert shown.replace("\\\\", "\\") in said.replace("\\\\", "\\")
        assert all(char.isprintable() for char in said)
        assert "##" not in said


def test_a_traceback_keeps_its_lines_and_escapes_the_rest(repo: Repo) -> None:
    done = gate(
        "scan",
        "--debug",
        "--base",
        "a\n::error::x\x1b[31m\n##[warning]y",
        cwd=repo.path,
    )
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].startswith("zt-gate: Traceback")
    assert len(lines) > 3
    assert all(line.isprintable() for line in lines)
    assert not [
        line for line in lines if line.lstrip().startswith("::") or "##[" in line
    ]


def test_a_cache_in_the_checkout_is_not_used(repo: Repo) -> None:
    """A change could bring compiled rules that find nothing."""
    for name in ("ZT_GATE_CACHE_DIR", "XDG_CACHE_HOME"):
        done = gate("scan", "--skip", "code", "--offline", cwd=repo.path,
                    **{name: str(repo.path / ".cache")})  # type: ignore[arg-type]  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert not (repo.path / ".cache").exists()


def _with_closed(
    repo: Repo, closed: str, *words: str
) -> subprocess.CompletedProcess[bytes]:
    command = 'exec "$0" -I -m zt_gate "$@" ' + closed
    return subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, *words],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path)}, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_closed_standard_streams_do_not_change_the_verdict(
    closed: str, repo: Repo
) -> None:
    done = _with_closed(repo, closed, "scan", "--offline")
    assert done.returncode == 0, done.stderr
    assert b"PASS" in done.stdout


@pytest.mark.parametrize("words", [("scan", "--offline"), ("rules",), ("--help",)])
@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-", ">/dev/full"])
def test_output_that_cannot_be_printed_is_an_error(
    closed: str, words: tuple[str, ...], repo: Repo
) -> None:
    done = _with_closed(repo, closed, *words)
    assert done.returncode == 3, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "option", ["--policy-rev", "--config", "--profile", "--base", "--range"]
)
def test_an_empty_value_does_not_mean_the_default(option: str, repo: Repo) -> None:
    done = gate("scan", option, "", cwd=repo.path)
    assert done.returncode == 2
    assert "empty" in one_line(done)


def test_options_are_not_abbreviated(repo: Repo) -> None:
    done = gate("scan", "--off", cwd=repo.path)
    assert done.returncode == 2
    assert "--off" in one_line(done)


@pytest.mark.parametrize("entry", ["src", "../src", "{repo}/src"])
def test_a_pythonpath_into_the_scanned_repository_is_dropped(
    entry: str, repo: Repo
) -> None:
    canary = repo.path.parent / "canary"
    for name in ("json", "yaml", "rich", "tomllib", "git", "zt_gate/scanners"):
        repo.write(f"src/{name}/__init__.py", f"open({str(canary)!r}, 'a').close()\n")
    folder = repo.path / "below" if entry.startswith("..") else repo.path
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "zt_gate", "scan", "--offline"],
        cwd=folder, capture_output=True, check=False,
        env={**GIT_ENV, "HOME": str(repo.path), "PYTHONPATH": entry.format(repo=repo.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not canary.exists()


def test_a_signal_that_nohup_ignores_stays_ignored(repo: Repo) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from zt_gate import cli\n"
        "cli.main(['--version'])\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=repo.path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_compiled_modules_in_the_repository_are_not_run(repo: Repo) -> None:
    """PYTHONPYCACHEPREFIX leads there, and the gate runs without ``-I``."""
    import importlib.util
    import marshal

    import zt_gate

    package = os.path.realpath(os.path.dirname(zt_gate.__file__))
    mark = repo.path.parent / "ran"
    code = marshal.dumps(compile(f"open({str(mark)!r}, 'w').close()\n", "x", "exec"))
    # Flag 1: a hash instead of the source's time, which Python must not compare.
    data = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + b"\0" * 8 + code
    prefixes = (repo.path / "compiled", repo.path / "compiled/deeper")
    for prefix in prefixes:
        for module in ("review/run", "commands/scan", "model/finding", "git/run"):
            target = (
                prefix / f"{package[1:]}/{module}.{sys.implementation.cache_tag}.pyc"
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    for prefix in (
        *map(str, prefixes),
        "compiled",
        "./compiled/deeper",
        f"{prefixes[0]}/../compiled",
    ):
        done = subprocess.run(
            [sys.executable, "-m", "zt_gate", "scan", "--offline", "--scanner", "scope"],
            cwd=repo.path, env={**os.environ, "PYTHONPYCACHEPREFIX": prefix},
            capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode, mark.exists()) == (0, False), (prefix, done.stderr)
