"""A dimension written as a float: readers round it, take it or refuse it.

The near miss has no dimension at all, which is a scalar.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = '{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}'
OFFSET = 8 + HEADER.index("1.0")


def fires() -> bytes:
    return safetensors(HEADER, b"x")


def near_miss() -> bytes:
    return safetensors(HEADER.replace("1.0", ""), b"x")


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        name: (NAME, safetensors(header, b"x"))
        for name, header in {
            "a boolean dimension": HEADER.replace("1.0", "true"),
            "a negative dimension": HEADER.replace("1.0", "-1"),
            "three offsets": HEADER.replace("1.0", "1").replace("[0,1]", "[0,1,1]"),
            "a tensor as a list": '{"a":["U8",[1],[0,1]]}',
            "a dtype that is null": HEADER.replace('"U8"', "null"),
        }.items()
    }
