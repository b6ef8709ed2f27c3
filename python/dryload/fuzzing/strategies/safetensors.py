"""Safetensors files: a header of JSON over the bytes of its tensors, which are zeros.

`FAULTS` has one entry for each rule that can be broken alone. Not there: `safetensors-large-header` and
`safetensors-many-empty`, which take more than a megabyte.
"""

from __future__ import annotations

import json
import math

from hypothesis import strategies as st

from dryload.fuzzing.strategies._choice import sound_or_faulty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hypothesis.strategies import DrawFn, SearchStrategy

    Entry = dict[str, object]


def safetensors_files(
    *,
    valid: bool | None = True,
    faults: Collection[str] | None = None,
    dtypes: Collection[str] | None = None,
) -> SearchStrategy[bytes]:
    """Gives files that are sound (`valid=True`), have exactly one fault (`False`), or either (`None`).

    `faults` names the rules of which one is broken. The sound ones have only `dtypes`.

    Raises:
        ValueError: no such dtype or fault.
    """
    chosen = tuple(DTYPES) if dtypes is None else tuple(dtypes)
    if unknown := sorted(set(chosen) - set(DTYPES)):
        raise ValueError(f"no dtype of these: {', '.join(unknown)}; there are {', '.join(DTYPES)}")
    return sound_or_faulty(_sound(chosen), FAULTS, valid, faults).filter(_is_no_pickle)


def _is_no_pickle(data: bytes) -> bool:
    """Leaves out lengths that read as PROTO: with a broken header, such a file is as much a broken pickle."""
    return data[:1] != b"\x80" or data[1:2] > b"\x05"


def _file(header: object, data: bytes = b"", tail: bytes = b"") -> bytes:
    """Writes a file; a header that is no bytes is written as JSON."""
    raw = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return len(raw + tail).to_bytes(8, "little") + raw + tail + data


@st.composite
def _entries(
    draw: DrawFn, least: int = 0, dtypes: tuple[str, ...] = ("U8",), begin: int = 0
) -> tuple[dict[str, Entry], int]:
    """Gives tensors by name, one after the other, and where they end. Wide ones come first."""
    names = draw(st.lists(_names(), min_size=least, max_size=least + 3, unique=True))
    drawn = [(draw(st.sampled_from(dtypes)), draw(_shapes())) for _ in names]
    end = begin
    entries = {}
    for name, (dtype, shape) in zip(names, sorted(drawn, key=lambda each: -DTYPES[each[0]]), strict=True):
        start, end = end, end + math.prod(shape) * DTYPES[dtype]
        entries[name] = _info(dtype, shape, start, end)
    return entries, end


def _names() -> SearchStrategy[str]:
    word = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=6)
    return st.lists(word, min_size=1, max_size=3).map(".".join)


def _shapes() -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 4), max_size=3)


@st.composite
def _sound(draw: DrawFn, dtypes: tuple[str, ...]) -> bytes:
    entries, end = draw(_entries(dtypes=dtypes))
    header: dict[str, object] = dict(entries)
    words = st.text("abcdefgh", max_size=6)
    if metadata := draw(st.dictionaries(words, words, max_size=2)):
        header["__metadata__"] = metadata
    widest = max((DTYPES[str(entry["dtype"])] for entry in entries.values()), default=1)
    return _aligned(_file(header, bytes(end)), end, widest, 8 * draw(st.integers(0, 2)))


def _aligned(data: bytes, size: int, width: int, more: int = 0) -> bytes:
    """Puts spaces behind the header, so that the tensors begin at a multiple of a width."""
    raw = data[8 : len(data) - size]
    return _file(raw, data[8 + len(raw) :], b" " * (-len(raw) % width + more))


def _written(entries: dict[str, Entry], size: int, more: dict[str, object] | None = None) -> bytes:
    fields: dict[str, object] = dict(entries)
    return _file(fields | (more or {}), bytes(size))


@st.composite
def _one(draw: DrawFn, spoiled: SearchStrategy[dict[str, object]], size: int = 0) -> bytes:
    """Gives a file whose last tensor is spoiled and has `size` bytes; its offsets begin at 0."""
    fields = draw(spoiled)
    name = draw(_names())
    before, _ = draw(_empty())
    before.pop(name, None)
    return _written(before, size, {name: fields})


@st.composite
def _empty(draw: DrawFn) -> tuple[dict[str, Entry], int]:
    """Gives up to two tensors without a byte, which stand anywhere."""
    names = draw(st.lists(_names(), max_size=2, unique=True))
    return {name: _info("U8", [0], 0, 0) for name in names}, 0


def _info(dtype: object = "U8", shape: object = (0,), begin: int = 0, end: int = 0) -> Entry:
    listed = list(shape) if isinstance(shape, tuple) else shape
    return {"dtype": dtype, "shape": listed, "data_offsets": [begin, end]}


# The faults: each gives files that break one rule and keep all others.


def _too_small() -> SearchStrategy[bytes]:
    return st.integers(0, 7).map(bytes).filter(bool)


def _too_large() -> SearchStrategy[bytes]:
    # The first byte is no sign of another format.
    return st.integers(390_626, 1 << 48).map(lambda length: (length << 8).to_bytes(8, "little") + b"{}")


@st.composite
def _trailing(draw: DrawFn) -> bytes:
    entries, end = draw(_entries())
    return _written(entries, end + draw(st.integers(1, 8)))


@st.composite
def _truncated(draw: DrawFn) -> bytes:
    if draw(st.booleans()):
        # Lengths from 40 on begin with what is an opcode: as much a broken pickle.
        return draw(st.integers(3, 39)).to_bytes(8, "little") + b"{}"
    name, count = draw(_names()), draw(st.integers(1, 16))
    return _written({name: _info("U8", [count], 0, count)}, draw(st.integers(0, count - 1)))


@st.composite
def _no_utf8(draw: DrawFn) -> bytes:
    bad = draw(st.sampled_from((b"\xff", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80")))
    return _file(b'{"' + draw(_names()).encode() + bad + b'":' + json.dumps(_info()).encode() + b"}")


def _no_json() -> SearchStrategy[bytes]:
    texts = (
        b"{",
        b"{,}",
        b'{"a"}',
        b"{}{}",
        b'{"a":NaN}',
        b"{'a':0}",
        b'{"a":"\\x"}',
        b'{"a":01}',
        b"{},",
    )
    return st.sampled_from(texts).map(_file)


def _no_start() -> SearchStrategy[bytes]:
    return st.sampled_from((b" ", b"\n", b"\t\t")).map(lambda space: _file(space + b"{}"))


@st.composite
def _twice(draw: DrawFn) -> bytes:
    name, entry = json.dumps(draw(_names())), json.dumps(_info(), separators=(",", ":"))
    return _file(f"{{{name}:{entry},{name}:{entry}}}".encode())


@st.composite
def _missing(draw: DrawFn) -> bytes:
    fields = _info()
    del fields[draw(st.sampled_from(sorted(fields)))]
    return draw(_one(st.just(fields)))


def _field_type() -> SearchStrategy[bytes]:
    wrong: list[dict[str, object]] = [
        _info(shape=(0, -1)),
        _info(shape=(False,)),
        _info(shape=(0.0,)),
        _info(shape=("0",)),
        _info(shape=None),
        _info(dtype=None),
        {**_info(), "data_offsets": [0]},
        {**_info(), "data_offsets": [0, 0, 0]},
        {**_info(), "data_offsets": [0, -0.5]},
    ]
    return _one(st.sampled_from(wrong))


def _unknown_field() -> SearchStrategy[bytes]:
    return _one(_names().filter(lambda name: name not in _info()).map(lambda name: {**_info(), name: 0}))


def _unknown_dtype() -> SearchStrategy[bytes]:
    return _one(st.sampled_from(("", "U7", "u8", "F128", "object")).map(lambda dtype: _info(dtype=dtype)))


def _metadata_type() -> SearchStrategy[bytes]:
    wrong: tuple[object, ...] = (0, None, [], "a", {"a": 0}, {"a": None}, {"a": {}}, {"a": ["b"]})
    return st.sampled_from(wrong).map(lambda metadata: _file({"__metadata__": metadata}))


def _overflow() -> SearchStrategy[bytes]:
    # Each is a multiple of 2**64 bytes, which wraps to none. No dimension alone is large, but for the last.
    shapes = ((1 << 31 - 1,) * 3, (1 << 22,) * 3, (1 << 16,) * 4, (1 << 30, 1 << 30, 16))
    return _one(st.sampled_from(shapes[1:]).map(lambda shape: _info(shape=shape)))


def _sub_byte() -> SearchStrategy[bytes]:
    return _one(st.sampled_from(((), (1,), (3,), (1, 1))).map(lambda shape: _info("F4", shape)))


@st.composite
def _size_mismatch(draw: DrawFn) -> bytes:
    shape, size = draw(_shapes()), draw(st.integers(0, 8))
    size += size == math.prod(shape)
    return _written({draw(_names()): _info("U8", shape, 0, size)}, size)


@st.composite
def _order(draw: DrawFn) -> bytes:
    entries, end = draw(_entries(least=1))
    name = draw(_names().filter(lambda name: name not in entries))
    end = max(end, 1)
    first = next(iter(entries))
    entries = {first: _info("U8", [end], 0, end)}
    return _written(entries, end, {name: _info(shape=(0,), begin=end, end=draw(st.integers(0, end - 1)))})


@st.composite
def _gap(draw: DrawFn) -> bytes:
    width = draw(st.integers(1, 4))
    entries, end = draw(_entries(least=1, begin=width))
    if end == width:
        entries = {**entries, next(iter(entries)): _info("U8", [1], width, width + 1)}
        entries = {name: entry for name, entry in entries.items() if entry["shape"] == [1]}
        end += 1
    return _written(entries, end)


@st.composite
def _overlap(draw: DrawFn) -> bytes:
    first, second = draw(st.lists(_names(), min_size=2, max_size=2, unique=True))
    size = draw(st.integers(1, 8))
    begin = draw(st.integers(0, size - 1))
    end = draw(st.integers(size, size + 2))
    entries = {first: _info("U8", [size], 0, size), second: _info("U8", [end - begin], begin, end)}
    return _written(entries, end)


def _large_dimension() -> SearchStrategy[bytes]:
    return _one(st.sampled_from(((0, 1 << 31), (0,) * 65)).map(lambda shape: _info(shape=shape)))


def _large_metadata() -> SearchStrategy[bytes]:
    return st.integers(65_537, 65_600).map(lambda size: _file({"__metadata__": {"a": "a" * size}}))


def _odd_padding() -> SearchStrategy[bytes]:
    return st.sampled_from((b"\n", b"\t", b" \r")).map(lambda tail: _file({}, tail=tail))


@st.composite
def _unaligned(draw: DrawFn) -> bytes:
    first, second = draw(st.lists(_names(), min_size=2, max_size=2, unique=True))
    dtype = draw(st.sampled_from(("F16", "F32", "I64")))
    width = DTYPES[dtype]
    entries = {first: _info("U8", [1], 0, 1), second: _info(dtype, [1], 1, 1 + width)}
    return _aligned(_written(entries, 1 + width), 1 + width, width)


def _suspicious_name() -> SearchStrategy[bytes]:
    return st.sampled_from(("", "\x01", "../a", "/a", "a\u202eb")).map(lambda name: _file({name: _info()}))


def _foreign() -> SearchStrategy[bytes]:
    heads = (b"\x7fELF\x02\x01\x01", b"PK\x03\x04\x14\x00\x00\x00", b"\x80\x04\x95\x05\0\0\0\0\0\0\0]\x94.")
    return st.sampled_from(heads).flatmap(
        lambda head: st.integers(64, 80).map(
            lambda size: _file({"a": _info(shape=(size,), end=size)}, head.ljust(size, b"\0"))
        )
    )


DTYPES = {
    "U8": 1,
    "I8": 1,
    "BOOL": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}

FAULTS: dict[str, Callable[[], SearchStrategy[bytes]]] = {
    "safetensors-header-too-small": _too_small,
    "safetensors-header-too-large": _too_large,
    "safetensors-trailing-data": _trailing,
    "safetensors-truncated": _truncated,
    "safetensors-header-utf8": _no_utf8,
    "safetensors-header-json": _no_json,
    "safetensors-header-start": _no_start,
    "safetensors-duplicate-key": _twice,
    "safetensors-field-missing": _missing,
    "safetensors-field-type": _field_type,
    "safetensors-unknown-field": _unknown_field,
    "safetensors-unknown-dtype": _unknown_dtype,
    "safetensors-metadata-type": _metadata_type,
    "safetensors-shape-overflow": _overflow,
    "safetensors-sub-byte-size": _sub_byte,
    "safetensors-size-mismatch": _size_mismatch,
    "safetensors-offset-order": _order,
    "safetensors-offset-gap": _gap,
    "safetensors-offset-overlap": _overlap,
    "safetensors-large-dimension": _large_dimension,
    "safetensors-large-metadata": _large_metadata,
    "safetensors-odd-padding": _odd_padding,
    "safetensors-unaligned-data": _unaligned,
    "safetensors-suspicious-name": _suspicious_name,
    "safetensors-foreign-tensor": _foreign,
}
