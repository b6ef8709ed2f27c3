"""`@frozen` makes a small class of annotated fields immutable, slotted and comparable.

It is what `@dataclass(frozen=True, slots=True, kw_only=True)` promises, and type checkers read it as that.
It refuses the rest of `dataclasses`: no positional fields, no inheritance of fields, no factories, no
generated code.

`import dataclasses` costs 12 to 14 ms (it brings `inspect` and `re`), more than the 9 ms of a bare
interpreter, and `import typing` costs 7. A scan of a small file as a process must stay near twice `python
-c pass`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> object:
        """Stands in for the marker that only type checkers read."""
        return lambda decorator: decorator


@dataclass_transform(frozen_default=True, kw_only_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Makes the class anew with one slot for each annotated field, and with the methods below.

    >>> @frozen
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1)
    Point(x=1, y=0)
    >>> Point(x=1) == Point(x=1, y=0)
    True
    >>> Point(x=1).x = 2
    Traceback (most recent call last):
    AttributeError: Point is immutable
    """
    fields = tuple(cls.__annotations__)
    defaults = {name: value for name, value in vars(cls).items() if name in fields}
    dropped = {"__dict__", "__weakref__", *defaults}
    body: dict[str, Any] = {name: value for name, value in vars(cls).items() if name not in dropped}
    for method in (
        __init__,
        __setattr__,
        __delattr__,
        __repr__,
        __eq__,
        __hash__,
        __getstate__,
        __setstate__,
    ):
        body.setdefault(method.__name__, method)
    if body["__hash__"] is None:  # a class that defines only __eq__
        body["__hash__"] = __hash__
    body |= {"__slots__": fields, "_defaults": defaults}
    made: type[T] = type(cls.__name__, cls.__bases__, body)
    return made


def replace(instance: T, **changes: object) -> T:
    """Copies the instance with some of its fields changed."""
    fields = {name: getattr(instance, name) for name in type(instance).__slots__}  # type: ignore[attr-defined]
    return type(instance)(**(fields | changes))


def __init__(self: Any, **values: object) -> None:
    values = self._defaults | values
    for name in self.__slots__:
        if name not in values:
            raise TypeError(f"{type(self).__name__} needs the field {name!r}")
        object.__setattr__(self, name, values.pop(name))
    if values:
        raise TypeError(f"{type(self).__name__} has no field {next(iter(values))!r}")


def __setattr__(self: object, _name: str, _value: object) -> None:
    raise AttributeError(f"{type(self).__name__} is immutable")


def __delattr__(self: object, _name: str) -> None:
    raise AttributeError(f"{type(self).__name__} is immutable")


def __repr__(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


def __eq__(self: Any, other: object) -> bool:
    if type(self) is not type(other):
        return NotImplemented
    return bool(__getstate__(self) == __getstate__(other))


def __hash__(self: Any) -> int:
    return hash(__getstate__(self))


def __getstate__(self: Any) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in self.__slots__)


def __setstate__(self: Any, state: tuple[object, ...]) -> None:
    for name, value in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, value)
