"""Safetensors headers: `validate_safetensors` beside the official reader, in the same run.

    python benches/headers.py            # with dryload and safetensors importable; prints two tables

The first has plain files of 1 to 100,000 tensors; both sides open the file, check the header and keep it. The
time of open, fstat, read and close alone stands beside them. The second has headers of 100 MB that take the
official reader gigabytes, each in a process of its own, which prints the seconds and the growth of its peak.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TENSORS = (1, 10, 300, 3_000, 100_000)
# Of the time of the official reader, and of any header of 100 MB.
BAR, SECONDS, MIB = 5.0, 1.0, 200
SIZE = 100_000_000


def plain(tensors: int) -> bytes:
    """A file of small tensors, as the official writer lays it out."""
    header, end = {}, 0
    for i in range(tensors):
        name = f"model.layers.{i}.self_attn.q_proj.weight"
        header[name] = {"dtype": "F32", "shape": [2, 2], "data_offsets": [end, end + 16]}
        end += 16
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(end)


def padded(start: bytes, items: Iterator[bytes], end: bytes) -> bytes:
    """A header of 100 MB: as many items as fit, separated by commas, then spaces."""
    parts, room = [], SIZE - len(start) - len(end)
    for item in items:
        if room <= len(item):
            break
        parts.append(item)
        room -= len(item) + 1
    text = start + b",".join(parts) + end
    return struct.pack("<Q", SIZE) + text + b" " * (SIZE - len(text))


def forever(item: bytes) -> Iterator[bytes]:
    while True:
        yield item


def counted(text: str) -> Iterator[bytes]:
    i = 0
    while True:
        yield (text % i).encode()
        i += 1


EMPTY = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]'
LARGE: dict[str, Callable[[], bytes]] = {
    "empty tensors as arrays": lambda: padded(b"{", counted('"%x":["U8",[0],[0,0]]'), b"}"),
    "one name again and again": lambda: padded(b"{", forever(b'"a":["U8",[0],[0,0]]'), b"}"),
    "a shape of ones": lambda: padded(
        b'{"a":{"dtype":"U8","data_offsets":[0,0],"shape":[0,', forever(b"1"), b"]}}"
    ),
    "a field of zeros": lambda: padded(b'{"a":' + EMPTY + b',"x":[', forever(b"0"), b"]}}"),
    "metadata keys": lambda: padded(b'{"__metadata__":{', counted('"%x":""'), b"}}"),
    "empty tensors": lambda: padded(
        b"{", counted('"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'), b"}"
    ),
    "a field of arrays": lambda: padded(b'{"a":' + EMPTY + b',"x":[', forever(b"[]"), b"]}}"),
    "spaces": lambda: padded(b"{", iter(()), b"}"),
    "nested keys": lambda: padded(b'{"a":' + EMPTY + b',"x":{', counted('"%x":0'), b"}}}"),
}

CHILD = """
import sys, time
import dryload
# Of this program alone; ru_maxrss would begin with the parent's.
lines = lambda: dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = lambda: int(lines()["VmHWM"].split()[0]) // 1024
before, began = peak(), time.perf_counter()
try:
    said = f"accepted, {len(dryload.validate_safetensors(sys.argv[1])):,} tensors"
except dryload.FormatError as error:
    said = error.code
print(time.perf_counter() - began, peak() - before, said, sep="|")
"""


def minimum(call: Callable[[], object], repeats: int) -> float:
    best = 1e9
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return best


def touch(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    os.pread(fd, min(os.fstat(fd).st_size, 4096), 0)
    os.close(fd)


def main() -> int:
    """Prints the tables; gives 1 when a bar is missed."""
    import safetensors

    import dryload

    missed = 0
    print(
        f"{'tensors':>8} {'validate':>12} {'safe_open':>12} {'ratio':>6} {'open and read':>14}   (µs, minima)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.safetensors"))
        for tensors in TENSORS:
            Path(path).write_bytes(plain(tensors))
            repeats = 5 if tensors > 10_000 else 2_000 if tensors < 100 else 200
            ours = theirs = 1e9
            for _ in range(5):
                ours = min(ours, minimum(lambda: dryload.validate_safetensors(path), repeats))
                theirs = min(theirs, minimum(lambda: safetensors.safe_open(path, "np"), repeats))
            floor = minimum(lambda: touch(path), repeats)
            missed += theirs / ours < BAR
            row = f"{tensors:>8,} {ours * 1e6:>12,.1f} {theirs * 1e6:>12,.1f} {theirs / ours:>5.1f}x"
            print(f"{row} {floor * 1e6:>14,.1f}")
        print(f"\n{'a header of 100 MB':26} {'seconds':>8} {'MiB':>6}   verdict")
        for name, make in LARGE.items():
            Path(path).write_bytes(make())
            command = [sys.executable, "-c", CHILD, path]
            runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3)]
            rows = sorted(run.stdout.strip().split("|") for run in runs)
            seconds, mib, said = float(rows[0][0]), int(rows[0][1]), rows[0][2]
            missed += seconds >= SECONDS or mib >= MIB
            print(f"{name:26} {seconds:>8.2f} {mib:>6}   {said}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
