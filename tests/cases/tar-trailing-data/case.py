"""A second archive behind the first: most readers stop at the end, those that ignore zeros go on.

The near miss is padded with zeros, as tar pads to a whole record.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import member, tar

NAME = "model.tar"
OFFSET = 2048
NEAR_MISS_IS_INERT = True

ARCHIVE = tar(member("a.pkl"))


def fires() -> bytes:
    return ARCHIVE + tar(member("b.pkl"))


def near_miss() -> bytes:
    return ARCHIVE.ljust(10240, b"\0") + b"\0"


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "behind one zero block": (NAME, tar(member("a.pkl"), end=b"\0" * 512) + tar(member("b.pkl"))),
        "far behind it": (NAME, ARCHIVE.ljust(200_000, b"\0") + b"x"),
        "one byte": (NAME, ARCHIVE + b"x"),
    }
