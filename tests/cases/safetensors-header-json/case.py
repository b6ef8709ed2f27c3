"""A comma too many: Python, JavaScript and Rust readers do not agree on it.

The near miss has the spaces that the official library pads a header with.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

TENSOR = '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
OFFSET = 8 + len(TENSOR) + 1


def fires() -> bytes:
    return safetensors(f"{TENSOR},}}")


def near_miss() -> bytes:
    return safetensors(f"{TENSOR}}}   ")


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "half a surrogate pair": (NAME, safetensors('{"__metadata__":{"a":"\\ud800"}}')),
        "NaN": (NAME, safetensors('{"__metadata__":{"a":NaN}}')),
        "another value behind the object": (NAME, safetensors("{}{}")),
        "nested as deep as no reader goes": (
            NAME,
            safetensors('{"__metadata__":' + "[" * 200 + "]" * 200 + "}"),
        ),
        "a number that begins with a zero": (
            NAME,
            safetensors('{"a":{"dtype":"U8","shape":[00],"data_offsets":[0,0]}}'),
        ),
    }
