"""The table of what sets readers apart gives the verdicts that they gave: seven readers on 154 headers, six
on mutants (`benches/agree_readers.py --record`)."""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload.agreement import FACTS, READERS, agreement
from tests.headers import FOLDER, changed, crafted, framed, odd, verdicts

ROWS = verdicts()
MUTANTS = json.loads((FOLDER / "MUTANTS.json").read_text(encoding="utf-8"))
BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 4
WORDS = {(False, False): "refuses", (True, False): "other", (True, True): "same"}


@pytest.mark.parametrize("row", ROWS, ids=[f"{str(row['file'])[:3]} {row['case']}" for row in ROWS])
def test_each_reader_takes_what_it_took(row: dict[str, object]) -> None:
    readings = agreement(crafted(str(row["file"])))
    assert {r.reader: "accept" if r.accepts else "reject" for r in readings} == row["verdicts"]


@pytest.mark.parametrize("row", MUTANTS, ids=range(len(MUTANTS)))
def test_each_reader_made_of_a_mutant_what_is_told(row: dict[str, Any]) -> None:
    told = {r.reader: WORDS[r.accepts, r.same] for r in agreement(base64.b64decode(row["data"]))}
    told = {name: word for reader, word in told.items() for name in row["readers"] if reader.startswith(name)}
    assert told == row["readers"]


def official(data: bytes) -> object:
    safetensors = pytest.importorskip("safetensors", "0.8.0")
    return safetensors.deserialize(data)


def plain(data: bytes) -> object:
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    found = []
    for name, info in header.items():
        if name != "__metadata__":
            start, end = info["data_offsets"]
            found.append((info["dtype"], tuple(info["shape"]), start, end))
    return found


@pytest.mark.parametrize(("reader", "read"), [("safetensors", official), ("json + numpy", plain)])
def test_new_mutants_are_told_as_well(reader: str, read: Callable[[bytes], object]) -> None:
    rng = random.Random(20260103)
    seeds = [data for data in (crafted(str(row["file"])) for row in ROWS) if len(data) < 1000]
    taken = 0
    for number in range(BUDGET):
        data = changed(rng, seeds) if number % 2 else odd(rng)
        (told,) = [r for r in agreement(data) if r.reader.startswith(reader)]
        try:
            read(data)
            took = True
        except Exception:
            took = False
        assert told.accepts == took, (data, told)
        taken += took
    assert taken > BUDGET // 100


def readings(header: str) -> dict[str, tuple[bool, bool]]:
    found = agreement(framed(header.encode()))
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


@pytest.mark.parametrize("dtype", FACTS)
def test_a_dtype_may_have_the_name_of_a_fact(dtype: str) -> None:
    header = '{"w":{"dtype":"%s","shape":[0],"data_offsets":[0,0]}}'
    if len(dtype) > 3 and "_" not in dtype:
        assert readings(header % dtype) == readings(header % "nobody's")


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
    assert len(agreement(framed(json.dumps(header).encode()))) == len(READERS)


@given(data=st.binary(max_size=64))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    assert len(agreement(data)) == len(READERS)
    assert len(agreement(framed(data))) == len(READERS)
