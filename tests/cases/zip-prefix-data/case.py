"""Bytes before the first member that no offset counts: zipfile rebases the offsets, torch refuses.

The near miss has offsets that do count them, so that they are a gap and no prefix.
"""

from __future__ import annotations

import io
import zipfile

from tests.build import pkasm, zipped

NAME = "model.zip"
OFFSET = 0
NEAR_MISS_IS_INERT = False

MEMBERS = {"weights.pkl": pkasm("PROTO 2\nNONE\nSTOP").data}
STUB = bytes(64)


def fires() -> bytes:
    return STUB + zipped(MEMBERS)


def near_miss() -> bytes:
    file = io.BytesIO(STUB)
    with zipfile.ZipFile(file, "a") as archive:
        for name, data in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()
