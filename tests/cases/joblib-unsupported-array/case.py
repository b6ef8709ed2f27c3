"""An array of a dtype whose size is not known here: where it ends is not known either.

The near miss holds numbers. An array of objects is a pickle of its own, and is followed
(`test_joblib_objects.py`).
"""

from __future__ import annotations

from tests.build import joblib_rows, pkasm

NAME = "model.joblib"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(joblib_rows(dtype="x8", array=b"\x00" + bytes(16), arrow="BUILD"))
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm(joblib_rows(array=b"\x00" + bytes(16))).data
