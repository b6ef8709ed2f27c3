"""A sparse file: what is unpacked differs from the bytes that stand there.

The near miss is a file of the type that POSIX keeps for files without gaps.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import member, pax, tar

NAME = "model.tar"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl", flag=b"S", magic=b"ustar  \0"))


def near_miss() -> bytes:
    return tar(member("a.pkl", flag=b"7"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    sparse = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "a",
        "GNU.sparse.realsize": "9",
    }
    return {
        "by pax records": (NAME, tar(pax(sparse), member("GNUSparseFile.0/a"))),
        "a part of a volume": (NAME, tar(member("a.pkl", flag=b"M", magic=b"ustar  \0"))),
        "a type of nobody": (NAME, tar(member("a.pkl", flag=b"Z"))),
    }
