"""A package's modules, loaded for one user alone and without what they import needlessly.

detect-secrets' own ``__init__`` and the ``requests`` library cost 130 ms to
import and are needed for nothing here.  The modules wanted are run with an
import function of their own, so that ``sys.modules`` never holds anything of
this, not even for a moment: whoever imports the real packages, before, after
or in another thread, gets the real ones, and the order of loading is of no
matter.
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
    """Imports below one package, whose own packages are empty shells.

    ``absent`` names libraries that the modules get a stand-in for: any name in
    it may be read (annotations do), and nothing in it does anything.
    """

    def __init__(self, package: str, absent: Sequence[str] = ()) -> None:
        self._package = package
        self._absent = frozenset(absent)
        self._modules: dict[str, types.ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> types.ModuleType:
        """Return the module of that full name; raises ImportError where there is none."""
        known = self._modules.get(name)
        if known is not None:
            return known
        if name.partition(".")[0] in self._absent:
            self._modules[name] = found = _stand_in(name)
            return found
        parent, _, last = name.rpartition(".")
        folders = self.module(parent).__path__ if parent else None
        found = self._run(name, _spec(name, last, folders))
        if parent:
            setattr(self._modules[parent], last, found)
        return found

    def _run(self, name: str, spec: ModuleSpec) -> types.ModuleType:
        """Make a module and run it; a package stays empty but knows where its parts are."""
        module = types.ModuleType(name)
        module.__spec__, module.__file__ = spec, spec.origin
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
        full = name
        if level:
            package = (globals or {}).get("__package__") or ""
            full = importlib.util.resolve_name("." * level + name, package)
        top = full.partition(".")[0]
        if top != self._package and top not in self._absent:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.module(full)
        if not fromlist:
            return self.module(top)
        for part in fromlist:
            if hasattr(module, "__path__") and not hasattr(module, part):
                self.module(f"{full}.{part}")
        return module


def _spec(name: str, last: str, folders: Sequence[str] | None) -> ModuleSpec:
    """Find a module without importing what it lies in; raises ImportError."""
    if folders is None:
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name)
        if spec is not None:
            return spec
    for folder in folders or ():
        package, plain = Path(folder, last), Path(folder, f"{last}.py")
        if (package / "__init__.py").is_file():
            return importlib.util.spec_from_file_location(
                name, package / "__init__.py", submodule_search_locations=[str(package)]
            ) or _missing(name)
        if plain.is_file():
            return importlib.util.spec_from_file_location(name, plain) or _missing(name)
    return _missing(name)


def _missing(name: str) -> ModuleSpec:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _stand_in(name: str) -> types.ModuleType:
    module = types.ModuleType(name, "Not the library: asks nobody.")
    module.__path__ = []
    module.__getattr__ = lambda _name: object  # type: ignore[method-assign]
    return module
