"""A member whose name Windows ends before its last dot: people see one name, and unpack another.

The verdict stands without it. The near miss has a colon, as variables of a network do, and letters of
other scripts.
"""

from __future__ import annotations

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
ODD = "a./b.pkl"
OFFSET = entry_at(zipped({ODD: PICKLE}))


def fires() -> bytes:
    return zipped({ODD: PICKLE})


def near_miss() -> bytes:
    return zipped({"日本/é☃:0.pkl": PICKLE, "w:0 (1).pkl": PICKLE, "./b//c.pkl": PICKLE})


def variants() -> dict[str, tuple[str, bytes]]:
    names = {
        "a backslash": "a\\b.pkl",
        "a line break": "a\nb.pkl",
        "text that runs backwards": "a\u202elkp.txt",
        "a dot that is none": "a\uff0epkl",
        "encoded for a URL": "50%de.pkl",
        "a device of Windows": "aux.pkl",
        "too long for a folder": "a" * 256,
    }
    return {
        **{claim: (NAME, zipped({name: PICKLE})) for claim, name in names.items()},
        "no UTF-8": (NAME, zipped({"é.pkl": PICKLE}).replace("é".encode(), b"\xe9\xe9")),
    }
