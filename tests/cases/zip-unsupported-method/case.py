"""A member packed with bzip2 is not read, so it is not judged.

The near miss is deflated.
"""

from __future__ import annotations

import zipfile

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

MEMBERS = {"a.pkl": pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data}
ARCHIVE = zipped(MEMBERS, method=zipfile.ZIP_BZIP2)
OFFSET = entry_at(ARCHIVE)


def fires() -> bytes:
    return ARCHIVE


def near_miss() -> bytes:
    return zipped(MEMBERS, method=zipfile.ZIP_DEFLATED)
