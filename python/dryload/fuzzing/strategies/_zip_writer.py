"""Writes zip archives from members whose headers may say anything."""

from __future__ import annotations

import struct
import zlib

from dryload._frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


@frozen
class Member:
    """A member, and what its headers say where that is not so."""

    name: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    # In both headers.
    size: int | None = None
    crc: int | None = None
    # In the local one alone.
    local_name: bytes | None = None
    local: tuple[int, int, int] | None = None
    # Bytes before the local header.
    gap: bytes = b""
    # Where the local header is, when it is not written.
    at: int | None = None
    # The bytes as they are stored.
    packed: bytes | None = None

    def stored(self) -> bytes:
        """Gives the bytes as they stand in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != DEFLATED:
            return self.content
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(self.content) + stream.flush()

    def numbers(self) -> tuple[int, int, int]:
        """Gives checksum, packed size and size as the headers have them."""
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        return crc, len(self.stored()), len(self.content) if self.size is None else self.size

    def record(self) -> bytes:
        """Writes the local header and the data."""
        name = self.name if self.local_name is None else self.local_name
        described = self.flags & DESCRIBED
        numbers = (0, 0, 0) if described else self.numbers() if self.local is None else self.local
        head = struct.pack("<4s5H", b"PK\3\4", 20, self.flags, self.method, 0, DATE)
        tail = struct.pack("<4s3I", b"PK\7\x08", *self.numbers()) if described else b""
        return head + struct.pack("<3I2H", *numbers, len(name), 0) + name + self.stored() + tail

    def entry(self, at: int) -> bytes:
        """Writes the entry of the directory."""
        place = at if self.at is None else self.at
        fields = (
            20,
            20,
            self.flags,
            self.method,
            0,
            DATE,
            *self.numbers(),
            len(self.name),
            0,
            0,
            0,
            0,
            0,
            place,
        )
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields) + self.name


def archive(
    members: Sequence[Member], *, count: int | None = None, shift: int = 0, comment: bytes = b""
) -> bytes:
    """Writes an archive; `count` and `shift` are what the end record says wrongly."""
    body = entries = b""
    for member in members:
        if member.at is None:
            body += member.gap
        entries += member.entry(len(body))
        if member.at is None:
            body += member.record()
    number = len(members) if count is None else count
    sizes = (number, number, len(entries), len(body) + shift, len(comment))
    return body + entries + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *sizes) + comment


def plain(name: bytes, content: bytes) -> Member:
    """Makes a stored member whose sizes stand in both headers."""
    return Member(name=name, content=content, flags=0 if name.isascii() else UTF8)


def changed(member: Member, **changes: object) -> Member:
    """Gives a member with other fields."""
    fields = {name: getattr(member, name) for name in Member.__annotations__}
    return Member(**{**fields, **changes})


UTF8 = 0x800
DESCRIBED = 0x8
DEFLATED = 8
# The first of January 1980; zero is no date.
DATE = 0x21
