"""A configuration that is cut off.

The near miss is whole.
"""

from __future__ import annotations

from collections.abc import Mapping

NAME = "repository"
MEMBER = "config.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"config.json": b'{"n_layer": 2'}, {"config.json": b'{"n_layer": 2}'}
