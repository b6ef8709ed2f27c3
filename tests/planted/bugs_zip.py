"""What the readers of zip and torch archives may fail to check, and the smallest file that shows it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from tests.build import pkasm, streamed, tensor_rows, torch_zip, zipped
from tests.planted import torchzips, zips
from tests.planted.checks import Bug


@dataclass(frozen=True, slots=True)
class Member:
    """A member as it is written: what its two headers say, right or wrong. None is what is right."""

    name: bytes = b""
    content: bytes = b""
    packed: bytes | None = None
    method: int = 0
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    local_name: bytes | None = None
    local_crc: int | None = None
    # Where the local header is, when it is written elsewhere.
    at: int | None = None

    def numbers(self) -> tuple[int, int, int]:
        """Gives checksum, packed size and size."""
        packed = self.content if self.packed is None else self.packed
        return (
            zlib.crc32(self.content) if self.crc is None else self.crc,
            len(packed) if self.packed_size is None else self.packed_size,
            len(self.content) if self.size is None else self.size,
        )

    def local(self) -> bytes:
        """Writes the local header and the data."""
        name = self.name if self.local_name is None else self.local_name
        crc, packed, size = (0, 0, 0) if self.flags & 8 else self.numbers()
        crc = crc if self.local_crc is None else self.local_crc
        head = struct.pack(
            "<4s5H3I2H", b"PK\3\4", 20, self.flags, self.method, 0, 0, crc, packed, size, len(name), 0
        )
        return head + name + (self.content if self.packed is None else self.packed)

    def entry(self, at: int) -> bytes:
        """Writes the entry of the directory."""
        fields = (20, 20, self.flags, self.method, 0, 0, *self.numbers(), len(self.name), 0, 0, 0, 0, 0)
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields, at if self.at is None else self.at) + self.name


def archive(*members: Member, count: int | None = None, begin: int | None = None, comment: int = 0) -> bytes:
    """Writes members, directory and end record."""
    body = b""
    entries = b""
    for member in members:
        entries += member.entry(len(body))
        body += member.local() if member.at is None else b""
    number = len(members) if count is None else count
    place = len(body) if begin is None else begin
    return (
        body
        + entries
        + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, number, number, len(entries), place, comment)
    )


def _bug(name: str, omitted: str, smallest: bytes) -> Bug:
    return Bug(f"zip-{name}", "zip", omitted, smallest, SEEDS, zips.parse)


def _torch_bug(name: str, omitted: str, smallest: bytes) -> Bug:
    return Bug(f"torch-{name}", "torch", omitted, smallest, TORCH_SEEDS, torchzips.parse)


def _checkpoint(pickle: bytes, **others: bytes) -> bytes:
    named = {"a/data.pkl": pickle, **{f"a/{name}": content for name, content in others.items()}}
    return archive(*(Member(name.encode(), content) for name, content in named.items()))


def _storage(count: int) -> bytes:
    return b"(\x8c\7storagectorch\nByteStorage\n\x8c\0NK" + bytes((count,)) + b"tQ"


def _tensor(size: bytes, stride: bytes, count: int = 0) -> bytes:
    rest = b"K\0" + size + stride + b"NNtR."
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + _storage(count) + rest


def _overlapping() -> bytes:
    inner = Member(b"b", at=31)
    return archive(Member(b"a", inner.local()), inner)


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(3, dtype=np.uint8))
    return file.getvalue()


SEEDS = (
    zipped({"m/data.pkl": b"\x80\x02}.", "m/version": b"3\n"}),
    zipped({"a.txt": b"hello " * 9, "é": b"x"}, method=zipfile.ZIP_DEFLATED),
    streamed({"s/one": b"1", "s/two": b""}),
)
TORCH_SEEDS = (
    torch_zip(pkasm(tensor_rows()).data, {"0": bytes(8)}),
    torch_zip(
        pkasm(
            tensor_rows(numel=6, size="BININT1 2\nBININT1 3\nTUPLE2", stride="BININT1 3\nBININT1 1\nTUPLE2")
        ).data,
        {"0": bytes(24)},
    ),
    torch_zip(b"\x80\x02}X\1\0\0\0aK\1s.", {}),
)

BUGS = (
    _bug("comment-length", "whether the comment ends where the file does", archive(comment=1)),
    _bug("directory-place", "whether the directory ends at the end record", archive(begin=23)),
    _bug("entry-count", "whether there are as many entries as the end record says", archive(count=1)),
    _bug(
        "zip64-missing", "whether a size that is elsewhere is there", archive(Member(size=0xFFFFFFFF, at=0))
    ),
    _bug("local-place", "whether the local header is in the file", archive(Member(at=99))),
    _bug("header-mismatch", "whether local header and entry agree", archive(Member(b"a", local_crc=1))),
    _bug("name-mismatch", "whether a member has one name", archive(Member(b"a", local_name=b""))),
    _bug(
        "member-beyond",
        "whether a member ends before the directory",
        archive(Member(size=99, packed_size=99)),
    ),
    _bug("method", "whether the method is known", archive(Member(method=1))),
    _bug("stored-size", "whether a stored member has one size", archive(Member(size=1))),
    _bug("inflated-size", "how much a member inflates to", archive(Member(packed=b"\3\0", method=8, size=1))),
    _bug("checksum", "whether a member has its checksum", archive(Member(b"a", crc=1))),
    _bug(
        "descriptor",
        "whether the data descriptor agrees",
        archive(Member(flags=8, packed=b"PK\7\x08\1" + bytes(11), packed_size=0)),
    ),
    _bug("name-utf8", "whether a name is UTF-8 where it says so", archive(Member(b"\xff", flags=0x800))),
    _bug("outside-name", "whether a name leads outside", archive(Member(b"/"))),
    _bug("duplicate", "whether two members have one name", archive(Member(b"a"), Member(b"a"))),
    _bug("overlap", "whether members share bytes", _overlapping()),
    _torch_bug("data-pkl", "whether there is a data.pkl", archive(Member(b"a"))),
    _torch_bug("version", "whether the version is known", _checkpoint(b"", version=b"")),
    _torch_bug("storage-missing", "whether a storage has a member", _checkpoint(_storage(0) + b".")),
    _torch_bug(
        "storage-size", "whether a storage has its size", _checkpoint(_storage(1) + b".", **{"data/": b""})
    ),
    _torch_bug(
        "stride-count",
        "whether there is a stride for each dimension",
        _checkpoint(_tensor(b")", b"K\0\x85"), **{"data/": b""}),
    ),
    _torch_bug(
        "tensor-beyond",
        "whether a tensor lies in its storage",
        _checkpoint(_tensor(b")", b")"), **{"data/": b""}),
    ),
)
