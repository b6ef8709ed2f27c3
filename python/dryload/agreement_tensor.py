"""Gathers what sets readers of safetensors apart in one tensor: the kinds of its fields, its size, its place.

Three readers count in their own way, and are followed: the Hub's multiplies a shape whatever is in it,
tinygrad slices as Python does and infers dimensions, MLX wraps numbers to the width of its types. No number
has more than 31 digits here: `agreement_facts` has cut them.
"""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator


class Pairs(list[tuple[str, Any]]):
    """An object with all its pairs."""


class Number:
    """A number that is not what it seems: `-0`, or written with a point; `fact` says which."""

    __slots__ = ("fact", "value")

    def __init__(self, fact: str, value: float) -> None:
        self.fact, self.value = fact, value


def tensor(value: object, length: int, size: int) -> Generator[str, None, tuple[int, int] | None]:
    """Gives the facts of one tensor behind a header of `length` bytes in a file of `size`, and returns its
    offsets if it has any."""
    if not isinstance(value, Pairs):
        # The official reader takes an array of the three fields.
        if not isinstance(value, list) or len(value) != 3:
            yield "tensor-type"
            return None
        yield "tensor-array"
        value = Pairs(zip(_FIELDS, value, strict=True))
    fields = dict(value)
    known = [key for key, _ in value if key in _FIELDS]
    if len(set(known)) < len(known):
        yield "twice-field"
    if "dtype" not in fields:
        yield "no-dtype"
    if not {"shape", "data_offsets"} <= fields.keys():
        yield "no-field"
        return None
    bits = yield from _dtype(fields.get("dtype", ""))
    shape, elements = yield from _shape(fields["shape"])
    offsets = yield from _offsets(fields["data_offsets"])
    if offsets is None:
        return None
    room = size - 8 - length
    if bits is not None and bits >= 8:
        yield from _tinygrad(shape, offsets, bits // 8, max(room, 0))
        yield from _mlx(shape, offsets, bits // 8, length + 8, size)
    whole = [_whole(offset) for offset in offsets]
    if None in whole:
        return None
    start, end = (offset or 0 for offset in whole)
    if end < start:
        yield "backwards"
    elif elements is not None and bits is not None:
        if elements * bits % 8:
            yield "sub-byte"
        elif elements * bits // 8 != end - start:
            yield "size"
    if max(start, end) > 2**53:
        yield "far-outside"
    elif max(start, end) > max(room, 0):
        yield "empty-outside" if start == end else "outside"
    return start, end


def _dtype(value: object) -> Generator[str, None, int | None]:
    if isinstance(value, Pairs):
        yield "dtype-map"
        name = value[0][0] if value else ""
        if len(value) != 1 or value[0][1] is not None or name not in _BITS:
            yield "dtype-map-value"
        return _BITS.get(name)
    if isinstance(value, list):
        yield "dtype-list"
        return None
    if not isinstance(value, str):
        yield "dtype-plain"
        return None
    if value in _NEW:
        yield "new-dtype"
    elif value in _SOME_LACK:
        yield value
    elif value not in _BITS:
        yield "unknown-dtype"
    return _BITS.get(value)


def _shape(value: Any) -> Generator[str, None, tuple[list[Any], int | None]]:
    """Gives the dimensions as they stand, and how many elements they make."""
    if isinstance(value, Pairs | str):
        yield "shape-text"
        parts = [key for key, _ in value] if isinstance(value, Pairs) else list(value[:3])
        yield from _hub_count(parts)
        return [""], None
    if not isinstance(value, list):
        yield "shape-plain"
        return [value], None
    yield from _hub_count(value)
    sizes = []
    for dim in value:
        if isinstance(dim, Number):
            yield dim.fact
            sizes.append(int(max(min(dim.value, 2**64), -(2**64))))
        elif isinstance(dim, bool):
            yield "bool-dim"
            sizes.append(int(dim))
        elif isinstance(dim, int):
            yield from _size(dim)
            sizes.append(dim)
        else:
            yield _DIMS.get(type(dim), "nested-dim")
    if len(sizes) < len(value):
        return value, None
    product = 1
    for size in sizes:
        product = min(product * (abs(size) or 1), 2**200)
    if product >= 2**64:
        if 0 not in sizes:
            yield "overflow"
        elif _in_order(sizes):
            yield "overflow-zero"
    return value, 0 if 0 in sizes else product


def _in_order(sizes: Iterable[int]) -> bool:
    """Whether a product overflows before it comes to the zero."""
    product = 1
    for size in sizes:
        product *= abs(size)
        if product >= 2**64:
            return True
        if product == 0:
            return False
    return False


def _size(dim: int) -> Iterator[str]:
    if dim < 0:
        yield "negative-dim"
    elif dim >= 2**64:
        yield "dim-over-64"
    elif dim > 2**32:
        yield "dim-over-32"


def _offsets(value: object) -> Generator[str, None, tuple[Any, Any] | None]:
    if isinstance(value, Pairs | str):
        yield "offsets-text"
        if len({key for key, _ in value} if isinstance(value, Pairs) else value) != 2:
            yield "offsets-text-size"
        return None
    if not isinstance(value, list):
        yield "offsets-plain"
        return None
    if len(value) != 2:
        yield "three-offsets" if len(value) > 2 else "one-offset"
    if len(value) < 2:
        return None
    found: list[Any] = []
    for offset in value[:2]:
        if isinstance(offset, Number):
            yield offset.fact
            found.append(0 if offset.fact == "minus-zero" else offset)
        elif isinstance(offset, bool):
            yield "bool-offset"
            found.append(int(offset))
        elif isinstance(offset, int):
            if offset < 0:
                yield "negative-offset"
            elif offset >= 2**64:
                yield "dim-over-64"
            found.append(offset)
        elif offset is None:
            yield "null-offset"
            found.append(None)
        else:
            yield "offset-type"
            return None
    return (found[0], found[1])


def _whole(offset: Any) -> int | None:
    if isinstance(offset, Number):
        return int(offset.value) if offset.fact == "float-dim" else None
    return offset if isinstance(offset, int) else None


def _hub_count(shape: list[Any]) -> Iterator[str]:
    """Follows `functools.reduce(operator.mul, shape)`: a TypeError counts as one, and what is then added to a
    number has to be one."""
    kinds = [_kind(dim) for dim in shape]
    product = kinds[0] if kinds else "int"
    for kind in kinds[1:]:
        numbers = {product, kind} <= {"int", "float"}
        repeated = {product, kind} in ({"int", "text"}, {"int", "list"})
        if not numbers and not repeated:
            return
        product = next((k for k in (product, kind) if k != "int"), "int")
    if product not in ("int", "float"):
        yield "hub-count"


def _kind(dim: Any) -> str:
    if isinstance(dim, Number) and dim.fact == "minus-zero":
        return "int"
    return _KINDS.get(type(dim), "other")


def _tinygrad(shape: list[Any], offsets: tuple[Any, Any], width: int, room: int) -> Iterator[str]:
    """Follows `data[start:end].bitcast(dtype).reshape(shape)`."""
    if any(isinstance(offset, Number) for offset in offsets):
        return
    there = len(range(*slice(*offsets).indices(room)))
    count, fits = there // width, there % width == 0
    product = 1
    for i, dim in enumerate(shape):
        minus_zero = isinstance(dim, Number) and dim.fact == "minus-zero"
        if dim is None:
            fits &= i == 0
            product *= count
        elif minus_zero:
            product = 0
        elif isinstance(dim, int) and not isinstance(dim, bool):
            fits &= dim >= -1
            product = min(product * (1 if dim == -1 else abs(dim)), 2**200)
        else:
            fits = False
    if shape.count(-1) == 1 and fits and product:
        yield "inferred"
        product *= count // product
    elif -1 in shape:
        fits = False
    if not fits or product != count:
        yield "python-slice"


def _mlx(shape: list[Any], offsets: tuple[Any, Any], width: int, data: int, size: int) -> Iterator[str]:
    """Follows dimensions of 32 bits with a sign, and offsets and sizes of 64 without one."""
    expected = width
    for dim in shape:
        number = dim.value if isinstance(dim, Number) else dim
        if not isinstance(number, int | float):
            return
        # A double is cut, or the least number where it does not fit; other digits wrap.
        if isinstance(number, float) or not -(2**63) <= number < 2**64:
            wrapped = int(number) if abs(number) < 2**31 else -(2**31)
        else:
            wrapped = (int(number) + 2**31) % 2**32 - 2**31
        if wrapped != number:
            yield "wrapped"
        expected = expected * wrapped % 2**64
    places = []
    for offset in offsets:
        if offset is None:
            return
        number = int(offset.value) if isinstance(offset, Number) else offset
        if number >= 2**64:
            yield "wrapped"
            number = 0
        places.append(number % 2**64)
    start, end = places
    if end < start or end - start != expected or (data + end) % 2**64 > size:
        yield "mlx-count"


_FIELDS = ("dtype", "shape", "data_offsets")
_BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64, "BF16": 16}
_BITS |= {f"{kind}{bits}": bits for kind in "UI" for bits in (8, 16, 32, 64)}
_BITS |= {f"F{bits}": bits for bits in (16, 32, 64)}
_BITS |= {f"F8_{name}": 8 for name in ("E5M2", "E4M3", "E8M0", "E4M3FNUZ", "E5M2FNUZ")}
_NEW = {"F4", "F6_E2M3", "F6_E3M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}
_SOME_LACK = {"F8_E5M2", "F8_E8M0", "F8_E4M3", "C64", "F64"}
_DIMS: dict[type, str] = {str: "text-dim", type(None): "null-dim"}
_KINDS: dict[type, str] = {int: "int", bool: "int", Number: "float", str: "text", list: "list"}

# Facts about place and size, or of other readers alone: no field is of the wrong kind for them.
LAYOUT = {
    "size",
    "backwards",
    "outside",
    "far-outside",
    "empty-outside",
    "sub-byte",
    "overflow",
    "overflow-zero",
    "dim-over-32",
    "wrapped",
    "mlx-count",
    "inferred",
    "python-slice",
    "tensor-array",
    "dtype-map",
    "hub-count",
    "new-dtype",
    *_SOME_LACK,
}
