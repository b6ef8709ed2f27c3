"""A tensor whose storage has no member in the archive: a lenient loader leaves memory as it was.

The near miss has the member.
"""

from __future__ import annotations

from tests.build import pkasm, tensor_rows, torch_zip

NAME = "model.pt"
MEMBER = "m/data.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(tensor_rows())
OFFSET = FIRES.mark


def fires() -> bytes:
    return torch_zip(FIRES.data, {"1": bytes(8)})


def near_miss() -> bytes:
    return torch_zip(FIRES.data, {"0": bytes(8)})
