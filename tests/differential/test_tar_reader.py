"""Archives as `tarfile` writes and reads them: the members that it sees are the ones that were scanned.

`tarfile` is only asked about archives that were called inert: on others it may read for ever
(CVE-2025-8194).
"""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dryload import Report, Verdict, scan
from dryload._native import check_name
from dryload.fuzzing.oracles import Fast, mapped, protocol_of, room
from tests.build_tar import (
    BLOCK,
    FIELDS,
    header,
    link,
    long_name,
    member,
    pax,
    storages,
    sum_of,
    tar,
    tensors,
    torch_tar,
)

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 4
SEED = 20260117

GOOD = pickle.dumps({"weights": [1.0, 2.0]}, 4)
EVIL = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
MAX_MEMBERS = 1000

Member = tuple[str, int, int]


def of_tarfile(data: bytes) -> list[Member]:
    """The members with data, as `tarfile` sees them: name, where the data begins, its size."""
    found: list[Member] = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info, _ in zip(archive, range(MAX_MEMBERS), strict=False):
            if info.size and (info.isreg() or info.type not in tarfile.SUPPORTED_TYPES):
                name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                found.append((name, info.offset_data, info.size))
    return found


def of_report(report: Report) -> list[Member]:
    """The members that were scanned, in the order of their place."""
    parts = [p for p in report.parts if p.member is not None and "!" not in p.member]
    found = {(p.member or "", p.offset or 0, p.size) for p in parts}
    return sorted(found, key=lambda each: each[1])


def written(names: list[str], form: int, *, data: bytes = GOOD) -> bytes:
    """An archive of these files, as `tarfile` writes it; a name that ends with a slash is a folder."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for i, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.mtime = i + 0.5 if form == tarfile.PAX_FORMAT else i
            info.uname = "é" * (i % 3)
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def is_seen_as_it_is(character: str) -> bool:
    """Whether no reader drops a character, or takes it for one that leads elsewhere."""
    return check_name(f"a{character}".encode()) in {None, ("character", 1)}


STEP = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"]).filter(is_seen_as_it_is),
    min_size=1,
    max_size=90,
).filter(lambda step: step.strip(". ") and not set(step) & set("/\\:!%~"))
NAMES = st.lists(
    st.lists(STEP, min_size=1, max_size=3).map("/".join), min_size=1, max_size=6, unique_by=str.lower
).filter(lambda names: len({ascii_lower(name) for name in names}) == len(names))


def ascii_lower(name: str) -> bytes:
    """Lowers a name as the scanner does, which knows no other alphabet."""
    return name.encode().lower()


@pytest.mark.parametrize("form", FORMATS)
@given(names=NAMES)
# As pickles these begin with a lone EXT opcode, and end after two opcodes.
@example(names=["M\U0001c080"])
@example(names=["N.txt"])
def test_what_tarfile_writes_is_inert_and_has_its_members(form: str, names: list[str]) -> None:
    try:
        data = written(names, FORMATS[form])
    except (ValueError, UnicodeError):
        # Too long for ustar, which has no other place for a name.
        assert form == "ustar"
        return
    report = scan(data, name="model.tar")
    assert report.verdict is Verdict.INERT, [f.message for f in report.findings]
    assert of_report(report) == of_tarfile(data)


@pytest.mark.parametrize("form", FORMATS)
def test_one_evil_member_is_found_wherever_it_stands(form: str) -> None:
    names = ["a.pkl", "d/", "d/b", "n" * 150 + "/c.pkl" if form != "ustar" else "c.pkl"]
    for at in range(len(names) + 1):
        data = written([*names[:at], "last.bin"], FORMATS[form], data=EVIL)
        report = scan(data, name="model.tar")
        assert report.verdict is Verdict.MALICIOUS, at
        assert "last.bin" in {finding.member for finding in report.findings}


def test_archives_in_archives_are_read() -> None:
    for inner, verdict in ((GOOD, Verdict.INERT), (EVIL, Verdict.MALICIOUS)):
        data = tar(member("in.tar", tar(member("in.tar", tar(member("a.pkl", inner))))))
        report = scan(data, name="model.tar")
        assert report.verdict is verdict
        assert "in.tar!in.tar!a.pkl" in {part.member for part in report.parts}


SEEDS = [
    written(["a.pkl", "d/", "d/b.pkl"], tarfile.USTAR_FORMAT),
    written(["a.pkl", "n" * 150 + "/b.pkl", "c.pkl"], tarfile.GNU_FORMAT),
    written(["a.pkl", "é" * 80 + "/b.pkl", "c.pkl"], tarfile.PAX_FORMAT),
    tar(member("a.pkl"), link("l", "a.pkl"), link("h", "a.pkl", flag=b"1"), member("b.pkl", magic=b"")),
    tar(
        pax({"comment": "c"}, flag=b"g"),
        pax({"path": "b", "size": "4"}),
        member("a.pkl"),
        member("c.pkl"),
    ),
    tar(long_name("long.pkl"), member("a.pkl"), header("d/", flag=b"\0"), member("d/b.pkl", prefix=b"p")),
]
# What may stand in a field: numbers in every way of writing, names, flags.
PIECES = [
    b"", b"0", b"4", b"4 ", b" 4\0", b"0o4", b"+4", b"-4", b"0_4", b"4\x004", b"\x80\0\0\0\0\0\0\x04",
    b"\xff" * 8, b"\x80" + b"\0" * 10 + b"\x04", b"00000000004", b"777777777777", b"1000", b"02000",
    b"\0\0\0\0", b"/", b"..", b"a.pkl", b"x/y", b"ustar\x0000", b"ustar  \0", b"ustar", b"1", b"2",
    b"5", b"7", b"x", b"g", b"L", b"K", b"S", b"\0", b"12 size=512\n", b"13 size=1024\n", b"9 size=0\n",
    b"9 path=z\n", b"10 path=zz\n", b"8 a=bcd\n",
]  # fmt: skip


def mutant(rng: random.Random) -> bytes:
    """One mutant: fields of headers changed, with the sum made right again or not; blocks moved."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 3)):
        blocks = len(data) // BLOCK
        at = rng.randrange(max(blocks, 1)) * BLOCK
        match rng.randrange(6):
            case 0 | 1 | 2:
                start, width = FIELDS[rng.choice(list(FIELDS))]
                piece = rng.choice(PIECES)[:width]
                data[at + start : at + start + width] = piece.ljust(width, rng.choice([b"\0", b" "]))
                if rng.random() < 0.9 and any(data[at : at + BLOCK]):
                    block = bytes(data[at : at + BLOCK]).ljust(BLOCK, b"\0")
                    data[at + 148 : at + 156] = b"%06o\0 " % sum_of(block)
            case 3:
                piece = rng.choice(PIECES)
                data[at : at + len(piece)] = piece
            case 4:
                block = data[at : at + BLOCK]
                other = rng.randrange(blocks + 1) * BLOCK
                data[other:other] = block
            case _:
                del data[at : at + BLOCK]
    return bytes(data)


def agrees(data: bytes, report: Report) -> str:
    """What `tarfile` has against an archive that was called inert; empty when nothing."""
    try:
        seen = of_tarfile(data)
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    ours = of_report(report)
    return "" if seen == ours else f"other members: {seen} and {ours}"


def test_where_a_mutant_is_called_inert_tarfile_sees_the_same_members() -> None:
    rng = random.Random(SEED)
    inert = 0
    for _ in range(BUDGET):
        data = mutant(rng)
        report = scan(data, name="model.tar")
        if report.verdict is Verdict.INERT and report.format == "tar":
            inert += 1
            assert agrees(data, report) == "", data
    assert inert > BUDGET // 100
    print(f"tar oracle: {BUDGET} mutants, {inert} of them inert")


@dataclass
class Witness:
    """What one unpickler asked for, and how it ended."""

    names: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


def tar_streams(data: bytes) -> Iterator[Witness]:
    """Reads a checkpoint of torch 0.1 as `torch.serialization.legacy_load` does, with stubbed unpicklers."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        files = {name: archive.extractfile(name) for name in ("storages", "tensors", "pickle")}
    streams = {name: io.BytesIO(file.read()) for name, file in files.items() if file is not None}

    def load(file: io.BytesIO) -> tuple[object, Witness]:
        witness, at = Witness(), file.tell()
        unpickler = Fast(file)
        unpickler.names = witness.names
        try:
            value = unpickler.load()
        except Exception as e:
            value, witness.error = None, f"{type(e).__name__}: {e}"
        witness.names[:] = [
            mapped(*name) if protocol_of(file.getvalue(), at) < 3 else name for name in witness.names
        ]
        return value, witness

    for name in ("storages", "tensors"):
        file = streams[name]
        count, witness = load(file)
        yield witness
        for _ in range(count if isinstance(count, int) else 0):
            entry, witness = load(file)
            yield witness
            if witness.error or not isinstance(entry, tuple):
                return
            raw = file.read(8)
            if len(raw) < 8:
                return
            # The one storage and the one tensor of the seeds: floats.
            kind, item, more = ("<q", 4, 0) if name == "storages" else ("<i", 16, 8)
            size = struct.unpack_from(kind, raw)[0] * item + more
            if size < 0:
                return
            file.seek(size, io.SEEK_CUR)
        if name == "storages":
            _, witness = load(file)
            yield witness
    yield load(streams["pickle"])[1]


def test_every_name_that_a_torch_tar_asks_for_was_seen_or_it_is_not_inert() -> None:
    rng = random.Random(SEED)
    seeds = [storages(), tensors(), torch_tar.__kwdefaults__["storages"]]
    asked = inert = 0
    for _ in range(BUDGET):
        parts = {"storages": bytearray(seeds[0]), "tensors": bytearray(seeds[1])}
        for part in parts.values():
            for _ in range(rng.randint(0, 2)):
                at = rng.randrange(len(part))
                match rng.randrange(4):
                    case 0:
                        part[at] = rng.choice([0, 1, 2, 8, 0x2E, 0x80, 0xFF])
                    case 1:
                        part[at:at] = rng.choice([EVIL, b"N.", b"cverymod\nsecret\n", b"\x80\x02", b"K\x01."])
                    case 2:
                        del part[at]
                    case _:
                        part += rng.choice([EVIL, b"N.", b"\0" * 8])
        data = torch_tar(storages=bytes(parts["storages"]), tensors=bytes(parts["tensors"]))
        report = scan(data, name="model.pt")
        if report.verdict is not Verdict.INERT:
            continue
        inert += 1
        ours: set[tuple[str, str]] = {(i.module, i.qualname) for part in report.parts for i in part.imports}
        with room():
            for witness in tar_streams(data):
                asked += len(witness.names)
                assert set(witness.names) <= ours, (data, witness)
    assert inert > BUDGET // 100
    print(f"torch tar oracle: {BUDGET} mutants, {inert} of them inert, {asked} names asked for")
