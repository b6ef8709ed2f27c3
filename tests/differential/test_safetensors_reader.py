"""What is called inert is what the official safetensors reader accepts, with the same tensors.

The reverse does not hold: forms on which readers disagree are defects here. Each file of the corpus that the
official reader accepts and we reject stands in STRICTER with the rule that rejects it.
"""

from __future__ import annotations

import json
import os
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from dryload import Verdict, scan
from dryload._native import safetensors_header_bytes
from tests.headers import changed, crafted, verdicts

safetensors = pytest.importorskip("safetensors")

CORPUS: dict[str, dict[str, Any]] = {str(row["file"]): row for row in verdicts()}
BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 4
SEED = 20260102

STRICTER = {
    "016_lead_space.safetensors": "safetensors-header-start",
    "040_dup_name.safetensors": "safetensors-duplicate-key",
    "041_dup_name_escaped.safetensors": "safetensors-duplicate-key",
    "042_dup_name_first_bad.safetensors": "safetensors-duplicate-key",
    "047_dup_metadata_key.safetensors": "safetensors-duplicate-key",
    "048_dup_swap.safetensors": "safetensors-duplicate-key",
    "052_meta_null.safetensors": "safetensors-metadata-type",
    "060_info_as_array.safetensors": "safetensors-field-type",
    "061_dtype_as_map.safetensors": "safetensors-field-type",
    "085_i64_dim.safetensors": "safetensors-shape-overflow",
    "087_zero_before_overflow.safetensors": "safetensors-shape-overflow",
    "088_u64max_zero.safetensors": "safetensors-shape-overflow",
    # A zip in the data of a tensor: zip readers find it from the end of the file.
    "0d0_zip_in_tensor.safetensors": "scan-polyglot",
}

Tensors = dict[str, tuple[str, tuple[int, ...], int]]


def official(data: bytes) -> Tensors | None:
    """The tensors as the official reader gives them: name, dtype, shape, bytes; None when it rejects."""
    try:
        rows = safetensors.deserialize(data)
    except safetensors.SafetensorError:
        return None
    return {name: (row["dtype"], tuple(row["shape"]), len(row["data"])) for name, row in rows}


def ours(data: bytes) -> Tensors:
    """The same, as our header has it."""
    header = safetensors_header_bytes(data)
    rows = {name: header.tensor(name) for name in header.keys()}  # noqa: SIM118
    return {name: (dtype, shape, end - start) for name, (dtype, shape, (start, end)) in rows.items()}


def places(data: bytes) -> dict[str, bytes]:
    """The bytes of each tensor, cut out at our data_offsets."""
    header = safetensors_header_bytes(data)
    start = 8 + header.header_bytes
    spans = {name: header.tensor(name)[2] for name in header.keys()}  # noqa: SIM118
    return {name: data[start + a : start + b] for name, (a, b) in spans.items()}


@pytest.mark.parametrize("file", CORPUS)
def test_the_corpus_gets_the_official_verdict_or_a_stricter_one(file: str) -> None:
    data = crafted(file)
    accepts = CORPUS[file]["verdicts"]["safetensors 0.8.0"] == "accept"
    report = scan(data, name=file)
    rules = {finding.rule for finding in report.findings}
    if file in STRICTER:
        assert accepts
        assert STRICTER[file] in rules
        assert report.verdict is not Verdict.INERT
    else:
        assert (report.verdict is Verdict.INERT) == accepts, rules


@pytest.mark.parametrize("file", CORPUS)
def test_where_both_accept_they_see_the_same_tensors(file: str) -> None:
    data = crafted(file)
    theirs = official(data)
    if theirs is None:
        assert scan(data, name=file).verdict is not Verdict.INERT
    elif file not in STRICTER:
        assert ours(data) == theirs
        assert places(data) == {name: bytes(row["data"]) for name, row in safetensors.deserialize(data)}


def test_no_mutant_is_called_inert_that_the_official_reader_rejects() -> None:
    rng = random.Random(SEED)
    seeds = [data for data in map(crafted, CORPUS) if len(data) < 1000]
    inert = 0
    for _ in range(BUDGET):
        data = changed(rng, seeds)
        if scan(data, name="mutant.safetensors").verdict is not Verdict.INERT:
            continue
        inert += 1
        theirs = official(data)
        assert theirs is not None, data
        assert ours(data) == theirs, data
    print(f"safetensors oracle: {BUDGET} mutants, {inert} of them inert")
    assert inert > BUDGET // 100


def test_an_opened_file_has_the_names_that_the_header_has(tmp_path: Path) -> None:
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"a": tensor, "é": {**tensor, "data_offsets": [8, 16]}, "__metadata__": {"k": "v"}})
    data = struct.pack("<Q", len(header.encode())) + header.encode() + bytes(16)
    path = tmp_path / "two.safetensors"
    path.write_bytes(data)
    with safetensors.safe_open(path, framework="numpy") as file:
        assert sorted(file.keys()) == sorted(ours(data))
        assert file.metadata() == {"k": "v"} == safetensors_header_bytes(data).metadata()


def with_header_of(length: int) -> bytes:
    """A plain file whose header has so many bytes, in its metadata."""
    head = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"k":"'
    text = head + "x" * (length - len(head) - 3) + '"}}'
    return struct.pack("<Q", length) + text.encode() + b"\0"


# As pickle opcodes the first bytes of some lengths import by an extension code, or are a whole pickle of
# None, True or an empty list.
@pytest.mark.parametrize("first", [0, 0x2E00, 0x12E00, 0x2E4B00])
def test_no_length_of_a_header_makes_a_pickle_of_a_plain_file(first: int) -> None:
    lengths = range(max(first, 80), first + 256 + 80)
    verdicts = {length: scan(with_header_of(length), name="m.safetensors").verdict for length in lengths}
    assert {length: verdict for length, verdict in verdicts.items() if verdict is not Verdict.INERT} == {}


@pytest.mark.parametrize(
    "number", ["922337201e175808", "1e309", "-1e309", "1" * 400, "1e-400", "1.5e300", "1e0"]
)
def test_a_number_that_no_double_holds_is_no_json(number: str) -> None:
    """Found by the mutants: an unknown field that serde_json refuses."""
    head = '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":' + number + "}}"
    data = struct.pack("<Q", len(head)) + head.encode()
    assert (scan(data, name="m.safetensors").verdict is Verdict.INERT) == (official(data) is not None)
