"""Whatever the bytes are: a scan ends, raises nothing, and calls inert only what it recognised."""

from __future__ import annotations

import os
import random
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dryload import Policy, Verdict, render_text, scan
from dryload._native import scan_bytes, trace_bytes

DATA = Path(__file__).parent.parent / "data"
BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 10
SEED = 20260105

starts = st.sampled_from(
    [
        b"", b"\x80\x04", b"\x80\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\0\x10\0",
        struct.pack("<Q", 20) + b"{", b"\x1f\x8b\x08", b"version https://git-lfs", b"GGUF",
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    ]
)  # fmt: skip
names = st.sampled_from(
    ["m", "m.pkl", "m.pt", "m.zip", "m.npy", "m.npz", "m.safetensors", "m.joblib", "m.txt", "\udcff"]
)


@settings(max_examples=1000, deadline=None)
@given(starts, st.binary(max_size=600), names)
def test_arbitrary_bytes_are_judged_without_raising(start: bytes, rest: bytes, name: str) -> None:
    data = start + rest
    report = scan(data, name=name)
    record = scan_bytes(data, name, Policy.default().names, None)
    assert record.size == len(data)
    if report.verdict is Verdict.INERT:
        assert record.recognised
        assert record.complete
        assert report.parts
    else:
        assert report.findings
    # What the report says is text, and places in it are inside.
    assert render_text(report)
    for row in record.observations():
        assert 0 <= row["start"] <= row["end"]
        assert row["file_start"] is None or row["file_start"] <= len(data)


@settings(max_examples=300, deadline=None)
@given(starts, st.binary(max_size=300), names)
def test_a_trace_of_arbitrary_bytes_stays_inside_them(start: bytes, rest: bytes, name: str) -> None:
    data = start + rest
    for row in trace_bytes(data, name, Policy.default().names, None, None, 0, 0):
        assert 0 <= row["offset"] < max(len(data), 2**31)
        assert row["arg"].isprintable()


@settings(max_examples=200, deadline=None)
@given(
    starts,
    st.binary(max_size=300),
    st.dictionaries(
        st.sampled_from(["max_depth", "max_members", "max_nodes", "max_memo", "max_stack", "max_text_bytes"]),
        st.integers(1, 3),
    ),
)
def test_a_limit_never_makes_a_file_inert_that_is_not(
    start: bytes, rest: bytes, limits: dict[str, int]
) -> None:
    data = start + rest
    if scan(data, name="m.bin", limits=limits).verdict is Verdict.INERT:
        assert scan(data, name="m.bin").verdict is Verdict.INERT


def _files() -> list[bytes]:
    return [path.read_bytes() for path in sorted(DATA.rglob("*")) if path.suffix not in {"", ".json", ".md"}]


def test_mutants_of_every_kind_of_file_are_judged_soon_and_without_raising() -> None:
    rng = random.Random(SEED)
    files = _files()
    slowest = 0.0
    for _ in range(BUDGET):
        data = bytearray(rng.choice(files))
        donor = rng.choice(files)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            match rng.randrange(4):
                case 0:
                    data[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    start = rng.randrange(len(donor) + 1)
                    data[at:at] = donor[start : start + rng.randint(1, 200)]
                case 2:
                    del data[at : at + rng.randint(1, 50)]
                case _:
                    data[at : at + 4] = struct.pack("<I", rng.choice([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
        began = time.perf_counter()
        scan(bytes(data), name="mutant.bin")
        slowest = max(slowest, time.perf_counter() - began)
    print(f"total: {BUDGET} mutants, the slowest took {slowest * 1000:.1f} ms")
    assert slowest < 2.0


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 21, 22, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097])
@pytest.mark.parametrize("byte", [0x00, 0x28, 0x2E, 0x4E, 0x50, 0x56, 0x80, 0x95, 0xFF])
def test_a_run_of_one_byte_is_never_inert(byte: int, size: int) -> None:
    assert scan(bytes([byte]) * size, name="m.bin").verdict is not Verdict.INERT
