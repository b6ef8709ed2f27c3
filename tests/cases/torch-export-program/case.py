"""An archive of torch.export is a program: its loader builds a module out of it.

The near miss has no mark of that format.
"""

from __future__ import annotations

from tests.build import export_zip, pkasm, zipped

NAME = "model.pt2"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nEMPTY_DICT\nSTOP").data


def fires() -> bytes:
    return export_zip({"data/constants/opaque_obj_0": PICKLE})


def near_miss() -> bytes:
    return zipped({"e/data/constants/opaque_obj_0": PICKLE})
