"""A member that is written outside of the folder it is unpacked in.

The near miss has dots and a colon in its name, and leads nowhere.
"""

from __future__ import annotations

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
OUT = "a/../../b.pkl"
OFFSET = entry_at(zipped({OUT: PICKLE}))


def fires() -> bytes:
    return zipped({OUT: PICKLE})


def near_miss() -> bytes:
    return zipped({"a/..b/w:0.pkl": PICKLE})


def variants() -> dict[str, tuple[str, bytes]]:
    return {
        "a folder": (NAME, zipped({"a.pkl": PICKLE, "../b/": b""})),
        "a root": (NAME, zipped({"/b.pkl": PICKLE})),
        "a drive": (NAME, zipped({"C:/b.pkl": PICKLE})),
    }
