"""A second pickle behind the end of the stream, where only some readers look.

The near miss ends with the stream.
"""

from __future__ import annotations

import zlib

from tests.build import pkasm

NAME = "model.pkl.z"
OFFSET = len(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
MEMBER = "model.pkl"
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return near_miss() + pkasm("GLOBAL posix system\nSTOP").data


def near_miss() -> bytes:
    return zlib.compress(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
