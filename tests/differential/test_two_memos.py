"""Pickles in a row: `pickle.load` begins each with a fresh memo, an `Unpickler` that is asked again keeps it.

A word fetched from the memo is then another word. The oracle is the unpickler, with every name stubbed.
"""

from __future__ import annotations

import io
import pickle

import pytest

from dryload import scan
from tests.build import pkasm

# As the second of two pickles: its own memo says collections.OrderedDict.
FETCHED = pkasm(
    """
    PROTO 4
    BINUNICODE 'collections'
    MEMOIZE
    BINUNICODE 'OrderedDict'
    MEMOIZE
    BINGET 0
    BINGET 1
    STACK_GLOBAL
    EMPTY_TUPLE
    REDUCE
    STOP
    """
).data


class _Kept(pickle.Unpickler):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.asked: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> type:
        self.asked.append((module, name))
        return dict


def words(*texts: str) -> bytes:
    rows = "".join(f"BINUNICODE {text!r}\nMEMOIZE\nPOP\n" for text in texts)
    return pkasm(f"PROTO 4\n{rows}NONE\nSTOP").data


@pytest.mark.parametrize(
    ("first", "verdict"),
    [(("posix", "system"), "malicious"), (("a", "b"), "inert"), (("code", "OrderedDict"), "inert")],
    ids=["denied", "unlisted", "the same name of another module"],
)
def test_the_reading_with_the_kept_memo_counts_where_it_is_denied(
    first: tuple[str, str], verdict: str
) -> None:
    data = words(*first) + FETCHED
    kept = _Kept(data)
    kept.load()
    kept.load()
    assert kept.asked == [first], "the oracle: the memo of the first pickle is in force"
    assert scan(data, name="model.pkl").verdict == verdict


def test_the_memo_is_kept_beyond_the_second_pickle() -> None:
    data = words("posix", "system") + words("x") + FETCHED
    assert scan(data, name="model.pkl").verdict == "malicious"


def test_honest_pickles_in_a_row_stay_inert() -> None:
    import collections
    import datetime

    values = [
        {"code": [1.0, "os", "system"]},
        collections.OrderedDict(a=1),
        datetime.date(2026, 1, 1),
        ["os"] * 3,
    ]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = b"".join(pickle.dumps(value, protocol) for value in values * 2)
        assert scan(data, name="model.pkl").verdict == "inert"
