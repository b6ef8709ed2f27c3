"""What a few bytes make a reader hold or do, and the limit that stops it here.

Each is made small enough to be made in a moment: what is asserted is the verdict and the limit, not the time.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from dryload import Report, Verdict, scan
from tests.build import zipped

MIB = 1 << 20
ZEROS = 80 * MIB  # Past the 64 MiB up to which any ratio goes.


def limits_hit(report: Report) -> list[str]:
    return list(report.coverage.limits_hit)


def deflated(pieces: list[bytes], *, wbits: int) -> bytes:
    """Compresses pieces as one stream without joining them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(map(packer.compress, pieces)) + packer.flush()


def zstd(data: bytes) -> bytes:
    return bytes(zstandard.ZstdCompressor(level=3).compress(data))


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0)


def xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)


FORMS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, 9, mtime=0),
    ".bz2": bz2.compress,
    ".xz": xz,
    ".lzma": lzma_alone,
    ".z": lambda data: zlib.compress(data, 9),
    ".zst": zstd,
    ".lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("ending", sorted(FORMS))
def test_a_stream_that_gives_far_more_than_it_takes_is_stopped(ending: str) -> None:
    bomb = FORMS[ending](bytes(ZEROS))
    report = scan(bomb, name="model.pkl" + ending)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_inflate_ratio"]


def test_many_streams_in_a_row_are_one_bomb() -> None:
    report = scan(bz2.compress(bytes(40 * MIB)) * 50, name="model.pkl.bz2")
    assert limits_hit(report) == ["max_inflate_ratio"]


def test_streams_without_content_cost_what_they_cost() -> None:
    """A decoder of bzip2 is not made for nothing; four million bytes of them took 23 seconds."""
    report = scan(bz2.compress(b"") * 40_000, name="model.pkl.bz2")
    assert limits_hit(report) == ["max_inflate_ratio"]
    for ending in (".gz", ".xz", ".zst", ".lz4"):
        report = scan(FORMS[ending](b"") * 1_000, name="model.pkl" + ending)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert limits_hit(report) == []


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_streams_in_streams_are_followed_to_the_bomb(ending: str) -> None:
    pack = FORMS[ending]
    report = scan(pack(pack(bytes(ZEROS))), name="model.pkl" + ending * 2)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_inflate_ratio"]


def test_streams_in_streams_end_at_the_depth() -> None:
    stream = b"\x80\x02N."
    for _ in range(12):
        stream = gzip.compress(stream, mtime=0)
    report = scan(stream, name="model.pkl.gz")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_depth"]


def test_the_pickle_of_a_checkpoint_may_be_a_bomb() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"N0" * (ZEROS // 2) + b"N.")
        archive.writestr("archive/version", b"3\n")
    report = scan(file.getvalue(), name="model.pt")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_inflate_ratio"]


def test_a_nest_of_archives_like_42_zip_is_stopped() -> None:
    nest = zipped({"0.dll": bytes(ZEROS)}, method=zipfile.ZIP_DEFLATED, level=9)
    for depth in range(4):
        members = {f"lib {depth}{i:x}.zip": nest for i in range(16)}
        nest = zipped(members, method=zipfile.ZIP_DEFLATED, level=9)
    assert len(nest) < 200_000
    report = scan(nest, name="42.zip")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "max_inflate_ratio" in limits_hit(report) or "max_parts" in limits_hit(report)


GROWTH = r"""
import resource, sys
from dryload import scan
scan(b"\x80\x02N.", name="a.pkl")
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = most()
report = scan(sys.argv[1])
print(report.verdict, len(report.parts), most() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the resource module")
def test_ten_thousand_parts_leave_no_decoder_each_behind(tmp_path: Path) -> None:
    """Small records between freed decoders kept each of these from being used again: 45 KiB a part."""
    nest = zipped({"0.bin": bytes(MIB)}, method=zipfile.ZIP_DEFLATED, level=9)
    for _ in range(5):
        nest = zipped({f"{i}.zip": nest for i in range(16)}, method=zipfile.ZIP_DEFLATED, level=9)
    path = tmp_path / "nest.zip"
    path.write_bytes(nest)
    words = [sys.executable, "-c", GROWTH, str(path)]
    verdict, parts, grown = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert (verdict, parts) == ("inconclusive", "10000")
    assert int(grown) < 100


def test_a_nest_without_a_bomb_is_told_once_for_its_depth() -> None:
    nest = zipped({"a.pkl": b"\x80\x02N."})
    for depth in range(9):
        nest = zipped({f"{depth}{i}.zip": nest for i in range(2)}, method=zipfile.ZIP_DEFLATED)
    report = scan(nest, name="nest.zip")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_depth"]
    assert [f.rule for f in report.findings] == ["scan-limit"]


def test_archives_that_must_be_held_are_held_within_one_limit() -> None:
    nest, name = b"\x80\x02N.", "a.pkl"
    for depth in range(4):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, nest, compress_type=zipfile.ZIP_DEFLATED)
            archive.writestr("pad.pkl", b"N0" * 6 * MIB)
        nest, name = file.getvalue(), f"{depth}.zip"
    report = scan(zipped({name: nest}, method=zipfile.ZIP_DEFLATED), name="held.zip")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_inflated_bytes"]


def test_members_without_end_are_stopped() -> None:
    members = {f"{i}.pkl": b"\x80\x02K\x01." for i in range(300)}
    archive = zipped(members, method=zipfile.ZIP_DEFLATED)
    report = scan(archive, name="many.zip", limits={"max_parts": 100})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_parts"]
    assert len(report.parts) == 100
    assert scan(archive, name="many.zip").verdict is Verdict.INERT


def test_names_of_skipped_members_are_kept_up_to_the_limit_on_parts() -> None:
    members = {f"{i}.txt": b"hello" for i in range(300)}
    report = scan(zipped(members), name="many.zip", limits={"max_parts": 100})
    named = [skip for skip in report.coverage.skipped if skip.member is not None]
    assert len(named) == 100
    assert sum(skip.bytes for skip in report.coverage.skipped) == 300 * 5


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 4_000_000_000) + b"{", Verdict.INVALID),
        (b"\x93NUMPY\x01\x00\x03\x00{}\n", Verdict.INVALID),
    ],
)
def test_thirteen_bytes_of_npy_declare_what_is_not_there(data: bytes, verdict: Verdict) -> None:
    assert len(data) == 13
    assert scan(data, name="a.npy").verdict is verdict


def test_an_npy_that_declares_four_gigabytes_is_no_array() -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (536870912,), }\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    report = scan(data, name="a.npy")
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_pickle_of_four_gigabytes_of_zeros_in_a_stream_is_stopped() -> None:
    pieces = [b"\x80\x04\x8e" + struct.pack("<Q", 4 << 30), *[bytes(8 * MIB)] * 12]
    report = scan(deflated(pieces, wbits=31), name="model.pkl.gz")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert limits_hit(report) == ["max_inflate_ratio"]
