"""The place of a value, as a finding writes it, is where Python finds that value in the loaded object.

The oracle is the object itself: the text is evaluated on it. Attributes of a state stand beside items.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dryload import scan


class Marker:
    """A class that no policy lists; one of it stands in each object."""


class Holder:
    """Another, with attributes."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


_PLAIN = st.none() | st.integers() | st.text(max_size=5)
# Wider integers, floats and bytes are written as what they are: <int>.
_KEYS = st.text(max_size=8) | st.integers(-(2**63), 2**63 - 1)


def _around(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Holds an object in one more container, somewhere in its middle."""
    before, after = st.lists(_PLAIN, max_size=3), st.lists(_PLAIN, max_size=3)
    rows = st.tuples(before, inner, after).map(lambda rows: [*rows[0], rows[1], *rows[2]])
    pairs = st.dictionaries(_KEYS, _PLAIN, max_size=3)
    names = st.sampled_from(["coef_", "x", "module"])
    return (
        rows
        | rows.map(tuple)
        | st.tuples(pairs, _KEYS, inner).map(lambda made: {**made[0], made[1]: made[2]})
        | st.tuples(names, inner).map(lambda made: Holder(**{made[0]: made[1]}))
        | st.tuples(names, inner).map(lambda made: argparse.Namespace(**{made[0]: made[1]}))
    )


@given(
    st.recursive(st.builds(Marker), _around, max_leaves=1),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
    st.sampled_from([pickle.dumps, pickle._dumps]),  # type: ignore[attr-defined]
)
@settings(max_examples=300, deadline=None)
def test_the_place_of_a_value_leads_to_it(
    root: object, protocol: int, dumps: Callable[[object, int], bytes]
) -> None:
    report = scan(dumps(root, protocol), name="model.pkl")
    (finding,) = [f for f in report.findings if f.evidence["name"] == f"{__name__}.Marker"]
    if "…" not in finding.value:  # A long key is cut.
        assert type(eval(finding.value, {"root": root})) is Marker


@pytest.mark.parametrize(
    "rows", [b"N0cmycorp\nThing\n0N.", b"cmycorp\nThing\n0]."], ids=["no root", "another root"]
)
def test_a_value_that_is_dropped_has_no_place(rows: bytes) -> None:
    assert [finding.value for finding in scan(rows, name="model.pkl").findings] == [""]


def test_a_cyclic_object_has_places_too() -> None:
    root: list[object] = [Marker()]
    root.append(root)
    (finding,) = scan(pickle.dumps({"loop": root}), name="model.pkl").findings
    assert finding.value == "root['loop'][0]"
