"""A size that Python reads and GNU tar does not: each of them steps to another place.

The near miss fills its fields with spaces and ends them with either of the two bytes that POSIX permits.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, member, padded, record, sum_of, tar

NAME = "model.tar"
OFFSET = 124
NEAR_MISS_IS_INERT = True

# Four bytes, in the fields of every width and in both ways of writing.
SIZES = {
    "a prefix": b"0o4",
    "a sign": b"+4",
    "an underscore": b"0_4",
    "a tab": b"\t4",
    "digits behind a NUL": b"4\x007",
}

PATH = padded(record("path", "a"))


def fires() -> bytes:
    return tar(member("a.pkl", size=b"0o4"))


def near_miss() -> bytes:
    fields = {
        "mode": b"   644 \0",
        "uid": b"",
        "size": b"          4 ",
        "mtime": b"\x80" + b"\0" * 10 + b"\x01",
    }
    return tar(member("a.pkl", **fields))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        **{claim: (NAME, tar(member("a.pkl", size=size))) for claim, size in SIZES.items()},
        "a size that is blank": (NAME, tar(header("a.pkl", size=b""))),
        "a sum of signed bytes": (
            NAME,
            tar(header("é", chksum=b"%06o\0 " % sum_of(header("é"), signed=True))),
        ),
        "a prefix where GNU has times": (
            NAME,
            tar(member("a.pkl", magic=b"ustar  \0", prefix=b"00000000001")),
        ),
        "pax records without a magic number": (
            NAME,
            tar(header("x", 9, flag=b"x", magic=b""), PATH, member("b")),
        ),
        "pax records of another type": (NAME, tar(header("x", 9, flag=b"X"), PATH, member("b"))),
        "an owner below zero": (NAME, tar(member("a.pkl", uid=b"\xff" * 8))),
        "a mode of another base": (NAME, tar(member("a.pkl", mode=b"0o644"))),
    }
