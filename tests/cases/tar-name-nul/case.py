"""A long name that goes on behind a NUL: tarfile cuts it there, others strip the last NUL alone.

The near miss ends without any.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, link, long_name, member, padded, pax, tar

NAME = "model.tar"
OFFSET = 512
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(long_name("a.pkl\0.txt"), member("b.pkl"))


def near_miss() -> bytes:
    return tar(long_name("a.pkl", end=b""), member("b.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "two at the end": (NAME, tar(long_name("a.pkl", end=b"\0\0"), member("b.pkl"))),
        "behind the size": (NAME, tar(header("L", 5, flag=b"L"), padded(b"a.pkl.txt"), member("b.pkl"))),
        "in a path of pax": (NAME, tar(pax({"path": "a.pkl\0.txt"}), member("b.pkl"))),
        "in a long target": (NAME, tar(member("a"), long_name("a\0b", flag=b"K"), link("c", "d"))),
    }
