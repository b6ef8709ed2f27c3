"""A tensor without a dtype: a lenient reader invents one.

The near miss has the fields in another order.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors('{"a":{"shape":[0],"data_offsets":[0,0]}}')


def near_miss() -> bytes:
    return safetensors('{"a":{"data_offsets":[0,0],"shape":[0],"dtype":"U8"}}')


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "the shape": (NAME, safetensors('{"a":{"dtype":"U8","data_offsets":[0,0]}}')),
        "the offsets": (NAME, safetensors('{"a":{"dtype":"U8","shape":[0]}}')),
        "all of them": (NAME, safetensors('{"a":{}}')),
    }
