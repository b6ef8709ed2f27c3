"""Pickles for the tests; they are made and never loaded."""

from __future__ import annotations

import os
import pickle

import pytest


class _Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@pytest.fixture
def plain() -> bytes:
    """A pickle of plain values."""
    return pickle.dumps({"weights": [1.0, 2.0]}, 4)


@pytest.fixture
def evil() -> bytes:
    """A pickle that calls os.system, which it spells posix.system or nt.system."""
    return pickle.dumps({"x": _Runs()}, 4)


@pytest.fixture
def unlisted() -> bytes:
    """A pickle of a new mycorp.features.Scaler, which no policy knows: GLOBAL EMPTY_TUPLE NEWOBJ."""
    return b"\x80\x02cmycorp.features\nScaler\n)\x81."
