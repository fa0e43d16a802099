"""Decides whether more is expected of content at one path than at another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.policy.ignores import PolicyIgnores
    from zt_gate.scanners.scope.limits import FileGroups
    from zt_gate.scanners.secrets.path_lowering import SecretPaths
    from zt_gate.syntax.globs import Glob

#: Kinds of paths where scanners report less; every other kind only adds checks.
_LENIENT_KINDS = frozenset(("test", "test-data", "example", "doc", "lock"))
#: Folders and files whose text a program gives to a model.
_PROMPT_NAME = lazy_re.compile(
    rb"(?:(?:system|agent|llm|ai|model|chat|user|base)[-_ ]?)?prompts?"
    rb"|prompts?[-_](?:templates?|library)|system[-_](?:messages?|instructions?)|personas?"
    rb"|agents?[-_]instructions?|agents|skills|subagents"
)
_PROMPT_SUFFIXES = (
    b".prompt",
    b".prompty",
    b".prompt.md",
    b".prompt.yml",
    b".prompt.yaml",
)


class PathComparison:
    """Decides whether more is expected of content at a new path than at its old one."""

    def __init__(
        self, ignores: PolicyIgnores, excluded: Sequence[Sequence[Glob]] = ()
    ) -> None:
        self._ignores = ignores
        self._excluded = excluded

    def expects_more(self, old: bytes, new: bytes) -> bool:
        """Whether any scanner, or the policy, holds the new path to more than the old one."""
        return any(check(self, old, new) for check in _CHECKS)

    def by_kind(self, old: bytes, new: bytes) -> bool:
        """Compare in the table of paths: leave a lenient kind, gain a kind or a format."""
        from zt_gate.syntax import paths

        before, after = paths.facts(old), paths.facts(new)
        if (before.kinds - after.kinds) & _LENIENT_KINDS:
            return True
        if after.kinds - before.kinds - _LENIENT_KINDS:
            return True
        configuration = after.configuration
        return configuration is not None and configuration != before.configuration

    def by_prompt(self, old: bytes, new: bytes) -> bool:
        """Compare whether a program gives the text to a model as its orders."""
        from zt_gate.syntax import paths

        if not _is_prompt(new) or _is_prompt(old):
            return False
        return not paths.is_any(new, "program", "lock")

    def by_language(self, old: bytes, new: bytes) -> bool:
        """Compare what the code scanner and agent_config read as code."""
        from zt_gate.scanners.agent_config import file_kinds
        from zt_gate.scanners.code import languages

        before, after = languages.by_name(old), languages.by_name(new)
        if after is not None and (
            before is None or before.language is not after.language
        ):
            return True
        if file_kinds.is_code(new) and not file_kinds.is_code(old):
            return True
        return languages.may_hide_code(new) and not (before or _no_extension(old))

    def by_manifest(self, old: bytes, new: bytes) -> bool:
        """Compare the formats in which dependencies are declared."""
        from zt_gate.ecosystems.manifest_formats import format_of

        after = format_of(new)
        return after is not None and after != format_of(old)

    def by_secrets(self, old: bytes, new: bytes) -> bool:
        """Compare the rules for credential files and for published values."""
        return self._secret_paths.expects_more(old, new)

    def by_locale(self, old: bytes, new: bytes) -> bool:
        """Compare locales: right-to-left languages may have direction controls."""
        from zt_gate.scanners.injection.locales import is_right_to_left

        return is_right_to_left(old) and not is_right_to_left(new)

    def by_review(self, old: bytes, new: bytes) -> bool:
        """Compare whether people review the file: not if it is generated or vendored."""
        groups = self._file_groups
        return groups.is_reviewed(new) and not groups.is_reviewed(old)

    def by_policy(self, old: bytes, new: bytes) -> bool:
        """Compare the allowances and ignores of the policy."""
        return self._ignores.exempts_only(old, new)

    def by_exclusion(self, old: bytes, new: bytes) -> bool:
        """Compare what is left out of all scanners, or of one of them."""
        return any(
            any(glob.matches(old) for glob in group)
            and not any(glob.matches(new) for glob in group)
            for group in self._excluded
        )

    @cached_property
    def _secret_paths(self) -> SecretPaths:
        from zt_gate import rulebook
        from zt_gate.scanners.secrets.path_lowering import SecretPaths

        return SecretPaths(rulebook.load("secrets"))

    @cached_property
    def _file_groups(self) -> FileGroups:
        from zt_gate import rulebook
        from zt_gate.scanners.scope.limits import FileGroups

        return FileGroups(rulebook.load("scope"))


#: Cheap ones first: the last ones read rules.
_CHECKS: tuple[Callable[[PathComparison, bytes, bytes], bool], ...] = (
    PathComparison.by_kind,
    PathComparison.by_prompt,
    PathComparison.by_language,
    PathComparison.by_manifest,
    PathComparison.by_locale,
    PathComparison.by_policy,
    PathComparison.by_exclusion,
    PathComparison.by_review,
    PathComparison.by_secrets,
)


def _is_prompt(path: bytes) -> bool:
    """Whether a text is named as a prompt, or is in a folder of prompts."""
    if path.lower().endswith(_PROMPT_SUFFIXES):
        return True
    return any(
        _PROMPT_NAME.fullmatch(part.partition(b".")[0].lower())
        for part in path.split(b"/")
    )


def _no_extension(path: bytes) -> bool:
    from zt_gate.scanners.code.languages import may_hide_code

    return may_hide_code(path)
