"""A configuration that maps a class to a module of the repository.

The near miss has an empty map.
"""

from __future__ import annotations

from collections.abc import Mapping

NAME = "repository"
MEMBER = "config.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"config.json": b'{"auto_map": {"AutoModel": "modeling_x.XModel"}}'}, {
        "config.json": b'{"auto_map": {}, "model_type": "gpt2"}'
    }
