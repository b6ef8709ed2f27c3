"""A strict reader of zip archives, and of torch checkpoints in them, with any one check left out.

It reads stored and deflated members, zip64 numbers of members, and data descriptors.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise

from tests.planted.checks import Checks


@dataclass(frozen=True, slots=True)
class Entry:
    """What a header says of a member; `at` is where the local header or the data begin."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int


def parse(data: bytes, omit: Set[str] = frozenset()) -> dict[str, bytes]:
    """Reads all members of an archive.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    return members(data, Checks(omit))


def members(data: bytes, checks: Checks) -> dict[str, bytes]:
    """Reads all members of an archive with the checks that are in force."""
    begin, end, count = _end(data, checks)
    entries: list[Entry | None] = [None] * count
    at = begin
    found = 0
    while at < end:
        entry, at = _entry(data, at, end, checks)
        checks.refuse("zip-entry-count", found >= count)
        try:
            entries[found] = entry
        except IndexError:
            checks.hit("zip-entry-count")
        found += 1
    checks.refuse("zip-entry-count", found != count)
    if found != count:
        checks.hit("zip-entry-count")
    extracted: dict[str, bytes] = {}
    spans: list[tuple[int, int]] = []
    for entry in entries:
        if entry is not None:
            _member(data, entry, begin, extracted, spans, checks)
    _spans(spans, checks)
    if len(extracted) != count:
        checks.hit("zip-duplicate")
    return extracted


def _end(data: bytes, checks: Checks) -> tuple[int, int, int]:
    at = data.rfind(b"PK\5\6")
    if at < 0 or at + 22 > len(data):
        raise ValueError("no end record")
    disk, first, here, count, size, begin, comment = struct.unpack_from("<4H2IH", data, at + 4)
    if disk or first or here != count:
        raise ValueError("several disks")
    checks.refuse("zip-comment-length", at + 22 + comment != len(data))
    try:
        data[at + 22 + comment - 1]
    except IndexError:
        checks.hit("zip-comment-length")
    checks.refuse("zip-directory-place", begin + size != at)
    if begin + size > len(data):
        checks.hit("zip-directory-place")
    return begin, begin + size, count


def _entry(data: bytes, at: int, end: int, checks: Checks) -> tuple[Entry, int]:
    if data[at : at + 4] != b"PK\1\2" or at + 46 > end:
        raise ValueError("no entry of the directory")
    flags, method, _, crc, packed, size = struct.unpack_from("<2HI3I", data, at + 8)
    name, extra, comment, disk, _, _, local = struct.unpack_from("<5H2I", data, at + 28)
    after = at + 46 + name + extra + comment
    if after > end or disk:
        raise ValueError("an entry beyond the directory")
    fields = _zip64(data[at + 46 + name : at + 46 + name + extra], [size, packed, local], checks)
    size, packed, local = fields
    return Entry(data[at + 46 : at + 46 + name], flags, method, crc, packed, size, local), after


def _zip64(extra: bytes, numbers: list[int], checks: Checks) -> list[int]:
    wide = b""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            wide = extra[at + 4 : at + 4 + length]
        at += 4 + length
    marked = [place for place, number in enumerate(numbers) if number == 0xFFFFFFFF]
    checks.refuse("zip-zip64-missing", len(wide) < 8 * len(marked))
    for order, place in enumerate(marked):
        try:
            (numbers[place],) = struct.unpack_from("<Q", wide, 8 * order)
        except struct.error:
            checks.hit("zip-zip64-missing")
    return numbers


def _member(
    data: bytes,
    entry: Entry,
    begin: int,
    extracted: dict[str, bytes],
    spans: list[tuple[int, int]],
    checks: Checks,
) -> None:
    local = _local(data, entry, checks)
    if entry.flags & ~KNOWN_FLAGS:
        raise ValueError("flags that are not read here")
    described = bool(entry.flags & DESCRIBED)
    known = (0, 0, 0) if described else (entry.crc, entry.packed, entry.size)
    alike = local.flags == entry.flags and local.method == entry.method
    agrees = alike and (described or (local.crc, local.packed, local.size) == known)
    checks.refuse("zip-header-mismatch", not agrees)
    checks.refuse("zip-name-mismatch", local.name != entry.name)
    end = local.at + entry.packed
    checks.refuse("zip-member-beyond", end > begin)
    packed = data[local.at : end]
    if len(packed) != entry.packed:
        checks.hit("zip-member-beyond")
    content = _content(packed, entry, checks)
    checks.refuse("zip-checksum", zlib.crc32(content) != entry.crc)
    after = _descriptor(data, end, entry, checks) if described else end
    spans.append((entry.at, after))
    name = _name(entry, checks)
    checks.refuse("zip-duplicate", name in extracted)
    extracted[name] = content
    if end > begin:  # The directory would be read as the data of a member.
        checks.hit("zip-member-beyond")
    if not agrees:  # Who reads from the front has another member than who reads from the back.
        checks.hit("zip-header-mismatch")
    if local.name != entry.name:
        checks.hit("zip-name-mismatch")
    if zlib.crc32(content) != entry.crc:
        checks.hit("zip-checksum")


def _local(data: bytes, entry: Entry, checks: Checks) -> Entry:
    at = entry.at
    checks.refuse("zip-local-place", at + 30 > len(data))
    try:
        magic, _, flags, method, _, crc, packed, size, name, extra = struct.unpack_from("<4s3H4I2H", data, at)
    except struct.error:
        checks.hit("zip-local-place")
    if magic != b"PK\3\4":
        raise ValueError("no local header")
    start = at + 30 + name + extra
    size, packed = _zip64(data[at + 30 + name : start], [size, packed], checks)
    return Entry(data[at + 30 : at + 30 + name], flags, method, crc, packed, size, start)


def _content(packed: bytes, entry: Entry, checks: Checks) -> bytes:
    checks.refuse("zip-method", entry.method not in METHODS)
    try:
        wbits = METHODS[entry.method]
    except KeyError:
        checks.hit("zip-method")
    if not wbits:
        checks.refuse("zip-stored-size", entry.packed != entry.size)
        if entry.packed != entry.size:
            checks.hit("zip-stored-size")
        return packed
    stream = zlib.decompressobj(wbits)
    try:
        content = stream.decompress(packed, MAX_CONTENT)
    except zlib.error:
        raise ValueError("no deflate stream") from None
    if not stream.eof or stream.unused_data:
        raise ValueError("half a deflate stream, or more than one")
    checks.refuse("zip-inflated-size", len(content) != entry.size)
    if len(content) != entry.size:
        checks.hit("zip-inflated-size")
    return content


def _descriptor(data: bytes, at: int, entry: Entry, checks: Checks) -> int:
    if data[at : at + 4] != b"PK\7\x08" or at + 16 > len(data):
        raise ValueError("no data descriptor")
    told = struct.unpack_from("<3I", data, at + 4)
    checks.refuse("zip-descriptor", told != (entry.crc, entry.packed, entry.size))
    if told != (entry.crc, entry.packed, entry.size):
        checks.hit("zip-descriptor")
    return at + 16


def _name(entry: Entry, checks: Checks) -> str:
    if entry.flags & UTF8:
        try:
            name = entry.name.decode()
        except UnicodeDecodeError:
            checks.hit("zip-name-utf8")
    else:
        name = entry.name.decode("cp437")
    outside = name.startswith("/") or ".." in name.split("/")
    if "\\" in name or "\0" in name or not name:
        raise ValueError("no name")
    checks.refuse("zip-outside-name", outside)
    if outside:  # This would be written beside the folder it is extracted to.
        checks.hit("zip-outside-name")
    return name


def _spans(spans: list[tuple[int, int]], checks: Checks) -> None:
    spans = sorted(spans)
    for (_, end), (begin, _) in pairwise(spans):
        checks.refuse("zip-overlap", begin < end)
        if begin < end:
            checks.hit("zip-overlap")


UTF8 = 0x800
DESCRIBED = 0x8
# The two low bits of the middle say how hard deflate tried.
KNOWN_FLAGS = UTF8 | DESCRIBED | 0x6
METHODS = {0: 0, 8: -15}
MAX_CONTENT = 1 << 20
