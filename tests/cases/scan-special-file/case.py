"""A pipe where a file is expected is not opened.

Opening may block for ever, and a second reader would get other bytes. The near miss is an ordinary file of
that name.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.build import pkasm

NAME = "model.pkl"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return b""


def near_miss() -> bytes:
    return pkasm("PROTO 2\nNONE\nSTOP").data


def paths(folder: Path) -> tuple[Path, Path]:
    pipe, file = folder / NAME, folder / f"other-{NAME}"
    os.mkfifo(pipe)
    file.write_bytes(near_miss())
    return pipe, file
