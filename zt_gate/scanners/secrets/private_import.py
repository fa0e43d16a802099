"""Loads modules of a package privately, without the packages that they import needlessly.

detect-secrets' own ``__init__`` and the ``requests`` library cost 130 ms to
import, and the scanner needs nothing of them.  The modules run with an import
function of their own, so that ``sys.modules`` never holds them, not even for a
moment: code that imports the real packages, before, after or in another thread,
gets the real ones, in any order of loading.
"""

from __future__ import annotations

import builtins
import importlib.util
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec


class PrivateImport:
    """Imports modules below one package; the packages themselves stay empty.

    ``absent`` names libraries that are replaced by a placeholder: any name of it can
    be read (annotations do so), and does nothing.
    """

    def __init__(self, package: str, absent: Sequence[str] = ()) -> None:
        self._package = package
        self._absent = frozenset(absent)
        self._modules: dict[str, types.ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> types.ModuleType:
        """Return the module of that full name; raises ImportError if it cannot be loaded."""
        loaded = self._modules.get(name)
        if loaded is not None:
            return loaded
        if name.partition(".")[0] in self._absent:
            placeholder = _placeholder(name)
            self._modules[name] = placeholder
            return placeholder
        parent, _, last_part = name.rpartition(".")
        folders = self.module(parent).__path__ if parent else None
        module = self._run(name, _find_spec(name, last_part, folders))
        if parent:
            setattr(self._modules[parent], last_part, module)
        return module

    def _run(self, name: str, spec: ModuleSpec) -> types.ModuleType:
        """Create a module and run it; a package stays empty and only knows its folders."""
        module = types.ModuleType(name)
        module.__spec__ = spec
        module.__file__ = spec.origin
        module.__package__ = name.rpartition(".")[0]
        self._modules[name] = module
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
            module.__package__ = name
            return module
        module.__dict__["__builtins__"] = self._builtins
        loader: Any = spec.loader
        code = loader.get_code(name) if hasattr(loader, "get_code") else None
        try:
            if code is None:
                raise ImportError(f"{name} cannot be loaded", name=name)
            exec(code, module.__dict__)  # noqa: S102 - what every import does
        except BaseException:
            del self._modules[name]
            raise
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - the names of __import__
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        """Do what ``__import__`` does, for the modules loaded here."""
        full_name = name
        if level:
            package = (globals or {}).get("__package__") or ""
            full_name = importlib.util.resolve_name("." * level + name, package)
        top = full_name.partition(".")[0]
        if top != self._package and top not in self._absent:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.module(full_name)
        if not fromlist:
            return self.module(top)
        for attribute in fromlist:
            if hasattr(module, "__path__") and not hasattr(module, attribute):
                self.module(f"{full_name}.{attribute}")
        return module


def _find_spec(name: str, last_part: str, folders: Sequence[str] | None) -> ModuleSpec:
    """Find a module without importing its parent; raises ModuleNotFoundError."""
    if folders is None:
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name)
        if spec is not None:
            return spec
    for folder in folders or ():
        package_file = Path(folder, last_part, "__init__.py")
        module_file = Path(folder, f"{last_part}.py")
        if package_file.is_file():
            spec = importlib.util.spec_from_file_location(
                name,
                package_file,
                submodule_search_locations=[str(package_file.parent)],
            )
        elif module_file.is_file():
            spec = importlib.util.spec_from_file_location(name, module_file)
        else:
            continue
        if spec is None:
            break
        return spec
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _placeholder(name: str) -> types.ModuleType:
    module = types.ModuleType(name, "A placeholder for the library, without network.")
    module.__path__ = []
    module.__getattr__ = lambda _name: object  # type: ignore[method-assign]
    return module
