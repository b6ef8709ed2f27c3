"""The table of what sets readers apart gives the verdicts that they gave: 148 headers, seven readers."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload.agreement import FACTS, READERS, agreement

HEADERS = Path(__file__).parent.parent / "data" / "headers"
ROWS = json.loads((HEADERS / "VERDICTS.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=[row["file"][:3] + " " + row["case"] for row in ROWS])
def test_each_reader_takes_what_it_took(row: dict[str, object]) -> None:
    readings = agreement(HEADERS / str(row["file"]))
    assert {r.reader: "accept" if r.accepts else "reject" for r in readings} == row["verdicts"]


def readings(header: str) -> dict[str, tuple[bool, bool]]:
    data = header.encode()
    found = agreement(struct.pack("<Q", len(data)) + data)
    return {r.reader.split()[0]: (r.accepts, r.same) for r in found}


def test_one_that_all_take_and_one_sees_otherwise() -> None:
    empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    assert set(readings(f'{{"w":{empty}}}').values()) == {(True, True)}
    odd = readings(f'{{"__proto__":{empty}}}')
    assert odd.pop("@huggingface/hub") == (True, False)
    assert set(odd.values()) == {(True, True)}
    wrapped = readings('{"w":{"dtype":"U8","shape":[0,4294967296],"data_offsets":[0,0]}}')
    assert wrapped["mlx"] == (True, False)
    assert wrapped["safetensors"] == (True, True)


def test_the_table_names_readers_only() -> None:
    assert {
        letter for _, refuses, differs in FACTS.values() for letter in refuses + differs
    } <= READERS.keys()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["dtype", "shape", "data_offsets", "x"]),
    JSON | st.lists(st.integers(-3, 2**65), max_size=3) | st.sampled_from(["U8", "F4", "C64"]),
)


@given(header=st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), FIELDS | JSON) | JSON)
def test_any_header_has_an_answer(header: object) -> None:
    data = json.dumps(header).encode()
    assert len(agreement(struct.pack("<Q", len(data)) + data)) == len(READERS)


@given(data=st.binary(max_size=64))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    assert len(agreement(data)) == len(READERS)
    assert len(agreement(struct.pack("<Q", len(data)) + data)) == len(READERS)
