"""A pax record one byte too long: readers trust its length or look for its newline.

The near miss has an equals sign and a newline in its value, where the length alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, member, padded, pax, record, tar

NAME = "model.tar"
OFFSET = 512
NEAR_MISS_IS_INERT = True


# Two records, of which the size of the header covers the first.
TWO = padded(record("comm", "c") + record("path", "b.pkl"))


def fires() -> bytes:
    return having(b"15 path=b.pkl\n")


def near_miss() -> bytes:
    return having(record("comment", "a=b\n12 path=c\n"))


def having(records: bytes) -> bytes:
    """Makes an archive of one member behind these records."""
    return tar(pax(records), member("a.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    faults = {
        "a length that begins with zero": b"015 path=b.pkl\n",
        "no newline": b"14 path=b.pkl\0",
        "no key": b"5 =a\n",
        "no equals sign": b"7 path\n",
        "NULs behind the last": record("path", "b.pkl") + b"\0\0",
        "a name twice": record("path", "b.pkl") + record("path", "c.pkl"),
        "a name that is taken away": record("path", ""),
        "a size of another base": record("size", "0x4"),
        "a size with an underscore": record("size", "0_4"),
    }
    return {
        **{claim: (NAME, having(records)) for claim, records in faults.items()},
        "a record behind the size": (NAME, tar(header("x", 9, flag=b"x"), TWO, member("a.pkl"))),
        "a name for all members": (NAME, tar(pax({"path": "b.pkl"}, flag=b"g"), member("a.pkl"))),
        "a size for all members": (NAME, tar(pax({"size": "4"}, flag=b"g"), member("a.pkl"))),
    }
