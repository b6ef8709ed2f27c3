"""What a scan costs grows with what there is and no faster: bytes that are read, rounds, memory.

Counted, not timed; the times are in docs/performance.md.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from dryload import Policy, scan, scan_many
from dryload._native import scan_file

GOOD = pickle.dumps({"weights": [1, 2, 3]}, 4)


def opcodes(count: int) -> bytes:
    return b"\x80\x04]" + b"(" + b"K\x01" * (count - 5) + b"e."


def tensors(count: int) -> bytes:
    rows = {
        f"layer.{i}": {"dtype": "U8", "shape": [2], "data_offsets": [2 * i, 2 * i + 2]} for i in range(count)
    }
    text = json.dumps(rows).encode()
    return struct.pack("<Q", len(text)) + text + bytes(2 * count)


def members(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(count):
            archive.writestr(f"m/{index}.pkl", GOOD)
    return file.getvalue()


PEAK = """
import sys
from dryload import Policy
from dryload._native import scan_file
names = Policy.default().names
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
before = peak()
record = scan_file(sys.argv[1], names, None)
assert record.complete
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (opcodes, (1_000, 10_000, 100_000, 1_000_000)),
        (tensors, (100, 1_000, 10_000, 100_000)),
        (members, (9, 90, 900, 9_000)),
    ],
)
def test_bytes_rounds_and_memory_grow_with_what_there_is(
    make: Callable[[int], bytes], sizes: tuple[int, ...], tmp_path: Path
) -> None:
    names = Policy.default().names
    read, rounds, memory = [], [], []
    for size in sizes:
        data = make(size)
        path = tmp_path / str(size)
        path.write_bytes(data)
        record = scan_file(str(path), names, None)
        assert scan(path).ok
        read.append(record.bytes_read / len(data))
        rounds.append(record.rounds)
        if Path("/proc/self/status").exists():
            told = subprocess.run(
                [sys.executable, "-c", PEAK, path], check=True, capture_output=True, text=True
            )
            memory.append(int(told.stdout))
    # Members are read where they stand, and their headers once more before them.
    assert max(read) < 2.1
    assert all(later <= 12 * sooner for sooner, later in pairwise(rounds)), rounds
    # A megabyte is what an allocator asks for at a time.
    assert all(later <= 12 * max(sooner, 1024) for sooner, later in pairwise(memory)), memory


def test_reports_of_a_tree_are_not_held(tmp_path: Path) -> None:
    """A hundred times the files take no more memory of Python's."""
    for index in range(10_000):
        folder = tmp_path / ("few" if index < 100 else "more")
        folder.mkdir(exist_ok=True)
        (folder / f"{index}.pkl").write_bytes(GOOD)
    peaks = []
    for path in (tmp_path / "few", tmp_path):
        tracemalloc.start()
        assert sum(report.ok for report in scan_many(path)) in (100, 10_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 100_000, peaks
