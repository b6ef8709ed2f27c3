"""An array of objects inside a stream is a pickle of its own in place of the raw bytes, and is not read.

The near miss holds numbers.
"""

from __future__ import annotations

from tests.build import joblib_rows, pkasm

NAME = "model.joblib"
NEAR_MISS_IS_INERT = True

PAYLOAD = pkasm("PROTO 2\nGLOBAL posix system\nBINUNICODE 'true'\nTUPLE1\nREDUCE\nSTOP").data
FIRES = pkasm(joblib_rows(dtype="O8", array=PAYLOAD, arrow="BUILD"))
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm(joblib_rows(array=b"\x00" + bytes(16))).data
