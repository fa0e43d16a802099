"""Dataclasses that cost a start less: their methods are not compiled for each class.

``dataclasses`` compiles six functions for each frozen class, which was a third of the
time that a commit's hook took.  A record has the same interface and behaviour; its
methods are shared, and ``__init__`` alone is compiled, for a class of which many records
are made.  Type checkers see the real ones, and ``dataclasses.replace``, ``asdict`` and
``fields`` take records.

``slots=True``, ``frozen`` and ``eq`` mean what they mean in ``dataclasses``.  Classes that
need more (order, fields that are inherited) use ``dataclasses``: they are refused here
when they are defined.
"""

from __future__ import annotations

__all__ = ["asdict", "dataclass", "field", "record", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import asdict, dataclass, field, replace
    from typing import TypeVar, dataclass_transform, overload

    _T = TypeVar("_T")

    @overload
    def record(cls: type[_T], /) -> type[_T]: ...
    @overload
    def record(
        cls: None = None, /, *, frozen: bool = True, slots: bool = True, eq: bool = True
    ) -> Callable[[type[_T]], type[_T]]: ...
    @dataclass_transform(frozen_default=True, field_specifiers=(field,))
    def record(
        cls: type[_T] | None = None,
        /,
        *,
        frozen: bool = True,
        slots: bool = True,
        eq: bool = True,
    ) -> type[_T] | Callable[[type[_T]], type[_T]]: ...

else:
    _MISSING = object()
    #: So many records of a class are made before its ``__init__`` is compiled.
    _MANY = 40

    class _Field:
        """The default of a field."""

        __slots__ = ("compared", "default", "make", "set_first", "shown")

        def __init__(
            self, default, make=None, *, shown=True, compared=True, set_first=True
        ):
            self.default = default
            self.make = make
            self.shown = shown
            self.compared = compared
            self.set_first = set_first

    def field(
        *, default=_MISSING, default_factory=None, repr=True, compare=True, init=True
    ):
        """Return a field with a default: a value, or a function that makes one each time.

        ``repr=False`` keeps the value out of the record's ``repr``, ``compare=False`` out
        of its equality and hash; ``init=False`` gives ``__init__`` no such parameter.
        """
        return _Field(
            default, default_factory, shown=repr, compared=compare, set_first=init
        )

    def record(cls=None, /, *, frozen=True, slots=True, eq=True):
        """Make a class a dataclass that is frozen and has slots, unless it says not."""
        return dataclass(cls, frozen=frozen, slots=slots, eq=eq)

    def dataclass(
        cls=None, /, *, frozen=False, slots=False, eq=True, repr=True, kw_only=False
    ):
        """Make a class a record of its annotated attributes.

        Raises:
            TypeError: It inherits fields, or a field without a default follows one with.
        """
        if cls is None:
            return lambda later: dataclass(
                later, frozen=frozen, slots=slots, eq=eq, repr=repr, kw_only=kw_only
            )
        names = tuple(
            name
            for name, kind in cls.__dict__.get("__annotations__", {}).items()
            if not str(kind).startswith("ClassVar")
        )
        fields = {name: _field_of(cls.__dict__.get(name, _MISSING)) for name in names}
        _check(cls, fields, kw_only=kw_only)
        methods = {
            "__match_args__": names,
            "__dataclass_fields__": _LazyFields(frozen, kw_only),
            "__signature__": _LazySignature(),
        }
        methods["__init__"] = _first_init(fields, frozen=frozen, kw_only=kw_only)
        if eq:
            methods |= _comparison(fields, frozen=frozen)
        if repr:
            methods["__repr__"] = _repr_of(fields)
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        methods = {
            name: value
            for name, value in methods.items()
            if name not in cls.__dict__ or name == "__match_args__"
        }
        if not slots:
            return _dressed(cls, fields, methods)
        kept = {
            name: value
            for name, value in cls.__dict__.items()
            if name not in fields and name not in {"__dict__", "__weakref__"}
        }
        state = {"__getstate__": _state, "__setstate__": _set_state}
        made = {**state, **kept, **methods, "__slots__": names, _FIELDS: fields}
        return type(cls)(cls.__name__, cls.__bases__, made)

    _FIELDS = "__record_fields__"

    def replace(instance, /, **changes):
        """Return a copy with other values, as ``dataclasses.replace`` does."""
        fields = getattr(type(instance), _FIELDS, None)
        if fields is None:
            import dataclasses

            return dataclasses.replace(instance, **changes)
        kept = {
            name: getattr(instance, name)
            for name, item in fields.items()
            if item.set_first and name not in changes
        }
        return type(instance)(**kept, **changes)

    def asdict(instance, /):
        """Return the fields by name, records inside them likewise."""
        names = getattr(type(instance), _FIELDS)
        return {name: _plain(getattr(instance, name)) for name in names}

    def _plain(value):
        if hasattr(type(value), _FIELDS):
            return asdict(value)
        if type(value) in {list, tuple}:
            return type(value)([_plain(item) for item in value])
        if type(value) is dict:
            return {name: _plain(item) for name, item in value.items()}
        return value

    def _field_of(default):
        return default if type(default) is _Field else _Field(default)

    def _check(cls, fields, *, kw_only):
        if any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__):
            raise TypeError(f"{cls.__name__} inherits fields: use dataclasses")
        optional = ""
        for name, item in fields.items():
            if item.default is not _MISSING or item.make is not None:
                optional = name
            elif optional and not kw_only:
                raise TypeError(
                    f"{cls.__name__}: {name} needs a default after {optional}"
                )

    def _dressed(cls, fields, methods):
        for name, item in fields.items():
            if item.default is not _MISSING:
                setattr(cls, name, item.default)
            elif item.make is not None:
                delattr(cls, name)
        setattr(cls, _FIELDS, fields)
        for name, value in methods.items():
            setattr(cls, name, value)
        return cls

    def _first_init(fields, *, frozen, kw_only):
        """Return an ``__init__`` that replaces itself once the class is used often."""
        names = tuple(name for name, item in fields.items() if item.set_first)
        others = tuple(name for name in fields if name not in names)
        most = 0 if kw_only else len(names)
        set_value = object.__setattr__
        made = 0

        def __init__(self, *values, **named):
            nonlocal made
            made += 1
            if made == _MANY and type(self).__init__ is __init__:
                type(self).__init__ = _compiled_init(
                    type(self), fields, frozen=frozen, kw_only=kw_only
                )
            if len(values) > most or not named.keys() <= set(names[len(values) :]):
                raise TypeError(f"unexpected arguments for {type(self).__name__}")
            for name, value in zip(names, values, strict=False):
                set_value(self, name, value)
            for name in names[len(values) :]:
                value = named.get(name, _MISSING)
                if value is _MISSING:
                    value = _default(self, name, fields[name])
                set_value(self, name, value)
            for name in others:
                set_value(self, name, _default(self, name, fields[name]))
            after = getattr(self, "__post_init__", None)
            if after is not None:
                after()

        return __init__

    def _default(instance, name, item):
        if item.make is not None:
            return item.make()
        if item.default is _MISSING:
            raise TypeError(f"{type(instance).__name__} needs {name}")
        return item.default

    def _compiled_init(cls, fields, *, frozen, kw_only):
        """Compile the ``__init__`` that ``dataclasses`` would have made."""
        known = {"_set": object.__setattr__, "_missing": _MISSING}
        parameters, lines = ["self", "*"] if kw_only else ["self"], []
        for name, item in fields.items():
            value = parameter = name
            if item.make is not None:
                known[f"_make_{name}"] = item.make
                parameter = f"{name}=_missing"
                made = f"_make_{name}()"
                value = f"{made} if {name} is _missing else {name}"
            elif item.default is not _MISSING:
                made = known_default = f"_default_{name}"
                known[known_default] = item.default
                parameter = f"{name}={known_default}"
            if item.set_first:
                parameters.append(parameter)
            else:
                value = made
            lines.append(
                f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}"
            )
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        head = ", ".join(parameters)
        body = "\n    ".join(lines or ["pass"])
        # The names are those of a class's annotations: identifiers of this source.
        exec(f"def __init__({head}):\n    {body}\n", known)  # noqa: S102
        known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
        return known["__init__"]

    def _comparison(fields, *, frozen):
        names = tuple(name for name, item in fields.items() if item.compared)

        def values_of(instance):
            return tuple([getattr(instance, name) for name in names])

        def __eq__(self, other):
            if type(other) is not type(self):
                return NotImplemented
            return values_of(self) == values_of(other)

        def __hash__(self):
            return hash(values_of(self))

        return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}

    def _repr_of(fields):
        names = tuple(name for name, item in fields.items() if item.shown)

        def __repr__(self):
            shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
            return f"{type(self).__qualname__}({shown})"

        return __repr__

    def _refuse(self, name, *_value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to {name}: the record is frozen")

    def _state(self):
        return [getattr(self, name) for name in type(self).__slots__]

    def _set_state(self, state):
        for name, value in zip(type(self).__slots__, state, strict=True):
            object.__setattr__(self, name, value)

    class _LazyFields:
        """What ``dataclasses`` asks a class for, made when it asks."""

        __slots__ = ("_frozen", "_kw_only", "_real")

        def __init__(self, frozen, kw_only):
            self._frozen = frozen
            self._kw_only = kw_only
            self._real = None

        def real(self, owner):
            """Return a class of ``dataclasses`` with the same fields."""
            if self._real is None:
                self._real = _real_class(owner, self._frozen, self._kw_only)
            return self._real

        def __get__(self, instance, owner):
            return self.real(owner).__dataclass_fields__

    class _LazySignature:
        """The parameters of a record, for what inspects a class."""

        __slots__ = ()

        def __get__(self, instance, owner):
            import inspect

            real = owner.__dict__["__dataclass_fields__"].real(owner)
            parameters = list(inspect.signature(real.__init__).parameters.values())
            return inspect.Signature(parameters[1:], return_annotation=None)

    def _real_class(cls, frozen, kw_only):
        import dataclasses

        fields = getattr(cls, _FIELDS)
        namespace = {
            "__annotations__": {name: cls.__annotations__[name] for name in fields}
        }
        for name, item in fields.items():
            options = {
                "repr": item.shown, "compare": item.compared, "init": item.set_first
            }  # fmt: skip
            if item.make is not None:
                options["default_factory"] = item.make
            elif item.default is not _MISSING:
                options["default"] = item.default
            namespace[name] = dataclasses.field(**options)
        plain = type(cls.__name__, (), namespace)
        return dataclasses.dataclass(frozen=frozen, kw_only=kw_only)(plain)
