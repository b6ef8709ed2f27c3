"""What `dryload diff` compares: tensors by header and bytes, members of archives by size and checksum, and
imports and calls by name.

Bytes are compared as a stream, without holding more than two windows. A checksum is what the archive says,
and nothing is decompressed; of members that are not compressed the bytes are compared as well.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO
    from zipfile import ZipInfo

    from dryload.report import Report

    Files = tuple[BinaryIO, BinaryIO]
    Reports = tuple[Report, Report]


@frozen
class Different:
    """One thing that differs.

    `kind` is tensor, member, import or call, `change` is added, removed or changed; `before` and `after` say
    what it was and is, in words.
    """

    kind: str
    change: str
    name: str
    before: str = ""
    after: str = ""

    def told(self) -> str:
        """Gives it as a line without its sign; the text is safe to print."""
        from dryload.outputs.safe_text import safe_text

        name, before, after = (safe_text(text) for text in (self.name, self.before, self.after))
        if self.change == "changed" and before != after:
            return f"{name}  {before} -> {after}"
        return f"{name}  {before or after}".rstrip()

    def to_dict(self) -> dict[str, str | None]:
        """Gives the object that stands in `differences` of the JSON document."""
        return {
            "kind": self.kind,
            "change": self.change,
            "name": self.name,
            "before": self.before or None,
            "after": self.after or None,
        }


@frozen
class Stretch:
    """Where a tensor or a member stands: `what` says what it is; `start` is None where it is compressed."""

    what: str
    start: int | None
    size: int


def first_difference(first: BinaryIO, second: BinaryIO) -> int | None:
    """Gives the offset from which on two files differ, or None."""
    return _differs(first, 0, second, 0, None)


def differences(files: Files, reports: Reports) -> Iterator[Different]:
    """Compares what is in two files that differ."""
    before, after = (_stretches(file, report) for file, report in zip(files, reports, strict=True))
    yield from _tensors(files, before, after)
    # An array in a zip is a member too; it is told once, unless it is compressed and only has a checksum.
    told = {
        f"{name}.npy" for name in before.keys() | after.keys() if _compares(before.get(name), after.get(name))
    }
    yield from _members(files, reports, told)
    imports = ({each.name: "" for part in report.parts for each in part.imports} for report in reports)
    yield from _compared("import", *imports)
    yield from _compared("call", *(_calls(report) for report in reports))


def _tensors(
    files: Files, before: Mapping[str, Stretch], after: Mapping[str, Stretch]
) -> Iterator[Different]:
    whats = ({name: f"{each.what}" for name, each in side.items()} for side in (before, after))
    yield from _compared("tensor", *whats)
    yield from _other_bytes("tensor", files, before, after)


def _other_bytes(
    kind: str, files: Files, before: Mapping[str, Stretch], after: Mapping[str, Stretch], tail: str = ""
) -> Iterator[Different]:
    """Gives the stretches that are called the same in both files and hold other bytes."""
    for name, old in before.items():
        new = after.get(name)
        if new is None or new.what != old.what or old.start is None or new.start is None:
            continue
        at = _differs(files[0], old.start, files[1], new.start, old.size)
        if at is not None:
            what = f"{old.what}, bytes differ from its byte {at:,} on{tail}"
            yield Different(kind=kind, change="changed", name=name, before=what, after=what)


def _compares(old: Stretch | None, new: Stretch | None) -> bool:
    if old is None or new is None or old.what != new.what:
        return True
    return old.start is not None and new.start is not None


def _calls(report: Report) -> dict[str, str]:
    """Gives the calls with how often each is made."""
    counts: dict[str, int] = {}
    for part in report.parts:
        for call in part.calls:
            counts[call.call] = counts.get(call.call, 0) + call.count
    return {call: "" if count == 1 else f"{count:,} times" for call, count in counts.items()}


def _stretches(file: BinaryIO, report: Report) -> Mapping[str, Stretch]:
    """Gives the tensors of a file by name; of two with one name, which is a finding, the last."""
    if report.format == "safetensors":
        return _of_safetensors(file, report.size)
    found = {}
    for part in report.parts:
        if part.array is not None:
            array = part.array
            shape = ", ".join(map(str, array.shape)) + (", …" if array.cut else "")
            order = ", Fortran order" if array.fortran else ""
            start = None if part.offset is None else part.offset + array.data.start
            name = (part.member or "array").removesuffix(".npy")
            what = f"{array.dtype.strip(QUOTES)} [{shape}]{order}"
            found[name] = Stretch(what=what, start=start, size=array.data.end - array.data.start)
    return found


def _of_safetensors(file: BinaryIO, size: int) -> Mapping[str, Stretch]:
    from dryload._native import safetensors_layout_bytes

    length = int.from_bytes(_read(file, 0, 8), "little")
    if length > MAX_HEADER:
        return {}
    try:
        header = safetensors_layout_bytes(_read(file, 0, 8 + length), size)
    except FormatError:
        return {}
    base = 8 + header.header_bytes
    return {
        name: Stretch(what=f"{dtype} [{', '.join(map(str, shape))}]", start=base + start, size=end - start)
        for name, dtype, shape, (start, end) in header.rows()
    }


def _members(files: Files, reports: Reports, told: set[str]) -> Iterator[Different]:
    before, after = (
        {name: what for name, what in _directory(file, report).items() if name not in told}
        for file, report in zip(files, reports, strict=True)
    )
    whats = ({name: each.what for name, each in side.items()} for side in (before, after))
    yield from _compared("member", *whats)
    yield from _other_bytes("member", files, before, after, " all the same")


def _directory(file: BinaryIO, report: Report) -> Mapping[str, Stretch]:
    """Gives the members of an archive by name, with size and checksum as the directory of a zip says them, or
    else with the size of each part."""
    if _read(file, 0, 2) == b"PK":
        from struct import error
        from zipfile import BadZipFile, ZipFile

        try:
            with ZipFile(file) as archive:
                infos = archive.infolist()
        except (BadZipFile, ValueError, NotImplementedError, OverflowError, error):
            pass  # the report says what is wrong with it
        else:
            return {info.filename: _member(file, info) for info in infos}
    return {
        part.member: Stretch(what=f"{part.size:,} bytes", start=part.offset, size=part.size)
        for part in report.parts
        if part.member is not None
    }


def _member(file: BinaryIO, info: ZipInfo) -> Stretch:
    what = f"{info.file_size:,} bytes, crc32 {info.CRC:08x}"
    header = _read(file, info.header_offset, 30) if info.header_offset >= 0 else b""
    if info.compress_type or info.compress_size != info.file_size or header[:4] != b"PK\x03\x04":
        return Stretch(what=what, start=None, size=info.file_size)
    named = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return Stretch(what=what, start=info.header_offset + 30 + named, size=info.file_size)


def _compared(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Different]:
    for name, what in before.items():
        if name not in after:
            yield Different(kind=kind, change="removed", name=name, before=what)
        elif after[name] != what:
            yield Different(kind=kind, change="changed", name=name, before=what, after=after[name])
    for name, what in after.items():
        if name not in before:
            yield Different(kind=kind, change="added", name=name, after=what)


def _differs(
    first: BinaryIO, first_at: int, second: BinaryIO, second_at: int, length: int | None
) -> int | None:
    """Gives how far in two stretches begin to differ, or None; without a length they go to the ends."""
    done = 0
    while length is None or done < length:
        room = WINDOW if length is None else min(WINDOW, length - done)
        one, two = _read(first, first_at + done, room), _read(second, second_at + done, room)
        if one != two:
            pairs = enumerate(zip(one, two, strict=False))
            return done + next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))
        if not one:
            return None
        done += len(one)
    return None


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    pieces = []
    while length > 0 and (piece := file.read(min(length, WINDOW))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


# The longest header of a safetensors file.
MAX_HEADER = 100_000_000
WINDOW = 1024 * 1024
QUOTES = "'\""
