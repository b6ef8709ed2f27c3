"""Five small formats of no library: tagged values, LEB128 numbers, texts, containers, a checked table."""

from __future__ import annotations

from collections.abc import Set

from tests.planted.checks import Checks


def tlv(data: bytes, omit: Set[str] = frozenset()) -> list[object]:
    """Reads records of a tag (1 integer, 2 text, 3 flag), a length in one byte, and a value.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    values: list[object] = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("half a record")
        tag, length = data[at], data[at + 1]
        checks.refuse("raw-tlv-length", at + 2 + length > len(data))
        value = data[at + 2 : at + 2 + length]
        if len(value) != length:
            checks.hit("raw-tlv-length")
        if tag == 1:
            checks.refuse("raw-tlv-width", length not in WIDTHS)
            try:
                values.append(value[WIDTHS[length]] & 0x80)  # The sign.
            except KeyError:
                checks.hit("raw-tlv-width")
        elif tag == 2:
            values.append(value.decode())
        elif tag == 3 and length == 1 and value[0] < 2:
            values.append(value[0] == 1)
        else:
            raise ValueError("an unknown tag, or no flag")
        at += 2 + length
    return values


def leb128(data: bytes, omit: Set[str] = frozenset()) -> list[int]:
    """Reads a count and as many unsigned LEB128 numbers of 64 bits.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    count, at = _varint(data, 0, checks)
    checks.refuse("raw-leb-count", count > len(data) - at)
    if count > MAX_COUNT:  # The list would be made here.
        checks.hit("raw-leb-count")
    numbers = []
    for _ in range(count):
        number, at = _varint(data, at, checks)
        numbers.append(number)
    if at != len(data):
        raise ValueError("bytes after the numbers")
    return numbers


def _varint(data: bytes, at: int, checks: Checks) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("half a number")
        byte = data[at]
        checks.refuse("raw-leb-wide", shift > 63 or (byte & 0x7F) << shift >> 64)
        number |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            break
    if number >> 64:  # It does not fit where it is kept.
        checks.hit("raw-leb-wide")
    return number, at


def texts(data: bytes, omit: Set[str] = frozenset()) -> list[str]:
    """Reads a table: how many texts, where in the pool each ends (a byte each), then the pool in UTF-8.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    count = data[0] if data else 0
    ends, pool = data[1 : 1 + count], data[1 + count :]
    if not data or len(ends) != count or (ends[-1] if ends else 0) != len(pool):
        raise ValueError("another size than the table says")
    pool.decode()
    found = []
    begin = 0
    for end in ends:
        checks.refuse("raw-text-order", end < begin)
        if end < begin:
            checks.hit("raw-text-order")
        # The pool is UTF-8 as a whole, and an end may still stand inside a character.
        checks.refuse("raw-text-split", end < len(pool) and pool[end] & 0xC0 == 0x80)
        try:
            found.append(pool[begin:end].decode())
        except UnicodeDecodeError:
            checks.hit("raw-text-split")
        begin = end
    return found


def nested(data: bytes, omit: Set[str] = frozenset()) -> int:
    """Reads a container: `[`, a count, that many items; or `#`, a count, a size, that many of that size.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    end, items = _container(data, 0, 0, checks)
    if end != len(data):
        raise ValueError("bytes after the container")
    return items


def _container(data: bytes, at: int, depth: int, checks: Checks) -> tuple[int, int]:
    checks.refuse("raw-nested-depth", depth > MAX_DEPTH)
    if depth > MAX_DEPTH:
        checks.hit("raw-nested-depth")
    if at + 2 > len(data):
        raise ValueError("half a container")
    kind, count = data[at], data[at + 1]
    at += 2
    if kind == ord("["):
        items = 0
        for _ in range(count):
            at, more = _container(data, at, depth + 1, checks)
            items += more
        return at, items
    if kind != ord("#") or at >= len(data):
        raise ValueError("no container")
    size = data[at]
    checks.refuse("raw-nested-empty", size == 0 and count)
    if at + 1 + size * count > len(data):
        raise ValueError("half an item")
    turns = 0
    rest = data[at + 1 : at + 1 + size * count] if size else data[at + 1 : at + 1 + count]
    while rest:
        rest = rest[size:]
        turns += 1
        if turns > MAX_COUNT:
            checks.hit("raw-nested-empty")
    return at + 1 + size * count, count


def table(data: bytes, omit: Set[str] = frozenset()) -> list[int]:
    """Reads `DT`, the sum of what follows modulo 256, a count, as many values, and one index for each.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    if data[:2] != b"DT" or len(data) < 4:
        raise ValueError("no table")
    checks.refuse("raw-table-sum", data[2] != sum(data[3:]) % 256)
    count = data[3]
    if len(data) != 4 + 2 * count:
        raise ValueError("another size than the count says")
    values, indexes = data[4 : 4 + count], data[4 + count :]
    checks.refuse("raw-table-index", any(index >= count for index in indexes))
    try:
        found = [values[index] for index in indexes]
    except IndexError:
        checks.hit("raw-table-index")
    if data[2] != sum(data[3:]) % 256:  # What was read is not what was written.
        checks.hit("raw-table-sum")
    return found


# Where the sign of an integer stands, by its width.
WIDTHS = {1: 0, 2: 1, 4: 3, 8: 7}
MAX_COUNT = 1000
MAX_DEPTH = 8
