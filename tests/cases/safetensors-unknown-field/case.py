"""A field of a tensor that the format does not name: readers take no notice, so it is only a note.

The near miss has it as metadata.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"note":[{"b":1}]}}'
OFFSET = 8 + HEADER.index('"note"')


def fires() -> bytes:
    return safetensors(HEADER)


def near_miss() -> bytes:
    return safetensors('{"__metadata__":{"note":"b"},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')
