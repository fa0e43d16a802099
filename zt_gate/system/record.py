"""Frozen records with the interface of ``dataclasses``, without its cost at start.

Importing ``dataclasses`` costs a hook as much time as reading its command.  Type checkers
see the real ones; at run time a record has slots, ``__init__``, equality, a hash and a
``repr``, and nothing else.  Every class is frozen unless it says ``frozen=False``.
"""

from __future__ import annotations

__all__ = ["field", "record", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass as record
    from dataclasses import field, replace
else:
    _MISSING = object()

    class _Factory:
        """A default that is made for each record."""

        __slots__ = ("make",)

        def __init__(self, make):
            self.make = make

    def field(*, default_factory):
        """Return a default that ``default_factory`` makes."""
        return _Factory(default_factory)

    def record(cls=None, /, *, frozen=True, slots=True):
        """Make a class a record of its annotated attributes."""
        if cls is None:
            return lambda later: record(later, frozen=frozen, slots=slots)
        names = tuple(cls.__annotations__)
        defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        namespace = {
            name: value
            for name, value in cls.__dict__.items()
            if name not in names and name not in {"__dict__", "__weakref__"}
        }
        namespace |= {"__slots__": names, "__match_args__": names}
        namespace |= _methods(names, defaults, frozen=frozen)
        return type(cls)(cls.__name__, cls.__bases__, namespace)

    def replace(instance, /, **changes):
        """Return a copy with other values."""
        names = type(instance).__match_args__
        values = {name: getattr(instance, name) for name in names}
        return type(instance)(**{**values, **changes})

    def _methods(names, defaults, *, frozen):
        set_slot = object.__setattr__
        count = len(names)

        def __init__(self, *values, **named):
            if len(values) > count or not named.keys() <= set(names[len(values) :]):
                raise TypeError(f"unexpected arguments for {type(self).__name__}")
            for name, value in zip(names, values, strict=False):
                set_slot(self, name, value)
            for name in names[len(values) :]:
                value = named.get(name, _MISSING)
                if value is _MISSING:
                    value = defaults.get(name, _MISSING)
                    if value is _MISSING:
                        raise TypeError(f"{type(self).__name__} needs {name}")
                    if type(value) is _Factory:
                        value = value.make()
                set_slot(self, name, value)

        def _values(self):
            return tuple([getattr(self, name) for name in names])

        def __eq__(self, other):
            if type(other) is not type(self):
                return NotImplemented
            return _values(self) == _values(other)

        def __repr__(self):
            shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
            return f"{type(self).__name__}({shown})"

        methods = {"__init__": __init__, "__eq__": __eq__, "__repr__": __repr__}
        if not frozen:
            return {**methods, "__hash__": None}

        def __hash__(self):
            return hash(_values(self))

        def __setattr__(self, name, _value):
            raise AttributeError(f"cannot assign to {name}: the record is frozen")

        return {**methods, "__hash__": __hash__, "__setattr__": __setattr__}
