"""A legacy stream whose storages are a byte longer than it declares.

Torch and a scanner that stops at the first pickle read two things. The near miss ends with its last storage.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm, tensor_rows, torch_legacy

NAME = "model.pt"
NEAR_MISS_IS_INERT = True

OBJECT = pkasm(tensor_rows(view="NONE")).data
STREAM = torch_legacy(OBJECT, {"0": bytes(8)}, item_bytes=4)
OFFSET = len(STREAM) - 16


def fires() -> bytes:
    return STREAM + b"x"


def near_miss() -> bytes:
    return STREAM


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a storage that is cut": (NAME, STREAM[:-1]),
    }
