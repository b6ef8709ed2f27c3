"""A block without a valid sum: tarfile ends the archive there, GNU tar looks for the next header.

The near miss has a sum of signed bytes, which both of them take, but not all readers.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, long_name, member, pax, sum_of, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = False

SUM = sum_of(header("é.pkl", 4), signed=True)


def fires() -> bytes:
    return tar(member("a.pkl"), member("b.pkl", chksum=b"000000\0 "))


def near_miss() -> bytes:
    return tar(member("a.pkl"), member("é.pkl", chksum=b"%06o\0 " % SUM))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a number that is none": (NAME, tar(member("a.pkl"), member("b.pkl", mtime=b"9\0"))),
        "a negative size": (NAME, tar(member("a.pkl"), member("b.pkl", size=b"\xff" * 12))),
        "a long name of nothing": (NAME, tar(member("a.pkl"), long_name("b.pkl"))),
        "pax records of nothing": (NAME, tar(member("a.pkl"), pax({"path": "b.pkl"}))),
        "the first one, which says ustar": (NAME, tar(member("a.pkl", chksum=b"000001\0 "))),
    }
