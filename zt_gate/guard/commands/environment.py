"""Listings of the environment: which of them show no credential."""

from __future__ import annotations

from zt_gate.guard.commands.secret_names import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.shell.invocation import Invocation


def searched(case: CommandCase, invocations: tuple[Invocation, ...]) -> set[int]:
    """Return listings of the environment of which ``grep`` shows no credential."""
    found = set()
    for invocation in invocations:
        if invocation.program not in {"grep", "egrep", "rg"}:
            continue
        words = [word.text for word in invocation.arguments]
        patterns = [word for word in words if not word.startswith("-")]
        flags = [word for word in words if word.startswith("-")]
        is_plain = all(set(flag) <= set("-iEFwncx") for flag in flags)
        if len(patterns) != 1 or not is_plain:
            continue
        writers = [
            writer
            for writer in invocation.input.commands
            if writer.program in _ENVIRONMENT and not writer.arguments
        ]
        if writers and _is_secret_pattern(patterns[0]):
            case.add("credentials/variable", patterns[0])
        if not _is_plain_pattern(patterns[0]):
            continue
        for writer in invocation.input.commands:
            if writer.program in _ENVIRONMENT and not writer.arguments:
                found.add(id(writer))
    return found


_ENVIRONMENT = frozenset(("env", "printenv", "set", "export", "declare"))
_SECRET_WORDS = frozenset(
    ("token", "key", "secret", "pass", "auth", "cred", "aws", "api", "github", "npm")
)


def _is_secret_pattern(text: str) -> bool:
    parts = text.replace("|", " ").replace("\\", " ").strip("^=").split()
    return any(
        is_secret_name(part) or part.lower() in _SECRET_WORDS - {"api"}
        for part in parts
    )


def _is_plain_pattern(text: str) -> bool:
    plain = text.strip("^=").replace("\\", "")
    parts = plain.replace("|", " ").split()
    return bool(parts) and all(
        len(part) > 2
        and part.replace("_", "").isalnum()
        and not is_secret_name(part)
        and part.lower()
        not in {
            "token",
            "key",
            "secret",
            "pass",
            "api",
            "auth",
            "aws",
            "github",
            "npm",
            "cred",
        }
        for part in parts
    )
