"""A file that is shorter when it is read than when it was measured was written to meanwhile.

The verdict would be about bytes that are gone. Made with a file that cuts itself in half once its end was
asked for; the near miss is the same file, left alone.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from tests.build import pkasm

NAME = "model.pkl"
OFFSET = 0
NEAR_MISS_IS_INERT = True


class Shrinking(io.BytesIO):
    """A file that loses its second half when somebody seeks its end."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        position = super().seek(offset, whence)
        if whence == io.SEEK_END:
            self.truncate(position // 2)
        return position


def fires() -> bytes:
    return pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data


def near_miss() -> bytes:
    return fires()


def sources() -> tuple[BinaryIO, BinaryIO]:
    return Shrinking(fires()), io.BytesIO(near_miss())
