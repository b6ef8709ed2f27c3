"""A stream that lacks its last bytes. All of the pickle may have come out by then, which proves nothing.

The near miss is whole.
"""

from __future__ import annotations

import zlib

from tests.build import pkasm

NAME = "model.pkl.z"
OFFSET = len(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
MEMBER = "model.pkl"
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return near_miss()[:-4]


def near_miss() -> bytes:
    return zlib.compress(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
