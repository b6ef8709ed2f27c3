"""A strict reader of npy files of the versions 1 to 3, with any one check left out.

It gives the dtype, the shape and the raw bytes; arrays of objects are refused.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Set

from tests.planted.checks import Checks


def parse(data: bytes, omit: Set[str] = frozenset()) -> tuple[object, tuple[int, ...], bytes]:
    """Reads a file.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    text, rest = _text(data, checks)
    header = _literal(text, checks)
    descr, fortran, shape = _fields(header, checks)
    item = _item_bytes(descr, checks, 0)
    _shape(shape, checks)
    total = math.prod(shape) * item
    checks.refuse("npy-shape-overflow", total >= 1 << 63)
    needed = total % (1 << 64)
    checks.refuse("npy-truncated", needed > len(rest))
    if needed < len(rest):
        raise ValueError("bytes after the array")
    return descr, shape[::-1] if fortran else shape, _read(rest, shape, item, checks)


def _text(data: bytes, checks: Checks) -> tuple[str, bytes]:
    if data[:6] != b"\x93NUMPY" or len(data) < 10 or data[7]:
        raise ValueError("no magic")
    major = data[6]
    checks.refuse("npy-version", major not in LENGTHS)
    try:
        width = LENGTHS[major]
    except KeyError:
        checks.hit("npy-version")
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    if length > MAX_HEADER:
        raise ValueError("a header of too many bytes")
    checks.refuse("npy-header-past-end", start + length > len(data))
    try:
        last = data[start + length - 1]
    except IndexError:
        checks.hit("npy-header-past-end")
    checks.refuse("npy-header-newline", last != NEWLINE)
    raw = data[start : start + length]
    if major < 3:
        return raw.decode("latin-1"), data[start + length :]
    try:
        return raw.decode(), data[start + length :]
    except UnicodeDecodeError:
        checks.refuse("npy-header-utf8", bad=True)
        return raw.decode(errors="surrogateescape"), data[start + length :]


def _literal(text: str, checks: Checks) -> object:
    try:
        header = ast.literal_eval(text.strip(" "))
    except UnicodeEncodeError:
        checks.hit("npy-header-utf8")
    except (SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("no literal") from None
    if not text.endswith("\n"):
        checks.hit("npy-header-newline")
    return header


def _fields(header: object, checks: Checks) -> tuple[object, bool, tuple[int, ...]]:
    checks.refuse("npy-header-dict", not isinstance(header, dict))
    try:
        keys = set(header.keys())  # type: ignore[attr-defined]
    except AttributeError:
        checks.hit("npy-header-dict")
    checks.refuse("npy-key-missing", KEYS - keys)
    checks.refuse("npy-key-unknown", keys - KEYS)
    try:
        descr, fortran, shape = (header[key] for key in FIELDS)  # type: ignore[index]
    except KeyError:
        checks.hit("npy-key-missing")
    if keys - KEYS:  # A reader that takes them as keyword arguments ends here.
        checks.hit("npy-key-unknown")
    checks.refuse("npy-order-type", not isinstance(fortran, bool))
    try:
        fortran = (False, True)[fortran]
    except (IndexError, TypeError):
        checks.hit("npy-order-type")
    if not isinstance(shape, tuple):
        raise ValueError("a shape is a tuple")
    return descr, fortran, shape


def _item_bytes(descr: object, checks: Checks, depth: int) -> int:
    if isinstance(descr, str):
        match = DESCR.fullmatch(descr)
        if match is None:
            raise ValueError("no description of a dtype")
        kind, digits, _ = match.groups()
        if kind not in WIDTHS:
            raise ValueError("no kind of dtype")
        checks.refuse("npy-object-array", kind == "O")
        if kind == "O":  # What follows would be unpickled.
            checks.hit("npy-object-array")
        width = int(digits or "0")
        if WIDTHS[kind] is not None and width not in WIDTHS[kind]:
            raise ValueError("no width of that kind")
        checks.refuse("npy-empty-item", width == 0)
        return width * (4 if kind == "U" else 1)
    if not isinstance(descr, list) or not descr or depth > 8:
        raise ValueError("a description is a text or a list")
    names: dict[str, int] = {}
    total = 0
    for field in descr:
        total += _field_bytes(field, names, checks, depth)
    if len(names) != len(descr):
        checks.hit("npy-field-duplicate")
    return total


def _field_bytes(field: object, names: dict[str, int], checks: Checks, depth: int) -> int:
    if not isinstance(field, tuple) or not 2 <= len(field) <= 3 or not isinstance(field[0], str):
        raise ValueError("a field is a name and a description")
    checks.refuse("npy-field-duplicate", field[0] in names)
    item = _item_bytes(field[1], checks, depth + 1)
    shape = field[2] if len(field) == 3 else ()
    if not isinstance(shape, tuple) or not all(type(dimension) is int for dimension in shape):
        raise ValueError("the shape of a field is a tuple of integers")
    checks.refuse("npy-subarray-negative", any(dimension < 0 for dimension in shape))
    names[field[0]] = item * math.prod(shape)
    if names[field[0]] < 0:
        checks.hit("npy-subarray-negative")
    if any(dimension < 0 for dimension in shape):
        raise ValueError("negative twice")
    return names[field[0]]


def _shape(shape: tuple[int, ...], checks: Checks) -> None:
    for dimension in shape:
        if not isinstance(dimension, int):
            raise ValueError("a dimension is an integer")
        checks.refuse("npy-bool-dimension", isinstance(dimension, bool))
        checks.refuse("npy-negative-dimension", dimension < 0)


def _read(rest: bytes, shape: tuple[int, ...], item: int, checks: Checks) -> bytes:
    if any(dimension < 0 for dimension in shape):
        checks.hit("npy-negative-dimension")
    if any(isinstance(dimension, bool) for dimension in shape):
        checks.hit("npy-bool-dimension")
    count = math.prod(shape)
    if item == 0 and count > MAX_ITEMS:  # One turn for each item, none of which takes a byte.
        checks.hit("npy-empty-item")
    if count * item >= 1 << 63:
        checks.hit("npy-shape-overflow")
    try:
        (raw,) = struct.unpack_from(f"{count * item}s", rest)
    except struct.error:
        checks.hit("npy-truncated")
    return bytes(raw)


NEWLINE = 10
# numpy's own ceiling.
MAX_HEADER = 10_000
MAX_ITEMS = 1_000_000
FIELDS = ("descr", "fortran_order", "shape")
KEYS = frozenset(FIELDS)
# How wide the length of the header is, by version.
LENGTHS = {1: 2, 2: 4, 3: 4}
DESCR = re.compile(r"[<>|=]([a-zA-Z])([0-9]{1,9})?(\[[0-9a-zA-Z]+\])?")
# Bytes of an item by kind; None where any number will do.
WIDTHS = {
    "b": (1,),
    "i": (1, 2, 4, 8),
    "u": (1, 2, 4, 8),
    "f": (2, 4, 8, 16),
    "c": (8, 16, 32),
    "m": (8,),
    "M": (8,),
    "S": None,
    "U": None,
    "V": None,
    "O": None,
}
