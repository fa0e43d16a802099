"""Walks the whole path of a new user, from an empty environment to merged shards.

    python scripts/whole_path.py [--keep FOLDER]

It builds the wheel of this checkout, installs it with the extras lsp and mcp into a new
virtual environment from requirements.lock, and uses only what is installed there.  Each
step prints one line with its wall time.  The first step that fails ends the script with
exit code 1 and its name.  Only the installations ask the user's package index.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.action import run_action  # noqa: E402 - needs the path above
from tests.support.forge import TOKEN, Forge, about, commit, pull  # noqa: E402

#: Assembled here, so that no file of the project holds a key.
KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))
RULE = "secrets/anthropic-api-key"
BAD = f'KEY = "{KEY}"\n'
GOOD = 'import os\n\nKEY = os.environ["KEY"]\n'
EXTRAS = ("lsp", "mcp")
#: What the action uses of others on a runner: it brings a Python, and files of earlier jobs.
USED_ACTIONS = ("actions/setup-python", "actions/cache")


class StepError(Exception):
    """What a step saw instead of what it should."""


@dataclass
class Place:
    """The folders of one walk, and the environment of a user who has nothing yet."""

    folder: Path
    wheel: Path = Path()
    environ: dict[str, str] = field(init=False)
    repository: Path = field(init=False)
    venv: Path = field(init=False)

    def __post_init__(self) -> None:
        self.venv = self.folder / "venv"
        self.repository = self.folder / "acme" / "shop"
        home = self.folder / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n",
            "utf-8",
        )
        self.environ = {
            "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(
        self,
        *words: str | Path,
        code: int = 0,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command; returns its output.  Raises StepError for another exit code."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd or self.repository,
            env=self.environ if environ is None else environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        if done.returncode != code:
            command = " ".join(str(word) for word in words[:4])
            raise StepError(
                f"{command} … ended with {done.returncode} instead of {code}:\n{output[-3000:]}"
            )
        return output

    def gate(self, *words: str | Path, code: int = 0) -> str:
        """Run the installed zt-gate in the user's repository."""
        return self.run(self.venv / "bin" / "zt-gate", *words, code=code)

    def write(self, name: str, text: str) -> None:
        """Write a file of the user's repository."""
        target = self.repository / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def head(self) -> str:
        """Return the id of the repository's head commit."""
        return self.run("git", "rev-parse", "HEAD").strip()


def expect(wanted: str, output: str) -> None:
    """Raise StepError unless a text is in the output, or if the key is."""
    if wanted not in output:
        raise StepError(f"{wanted!r} is not in:\n{output[-3000:]}")
    if KEY in output:
        raise StepError("the output contains the key")


def build_wheel(place: Place) -> str:
    """The wheel has every rule, and no test."""
    dist = place.folder / "dist"
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation")
    place.run(*command, "--outdir", dist, ROOT, cwd=ROOT, environ=os.environ)
    (place.wheel,) = dist.glob("*.whl")
    packed = set(zipfile.ZipFile(place.wheel).namelist())
    rules = [
        path
        for path in (ROOT / "rules").rglob("*")
        if path.suffix in {".toml", ".yaml"}
    ]
    for rule in rules:
        expect(
            f"zt_gate/_rules/{rule.relative_to(ROOT / 'rules').as_posix()}",
            "\n".join(packed),
        )
    expect("zt_gate/drill/cases/secrets.toml", "\n".join(packed))
    if [name for name in packed if name.startswith("tests/")]:
        raise StepError("the wheel contains tests")
    size = place.wheel.stat().st_size / 1e6
    return f"{place.wheel.name}, {size:.1f} MB, {len(rules)} files of rules"


def install(place: Place) -> str:
    """Everything comes from the lock; the wheel asks for nothing else."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    marker = "|".join(EXTRAS)
    locked = place.folder / "requirements.lock"
    locked.write_text(re.sub(rf' ; extra == "(?:{marker})"', "", lock), "utf-8")
    place.run(sys.executable, "-m", "venv", place.venv, cwd=place.folder)
    pip = (place.venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    options = ("install", "-q", "--no-deps")
    # Pip needs the user's index, certificates and cache.
    where: dict[str, Any] = {"cwd": place.folder, "environ": os.environ}
    place.run(*pip, *options, "--require-hashes", "-r", locked, **where)
    place.run(*pip, *options, place.wheel, **where)
    place.run(*pip, "check", **where)
    return place.gate("--version").strip()


def demo(place: Place) -> str:
    """The demo blocks by five scanners, and passes the safe change."""
    output = place.gate("demo")
    for wanted in ("FAIL", "PASS", "agent_config/", "code/", "dependencies/", "injection/",
                   "secrets/"):  # fmt: skip
        expect(wanted, output)
    return "one change blocked, its safe twin passed"


def first_verdict(place: Place) -> str:
    """A scan of uncommitted work in the user's repository."""
    place.write("settings.py", BAD)
    expect(RULE, place.gate("scan", "--worktree", code=1))
    return "fail, for a key in settings.py"


def hooks(place: Place) -> str:
    """A commit with a key is stopped by git; the same commit without it is made."""
    place.gate("init")
    place.gate("hook", "install")
    place.write("settings.py", BAD)
    before = place.head()
    place.run("git", "add", "-A")
    expect(RULE, place.run("git", "commit", "-m", "Add the settings", code=1))
    if place.head() != before:
        raise StepError("the commit was made")
    place.write("settings.py", GOOD)
    place.run("git", "add", "-A")
    place.run("git", "commit", "-m", "Add the settings")
    if place.head() == before:
        raise StepError("the commit was not made")
    return "one commit blocked, one passed"


def action(place: Place) -> str:
    """The steps of action.yml judge a pull request that adds a key."""
    base = place.head()
    place.write("settings.py", BAD)
    place.run("git", "checkout", "-q", "-b", "topic")
    # Without its hooks: the action must judge what a person got past them.
    place.run("git", "commit", "-q", "--no-verify", "-am", "Change the settings")
    head = place.head()
    runner = place.folder / "runner"
    runner.mkdir()
    with Forge(commits=[{"sha": head, **commit()}]) as forge:
        environ = {
            "GITHUB_API_URL": forge.url, "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_SERVER_URL": f"file://{place.folder}", "GITHUB_SHA": head,
            "GITHUB_REF": "refs/pull/7/merge", "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        done = run_action(
            ROOT, place.repository,
            {"repository": about(), "pull_request": pull(base, head)},
            temp=runner, uses=dict.fromkeys(USED_ACTIONS, lambda _: None),
            inputs={"token": TOKEN}, environ=environ,
            # Pip needs the user's index, certificates and cache.
            steps_environ={"Install zt-gate from the action's own checkout": dict(os.environ)},
        )  # fmt: skip
        comments = len(forge.comments)
    place.run("git", "checkout", "-q", "main")
    expect("::error file=settings.py", done.log)
    verdict = done.outputs["verdict"]
    if (done.exit_code, verdict, comments) != (1, "fail", 1):
        raise StepError(
            f"exit code {done.exit_code}, {verdict}, {comments} comments:\n{done.log}"
        )
    return "verdict fail, with annotations and one comment"


def completion(place: Place) -> str:
    """Each shell that is installed completes ``zt-gate sc`` and ``scan --sta``."""
    code = {
        "bash": 'eval "$(zt-gate completion bash)"; COMP_WORDS=(zt-gate scan --sta); COMP_CWORD=2; '
        '_zt_gate; printf "%s\\n" "${COMPREPLY[@]}"',
        "fish": "zt-gate completion fish | source; complete -C 'zt-gate scan --sta'",
        # Completion in zsh needs a terminal; the script defines and registers its function.
        "zsh": "autoload -U compinit; compinit -D -u; source <(zt-gate completion zsh); "
        'whence -w _zt_gate; print -r -- "$_comps[zt-gate]" "$(zt-gate completion zsh)"',
    }
    options = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}
    tried = [name for name in code if shutil.which(name)]
    for name in tried:
        output = place.run(name, *options[name], "-c", code[name])
        expect("--staged", output)
        if name == "zsh":
            expect("_zt_gate: function", output)
    missing = [f"{name} is not installed" for name in code if name not in tried]
    return ", ".join([*tried, *missing])


def man_page(place: Place) -> str:
    """The wheel puts the page where man looks, and man reads it without a warning."""
    page = place.venv / "share" / "man" / "man1" / "zt-gate.1"
    expect(".TH ZT", page.read_text("utf-8"))
    if not shutil.which("man") or not shutil.which("groff"):
        return f"{page.name} installed; man or groff is not installed here to show it"
    output = place.run("man", "--warnings", page)
    expect("zt-gate", output)
    return f"{len(output.splitlines())} lines shown by man"


def html(place: Place) -> str:
    """One page, which loads nothing."""
    place.write("settings.py", BAD)
    page = place.gate("scan", "--worktree", "--format", "html", code=1)
    expect("<!DOCTYPE html>", page)
    expect(RULE, page)
    if loaded := re.findall(
        r"<(?:link|script|img|iframe)[^>]+(?:src|href)=[^>]*>", page
    ):
        raise StepError(f"the page loads {loaded}")
    return f"{len(page) // 1000} kB, nothing loaded"


def client(place: Place, kind: str) -> str:
    """Run the client of a server in the new environment."""
    place.write("settings.py", BAD)
    script = ROOT / "scripts" / "whole_path_clients.py"
    program = place.venv / "bin" / "zt-gate"
    python = place.venv / "bin" / "python"
    output = place.run(python, "-I", script, kind, program, place.repository)
    expect(RULE, output)
    return f"answered {output.splitlines()[-1]}"


def shards(place: Place) -> str:
    """The merge of two shards is the report of the unsharded scan, except for times."""
    for number in range(12):
        place.write(f"part/f{number}.py", f"import subprocess\n\nnumber = {number}\n")
    view = "app.get('/', (req, res) => { res.send(eval(req.query.q)); });\n"
    place.write("part/view.js", view)
    place.write("settings.py", BAD)
    place.run("git", "checkout", "-q", "-b", "large")
    place.run("git", "add", "-A")
    # Without its hooks, for the same reason.
    place.run("git", "commit", "-q", "--no-verify", "-m", "Add a part")
    source = ("scan", "--base", "refs/heads/main", "--offline")

    def output(name: str) -> tuple[str, str]:
        return "--output", f"json={place.folder / name}.json"

    place.gate(*source, *output("whole"), code=1)
    for index in ("1", "2"):
        report = place.folder / f"{index}.json"
        # One of them may pass: the key is in one shard only.
        words = (place.venv / "bin" / "zt-gate", *source, "--shard", f"{index}/2")
        subprocess.run(
            [*map(str, words), *output(index)], cwd=place.repository, env=place.environ,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if not report.is_file():
            raise StepError(f"shard {index} wrote no report")
    parts = (place.folder / "1.json", place.folder / "2.json")
    place.gate("merge", *parts, *output("merged"), code=1)
    merged, whole = (
        without_times(place.folder / f"{name}.json") for name in ("merged", "whole")
    )
    if merged != whole:
        keys = [key for key in whole if merged.get(key) != whole[key]]
        raise StepError(
            f"the merge differs from the unsharded report in {', '.join(keys)}"
        )
    return (
        f"2 merged, equal to the unsharded report of {len(whole['findings'])} findings"
    )


def without_times(path: Path) -> dict[str, Any]:
    """Return a JSON report without its times."""
    table: dict[str, Any] = json.loads(path.read_bytes())
    table["seconds"] = 0
    for run in table["runs"]:
        run["seconds"] = 0
    return table


def uninstall(place: Place) -> str:
    """What zt-gate wrote outside of the project is removed."""
    place.gate("hook", "uninstall", "--all")
    left = [path.name for path in (place.repository / ".git" / "hooks").iterdir()
            if path.suffix != ".sample"]  # fmt: skip
    if left:
        raise StepError(f"hooks are left: {left}")
    return "no hook is left"


STEPS: tuple[tuple[str, Callable[[Place], str]], ...] = (
    ("wheel", build_wheel),
    ("install", install),
    ("demo", demo),
    ("first verdict", first_verdict),
    ("hooks", hooks),
    ("action", action),
    ("completion", completion),
    ("man page", man_page),
    ("HTML", html),
    ("LSP", lambda place: client(place, "lsp")),
    ("MCP", lambda place: client(place, "mcp")),
    ("shards", shards),
    ("uninstall", uninstall),
)


def walk(
    place: Place, steps: tuple[tuple[str, Callable[[Place], str]], ...] = STEPS
) -> int:
    """Take the steps; returns the exit code."""
    place.write("app.py", "print('hello')\n")
    place.run("git", "init", "-q")
    place.run("git", "add", "-A")
    place.run("git", "commit", "-q", "-m", "Begin")
    ended: dict[str, float] = {}
    for name, step in steps:
        started = time.monotonic()
        try:
            said = step(place)
        except (StepError, OSError, AssertionError) as error:
            print(f"{name}: FAILED: {error}", flush=True)
            print(f"the step that failed: {name}", file=sys.stderr)
            return 1
        ended[name] = time.monotonic()
        print(f"{name}: {said} ({ended[name] - started:.1f} s)", flush=True)
    if "wheel" in ended and "first verdict" in ended:
        seconds = ended["first verdict"] - ended["wheel"]
        print(f"from install to the first verdict, with the demo: {seconds:.0f} s")
    used = [
        resource.getrusage(kind)
        for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(f"CPU of all steps: {sum(one.ru_utime + one.ru_stime for one in used):.0f} s")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="work in this new folder"
    )
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True)
        return walk(Place(options.keep.resolve()))
    with tempfile.TemporaryDirectory(prefix="zt-whole-path-") as name:
        return walk(Place(Path(name).resolve()))


if __name__ == "__main__":
    sys.exit(main())
