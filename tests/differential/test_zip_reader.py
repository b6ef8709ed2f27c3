"""Archives as `zipfile` writes and reads them: the members that it sees are the ones that were scanned."""

from __future__ import annotations

import io
import os
import pickle
import random
import warnings
import zipfile
import zlib

import pytest

from dryload import Report, Verdict, scan

np = pytest.importorskip("numpy")

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 4
SEED = 20260103
FULL = {"max_checksum_bytes": 1 << 30}

GOOD = pickle.dumps({"weights": [1.0, 2.0]}, 4)
EVIL = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype="<f4").reshape(2, 3))
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED, zip64: bool = False) -> bytes:
    """An archive of these members, as `zipfile` writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(data)
    return file.getvalue()


SHAPES: dict[str, dict[str, bytes]] = {
    "one": {"a.pkl": GOOD},
    "several": {"a.pkl": GOOD, "b.npy": _npy(), "deep/er/c.pickle": GOOD},
    "npz": {"x.npy": _npy(), "y.npy": _npy()},
    "unicode names": {"é☃.pkl": GOOD, "日本.npy": _npy()},
    "many": {f"m/{i:04}.pkl": GOOD for i in range(500)},
    "torch": {"m/data.pkl": GOOD, "m/version": b"3\n", "m/byteorder": b"little"},
}
WAYS = {
    "stored": (zipfile.ZIP_STORED, False),
    "deflated": (zipfile.ZIP_DEFLATED, False),
    "stored, zip64": (zipfile.ZIP_STORED, True),
    "deflated, zip64": (zipfile.ZIP_DEFLATED, True),
}


def members(report: Report) -> set[str]:
    """The members that were scanned or skipped, nested ones left out."""
    seen = {part.member for part in report.parts} | {skip.member for skip in report.coverage.skipped}
    names = {name for name in seen if name is not None}
    return {name for name in names if not any(name.startswith(f"{outer}!") for outer in names)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_archive_of_inert_members_is_inert_and_has_the_members_of_zipfile(shape: str, way: str) -> None:
    data = zipped(SHAPES[shape], *WAYS[way])
    report = scan(data, name="model.zip")
    assert report.verdict is Verdict.INERT, [finding.message for finding in report.findings]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert members(report) == set(archive.namelist())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_evil_member_is_found_wherever_it_stands(shape: str, way: str) -> None:
    for name in [*list(SHAPES[shape])[:3], "last.bin"]:
        data = zipped({**SHAPES[shape], name: EVIL}, *WAYS[way])
        report = scan(data, name="model.zip")
        assert report.verdict is Verdict.MALICIOUS, name
        assert name in {finding.member for finding in report.findings}


@pytest.mark.parametrize("inner", WAYS)
@pytest.mark.parametrize("outer", WAYS)
def test_an_archive_in_an_archive_is_read_whatever_they_are_packed_with(outer: str, inner: str) -> None:
    for member, verdict in ((GOOD, Verdict.INERT), (EVIL, Verdict.MALICIOUS)):
        data = zipped({"in.zip": zipped({"a.pkl": member}, *WAYS[inner])}, *WAYS[outer])
        assert scan(data, name="model.zip").verdict is verdict


def test_deflated_members_of_every_length_are_inert() -> None:
    rng = random.Random(SEED)
    for size in (100, 1000, 5000, 16000, 20000, 50000, 200000):
        for value in (rng.randbytes(size), [rng.randrange(1 << 20) for _ in range(size // 4)], "ab" * size):
            data = zipped({"a.pkl": pickle.dumps(value)}, zipfile.ZIP_DEFLATED)
            assert scan(data, name="model.zip").verdict is Verdict.INERT, size


def test_an_archive_in_front_of_which_something_stands_is_not_inert() -> None:
    for prefix in (b"N.", b"#!/bin/sh\n", GOOD, b"\0" * 64):
        assert scan(prefix + zipped({"a.pkl": GOOD}), name="model.zip").verdict is not Verdict.INERT


def test_two_archives_in_one_file_are_not_inert() -> None:
    for first, second in ((GOOD, EVIL), (EVIL, GOOD), (GOOD, GOOD)):
        data = zipped({"a.pkl": first}) + zipped({"a.pkl": second})
        assert scan(data, name="model.zip").verdict is not Verdict.INERT


def _mutant(rng: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(rng.choice(seeds))
    # Headers and records are where readers differ: half of the changes are near one.
    marks = [i for i in range(len(data) - 1) if data[i : i + 2] == b"PK"]
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        if rng.random() < 0.7:
            at = min(rng.choice(marks) + rng.randrange(60), len(data) - 1)
        match rng.randrange(4):
            case 0:
                data[at] = rng.choice([0, 1, 8, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                data[at:at] = bytes(rng.choices(b"\0\x01PK\x05\x06\xff", k=rng.randint(1, 4)))
            case _:
                del data[at : at + rng.randint(1, 4)]
    return bytes(data)


def as_bytes_say(info: zipfile.ZipInfo) -> str:
    """A name as UTF-8, which writers in use write: `zipfile` reads it as code page 437 without the flag."""
    raw = info.filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    return raw.decode("utf-8", "replace")


def agrees(data: bytes) -> str:
    """What `zipfile` has against an archive that was called inert; empty when nothing.

    With checksums, as `zipfile` compares them.
    """
    report = scan(data, name="model.zip", limits=FULL)
    if report.verdict is not Verdict.INERT or report.format not in {"zip", "npz", "torch-zip"}:
        return ""
    names = set()
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as archive:
            warnings.simplefilter("error")
            for info in archive.infolist():
                if info.file_size:
                    names.add(as_bytes_say(info))
                archive.read(info)
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    seen = members(report)
    return "" if names == seen else f"other members: {sorted(names)} and {sorted(seen)}"


def test_where_a_mutant_is_called_inert_zipfile_reads_it_and_sees_the_same_members() -> None:
    rng = random.Random(SEED)
    shapes = ["one", "several", "npz", "torch"]
    seeds = [zipped(SHAPES[shape], *way) for shape in shapes for way in WAYS.values()]
    tried = inert = 0
    for _ in range(BUDGET):
        data = _mutant(rng, seeds)
        tried += 1
        inert += scan(data, name="model.zip", limits=FULL).verdict is Verdict.INERT
        assert agrees(data) == "", data
    print(f"zip oracle: {tried} mutants, {inert} of them inert")


def test_the_stream_of_a_small_member_of_torch_is_seen_to_its_end() -> None:
    """Found by the mutants: what a loader reads of `m/version` came out, and its stream did not end there."""
    data = bytearray(zipped({"m/data.pkl": GOOD, "m/version": b"3\n"}, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("m/version")
    end = info.header_offset + 30 + len(info.filename) + info.compress_size
    data[end - 1] = 0xFF
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(zlib.error):
        archive.read("m/version")
    assert scan(bytes(data), name="m.pt").verdict is not Verdict.INERT
