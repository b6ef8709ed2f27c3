"""A strict reader of safetensors, with any one check left out.

It refuses whatever the format's text forbids, and gives the bytes of the tensors by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Set

from tests.planted.checks import Checks

Tensor = tuple[str, list[int], int, int]


def parse(data: bytes, omit: Set[str] = frozenset()) -> dict[str, bytes]:
    """Reads a file.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    try:
        header, buffer = _header(data, checks)
        tensors = {name: _tensor(info, len(buffer), checks) for name, info in header.items()}
    except RecursionError:
        raise ValueError("nested too deep") from None
    _layout(tensors, len(buffer), checks)
    return {name: _view(tensor, buffer, checks) for name, tensor in tensors.items()}


def _header(data: bytes, checks: Checks) -> tuple[dict[str, object], bytes]:
    if len(data) < 8:
        raise ValueError("no room for a length")
    length = int.from_bytes(data[:8], "little")
    checks.refuse("st-header-cap", length > MAX_HEADER)
    if length > MAX_HEADER:  # A buffer of this many bytes would be made here.
        checks.hit("st-header-cap")
    checks.refuse("st-header-past-end", length > len(data) - 8)
    try:
        data[8 + length - 1]
    except IndexError:
        checks.hit("st-header-past-end")
    raw = data[8 : 8 + length]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        checks.refuse("st-header-utf8", bad=True)
        text = raw.decode(errors="surrogateescape")
    lost = 0

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal lost
        made = dict(pairs)
        checks.refuse("st-duplicate-key", len(made) != len(pairs))
        lost += len(pairs) - len(made)
        return made

    header = json.loads(text, object_pairs_hook=unique, parse_constant=_no_constant)
    checks.refuse("st-header-object", not isinstance(header, dict))
    try:
        metadata = header.pop("__metadata__", {})
    except (AttributeError, TypeError):
        checks.hit("st-header-object")
    _metadata(metadata, checks)
    try:
        for name in header:
            name.encode()
    except UnicodeEncodeError:  # A lone surrogate is also what an escape in JSON makes.
        checks.hit("st-header-utf8")
    if lost:
        checks.hit("st-duplicate-key")
    return header, data[8 + length :]


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _metadata(metadata: object, checks: Checks) -> None:
    checks.refuse("st-metadata-object", not isinstance(metadata, dict))
    try:
        texts = list(metadata.values())  # type: ignore[attr-defined]
    except AttributeError:
        checks.hit("st-metadata-object")
    checks.refuse("st-metadata-text", not all(isinstance(text, str) for text in texts))
    try:
        for text in texts:
            text.encode(errors="replace")
    except AttributeError:
        checks.hit("st-metadata-text")


def _tensor(info: object, size: int, checks: Checks) -> Tensor:
    if not isinstance(info, dict):
        raise ValueError("a tensor is an object")
    if not FIELDS.issuperset(info):
        raise ValueError("an unknown field")
    checks.refuse("st-field-missing", len(info) < len(FIELDS))
    try:
        dtype, shape, offsets = info["dtype"], info["shape"], info["data_offsets"]
    except KeyError:
        checks.hit("st-field-missing")
    if not isinstance(dtype, str) or not isinstance(shape, list) or not isinstance(offsets, list):
        raise ValueError("a field of another type")
    checks.refuse("st-unknown-dtype", dtype not in BITS)
    try:
        bits = BITS[dtype]
    except KeyError:
        checks.hit("st-unknown-dtype")
    for dimension in shape:
        if not isinstance(dimension, int):
            raise ValueError("a dimension is an integer")
        checks.refuse("st-bool-dimension", isinstance(dimension, bool))
        checks.refuse("st-negative-dimension", dimension < 0)
    total = math.prod(shape) * bits
    checks.refuse("st-shape-overflow", total >= 1 << 64)
    checks.refuse("st-sub-byte-size", total % 8)
    if len(offsets) != 2 or not all(type(offset) is int and offset >= 0 for offset in offsets):
        raise ValueError("offsets are two integers")
    begin, end = offsets
    checks.refuse("st-offset-order", begin > end)
    checks.refuse("st-offset-past-end", end > size)
    # Where an overflow is not looked for, it wraps around as it does in C.
    checks.refuse("st-size-mismatch", total % (1 << 64) // 8 != max(end - begin, 0))
    return dtype, shape, begin, end


def _layout(tensors: dict[str, Tensor], size: int, checks: Checks) -> None:
    position = 0
    for begin, end in sorted((begin, end) for _, _, begin, end in tensors.values()):
        checks.refuse("st-overlap", begin < position)
        checks.refuse("st-gap", begin > position)
        position = max(position, end)
    covered = sum(max(end - begin, 0) for _, _, begin, end in tensors.values())
    if covered > position:
        checks.hit("st-overlap")
    if covered < position:
        checks.hit("st-gap")
    # An end that lies outside is the other check's business.
    checks.refuse("st-trailing", position < size)
    if position < size:
        checks.hit("st-trailing")


def _view(tensor: Tensor, buffer: bytes, checks: Checks) -> bytes:
    dtype, shape, begin, end = tensor
    view = buffer[begin:end]
    if begin > end:
        checks.hit("st-offset-order")
    if len(view) != end - begin:
        checks.hit("st-offset-past-end")
    if any(dimension < 0 for dimension in shape):
        checks.hit("st-negative-dimension")
    if any(isinstance(dimension, bool) for dimension in shape):
        checks.hit("st-bool-dimension")
    bits = math.prod(shape) * BITS[dtype]
    if bits >= 1 << 64:
        checks.hit("st-shape-overflow")
    if bits % 8:
        checks.hit("st-sub-byte-size")
    if bits // 8 != len(view):
        checks.hit("st-size-mismatch")
    return view


FIELDS = frozenset(("dtype", "shape", "data_offsets"))
# Far less than the format's ceiling, so that a test need not hold 100 MB.
MAX_HEADER = 1 << 20
BITS = {
    "F4": 4,
    "F6_E2M3": 6,
    "F8_E5M2": 8,
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "C64": 64,
}
