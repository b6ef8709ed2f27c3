"""Prints the names that pickles of the installed pandas use, in the layout of a policy.

See `derive.py` for what it prints and refuses.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

from derive import Sample, main


def samples() -> Iterator[Sample]:
    """Makes frames, series, indexes, arrays, dtypes and scalars of every kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pd = importlib.import_module("pandas")
        np = importlib.import_module("numpy")
        yield from _columns(pd, np)
        yield from _indexes(pd, np)
        yield from _scalars(pd)


def _columns(pd: Any, np: Any) -> Iterator[Sample]:
    days = pd.date_range("2020-01-01", periods=3)
    columns: dict[str, object] = {
        "int64": [1, 2, 3],
        "int8": np.array([1, 2, 3], "i1"),
        "float": [1.0, None, 2.0],
        "bool": [True, False, True],
        "text": ["a", None, "b"],
        "objects": pd.Series([1, "a", None], dtype=object),
        "complex": np.array([1j, 2, 3]),
        "days": days,
        "zoned days": days.tz_localize("UTC"),
        "zoned days (offset)": days.tz_localize("+01:00"),
        "zoned days (by name)": days.tz_localize("Europe/Berlin"),
        "spans": days - days[0],
        "seconds": np.array(["2020-01-01"] * 3, "M8[s]"),
        "periods": pd.period_range("2020-01", periods=3, freq="M"),
        "intervals": pd.interval_range(0, 3),
        "intervals of days": pd.interval_range(days[0], periods=3),
        "categories": pd.Categorical(["a", "b", "a"]),
        "ordered categories": pd.Categorical(["a", "b", "a"], ordered=True, categories=["b", "a"]),
        "integer categories": pd.Categorical([1, 2, 1]),
        "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "sparse blocks": pd.arrays.SparseArray([0.0, 0.0, 1.0], kind="block"),
    }
    for name in [
        "Int8",
        "Int16",
        "Int32",
        "Int64",
        "UInt8",
        "UInt16",
        "UInt32",
        "UInt64",
        "Float32",
        "Float64",
        "boolean",
        "string",
    ]:
        columns[name] = pd.array([1, None, 0] if name != "string" else ["a", None, "b"], dtype=name)
    for name, values in columns.items():
        series = pd.Series(values, name=name)
        yield f"series of {name}", series
        yield f"array of {name}", series.array
        yield f"dtype of {name}", series.dtype
        yield f"frame of {name}", pd.DataFrame({"a": values})
        try:
            yield f"index of {name}", pd.Index(values)
        except (TypeError, NotImplementedError):  # not every array can be one, in every version
            continue
    frame = pd.DataFrame(columns)
    yield "frame of everything", frame
    yield "frame by day", frame.set_index("days")
    yield "frame by two keys", frame.set_index(["text", "int64"])
    yield "frame of one block", pd.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    yield "frame with attributes", _with_attributes(pd.DataFrame({"a": [1]}))
    yield "frame of a slice", frame[["int64", "float"]].iloc[::2]
    yield "empty frame", pd.DataFrame()
    yield "frame with flags", pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)


def _with_attributes(frame: Any) -> Any:
    frame.attrs["source"] = "toy"
    return frame


def _indexes(pd: Any, np: Any) -> Iterator[Sample]:
    yield "RangeIndex", pd.RangeIndex(3)
    yield "named RangeIndex", pd.RangeIndex(0, 10, 2, name="a")
    yield "MultiIndex", pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"])
    yield (
        "MultiIndex of days",
        pd.MultiIndex.from_arrays([pd.date_range("2020-01-01", periods=2), ["a", "b"]]),
    )
    for kind in ("i8", "u8", "f8", "?", "O"):
        yield f"Index of {kind}", pd.Index(np.array([0, 1], dtype=kind))
    for freq in ("D", "h", "W", "B", "MS", "QS", "YS", "5min"):
        try:
            yield f"days by {freq}", pd.date_range("2020-01-01", periods=2, freq=freq)
        except ValueError:  # older spellings
            yield (
                f"days by {freq}",
                pd.date_range("2020-01-01", periods=2, freq=OLD_FREQUENCIES.get(freq, freq)),
            )
    yield "spans by hour", pd.timedelta_range("1h", periods=2, freq="1h" if pd.__version__ >= "2.2" else "1H")


def _scalars(pd: Any) -> Iterator[Sample]:
    yield "Timestamp", pd.Timestamp("2020-01-01")
    yield "Timestamp in UTC", pd.Timestamp("2020-01-01", tz="UTC")
    yield "Timedelta", pd.Timedelta("1h")
    yield "Period", pd.Period("2020-01", freq="M")
    yield "Interval", pd.Interval(0, 1)
    yield "Interval of days", pd.Interval(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02"))
    yield "NaT", pd.NaT
    yield "NA", pd.NA
    for name in (
        "Day",
        "Hour",
        "Minute",
        "Second",
        "Milli",
        "Micro",
        "Nano",
        "BusinessDay",
        "MonthEnd",
        "MonthBegin",
    ):
        yield f"offset {name}", getattr(pd.offsets, name)(2)
    for name in (
        "QuarterEnd",
        "QuarterBegin",
        "YearEnd",
        "YearBegin",
        "Week",
        "BMonthEnd",
        "BQuarterEnd",
        "BYearEnd",
    ):
        yield f"offset {name}", getattr(pd.offsets, name)()
    yield "DateOffset", pd.DateOffset(months=1)
    yield "missing string dtype", pd.StringDtype("python")


OLD_FREQUENCIES = {"h": "H", "YS": "AS", "5min": "5T"}

if __name__ == "__main__":
    main("pandas", samples, doc=__doc__)
