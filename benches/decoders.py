"""Throughput of the decoders beside those of Python, on the same streams in the same run.

    python benches/decoders.py [--megabytes N] [--rounds N]

The content is a pickle of one bytes object, which a scan skips: what a scan takes is its decoder and its
books. It fits into `max_inflated_bytes`, so that it is decompressed once. Half of it are float32 normal
variates, as weights are, half are words that repeat. The sides take turns; the best of the rounds counts.
Needs `lz4` and `zstandard`, the readers of the two forms that Python 3.11 has no module for.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import pickle
import random
import time
import zlib
from array import array
from collections.abc import Callable

import lz4.frame
import zstandard

import dryload

MEGABYTE = 1_000_000


def content(size: int) -> bytes:
    """Makes a pickle of `size` bytes: half weights, half words."""
    variate = random.Random(2026)
    weights = array("f", (variate.gauss(0.0, 0.02) for _ in range(size // 8))).tobytes()
    words = b"".join(b"layer.%d.weight " % variate.randrange(10_000) for _ in range(size // 36))
    return pickle.dumps(weights + words, 4)


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def unzstd(data: bytes) -> bytes:
    return bytes(zstandard.ZstdDecompressor().decompress(data))


FORMS: dict[str, tuple[str, Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (".gz", gzip.compress, gzip.decompress),
    "zlib": (".z", zlib.compress, zlib.decompress),
    "bzip2": (".bz2", bz2.compress, bz2.decompress),
    "xz": (".xz", lzma.compress, lzma.decompress),
    "lzma": (".lzma", lzma_alone, lzma.decompress),
    "zstd": (".zst", zstandard.compress, unzstd),
    "lz4": (".lz4", lz4.frame.compress, lz4.frame.decompress),
}


def seconds(work: Callable[[], object]) -> float:
    """Times one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Prints a table: megabytes that come out a second, on either side."""
    parser = argparse.ArgumentParser(description="throughput of the decoders beside Python's")
    parser.add_argument("--megabytes", type=int, default=30, help="size of the content, 32 at most")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    data = content(options.megabytes * MEGABYTE)
    print(
        f"{len(data) / MEGABYTE:.1f} MB of content, best of {options.rounds}; dryload {dryload.__version__}"
    )
    print("| form | compressed | Python | dryload | |")
    print("|---|---|---|---|---|")
    for form, (ending, pack, unpack) in FORMS.items():
        stream = pack(data)
        name = "model.pkl" + ending
        report = dryload.scan(stream, name=name)
        if report.verdict is not dryload.Verdict.INERT or unpack(stream) != data:
            raise SystemExit(f"{form}: the sides disagree: {report}")
        theirs, ours = [], []
        for _ in range(options.rounds):
            theirs.append(seconds(lambda: unpack(stream)))  # noqa: B023 -- Called before the next form.
            ours.append(seconds(lambda: dryload.scan(stream, name=name)))  # noqa: B023
        peer, own = (len(data) / MEGABYTE / min(times) for times in (theirs, ours))
        size = len(stream) / MEGABYTE
        print(f"| {form} | {size:.1f} MB | {peer:.0f} MB/s | {own:.0f} MB/s | {own / peer:.2f} |")


if __name__ == "__main__":
    main()
