"""An index that names a file beside the folder.

The near miss names one inside, whose name has two dots.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.build import safetensors, tensor

SHARD = safetensors({"w": tensor("U8", [1], 0, 1)}, b"x")


def index(shard: str) -> bytes:
    """Makes an index of one tensor."""
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": {"w": shard}}).encode()


NAME = "repository"
MEMBER = "model.safetensors.index.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"model.safetensors.index.json": index("../other.safetensors")}, {
        "model.safetensors.index.json": index("a..b.safetensors"),
        "a..b.safetensors": SHARD,
    }
