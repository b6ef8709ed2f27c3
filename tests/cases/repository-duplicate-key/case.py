"""A configuration with two values under one key.

The near miss has the key once in each of two objects.
"""

from __future__ import annotations

from collections.abc import Mapping

NAME = "repository"
MEMBER = "config.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"config.json": b'{"n_layer": 2, "n_layer": 4}'}, {
        "config.json": b'{"n_layer": 2, "a": {"n_layer": 4}}'
    }
