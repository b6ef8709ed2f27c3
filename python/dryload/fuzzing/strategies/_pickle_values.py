"""Instructions that leave one value on the stack, by protocol.

A value is a tuple of instructions; one of the memo is written when the whole pickle is, because its number
depends on those before it.
"""

from __future__ import annotations

import pickle
import struct
from functools import cache

from hypothesis import strategies as st

from dryload._frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy


@frozen
class Memo:
    """Writes the top of the stack to the memo, or reads what the last one before it wrote.

    `form` is 0 for the shortest opcode that the protocol has, 1 for text, 2 for a
    number of four bytes, 3 for one of a byte.
    """

    read: bool
    form: int = 0


Code = tuple["bytes | Memo", ...]


@cache
def values(protocol: int) -> SearchStrategy[Code]:
    """Gives values of any kind."""
    return st.recursive(_leaves(protocol), lambda inner: _containers(protocol, inner), max_leaves=6)


@cache
def hashable(protocol: int) -> SearchStrategy[Code]:
    """Gives values that may be keys: all of one kind, so that two are equal only where both are the same."""
    plain = st.one_of(_none_and_bools(protocol), _ints(protocol), _texts(protocol))
    return st.one_of(plain, st.lists(plain, max_size=3).map(lambda items: _tuple(protocol, items)))


def written(code: Sequence[bytes | Memo], protocol: int) -> list[bytes]:
    """Writes the instructions of the memo, and gives all as bytes."""
    done = []
    last = -1
    for step in code:
        if isinstance(step, Memo):
            last += not step.read
            done.append(_memo(last, protocol, step))
        else:
            done.append(step)
    return done


def text(protocol: int, value: str) -> bytes:
    """Writes a text in the shortest form of a protocol."""
    raw = value.encode("utf-8", "surrogatepass")
    if protocol >= 4 and len(raw) < 256:
        return b"\x8c" + bytes((len(raw),)) + raw
    return b"X" + struct.pack("<I", len(raw)) + raw if protocol else _line_text(value)


def name(protocol: int, module: str, qualname: str) -> Code:
    """Writes an import, by GLOBAL below protocol 4."""
    if protocol < 4:
        return (f"c{module}\n{qualname}\n".encode(),)
    return (text(protocol, module), text(protocol, qualname), b"\x93")


def _memo(index: int, protocol: int, step: Memo) -> bytes:
    if step.form == 1 or not protocol:
        return (b"g" if step.read else b"p") + b"%d\n" % index
    if step.form == 2 or index > 255:
        return (b"j" if step.read else b"r") + struct.pack("<I", index)
    if protocol >= 4 and not step.read and step.form == 0:
        # The number of those before it, which is the index.
        return b"\x94"
    return (b"h" if step.read else b"q") + bytes((index,))


def _leaves(protocol: int) -> SearchStrategy[Code]:
    return st.one_of(
        _none_and_bools(protocol),
        _ints(protocol),
        _texts(protocol),
        _floats(protocol),
        _byte_strings(protocol),
        st.sampled_from(_empties(protocol)),
        st.sampled_from(_made(protocol)),
    )


def _one(step: bytes) -> Code:
    return (step,)


def _none_and_bools(protocol: int) -> SearchStrategy[Code]:
    forms = [b"N", b"I00\n", b"I01\n"]
    return st.sampled_from(forms + [b"\x89", b"\x88"] * (protocol >= 2)).map(_one)


@st.composite
def _ints(draw: DrawFn, protocol: int) -> Code:
    value = draw(
        st.one_of(st.integers(0, 255), st.integers(0, 65_535), st.integers(-(1 << 31), (1 << 31) - 1))
    )
    forms = [b"I%d\n" % value, b"L%dL\n" % value]
    if protocol:
        forms.append(b"J" + struct.pack("<i", value))
        if 0 <= value < 65_536:
            forms.append(b"M" + struct.pack("<H", value))
        if 0 <= value < 256:
            forms.append(b"K" + bytes((value,)))
    if protocol >= 2:
        raw = pickle.encode_long(value)
        forms += [b"\x8a" + bytes((len(raw),)) + raw, b"\x8b" + struct.pack("<i", len(raw)) + raw]
    return (draw(st.sampled_from(sorted(forms, key=len))),)


@st.composite
def _floats(draw: DrawFn, protocol: int) -> Code:
    value = draw(st.floats(allow_nan=False))
    forms = [b"G" + struct.pack(">d", value)] * (protocol > 0) + [f"F{value!r}\n".encode()]
    return (draw(st.sampled_from(forms)),)


@st.composite
def _texts(draw: DrawFn, protocol: int) -> Code:
    value = draw(st.text(max_size=8))
    raw = value.encode()
    forms = [_line_text(value)]
    if protocol:
        forms.append(b"X" + struct.pack("<I", len(raw)) + raw)
    if protocol >= 4:
        forms = [b"\x8c" + bytes((len(raw),)) + raw, *forms, b"\x8d" + struct.pack("<Q", len(raw)) + raw]
    return (draw(st.sampled_from(forms)),)


def _line_text(value: str) -> bytes:
    # What a pickler escapes: a backslash, and what ends a line for one reader or the text for another.
    for sign in "\\\0\n\r\x1a":
        value = value.replace(sign, f"\\u{ord(sign):04x}")
    return b"V" + value.encode("raw-unicode-escape") + b"\n"


@st.composite
def _byte_strings(draw: DrawFn, protocol: int) -> Code:
    # Readers decode the old ones as ASCII.
    old = draw(st.text("abcdefgh ", max_size=6)).encode()
    forms = [b"S'" + old + b"'\n"]
    if protocol:
        forms += [b"U" + bytes((len(old),)) + old, b"T" + struct.pack("<i", len(old)) + old]
    if protocol >= 3:
        raw = draw(st.binary(max_size=6))
        forms = [b"C" + bytes((len(raw),)) + raw, b"B" + struct.pack("<I", len(raw)) + raw, *forms]
        forms += [b"\x8e" + struct.pack("<Q", len(raw)) + raw] * (protocol >= 4)
        forms += [b"\x96" + struct.pack("<Q", len(raw)) + raw] * (protocol >= 5)
    return (draw(st.sampled_from(forms)),)


def _empties(protocol: int) -> list[Code]:
    forms: list[Code] = [(b")",), (b"]",), (b"}",)] if protocol else []
    forms += [(b"\x8f",)] * (protocol >= 4)
    return [*forms, (b"(", b"t"), (b"(", b"l"), (b"(", b"d")]


def _made(protocol: int) -> list[Code]:
    """Lists calls of an allowed class, by each opcode that calls."""
    cls = name(protocol, "collections", "OrderedDict")
    empty: Code = (b")",) if protocol else (b"(", b"t")
    state: Code = (b"}",) if protocol else (b"(", b"d")
    forms: list[Code] = [(*cls, *empty, b"R"), (*cls, *empty, b"R", *state, b"b")]
    forms.append((b"(", b"icollections\nOrderedDict\n"))
    forms += [(b"ccollections\nOrderedDict\n", *empty, b"R")] * (protocol >= 4)
    forms += [(b"(", *cls, b"o")] * (protocol >= 1)
    forms += [(*cls, *empty, b"\x81")] * (protocol >= 2)
    forms += [(*cls, *empty, *state, b"\x92")] * (protocol >= 4)
    return forms


def _containers(protocol: int, inner: SearchStrategy[Code]) -> SearchStrategy[Code]:
    items = st.lists(inner, max_size=4)
    pairs = st.lists(st.tuples(hashable(protocol), inner), max_size=3)
    kinds = [
        items.map(lambda each: _tuple(protocol, each)),
        st.tuples(items, st.integers(0, 2)).map(lambda each: _list(protocol, *each)),
        st.tuples(pairs, st.integers(0, 2)).map(lambda each: _dict(protocol, *each)),
        # One value twice: from the memo, or by DUP.
        st.tuples(inner, _memos(read=False), _memos(read=True)).map(_twice),
        inner.map(lambda code: (b"(", *code, b"2", b"l")),
        # Values that are thrown away.
        st.tuples(inner, inner).map(lambda each: (*each[0], b"0", *each[1])),
    ]
    if protocol:
        kinds.append(st.tuples(items, inner).map(lambda each: (b"(", *_flat(each[0]), b"1", *each[1])))
    if protocol >= 4:
        keys = st.lists(hashable(protocol), max_size=3)
        kinds.append(keys.map(lambda each: (b"\x8f", b"(", *_flat(each), b"\x90")))
        kinds.append(keys.map(lambda each: (b"(", *_flat(each), b"\x91")))
    return st.one_of(kinds)


def _memos(*, read: bool) -> SearchStrategy[Memo]:
    return st.integers(0, 3).map(lambda form: Memo(read=read, form=form))


def _twice(parts: tuple[Code, Memo, Memo]) -> Code:
    code, put, get = parts
    return (b"(", *code, put, get, b"t")


def _flat(codes: Sequence[Code]) -> Code:
    return tuple(step for code in codes for step in code)


def _tuple(protocol: int, items: Sequence[Code]) -> Code:
    if protocol >= 2 and 1 <= len(items) <= 3:
        return (*_flat(items), (b"\x85", b"\x86", b"\x87")[len(items) - 1])
    return (b"(", *_flat(items), b"t")


def _list(protocol: int, items: Sequence[Code], form: int) -> Code:
    empty: Code = (b"]",) if protocol else (b"(", b"l")
    if form == 0:
        return (*empty, *_flat([(*item, b"a") for item in items]))
    if form == 1 and protocol:
        return (*empty, b"(", *_flat(items), b"e")
    return (b"(", *_flat(items), b"l")


def _dict(protocol: int, pairs: Sequence[tuple[Code, Code]], form: int) -> Code:
    empty: Code = (b"}",) if protocol else (b"(", b"d")
    items = [(*key, *value) for key, value in pairs]
    if form == 0:
        return (*empty, *_flat([(*item, b"s") for item in items]))
    if form == 1 and protocol:
        return (*empty, b"(", *_flat(items), b"u")
    return (b"(", *_flat(items), b"d")
