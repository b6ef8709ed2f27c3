"""What comes out of a stream is what its readers get, and what they take in two ways is not inert.

Held against Python's gzip, bz2, lzma and zlib, `lz4.frame` and `zstandard`: what `open` of each gives for
streams of one and of several members, with zeros and other bytes behind them, cut off, and with bits changed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import lz4.frame
import pytest
import zstandard

from dryload import Report, Verdict, scan
from tests.build import zipped

FIRST = pickle.dumps({"weights": list(range(300)), "name": "a" * 40}, 2)
SECOND = pickle.dumps(["second"], 2)
EVIL = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
SKIPPED = b"\x5a\x2a\x4d\x18" + (len(EVIL)).to_bytes(4, "little") + EVIL


def lzma_alone(data: bytes) -> bytes:
    """Compresses into the form before xz."""
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def lz4_checked(data: bytes) -> bytes:
    """Compresses into a frame with every checksum and its size."""
    return bytes(lz4.frame.compress(data, content_checksum=True, block_checksum=True, store_size=True))


def lz4_independent(data: bytes) -> bytes:
    """Compresses into a frame whose blocks do not refer to each other."""
    return bytes(lz4.frame.compress(data, block_linked=False, block_size=lz4.frame.BLOCKSIZE_MAX64KB))


def zstd_piecewise(data: bytes) -> bytes:
    """Compresses into a frame that does not say its size, as a stream is written."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor(level=22, write_checksum=True).stream_writer(out, closefd=False) as writer:
        writer.write(data)
    return out.getvalue()


@dataclass(frozen=True)
class Form:
    """A form: its ending, how it is written, how it is read, and whether members make one content."""

    ending: str
    pack: Callable[[bytes], bytes]
    read: Callable[[bytes], bytes]
    members: bool


def read_lzma(data: bytes) -> bytes:
    with lzma.open(io.BytesIO(data)) as file:
        return file.read()


def read_lz4(data: bytes) -> bytes:
    with lz4.frame.open(io.BytesIO(data)) as file:
        return bytes(file.read())


def read_zstd(data: bytes) -> bytes:
    with zstandard.open(io.BytesIO(data)) as file:
        return bytes(file.read())


FORMS = {
    "gzip": Form(".gz", gzip.compress, gzip.decompress, members=True),
    "bzip2": Form(".bz2", bz2.compress, bz2.decompress, members=True),
    "xz": Form(".xz", lzma.compress, read_lzma, members=True),
    "lzma": Form(".lzma", lzma_alone, read_lzma, members=False),
    "zlib": Form(".z", zlib.compress, zlib.decompress, members=False),
    "lz4": Form(".lz4", lz4.frame.compress, read_lz4, members=True),
    "lz4-checked": Form(".lz4", lz4_checked, read_lz4, members=True),
    "lz4-independent": Form(".lz4", lz4_independent, read_lz4, members=True),
    "zstd": Form(".zst", zstandard.compress, read_zstd, members=True),
    "zstd-piecewise": Form(".zst", zstd_piecewise, read_zstd, members=True),
}
NAMES = sorted(FORMS)


def rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def size_inside(report: Report) -> int:
    """Gives the size of what came out."""
    return max(part.size for part in report.parts if part.member is not None)


def scan_stream(form: Form, data: bytes) -> Report:
    return scan(data, name="model.pkl" + form.ending)


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_comes_out_as_its_reader_gives_it(name: str) -> None:
    form = FORMS[name]
    stream = form.pack(FIRST)
    report = scan_stream(form, stream)
    assert report.verdict is Verdict.INERT, rules(report)
    assert form.read(stream) == FIRST
    assert size_inside(report) == len(FIRST)
    assert rules(scan_stream(form, form.pack(EVIL))) >= {"pickle-dangerous-call"}


@pytest.mark.parametrize("name", NAMES)
def test_large_blocks_of_data_come_out_whole(name: str) -> None:
    form = FORMS[name]
    maker = random.Random(name)
    # Much that refers far back, and much that does not compress.
    block = maker.randbytes(70_000)
    data = pickle.dumps([block, maker.randbytes(300_000), block, bytes(400_000), block], 4)
    stream = form.pack(data)
    report = scan_stream(form, stream)
    assert report.verdict is Verdict.INERT, rules(report)
    assert size_inside(report) == len(data)


@pytest.mark.parametrize("name", NAMES)
def test_members_are_one_content_where_the_reader_takes_them_so(name: str) -> None:
    form = FORMS[name]
    stream = form.pack(FIRST[:100]) + form.pack(FIRST[100:])
    report = scan_stream(form, stream)
    if form.members:
        assert form.read(stream) == FIRST
        assert report.verdict is Verdict.INERT, rules(report)
        assert size_inside(report) == len(FIRST)
        assert "pickle-dangerous-call" in rules(scan_stream(form, form.pack(FIRST) + form.pack(EVIL)))
    else:
        assert "compressed-trailing-data" in rules(report)


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_is_cut_is_never_inert(name: str) -> None:
    form = FORMS[name]
    stream = form.pack(FIRST)
    for cut in range(len(stream)):
        report = scan_stream(form, stream[:cut])
        assert report.verdict is not Verdict.INERT, cut


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_bit_that_the_reader_sees_is_seen(name: str) -> None:
    form = FORMS[name]
    stream = form.pack(FIRST)
    for at in range(len(stream) * 8):
        changed = bytearray(stream)
        changed[at // 8] ^= 1 << at % 8
        report = scan_stream(form, bytes(changed))
        if report.verdict is Verdict.INERT:
            assert size_inside(report) == len(form.read(bytes(changed))), at


@pytest.mark.parametrize("name", NAMES)
def test_other_bytes_behind_a_stream_are_told(name: str) -> None:
    form = FORMS[name]
    for behind in (b"x", EVIL, b"\0\0\0x", bytes(4) + EVIL):
        report = scan_stream(form, form.pack(FIRST) + behind)
        assert "compressed-trailing-data" in rules(report), behind


def test_zeros_behind_gzip_are_read_as_python_reads_them() -> None:
    form = FORMS["gzip"]
    for zeros in (1, 5, 70_000):
        stream = form.pack(FIRST) + bytes(zeros)
        assert form.read(stream) == FIRST
        assert scan_stream(form, stream).verdict is Verdict.INERT, zeros


def test_zeros_behind_xz_are_read_four_at_a_time() -> None:
    form = FORMS["xz"]
    for zeros in (4, 8, 70_000):
        assert scan_stream(form, form.pack(FIRST) + bytes(zeros)).verdict is Verdict.INERT, zeros
    for zeros in (1, 5, 70_001):
        report = scan_stream(form, form.pack(FIRST) + bytes(zeros))
        assert rules(report) == {"compressed-trailing-data"}, zeros


@pytest.mark.parametrize("name", ["bzip2", "lzma", "zlib", "lz4", "zstd"])
def test_zeros_behind_other_forms_are_told(name: str) -> None:
    form = FORMS[name]
    assert rules(scan_stream(form, form.pack(FIRST) + bytes(8))) == {"compressed-trailing-data"}


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_zeros_between_members_are_told_and_what_is_behind_them_is_read(name: str) -> None:
    form = FORMS[name]
    report = scan_stream(form, form.pack(FIRST) + bytes(8) + form.pack(EVIL))
    assert rules(report) >= {"compressed-trailing-data", "pickle-dangerous-call"}
    assert size_inside(report) == len(FIRST + EVIL)
    # Python's lzma does not look behind the zeros, its gzip does.
    read = form.read(form.pack(FIRST) + bytes(8) + form.pack(SECOND))
    assert read == FIRST + (SECOND if name == "gzip" else b"")


def test_an_lzma_stream_of_zeros_that_python_passes_over_is_told() -> None:
    form = FORMS["xz"]
    stream = form.pack(FIRST) + bytes(18) + form.pack(SECOND)
    assert form.read(stream) == FIRST + SECOND
    assert "compressed-trailing-data" in rules(scan_stream(form, stream))


@pytest.mark.parametrize("name", ["lz4", "zstd"])
def test_skippable_frames_are_passed_over(name: str) -> None:
    form = FORMS[name]
    empty = b"\x50\x2a\x4d\x18\0\0\0\0"
    for stream in (
        SKIPPED + form.pack(FIRST),
        empty + form.pack(FIRST),
        form.pack(FIRST) + SKIPPED,
        form.pack(FIRST[:9]) + SKIPPED + empty + form.pack(FIRST[9:]),
    ):
        assert form.read(stream) == FIRST
        report = scan_stream(form, stream)
        assert report.verdict is Verdict.INERT, rules(report)
        assert size_inside(report) == len(FIRST)


def test_a_frame_that_needs_a_dictionary_is_told() -> None:
    samples = [json.dumps({"name": f"layer.{i}", "id": i}).encode() for i in range(999)]
    words = zstandard.train_dictionary(2048, samples)
    stream = zstandard.ZstdCompressor(dict_data=words).compress(FIRST)
    with pytest.raises(zstandard.ZstdError):
        zstandard.open(io.BytesIO(stream)).read()
    assert rules(scan_stream(FORMS["zstd"], stream)) == {"compressed-unsupported-stream"}


def test_a_window_past_what_readers_take_is_told() -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=False)
    out = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=settings).stream_writer(out, closefd=False) as writer:
        writer.write(FIRST)
    with pytest.raises(zstandard.ZstdError):
        zstandard.open(io.BytesIO(out.getvalue())).read()
    assert rules(scan_stream(FORMS["zstd"], out.getvalue())) == {"compressed-unsupported-stream"}


def test_a_window_of_128_mib_is_read_while_little_of_it_is_filled() -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    out = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=settings).stream_writer(out, closefd=False) as writer:
        writer.write(FIRST)
    assert scan_stream(FORMS["zstd"], out.getvalue()).verdict is Verdict.INERT


def test_what_fills_more_than_the_limit_on_windows_is_told() -> None:
    data = pickle.dumps(random.Random(1).randbytes(200_000), 4)
    for form in (FORMS["xz"], FORMS["zstd-piecewise"]):
        report = scan(form.pack(data), name="model.pkl" + form.ending, limits={"max_window_bytes": 100_000})
        assert report.verdict is Verdict.INCONCLUSIVE
        assert list(report.coverage.limits_hit) == ["max_window_bytes"]


def test_an_archive_in_the_first_frame_alone_is_not_hidden_by_the_next() -> None:
    """`ZstdDecompressor.decompress` stops after the first frame, which is a zip of its own here."""
    for form in (FORMS["zstd"], FORMS["lz4"], FORMS["gzip"]):
        stream = form.pack(zipped({"a.pkl": EVIL})) + form.pack(zipped({"a.pkl": FIRST}))
        assert scan(stream, name="model.zip" + form.ending).verdict is not Verdict.INERT
