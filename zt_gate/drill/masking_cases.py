"""Cases in which other scanners quote a secret, while the scanner for secrets is skipped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.payloads import fill, instruction, key

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace

_GROUP = "masking"
_FOUND = "block injection/instructions"
_WEAK = "hun" + "ter2"
_NAME = "Saml2MetadataResponseResolver"


def _quoted(
    line: str, secret: str, workspace: CaseWorkspace, path: str = "app.py"
) -> GateOutcome:
    """Add a line with a secret and an instruction; scan it without looking for secrets."""
    repository = workspace.repository()
    repository.write(path, f"{line}  # {instruction()}\n")
    repository.stage()
    return workspace.scan(repository, only=("injection",), planted=(secret,))


def _in_key(workspace: CaseWorkspace) -> GateOutcome:
    """Quote a line of a private key, which alone does not look like one."""
    lines = fill("{{pem}}").split("\n")
    lines[3] += f"  {instruction()}"
    repository = workspace.repository()
    repository.write("notes.txt", "\n".join(lines))
    repository.stage()
    planted = (lines[3].split(" ")[0],)
    return workspace.scan(repository, only=("injection",), planted=planted)


def _in_message(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    base = repository.head()
    repository.commit(f'The password = "{_WEAK}". {instruction()}\n')
    return workspace.scan(
        repository, "range", spec=f"{base}..HEAD", only=("injection",), planted=(_WEAK,)
    )


def _late(workspace: CaseWorkspace) -> GateOutcome:
    policy = b"[scanners.secrets]\ndeadline-seconds = 0.000001\n"
    repository = workspace.repository({b".zt-gate.toml": policy})
    repository.write("app.py", f'password = "{_WEAK}"  # {instruction()}\n')
    repository.write("big.txt", "some words of text in a line\n" * 200_000)
    repository.stage()
    return workspace.scan(repository, only=("secrets", "injection"), planted=(_WEAK,))


def _type_name(workspace: CaseWorkspace) -> GateOutcome:
    """Assign the name of a type, which is a part of the path, to a secret's name."""
    repository = workspace.repository()
    repository.write(f"src/{_NAME}.py", f'secret = "{_NAME}"\n# {instruction()}\n')
    repository.stage()
    return workspace.scan(repository, only=("secrets", "injection"))


CASES = (
    Case(
        "quoted-key",
        _GROUP,
        "a key in a line that another scanner quotes",
        _FOUND,
        partial(_quoted, f'KEY = "{key()}"', key()),
    ),
    Case(
        "quoted-weak-password",
        _GROUP,
        "a weak password in a line that another scanner quotes",
        _FOUND,
        partial(_quoted, f'password = "{_WEAK}"', _WEAK),
    ),
    Case(
        "quoted-url-password",
        _GROUP,
        "a password in a URL that another scanner quotes",
        _FOUND,
        partial(_quoted, f'url = "https://bob:{_WEAK}@db.internal/"', _WEAK),
    ),
    Case(
        "quoted-setting",
        _GROUP,
        "a password in a settings file that another scanner quotes",
        _FOUND,
        partial(_quoted, f"DB_PASSWORD={_WEAK}", _WEAK, path="app.env"),
    ),
    Case(
        "quoted-weak-value",
        _GROUP,
        "a weak value beside a user's name in a line that another scanner quotes",
        _FOUND,
        partial(_quoted, f'get(url, auth=("bob", "{_WEAK}"))', _WEAK),
    ),
    Case(
        "quoted-line-of-private-key",
        _GROUP,
        "a line of a private key that another scanner quotes",
        _FOUND,
        _in_key,
    ),
    Case(
        "quoted-message",
        _GROUP,
        "a password in a commit message that another scanner quotes",
        _FOUND,
        _in_message,
    ),
    Case(
        "quoted-while-late",
        _GROUP,
        "a password that another scanner quotes while the scanner for secrets is late",
        _FOUND,
        _late,
    ),
    Case(
        "type-name-in-path",
        _GROUP,
        "the name of a type, reported at the path that contains it",
        _FOUND,
        _type_name,
        paths=(f"src/{_NAME}.py".encode(),),
    ),
)
