"""An array behind a padding that joblib never writes.

A scanner and a loader then find the next opcode at two places. The near miss is padded with as much as joblib
writes at most.
"""

from __future__ import annotations

from tests.build import joblib_rows, pkasm

NAME = "model.joblib"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(joblib_rows(array=b"\x11" + b"\xff" * 17 + bytes(16), arrow="array"))
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm(joblib_rows(array=b"\x10" + b"\xff" * 16 + bytes(16))).data
