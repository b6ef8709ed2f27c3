"""A Git LFS pointer stands for a model that was not fetched, whatever format its name promises.

The near miss holds the pointer's text as metadata of a real safetensors file.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 0
NEAR_MISS_IS_INERT = True

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


def fires() -> bytes:
    return POINTER.encode()


def near_miss() -> bytes:
    return safetensors({"__metadata__": {"was": POINTER}})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "named like a pickle": ("pytorch_model.bin", fires()),
        "named like an array": ("weights.npy", fires()),
        "named like an archive": ("weights.npz", fires()),
        "not named like a model": ("weights", fires()),
    }
