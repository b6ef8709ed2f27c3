"""A deflated member whose stream breaks off in error.

Readers keep different amounts of what came before it. Made by giving its first block the reserved type; the
near miss has the stored type.
"""

from __future__ import annotations

import zipfile

from tests.build import data_at, patched, pkasm, zipped

NAME = "model.zip"
MEMBER = "a.pkl"
OFFSET = 0
NEAR_MISS_IS_INERT = True

MEMBERS = {"a.pkl": pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data}


def fires() -> bytes:
    archive = zipped(MEMBERS, method=zipfile.ZIP_DEFLATED)
    return patched(archive, data_at(archive), b"\x07")


def near_miss() -> bytes:
    return zipped(MEMBERS, method=zipfile.ZIP_DEFLATED, level=0)
