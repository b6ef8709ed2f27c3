"""Pieces of pickles, written opcode by opcode, without PROTO and STOP, to be put together as bytes.

Nothing here is loaded, and no library that is named needs to be there. `build.pkasm` makes whole pickles
from a listing.
"""

from __future__ import annotations

import pickle
import pickletools


def value(item: object) -> bytes:
    """Writes a plain value that puts nothing into the memo."""
    return pickletools.optimize(pickle.dumps(item, 3))[2:-1]


def name(dotted: str) -> bytes:
    module, _, qualname = dotted.partition(":")
    return f"c{module}\n{qualname}\n".encode()


def call(callee: str, *args: bytes) -> bytes:
    return name(callee) + b"(" + b"".join(args) + b"tR"


def new(cls: str, state: bytes = b"") -> bytes:
    return name(cls) + b")\x81" + (state + b"b" if state else b"")
