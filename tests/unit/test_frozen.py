"""`@frozen` keeps what a frozen, slotted dataclass promises."""

from __future__ import annotations

import pickle

import pytest

from dryload._frozen import frozen, replace
from dryload.findings import Span


@frozen
class Pair:
    left: int
    right: int = 7


def test_fields_cannot_be_set_added_or_deleted() -> None:
    pair = Pair(left=1)
    for name in ("left", "other"):
        with pytest.raises(AttributeError):
            setattr(pair, name, 2)
    with pytest.raises(AttributeError):
        del pair.left
    assert not hasattr(pair, "__dict__")


def test_a_missing_or_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="left"):
        Pair()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="middle"):
        Pair(left=1, middle=2)  # type: ignore[call-arg]


def test_equality_and_hash_are_by_value_and_by_class() -> None:
    assert Pair(left=1) == Pair(left=1, right=7)
    assert hash(Pair(left=1)) == hash(Pair(left=1, right=7))
    assert Pair(left=1) != Pair(left=2)
    other: object = Span(start=1, end=7)
    assert other != Pair(left=1)


def test_replace_changes_a_copy() -> None:
    pair = Pair(left=1)
    assert replace(pair, left=2) == Pair(left=2)
    assert pair.left == 1


def test_instances_survive_pickling() -> None:
    span = Span(start=1, end=2)
    assert pickle.loads(pickle.dumps(span)) == span
