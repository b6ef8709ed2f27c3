"""A schema of protocol 0, whose functions are named elsewhere.

The near miss is of protocol 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import zipped

NAME = "model.skops"
MEMBER = "schema.json"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def schema(protocol: str) -> bytes:
    node = '"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "content": "1"'
    return zipped({"schema.json": f"{{{node}{protocol}}}".encode()})


def fires() -> bytes:
    return schema(', "protocol": 0')


def near_miss() -> bytes:
    return schema(', "protocol": 1')


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"of none": (NAME, schema("")), "of a later one": (NAME, schema(', "protocol": 3'))}
