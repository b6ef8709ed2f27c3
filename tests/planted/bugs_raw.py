"""What the readers of the small formats may fail to check, and the shortest input that shows it."""

from __future__ import annotations

from collections.abc import Callable, Set

from tests.planted import raw
from tests.planted.checks import Bug


def _bug(name: str, omitted: str, smallest: bytes, seeds: tuple[bytes, ...]) -> Bug:
    return Bug(f"raw-{name}", "bytes", omitted, smallest, seeds, PARSERS[name.partition("-")[0]])


def _table(values: bytes, indexes: bytes) -> bytes:
    rest = bytes((len(values),)) + values + indexes
    return b"DT" + bytes((sum(rest) % 256,)) + rest


PARSERS: dict[str, Callable[[bytes, Set[str]], object]] = {
    "tlv": raw.tlv,
    "leb": raw.leb128,
    "text": raw.texts,
    "nested": raw.nested,
    "table": raw.table,
}
TLV = (b"\1\4\1\2\3\4\2\5hello\3\1\1", b"\2\2h\xc3"[:1] + b"\2\xc3\xa9\1\1\x80", b"\3\1\0\1\x08abcdefgh")
LEB = (b"\3\1\x80\1\xff\x7f", b"\1\xff\xff\xff\xff\x0f", b"\0")
TEXTS = (b"\2\5\6hello!", "\3\1\4\6aüb".encode() + b"xy", b"\0")
NESTED = (b"[\2#\2\3abcdef[\0", b"#\1\4wxyz", b"[\1[\2#\1\1a#\2\1bc")
TABLES = (_table(b"abc", b"\0\1\2"), _table(b"", b""), _table(b"\x10\x20", b"\1\1"))

BUGS = (
    _bug("tlv-length", "whether a value ends within the input", b"\0\1", TLV),
    _bug("tlv-width", "whether an integer has a width that exists", b"\1\0", TLV),
    _bug("leb-count", "whether there are as many numbers as the count says", b"\xe9\7", LEB),
    _bug("leb-wide", "whether a number fits 64 bits", b"\x80" * 9 + b"\2", LEB),
    _bug("text-order", "whether a text ends before it begins", b"\2\1\0", TEXTS),
    _bug("text-split", "whether a text ends inside a character", b"\2\1\2\xc3\xa9", TEXTS),
    _bug("nested-empty", "whether items have any bytes", b"#\1\0x", NESTED),
    _bug("nested-depth", "how deep containers nest", b"[\1" * 9, NESTED),
    _bug("table-sum", "whether the sum is right", b"DT\1\0", TABLES),
    _bug("table-index", "whether an index is in the table", _table(b"\0", b"\1"), TABLES),
)
