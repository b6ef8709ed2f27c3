"""One tensor name twice: the official library keeps the last, others may keep the first.

The near miss has the name once as a tensor and once as a key of the metadata.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

TENSOR = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
TWICE = f'{{"a":{TENSOR},"a":{TENSOR}}}'
OFFSET = 8 + TWICE.rindex('"a"')


def fires() -> bytes:
    return safetensors(TWICE)


def near_miss() -> bytes:
    return safetensors(f'{{"__metadata__":{{"a":"a"}},"a":{TENSOR}}}')


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "spelled with an escape": (NAME, safetensors(f'{{"a":{TENSOR},"\\u0061":{TENSOR}}}')),
        "a field of a tensor": (
            NAME,
            safetensors('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
        ),
        "the metadata": (NAME, safetensors('{"__metadata__":{},"__metadata__":{}}')),
        "a key of the metadata": (NAME, safetensors('{"__metadata__":{"a":"1","a":"2"}}')),
    }
