"""What ordinary programs pickle and save is inert: values of Python and of numpy, at every protocol.

The values are made and written here by the libraries themselves; whatever is not inert is a false alarm.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import fractions
import io
import pathlib
import pickle
import types
import uuid
from typing import Any

import numpy as np
import pytest

from dryload import Verdict, scan

KINDS = ["?", "i1", "i4", "u8", "f2", "f8", "c16", "S5", "U5", "V7", "M8[ns]", "M8[D]", "m8[25s]", ">i4", "O"]
STRUCTURES: list[Any] = [
    [("x", "i4")],
    [("x", "i4"), ("y", "f8", (2, 3))],
    [("n", [("a", "u1"), ("b", "f4")]), ("s", "S3")],
    [("o", "O"), ("i", "i8")],
    [("t", "M8[ns]"), ("u", "U4")],
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [4, 16], "itemsize": 32}),
    [(("title", "name"), "i4")],
    [(f"f{i}", "f4") for i in range(16)],
]


def arrays() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for kind in KINDS:
        for shape in [(), (0,), (3,), (2, 3), (2, 0, 4)]:
            array = np.zeros(shape, dtype=kind)
            made[f"{kind} {shape}"] = array
            made[f"{kind} {shape} in Fortran order"] = np.asfortranarray(array)
        made[f"{kind} strided"] = np.zeros(6, kind)[::2]
    for number, fields in enumerate(STRUCTURES):
        made[f"structure {number}"] = np.zeros(4, np.dtype(fields))
    made["mixed objects"] = np.array([{"a": 1}, [2], None, "x", np.arange(3)], dtype=object)
    made["many objects"] = np.array([str(i) for i in range(5000)], dtype=object)
    made["records"] = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    return made


def values() -> dict[str, Any]:
    single, structured = np.dtype("f4"), np.dtype([("x", "i4")])
    made: dict[str, Any] = {
        "scalars": [np.zeros(1, kind)[0] for kind in KINDS],
        "structured scalars": [np.zeros(1, np.dtype(fields))[0] for fields in STRUCTURES],
        "dtypes": [np.dtype(kind) for kind in KINDS] + [np.dtype(("i4", (3,)))],
        "structured dtypes": [np.dtype(fields) for fields in STRUCTURES],
        "shared dtypes": [np.zeros(2, single), single, single, np.ones(2, structured), structured],
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        "random state": np.random.RandomState(1),
        "generators": [
            np.random.Generator(bits(3))
            for bits in (np.random.MT19937, np.random.PCG64, np.random.Philox, np.random.SFC64)
        ],
        "seed": np.random.SeedSequence(5),
        "integers": [0, -1, 255, 256, 65536, -129, 2**31, 2**63, -(2**40), 2**70],
        "floats": [1.5, 1e300, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1e16, -2.5e-10],
        "texts": ["", "\\", "\\u0041", "a\nb", "ü☃\ud800", "'\"", "x" * 300],
        "containers": [{1: (2, [3, {4}])}, frozenset([1]), {}, [], (), [[[]]], {"a": {"b": ()}}],
        "bytes": [b"", b"\xff\x00", bytearray(b"abc"), b"x" * 300],
        "standard": [
            datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
            datetime.date(2026, 1, 2),
            datetime.timedelta(3),
            decimal.Decimal("1.5"),
            fractions.Fraction(1, 3),
            uuid.UUID(int=5),
            pathlib.PurePosixPath("a/b"),
            argparse.Namespace(a=1, b=[2]),
            types.SimpleNamespace(a=1),
            collections.OrderedDict(a=1),
            collections.Counter("aab"),
            collections.defaultdict(list, {"a": [1]}),
            collections.deque([1, 2], maxlen=4),
            complex(1, 2),
            range(3),
            slice(1, 2),
            Ellipsis,
        ],
    }
    return made | arrays()


@pytest.mark.parametrize("protocol", range(6))
def test_what_the_libraries_pickle_is_inert(protocol: int) -> None:
    for name, value in values().items():
        report = scan(pickle.dumps(value, protocol), name="value.pkl")
        assert report.verdict is Verdict.INERT, (name, [finding.message for finding in report.findings])


def test_what_numpy_saves_is_inert() -> None:
    for name, array in arrays().items():
        for save, file in [(np.save, "a.npy"), (np.savez, "a.npz"), (np.savez_compressed, "a.npz")]:
            out = io.BytesIO()
            save(out, array)
            report = scan(out.getvalue(), name=file)
            assert report.verdict is Verdict.INERT, (name, file, [f.message for f in report.findings])
