"""Npy files of the versions 1 to 3, with data of zeros.

`FAULTS` has one entry for each rule that can be broken alone, which is all of them.
"""

from __future__ import annotations

import math

from hypothesis import strategies as st

from dryload.fuzzing.strategies._choice import sound_or_faulty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hypothesis.strategies import DrawFn, SearchStrategy


def npy_files(
    *,
    valid: bool | None = True,
    faults: Collection[str] | None = None,
    descrs: Collection[str] | None = None,
) -> SearchStrategy[bytes]:
    """Gives files that are sound (`valid=True`), have exactly one fault (`False`), or either (`None`).

    `faults` names the rules of which one is broken. The sound ones have only the dtypes `descrs`, which are
    Python literals as they stand in the header: `"'<f4'"`.

    Raises:
        ValueError: no such dtype or fault.
    """
    chosen = tuple(DESCRS) if descrs is None else tuple(descrs)
    if unknown := sorted(set(chosen) - set(DESCRS)):
        raise ValueError(f"no dtype of these: {', '.join(unknown)}; there are {', '.join(DESCRS)}")
    return sound_or_faulty(_sound(chosen), FAULTS, valid, faults)


def _file(text: str, data: bytes = b"", *, version: int = 1, pad: bool = False) -> bytes:
    """Writes a header and what follows; padded so that the data begin at a multiple of 64."""
    field = 2 if version == 1 else 4
    raw = text.encode()
    if pad:
        raw += b" " * (-(8 + field + len(raw) + 1) % 64)
    return b"\x93NUMPY" + bytes((version, 0)) + (len(raw) + 1).to_bytes(field, "little") + raw + b"\n" + data


def _header(descr: str = "'|u1'", shape: str = "()", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def _shapes() -> SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(0, 4), max_size=3).map(tuple)


@st.composite
def _sound(draw: DrawFn, descrs: tuple[str, ...]) -> bytes:
    descr, shape = draw(st.sampled_from(descrs)), draw(_shapes())
    text = _header(descr, repr(shape), draw(st.sampled_from(("False", "True"))))
    data = bytes(math.prod(shape) * DESCRS[descr])
    return _file(text, data, version=draw(st.sampled_from((1, 2, 3))), pad=draw(st.booleans()))


# The faults.


@st.composite
def _syntax(draw: DrawFn) -> bytes:
    good = _header(order=draw(st.sampled_from(("False", "True"))))
    texts = (
        *("{}", "0", "", "[]", "{", good[:-1] + "'': 0, }", good[:-1] + "'shape': (), }"),
        *(_header(shape=shape) for shape in ("(0, -1)", "(-1,)", "0", "[0]", "(True,)", "(0.0,)", "f()")),
        *(_header(order=order) for order in ("2", "None", "'C'")),
        good.replace("'shape': (), ", ""),
    )
    spoiled = [_file(text, b"\0") for text in texts]
    spoiled += [_file(_header(shape=shape)) for shape in ("(0, -1)", "(-1,)", "(False,)")]
    spoiled.append(_file(_header("[('a', '|u1', (-1,))]")))
    # No newline at the end, and no UTF-8 where version 3 has it.
    spoiled += [b"\x93NUMPY\1\0\2\0{}", b"\x93NUMPY\3\0\2\0\0\0\xff\n"]
    return draw(st.sampled_from(spoiled))


def _too_long() -> SearchStrategy[bytes]:
    return st.integers(10_000, 10_100).map(lambda length: _file(_header().ljust(length), b"\0"))


def _descr() -> SearchStrategy[bytes]:
    # With as many bytes as a reader that goes by the number alone expects.
    sizes = {
        "'|x1'": 1,
        "''": 0,
        "'<f3'": 3,
        "'<i16'": 16,
        "'f'": 4,
        "[('a', '|x1')]": 1,
        TWICE: 2,
        "'<M8[eon]'": 8,
    }
    return st.sampled_from(tuple(sizes)).map(lambda descr: _file(_header(descr), bytes(sizes[descr])))


def _overflow() -> SearchStrategy[bytes]:
    shapes = (f"({1 << 61},)", f"({1 << 32}, {1 << 32})", f"({1 << 62}, 4)", f"(0, {1 << 62}, {1 << 62})")
    return st.sampled_from(shapes).map(lambda shape: _file(_header("'<f8'", shape)))


@st.composite
def _trailing(draw: DrawFn) -> bytes:
    return draw(_sound(tuple(DESCRS))) + bytes(draw(st.integers(1, 8)))


@st.composite
def _truncated(draw: DrawFn) -> bytes:
    if draw(st.booleans()):
        return b"\x93NUMPY\1\0" + draw(st.integers(1, 1000)).to_bytes(2, "little")
    descr, count = draw(st.sampled_from(tuple(DESCRS))), draw(st.integers(1, 4))
    shape = "()" if count == 1 else f"({count},)"
    size = draw(st.integers(0, count * DESCRS[descr] - 1))
    return _file(_header(descr, shape), bytes(size), pad=draw(st.booleans()))


@st.composite
def _version(draw: DrawFn) -> bytes:
    data = bytearray(draw(_sound(("'|u1'",))))
    data[6:8] = draw(st.sampled_from((b"\4\0", b"\0\0", b"\1\1", b"\xff\xff")))
    return bytes(data)


TWICE = "[('a', '|u1'), ('a', '|u1')]"

# Bytes of an item by the description of its dtype.
DESCRS = {
    "'|u1'": 1,
    "'|b1'": 1,
    "'<f4'": 4,
    "'>i2'": 2,
    "'<c8'": 8,
    "'|S3'": 3,
    "'<U2'": 8,
    "'<M8[ns]'": 8,
    "[('a', '|u1')]": 1,
    "[('a', '<i4'), ('b', '<f8', (2,))]": 20,
}

FAULTS: dict[str, Callable[[], SearchStrategy[bytes]]] = {
    "npy-header-syntax": _syntax,
    "npy-header-too-long": _too_long,
    "npy-unknown-descr": _descr,
    "npy-shape-overflow": _overflow,
    "npy-trailing-data": _trailing,
    "npy-truncated": _truncated,
    "npy-unsupported-version": _version,
}
