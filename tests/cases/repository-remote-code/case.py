"""A configuration that decides that the repository's code is trusted.

The near miss decides that it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

NAME = "repository"
MEMBER = "config.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"config.json": b'{"text_config": {"trust_remote_code": true}}'}, {
        "config.json": b'{"text_config": {"trust_remote_code": false}}'
    }
