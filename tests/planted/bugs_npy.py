"""What the reader of npy may fail to check, and the smallest file that shows it."""

from __future__ import annotations

import io

import numpy as np

from tests.build import npy as written
from tests.planted import npy
from tests.planted.checks import Bug


def _bug(name: str, omitted: str, smallest: bytes) -> Bug:
    return Bug(f"npy-{name}", "npy", omitted, smallest, SEEDS, npy.parse)


def _array(descr: str, shape: str, size: int = 0, order: str = "True", more: str = "") -> bytes:
    return written(f"{{'descr':{descr},'fortran_order':{order},'shape':{shape}{more}}}\n", bytes(size))


def _saved(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version, allow_pickle=False)
    return file.getvalue()


SEEDS = (
    _saved(np.arange(6, dtype=np.float32).reshape(2, 3)),
    _saved(np.zeros(3, dtype=[("id", "<i4"), ("xy", "<f8", (2,))])),
    _saved(np.zeros((1, 2), dtype=[("λ", "|u1")]), (3, 0)),
)

BUGS = (
    _bug("version", "whether the version is known", b"\x93NUMPY\4\0\0\0"),
    _bug("header-past-end", "whether the header ends within the file", written("", length=1)),
    _bug("header-newline", "whether the header ends with a newline", written("0")),
    _bug("header-utf8", "whether a header of version 3 is UTF-8", b"\x93NUMPY\3\0\2\0\0\0\xff\n"),
    _bug("header-dict", "whether the header is a dict", written("0\n")),
    _bug("key-missing", "whether the header has all keys", written("{}\n")),
    _bug("key-unknown", "whether the header has other keys", _array("0", "0", order="0", more=",0:0")),
    _bug("order-type", "whether fortran_order is a boolean", _array("0", "0", order="2")),
    _bug("object-array", "whether the array holds objects", _array("'|O'", "()")),
    _bug("empty-item", "whether an item has any bytes", _array("'|S'", "(1000001,)")),
    _bug("field-duplicate", "whether two fields have one name", _array("[('','|u1'),('','|u1')]", "()")),
    _bug(
        "subarray-negative", "whether a dimension of a field is negative", _array("[('','|u1',(-1,))]", "()")
    ),
    _bug("bool-dimension", "whether a dimension is a boolean", _array("'|u1'", "(True,)", 1)),
    _bug("negative-dimension", "whether a dimension is negative", _array("'|u1'", "(0,-1)")),
    # 32 bytes an item make 2**64 in all, which is 0.
    _bug("shape-overflow", "whether the size fits 64 bits", _array("'<U8'", f"({2**59:#x},)")),
    _bug("truncated", "whether the data are all there", _array("'|u1'", "()")),
)
