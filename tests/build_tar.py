"""Makes tar archives field by field, right or wrong: `tarfile` writes only right ones.

It computes nothing but the sum of a header, the padding and the length of a pax record; each can be given
instead. What was made is never unpacked.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping

from tests.build import pkasm

BLOCK = 512
END = b"\0" * (2 * BLOCK)

# Where each field of a header stands, and its width.
FIELDS = {
    "name": (0, 100),
    "mode": (100, 8),
    "uid": (108, 8),
    "gid": (116, 8),
    "size": (124, 12),
    "mtime": (136, 12),
    "chksum": (148, 8),
    "flag": (156, 1),
    "link": (157, 100),
    "magic": (257, 8),
    "uname": (265, 32),
    "gname": (297, 32),
    "devmajor": (329, 8),
    "devminor": (337, 8),
    "prefix": (345, 155),
}

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data


def header(name: str | bytes, size: int = 0, /, *, flag: bytes = b"0", **fields: bytes) -> bytes:
    """Makes a header block of ustar, with its sum; `fields` stand in it as they are given."""
    block = bytearray(BLOCK)
    values = {
        "name": name.encode() if isinstance(name, str) else name,
        "mode": b"0000644\0",
        "uid": b"0000000\0",
        "gid": b"0000000\0",
        "size": b"%011o\0" % size,
        "mtime": b"00000000000\0",
        "flag": flag,
        "magic": b"ustar\x0000",
        "devmajor": b"0000000\0",
        "devminor": b"0000000\0",
        **fields,
    }
    for field, value in values.items():
        at, width = FIELDS[field]
        assert len(value) <= width, field
        block[at : at + len(value)] = value
    if "chksum" not in fields:
        block[148:156] = b"%06o\0 " % sum_of(bytes(block))
    return bytes(block)


def sum_of(block: bytes, *, signed: bool = False) -> int:
    """Adds up a header, its own sum counted as spaces."""
    block = block[:148] + b" " * 8 + block[156:]
    return sum(struct.unpack("512b" if signed else "512B", block))


def padded(data: bytes) -> bytes:
    """Fills the last block with zeros."""
    return data + b"\0" * (-len(data) % BLOCK)


def member(name: str | bytes, data: bytes = PICKLE, /, *, flag: bytes = b"0", **fields: bytes) -> bytes:
    """Makes a header and its data."""
    return header(name, len(data), flag=flag, **fields) + padded(data)


def link(name: str, target: str | bytes, *, flag: bytes = b"2") -> bytes:
    """Makes a symbolic link, or a hard one with `flag=b"1"`."""
    return header(name, flag=flag, link=target.encode() if isinstance(target, str) else target)


def long_name(name: str | bytes, *, flag: bytes = b"L", end: bytes = b"\0") -> bytes:
    """Makes GNU's header of a long name, or of a long target with `flag=b"K"`."""
    data = (name.encode() if isinstance(name, str) else name) + end
    return member("././@LongLink", data, flag=flag, magic=b"ustar  \0")


def record(key: str, value: str | bytes) -> bytes:
    """Makes a pax record, whose length counts itself."""
    body = b" " + key.encode() + b"=" + (value.encode() if isinstance(value, str) else value) + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def pax(records: bytes | Mapping[str, str | bytes], *, flag: bytes = b"x") -> bytes:
    """Makes a pax header of these records, or of these bytes."""
    if not isinstance(records, bytes):
        records = b"".join(record(key, value) for key, value in records.items())
    return member("PaxHeader", records, flag=flag)


def tar(*members: bytes, end: bytes = END) -> bytes:
    """Puts members together and ends the archive."""
    return b"".join(members) + end


# torch 0.1. `storages` and `tensors` are pickles with raw numbers between them.


def storages(
    *, count: int = 1, cls: str = "torch FloatStorage", raw: bytes | None = None, views: str = "EMPTY_LIST"
) -> bytes:
    """Writes the member `storages` with one storage of two floats."""
    entry = pkasm(f"PROTO 2\nMARK\nBININT1 7\nBINUNICODE 'cpu'\nGLOBAL {cls}\nTUPLE\nSTOP").data
    raw = struct.pack("<q2f", 2, 1.0, 2.0) if raw is None else raw
    return pickle.dumps(count, 2) + entry + raw + pkasm(f"PROTO 2\n{views}\nSTOP").data


def tensors(*, ndim: int = 1) -> bytes:
    """Writes the member `tensors` with one vector of that storage."""
    entry = pkasm("PROTO 2\nMARK\nBININT1 8\nBININT1 7\nGLOBAL torch FloatTensor\nTUPLE\nSTOP").data
    return pickle.dumps(1, 2) + entry + struct.pack(f"<ii{2 * ndim + 1}q", ndim, 0, *[2, 1] * ndim, 0)


def torch_tar(
    *, storages: bytes = storages(), tensors: bytes = tensors(), pickle: bytes | None = None
) -> bytes:
    """Writes a checkpoint of torch 0.1: a dict with one tensor."""
    if pickle is None:
        pickle = pkasm("PROTO 2\nEMPTY_DICT\nBINUNICODE 'w'\nBININT1 8\nBINPERSID\nSETITEM\nSTOP").data
    return tar(
        member("sys_info", pkasm("PROTO 2\nEMPTY_DICT\nSTOP").data),
        member("pickle", pickle),
        member("tensors", tensors),
        member("storages", storages),
    )
