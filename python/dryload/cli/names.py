"""The names of `--files-from`: lines of a file or of stdin, or names that end with NUL."""

from __future__ import annotations

import os
import sys

from dryload.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


def names_from(name: str, *, null: bool) -> Iterator[str]:
    """Gives one name after the other as they come; empty ones are passed over.

    Raises:
        SourceError: the list cannot be read.
    """
    try:
        if name == "-":
            yield from _names(sys.stdin.buffer, b"\0" if null else b"\n")
        else:
            with open(name, "rb") as file:
                yield from _names(file, b"\0" if null else b"\n")
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), name) from error


def _names(file: BinaryIO, end: bytes) -> Iterator[str]:
    rest = b""
    while piece := file.read1(PIECE) if hasattr(file, "read1") else file.read(PIECE):
        *whole, rest = (rest + piece).split(end)
        for each in whole:
            if each:
                yield os.fsdecode(each)
    if rest:
        yield os.fsdecode(rest)


# Bytes that are read at a time.
PIECE = 65_536
