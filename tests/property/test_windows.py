"""What a scan says does not depend on how the bytes came: all at once, or window by window.

The extension reads 64 KiB ahead, so inputs are put behind a stretch of harmless opcodes: the edge of a window
then falls into each place of them.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload import Policy
from dryload._native import Record, Session, scan_bytes

np = pytest.importorskip("numpy")

NAMES = Policy.default().names
AHEAD = 64 * 1024

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
pickles = st.builds(pickle.dumps, values, st.integers(0, pickle.HIGHEST_PROTOCOL))
pieces = st.lists(
    st.sampled_from(
        [
            b"(", b"0", b"2", b"t", b"e", b"u", b"R", b"b", b"\x81", b"\x93", b"\x94", b"Q", b".", b"]",
            b"}", b"N", b"\x80\x04", b"\x95\x0a\0\0\0\0\0\0\0", b"cposix\nsystem\n", b"(ia\nb\n",
            b"\x8c\x02os", b"Vtrue\n", b"X\x05\x10\0\0" + "é☃".encode() * 900, b"X\x03\0\0\0abc",
            b"B\x10\0\0\0", b"T\x02\0\0\0ab", b"I7\n", b"\x8a\x09aaaaaaaaa", b"L12345678901234567890L\n",
            b"S'a'\n", b"p7\n", b"g7\n", b"\xff", b"\n", b"\0",
        ]
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


def outcome(record: Record) -> tuple[object, ...]:
    return (
        record.parts(), record.observations(), record.skipped(), record.limits_hit(),
        record.format, record.quiet, record.recognised, record.complete,
    )  # fmt: skip


def fed(data: bytes, name: str, more: int, backwards: bool) -> Record:
    """The record of a session that gets each wanted range and `more` bytes after it."""
    session = Session(len(data), name, NAMES, None)
    for _ in range(10_000):
        wanted = session.wants()
        if not wanted:
            return session.finish()
        for start, end in reversed(wanted) if backwards else wanted:
            assert start < end <= len(data)
            session.feed(start, data[start : end + more])
    raise AssertionError("it never ends")


def holds(data: bytes, name: str) -> None:
    whole = outcome(scan_bytes(data, name, NAMES, None))
    for more in (0, 1, 7, 4096, len(data)):
        for backwards in (False, True):
            assert outcome(fed(data, name, more, backwards)) == whole, (more, backwards)


def behind_a_window(data: bytes, cut: int) -> bytes:
    """The pickle after so many harmless opcodes that a window ends `cut` bytes into it."""
    head, rest = (data[:2], data[2:]) if data[:1] == b"\x80" else (b"", data)
    filler = AHEAD - len(head) - cut
    return head + b"N0" * (filler // 2) + (b"N" if filler % 2 else b"") + rest


@settings(max_examples=150, deadline=None)
@given(pickles | pieces, st.integers(0, 5000), st.sampled_from(["model.pkl", "data", "notes.txt"]))
@example(b"X\x10\x27\0\0" + b"a" * 9999 + b"\xff.", 4000, "model.pkl")
@example(b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93.", 9, "model.pkl")
def test_pickles_say_the_same_wherever_a_window_ends(data: bytes, cut: int, name: str) -> None:
    holds(data, name) if data else None
    holds(behind_a_window(data, min(cut, len(data))), name)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a.pkl", "m/data.pkl", "m/data/0", "m/version", "é.bin"]), pickles | pieces
    ),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.sampled_from([0, 4096, AHEAD]),
    st.binary(max_size=8),
)
def test_archives_say_the_same_however_they_are_read(
    members: dict[str, bytes], method: int, filler: int, tail: bytes
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, b"N0" * (filler // 2) + data)
    holds(file.getvalue(), "model.zip")
    holds(file.getvalue() + tail, "model.zip")


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text(max_size=8), st.integers(0, 4), max_size=6),
    st.sampled_from([0, 10, AHEAD]),
    st.integers(0, 8),
)
def test_safetensors_say_the_same_however_they_are_read(tensors: dict[str, int], pad: int, lost: int) -> None:
    header: dict[str, object] = {}
    end = 0
    for name, size in tensors.items():
        header[name] = {"dtype": "U8", "shape": [size], "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass") + b" " * pad
    data = struct.pack("<Q", len(text)) + text + bytes(end)
    holds(data[: len(data) - lost], "model.safetensors")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["<f4", "|O", "<U3", "?"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(0, 16),
    st.sampled_from([0, AHEAD]),
)
def test_arrays_say_the_same_however_they_are_read(
    dtype: str, shape: list[int], lost: int, filler: int
) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros([*shape, filler] if filler else shape, dtype))
    data = file.getvalue()
    holds(data[: len(data) - lost], "array.npy")
