"""Prints the names that pickles of the installed numpy use, in the layout of a policy.

See `derive.py` for what it prints and refuses.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from derive import Sample, main


def samples() -> Iterator[Sample]:
    """Makes one value of each kind that checkpoints carry."""
    np = importlib.import_module("numpy")
    for descr in ("?", "u1", "i8", ">f4", "f2", "f8", "c16", "g", "U2", "S2", "V4", "M8[D]", "m8[s]", "O"):
        array = np.zeros((2, 2), dtype=descr)
        yield f"array of {descr}", array
        yield f"column-major array of {descr}", np.asfortranarray(array)
        yield f"strided array of {descr}", array[::2]
        yield f"dtype {descr}", array.dtype
        if descr != "O":
            yield f"scalar of {descr}", array[0, 0]
    fields = np.dtype([("a", "i4"), ("b", "f8", (2,))])
    yield "structured array", np.zeros(2, fields)
    yield "structured scalar", np.zeros(2, fields)[0]
    yield "structured array with objects", np.zeros(2, [("a", "O")])
    yield "structured scalar with objects", np.zeros(2, [("a", "O")])[0]
    yield "dtype with metadata", np.dtype("f4", metadata={"a": 1})
    records = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield "record array", records
    yield "record", records[0]
    yield "matrix", np.asmatrix([[1, 2]])
    yield "chararray", np.char.array(["a"])
    yield "masked array", np.ma.array([1, 2], mask=[0, 1])
    yield "masked constant", np.ma.masked
    dtypes = getattr(np, "dtypes", None)
    if hasattr(dtypes, "StringDType"):
        yield "array of StringDType", np.array(["a"], dtype=np.dtypes.StringDType())
        yield "StringDType with a missing value", np.dtypes.StringDType(na_object=None)
    yield "RandomState", np.random.RandomState(1)
    for bits in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        if hasattr(np.random, bits):
            yield f"Generator({bits})", np.random.Generator(getattr(np.random, bits)(1))
    yield "SeedSequence", np.random.SeedSequence([1, 2]).spawn(1)[0]
    yield "poly1d", np.poly1d([1, 2])
    for family in ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE"):
        yield family, getattr(np.polynomial, family)([1, 2])
    classes = [value for value in vars(np).values() if isinstance(value, type)]
    yield "scalar types", [value for value in classes if issubclass(value, np.generic)]


if __name__ == "__main__":
    main("numpy", samples, doc=__doc__)
