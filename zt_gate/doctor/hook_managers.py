"""Checks whether the files of husky or lefthook call zt-gate.

The file is part of the work tree, so a change can rewrite it.  The result is therefore
never ``ok``: it is unknown, and not required, because CI enforces.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from zt_gate.doctor.check import Check
from zt_gate.doctor.repository_files import UnreadableError, of_work_tree

if TYPE_CHECKING:
    from zt_gate.doctor.check import DoctorContext
    from zt_gate.git.hook_files import HookFolder

#: The names of lefthook's configuration, in its order.
_LEFTHOOK_FILES = tuple(
    f"{start}.{end}"
    for start in ("lefthook", ".lefthook", ".config/lefthook")
    for end in ("yml", "yaml", "json", "jsonc", "toml")
)
_ARGUMENTS = {"pre-commit": "", "commit-msg": ' "$1"', "pre-push": ""}
_LEFTHOOK_ARGUMENTS = {"pre-commit": "", "commit-msg": " {0}", "pre-push": " {0}"}


def of_husky(name: str, folder: HookFolder, context: DoctorContext) -> Check:
    """Check the hook ``name`` of husky."""
    line = f"zt-gate hook {name}{_ARGUMENTS[name]}"
    fix = f"echo '{line}' >> .husky/{name}"
    found = _calls_gate(name, context, (f".husky/{name}",), "husky", fix)
    if found.status == "unknown" and not os.access(
        os.path.join(folder.path, name), os.X_OK
    ):
        message = f"husky is not installed here, so git does not run .husky/{name}"
        return Check("hooks", name, "fault", message, "npm install, or npx husky")
    return found


def of_lefthook(name: str, context: DoctorContext) -> Check:
    """Check the hook ``name`` of lefthook, whose own hook is installed."""
    words = f"zt-gate hook {name}{_LEFTHOOK_ARGUMENTS[name]}"
    fix = f"lefthook.yml: {name}: jobs: - run: {words}"
    return _calls_gate(name, context, _LEFTHOOK_FILES, "lefthook", fix)


def _calls_gate(
    name: str, context: DoctorContext, files: tuple[str, ...], manager: str, fix: str
) -> Check:
    """Look for the gate's command in the first of ``files`` that exists."""
    call = re.compile(
        rf"^(?!\s*(?:#|//)).*\bzt[-_]gate\s+hook\s+{re.escape(name)}\b(?P<rest>.*)",
        re.MULTILINE,
    )
    for file in files:
        try:
            data = of_work_tree(context.git.root, file)
        except UnreadableError as error:
            return Check("hooks", name, "unknown", str(error), f"read {file}")
        if data is None:
            continue
        match = call.search(data.decode("utf-8", "replace"))
        if match is None:
            break
        if re.search(r"\|\||;\s*(?:true|:|exit)\b", match["rest"]):
            message = f"{file} ignores the exit code of zt-gate"
            return Check("hooks", name, "fault", message, fix)
        message = f"{file} calls zt-gate; a change can rewrite it, so let CI enforce"
        fix = "zt-gate doctor --area ci"
        return Check("hooks", name, "unknown", message, fix, required=False)
    message = f"{manager} owns git's hooks, and its {name} does not call zt-gate"
    return Check("hooks", name, "fault", message, fix)
