"""An array whose file is not in the archive.

The near miss has the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header, skops_node, skops_zip

NAME = "model.skops"
MEMBER = "schema.json"
NEAR_MISS_IS_INERT = True


OFFSET = len(
    '{"__loader__": "NdArrayNode", "__module__": "numpy", "__class__": "ndarray", "type": "numpy", "file": '
)

NODE = skops_node("NdArrayNode", "numpy:ndarray", type="numpy", file="1.npy")
ARRAY = npy(npy_header(), bytes(8))


def fires() -> bytes:
    return skops_zip(NODE, {"2.npy": ARRAY})


def near_miss() -> bytes:
    return skops_zip(NODE, {"1.npy": ARRAY})


def variants() -> Mapping[str, tuple[str, bytes]]:
    node = skops_node("BytesNode", "builtins:bytes", file="../1.bin")
    return {"bytes outside": (NAME, skops_zip(node, {"1.bin": b"1"}))}
