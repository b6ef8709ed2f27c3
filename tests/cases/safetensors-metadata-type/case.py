"""Metadata with a number as a value: the official library refuses it, Python readers accept.

The near miss has the number in quotes.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = '{"__metadata__":{"step":7}}'
OFFSET = 8 + HEADER.index("7")


def fires() -> bytes:
    return safetensors(HEADER)


def near_miss() -> bytes:
    return safetensors(HEADER.replace("7", '"7"'))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "no object": (NAME, safetensors('{"__metadata__":"x"}')),
        "null": (NAME, safetensors('{"__metadata__":null}')),
    }
