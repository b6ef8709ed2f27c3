"""An archive without its two zero blocks: one that was cut between members looks the same.

The near miss has exactly two.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import member, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl"), end=b"")


def near_miss() -> bytes:
    return tar(member("a.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "one zero block": (NAME, tar(member("a.pkl"), end=b"\0" * 512)),
        "a part of one": (NAME, tar(member("a.pkl"), end=b"\0" * 100)),
        "a part of the second": (NAME, tar(member("a.pkl"), end=b"\0" * 600)),
    }
