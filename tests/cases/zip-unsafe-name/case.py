"""A member that is written outside of the folder it is unpacked in.

The near miss has dots, a colon and a percent sign in its name, and leads nowhere.
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
    return zipped({"a/..b/w:0.pkl": PICKLE, "w:0.pkl": PICKLE, ".%2/50%.pkl": PICKLE})


def variants() -> dict[str, tuple[str, bytes]]:
    return {
        "a folder": (NAME, zipped({"a.pkl": PICKLE, "../b/": b""})),
        "a root": (NAME, zipped({"/b.pkl": PICKLE})),
        "a drive": (NAME, zipped({"C:/b.pkl": PICKLE})),
        "behind a line break": (NAME, zipped({"a\n/../../b.pkl": PICKLE})),
        "encoded for a URL": (NAME, zipped({"%2e%2E/b.pkl": PICKLE})),
        "by a dot that is one when names are normalised": (NAME, zipped({"\u2025/b.pkl": PICKLE})),
        "by a character that is dropped": (NAME, zipped({".\u200c./b.pkl": PICKLE})),
        "by a space that Windows drops": (NAME, zipped({"a/.. /b.pkl": PICKLE})),
        "to a home": (NAME, zipped({"~/b.pkl": PICKLE})),
        # The bytes for `é` are as many as an overlong dot.
        "by overlong dots": (NAME, zipped({"éé/b.pkl": PICKLE}).replace("é".encode(), b"\xc0\xae")),
    }
