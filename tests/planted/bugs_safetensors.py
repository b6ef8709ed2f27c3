"""What the reader of safetensors may fail to check, and the smallest file that shows it."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import save

from tests.build import safetensors as written
from tests.planted import safetensors
from tests.planted.checks import Bug


def _bug(name: str, omitted: str, smallest: bytes) -> Bug:
    return Bug(f"st-{name}", "safetensors", omitted, smallest, SEEDS, safetensors.parse)


def _info(dtype: str, shape: str, offsets: str) -> str:
    return f'{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{offsets}]}}'


def _one(dtype: str, shape: str, offsets: str, size: int = 0) -> bytes:
    return written(f'{{"":{_info(dtype, shape, offsets)}}}', bytes(size))


def _two(first: str, second: str, size: int) -> bytes:
    return written(f'{{"":{first},"a":{second}}}', bytes(size))


SEEDS = (
    save({"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(3, np.float32)}),
    save({"ids": np.arange(4, dtype=np.int64), "mask": np.ones((1, 4), np.bool_)}, {"format": "np"}),
    save({"x": np.zeros((0, 2), np.uint8), "y": np.array(1.5), "z": np.arange(5, dtype=np.uint8)}),
)

BUGS = (
    _bug("header-cap", "how long a header may be", b"\xff" * 8),
    _bug("header-past-end", "whether the header ends within the file", b"\1" + bytes(7)),
    _bug("header-utf8", "whether the header is UTF-8", written(b'{"\xff":0}')),
    _bug("header-object", "whether the header is an object", written("0")),
    _bug("duplicate-key", "whether a key stands twice", written('{"":0,"":0}')),
    _bug("metadata-object", "whether the metadata are an object", written('{"__metadata__":0}')),
    _bug("metadata-text", "whether the metadata are texts", written('{"__metadata__":{"":0}}')),
    _bug("field-missing", "whether a tensor has all fields", written('{"":{}}')),
    _bug("unknown-dtype", "whether a dtype is known", _one("", "", "")),
    _bug("bool-dimension", "whether a dimension is a boolean", _one("U8", "false", "0,0")),
    _bug("negative-dimension", "whether a dimension is negative", _one("U8", "0,-1", "0,0")),
    _bug("shape-overflow", "whether the bits fit 64 bits", _one("U8", str(2**61), "0,0")),
    _bug("sub-byte-size", "whether the bits are whole bytes", _one("F4", "", "0,0")),
    _bug(
        "offset-order",
        "whether an end is before its start",
        _two(_info("U8", "", "0,1"), _info("U8", "0", "1,0"), 1),
    ),
    _bug("offset-past-end", "whether a tensor ends within the file", _one("U8", "", "0,1")),
    _bug("size-mismatch", "whether the bytes are what the shape says", _one("U8", "", "0,0")),
    _bug("overlap", "whether tensors share bytes", _two(_info("U8", "", "0,1"), _info("U8", "", "0,1"), 1)),
    _bug("gap", "whether bytes lie between tensors", _one("U8", "0", "1,1", 1)),
    _bug("trailing", "whether bytes follow the last tensor", written("{}", b"\0")),
)
