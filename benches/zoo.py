"""Whole zoos: trees beside the limit of reading them, a million files in flat memory, what grows with what.

    python benches/zoo.py [--quick] [--json FILE] [--plot FILE.svg]     # with dryload importable, and cargo

Three tables. *Trees*: `dryload.scan_many` beside the same walk with `open`, `read` and `close` of each file,
in as many threads: once in Rust with nothing in between (`benches/src/bin/read-limit.rs`), once in Python.
*A million*: tiny files, flat in one folder and spread over many; memory when the first report comes and at
most, and whether every file was reported. *Curves*: time, bytes read and peak memory over three decades of
opcodes, tensors, members and files, with the exponent that fits best, and a plot of them.

Nothing is asserted about time. What is hostile among the files names `posix.system` and is never loaded.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from inputs import dense_pickle, make_tree, safetensors_bytes

ROOT = Path(__file__).resolve().parents[1]
EVIL = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
GOOD = b"\x80\x04\x95\x1b\0\0\0\0\0\0\0}\x94\x8c\x07weights\x94]\x94(K\x01K\x02K\x03K\x04es."

# Runs in a process of its own: the peak of memory belongs to one measurement.
SCAN = """
import resource, sys, time
import dryload
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024
path, jobs, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
dryload.scan(b"\\x80\\x02N.")
base, best, first, most = rss(), float("inf"), 0, 0
for _ in range(repeats):
    count = read = flagged = 0
    began = time.perf_counter()
    for report in dryload.scan_many([path], jobs=jobs):
        count += 1
        read += report.bytes_read
        flagged += report.verdict == "malicious"
        if count == 1:
            first = rss()
        elif count % 10_000 == 0:
            most = max(most, rss())
    best = min(best, time.perf_counter() - began)
print(best, count, read, flagged, base, first, max(most, first), peak())
"""

READ = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
path, jobs, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def read(name):
    with open(name, "rb", buffering=0) as file:
        file.read()
best = float("inf")
for _ in range(repeats):
    began = time.perf_counter()
    names = (os.path.join(folder, name) for folder, _, found in os.walk(path) for name in found)
    if jobs == 1:
        for name in names:
            read(name)
    else:
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(read, names, chunksize=64):
                pass
    best = min(best, time.perf_counter() - began)
print(best)
"""


class Scan:
    """What scanning a path came to; times in seconds, sizes in bytes."""

    def __init__(self, path: Path, jobs: int = 1, repeats: int = 1) -> None:
        told = _run([sys.executable, "-c", SCAN, str(path), str(jobs), str(repeats)]).split()
        self.seconds = float(told[0])
        self.files, self.read, self.flagged = map(int, told[1:4])
        self.base, self.first, self.most, self.peak = map(int, told[4:])


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def trees(folder: Path, files: int, repeats: int) -> Iterator[dict[str, object]]:
    """Rows of the first table."""
    tree = make_tree(folder / f"tree-{files}", files)
    cargo = ["cargo", "build", "-q", "--release", "--locked", "-p", "dryload-benches", "--bin", "read-limit"]
    subprocess.run(cargo, check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    native = str(target / "release" / "read-limit")
    for jobs in dict.fromkeys((1, os.cpu_count() or 1)):
        best = [math.inf] * 3
        for _ in range(3):  # They take turns: a slow minute hits all of them.
            few = str(max(repeats // 3, 1))
            best[0] = min(best[0], Scan(tree, jobs, int(few)).seconds)
            best[1] = min(best[1], float(_run([native, str(tree), str(jobs), few])))
            best[2] = min(best[2], float(_run([sys.executable, "-c", READ, str(tree), str(jobs), few])))
        ours, rust, python = best
        yield {
            "files": files,
            "threads": jobs,
            "scan_ms": ours * 1e3,
            "read_rust_ms": rust * 1e3,
            "read_python_ms": python * 1e3,
            "over_rust": ours / rust,
            "over_python": ours / python,
        }


def tiny(folder: Path, files: int, per_folder: int) -> Path:
    """Fills a folder with tiny pickles; one in a hundred is hostile."""
    for index in range(files):
        if index % per_folder == 0:
            below = folder / f"{index // per_folder:04}"
            below.mkdir(parents=True)
        with open(below / f"{index:07}.pkl", "wb", buffering=0) as file:
            file.write(EVIL if index % 100 == 0 else GOOD)
    return folder


def millions(folder: Path, files: int) -> Iterator[dict[str, object]]:
    """Rows of the second table."""
    for shape, per_folder in (("one folder", files), ("folders of 1,000", 1000)):
        path = tiny(folder / shape.replace(" ", "-"), files, per_folder)
        try:
            scan = Scan(path, os.cpu_count() or 1)
            out = folder / "out.jsonl"
            began = time.perf_counter()
            command = [sys.executable, "-m", "dryload", "scan", str(path), "--format", "jsonl", "-q"]
            with out.open("wb") as file:
                code = subprocess.run(command, stdout=file, check=False).returncode
            elapsed = time.perf_counter() - began
            with out.open("rb") as file:
                lines = sum(1 for _ in file)
        finally:
            shutil.rmtree(path)
        complete = (scan.files, scan.flagged, lines, code) == (files, files // 100, files + 1, 1)
        yield {
            "files": files,
            "shape": shape,
            "seconds": scan.seconds,
            "growth_mib": (scan.most - scan.first) / 2**20,
            "over_start_mib": (scan.most - scan.base) / 2**20,
            "command_seconds": elapsed,
            "complete": complete,
        }


def members(count: int) -> bytes:
    """An archive of small pickles."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(count):
            archive.writestr(zipfile.ZipInfo(f"m/{index:06}.pkl"), GOOD)
    return file.getvalue()


MAKERS: dict[str, tuple[Callable[[int], bytes], str]] = {
    "opcodes": (lambda count: dense_pickle(4, count * 5 // 2), "a.pkl"),
    "tensors": (safetensors_bytes, "a.safetensors"),
    "members": (members, "a.zip"),
}
# Under the limit on parts, of which an archive of 10,000 pickles has one more.
SIZES = {
    "opcodes": (10_000, 100_000, 1_000_000, 10_000_000),
    "tensors": (100, 1_000, 10_000, 100_000),
    "members": (9, 90, 900, 9_000),
    "files": (100, 1_000, 10_000, 100_000),
}


def curves(folder: Path, decades: int, repeats: int) -> Iterator[dict[str, object]]:
    """Points of the curves, in order."""
    for what, sizes in SIZES.items():
        for size in sizes[: decades + 1]:
            if what == "files":
                path = tiny(folder / f"files-{size}", size, 1000)
            else:
                make, name = MAKERS[what]
                path = folder / f"{size}-{name}"
                path.write_bytes(make(size))
            scan = Scan(path, 1, repeats)
            yield {
                "what": what,
                "size": size,
                "ms": scan.seconds * 1e3,
                "read": scan.read,
                "peak_mib": (scan.peak - scan.base) / 2**20,
            }
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def exponent(points: list[dict[str, object]], key: str) -> float:
    """The exponent of the power of the size that fits best."""
    logs = [(math.log(float(str(p["size"]))), math.log(float(str(p[key])))) for p in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    above = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return above / sum((x - mean_x) ** 2 for x, _ in logs)


def plot(points: list[dict[str, object]]) -> str:
    """An SVG of time over size, both logarithmic, one line a kind; a dotted line is what is proportional."""
    wide, high, edge = 640, 400, 72
    kinds = list(dict.fromkeys(str(point["what"]) for point in points))
    values = [
        (str(p["what"]), math.log10(float(str(p["size"]))), math.log10(float(str(p["ms"])))) for p in points
    ]
    left, right = min(x for _, x, _ in values), max(x for _, x, _ in values)
    low, top = math.floor(min(y for *_, y in values)), math.ceil(max(y for *_, y in values))

    def place(x: float, y: float) -> str:
        across = edge + (x - left) / (right - left or 1) * (wide - 2 * edge)
        return f"{across:.1f},{high - edge - (y - low) / (top - low or 1) * (high - 2 * edge):.1f}"

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" '
        f'font-size="12"><rect width="{wide}" height="{high}" fill="#fff"/>'
    ]
    for number in range(math.ceil(left), math.floor(right) + 1):
        x, y = place(number, low).split(",")
        out.append(f'<text x="{x}" y="{float(y) + 18}" text-anchor="middle">10^{number}</text>')
    for number in range(low, top + 1):
        x, y = place(left, number).split(",")
        end = place(right, number).split(",")[0]
        out.append(f'<path d="M{x},{y}H{end}" stroke="#ddd"/>')
        out.append(f'<text x="{float(x) - 6}" y="{float(y) + 4}" text-anchor="end">10^{number} ms</text>')
    for kind, colour in zip(kinds, ("#1b6ca8", "#c0392b", "#1e8449", "#7d3c98"), strict=False):
        line = [(x, y) for name, x, y in values if name == kind]
        out.append(
            f'<polyline points="{" ".join(place(*p) for p in line)}" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        (x, y), (begin, _) = line[-1], line[0]
        ideal = place(begin, max(low, y - (x - begin)))
        out.append(f'<path d="M{ideal}L{place(x, y)}" stroke="{colour}" stroke-dasharray="2 4"/>')
        at = place(x, y).split(",")
        out.append(f'<text x="{float(at[0]) + 4}" y="{float(at[1]) - 6}" fill="{colour}">{kind}</text>')
    return "\n".join([*out, "</svg>", ""])


def main() -> int:
    """Makes what is missing, measures, prints."""
    parser = argparse.ArgumentParser(description="measure dryload on whole zoos")
    parser.add_argument("--quick", action="store_true", help="small zoos, to see that everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as SVG")
    options = parser.parse_args()
    files, million, decades, repeats = (1000, 10_000, 2, 3) if options.quick else (10_000, 1_000_000, 3, 9)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = list(trees(folder, files, repeats))
        print("| files | threads | scan | read, Rust | read, Python | scan / Rust | scan / Python |")
        print("|--:|--:|--:|--:|--:|--:|--:|")
        for row in rows:
            print(
                "| {files:,} | {threads} | {scan_ms:.0f} ms | {read_rust_ms:.0f} ms "
                "| {read_python_ms:.0f} ms | {over_rust:.2f} | {over_python:.2f} |".format(**row)
            )
        print(
            "\n| files | in | scan_many | growth from the first report | over the start "
            "| command, jsonl | all there |"
        )
        print("|--:|---|--:|--:|--:|--:|---|")
        many = list(millions(folder, million))
        for row in many:
            print(
                "| {files:,} | {shape} | {seconds:.1f} s | {growth_mib:.1f} MiB | {over_start_mib:.1f} MiB "
                "| {command_seconds:.1f} s | {complete} |".format(**row)
            )
        print("\n| of | size | time | bytes read | peak memory | exponent of time, of bytes read |")
        print("|---|--:|--:|--:|--:|---|")
        points = list(curves(folder, decades, max(repeats // 3, 1)))
        for point in points:
            same = [p for p in points if p["what"] == point["what"]]
            fit = ""
            if point is same[-1]:
                fit = ", ".join(f"{exponent(same, key):.2f}" for key in ("ms", "read"))
            print(
                "| {what} | {size:,} | {ms:.2f} ms | {read:,} | {peak_mib:.1f} MiB |".format(**point),
                fit,
                "|",
            )
    if options.plot:
        options.plot.write_text(plot(points), encoding="utf-8")
    if options.json:
        document = {"trees": rows, "millions": many, "curves": points}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
