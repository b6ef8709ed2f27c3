"""The tables of `dryload inspect`: the tensors of a safetensors header and the arrays of numpy files.

What a header holds in another form than the format's, such as a tensor written as an array, is read leniently
and marked: other readers may take it. All text passes `safe_text`.
"""

from __future__ import annotations

from typing import Any

from dryload._frozen import frozen
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from dryload._core import Header
    from dryload.report import Report

    Row = tuple[str, str, list[int], tuple[int, int]]

# Rows of a table without --all, and columns of a name.
ROWS, NAME = 40, 36
# Of a text of the metadata, or of what is no tensor.
TEXT = 60
# Bytes of a header that is read leniently.
MAX_LENIENT = 25_000_000
_FIELDS = ("dtype", "shape", "data_offsets")
_HEADING = f"  {'offset':12}  {'name':{NAME}} {'dtype':8} shape  bytes"


@frozen
class ArrayRow:
    """An array of a numpy file: `offset` in the file, or None where it is compressed."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    cut: bool
    fortran: bool
    offset: int | None
    bytes: int

    def to_dict(self) -> dict[str, object]:
        """Gives the object that stands in `tensors` of the JSON document."""
        row: dict[str, object] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        return row | {"fortran_order": self.fortran, "offset": self.offset, "bytes": self.bytes}


@frozen
class Unread:
    """An entry of a header that is no tensor by the format: its text, and the tensor that other readers may
    see in it."""

    name: str
    text: str
    row: Row | None


class _Pairs(list[tuple[str, Any]]):
    """An object with all its pairs."""


def arrays(report: Report) -> list[ArrayRow]:
    """Gives the arrays of a file in the order of its parts."""
    return [
        ArrayRow(
            name=(part.member or "array").removesuffix(".npy"),
            dtype=part.array.dtype.strip("'\""),
            shape=part.array.shape,
            cut=part.array.cut,
            fortran=part.array.fortran,
            offset=None if part.offset is None else part.offset + part.array.data.start,
            bytes=part.array.data.end - part.array.data.start,
        )
        for part in report.parts
        if part.array is not None
    ]


def array_lines(rows: list[ArrayRow], *, everything: bool) -> Iterator[str]:
    """Gives the table of arrays."""
    if rows:
        yield _HEADING
    for row in rows if everything else rows[:ROWS]:
        offset = "compressed" if row.offset is None else f"{row.offset:#012x}"
        dims = _dims(list(row.shape), everything=everything) + ("…" if row.cut else "")
        order = "  Fortran order" if row.fortran else ""
        dtype = safe_text(row.dtype, None if everything else TEXT)
        name = _name(row.name, everything=everything)
        yield f"  {offset:12}  {name} {dtype:8} {dims}  {row.bytes:,}{order}"
    if len(rows) > ROWS and not everything:
        yield f"  … and {len(rows) - ROWS:,} arrays more: --all"


def unread_tensors(text: bytes, header: Header) -> list[Unread]:
    """Gives the entries of a header that are not among its tensors, where it is JSON at all."""
    import json

    if len(text) > MAX_LENIENT:
        return []
    try:
        # A number of a million digits would take minutes, and is no dimension.
        value = json.loads(
            text.decode(errors="replace").lstrip("\ufeff").rstrip("\0"),
            object_pairs_hook=_Pairs,
            parse_int=lambda digits: int(digits) if len(digits) < 30 else digits,
        )
    except (ValueError, RecursionError):
        return []
    rows = [(name, dtype, tuple(shape), offsets) for name, dtype, shape, offsets in header.rows()]
    known = set(rows)
    found = []
    for name, entry in value if isinstance(value, _Pairs) else []:
        row = _lenient(name, entry)
        if name != "__metadata__" and (row is None or (*row[:2], tuple(row[2]), row[3]) not in known):
            found.append(Unread(name=name, text=_text(entry), row=row))
    return found


def header_lines(header: Header, unread: list[Unread], size: int, *, everything: bool) -> Iterator[str]:
    """Gives the metadata and the table of tensors, with holes and overlaps where they are."""
    start = 8 + header.header_bytes
    yield f"  header {header.header_bytes:,} bytes, data from {start:#x}"
    metadata = list(header.metadata().items())
    for key, text in metadata if everything else metadata[:ROWS]:
        shown = text if everything or len(text) <= TEXT else f"{text[:TEXT]}…"
        yield f"  {safe_text(key)} = {safe_text(shown, None if everything else 120)}"
    if len(metadata) > ROWS and not everything:
        yield f"  … and {len(metadata) - ROWS} keys more: --all"
    rows = [(row, "") for row in header.rows()]
    rows += [(each.row, "  not of the format") for each in unread if each.row is not None]
    rows.sort(key=lambda each: each[0][3])
    lost = [each for each in unread if each.row is None]
    shown_rows = rows if everything else rows[:ROWS]
    if rows or lost:
        yield _HEADING
    # Holes and overlaps stand where they are found, between the tensors.
    end = 0
    for row, mark in shown_rows:
        if not lost:
            yield from _between(start, end, row[3][0])
        yield _tensor(row, start, everything=everything) + mark
        end = max(end, row[3][1])
    if len(shown_rows) < len(rows):
        yield f"  … and {len(rows) - len(shown_rows):,} tensors more: --all"
    for each in lost if everything else lost[:ROWS]:
        text = safe_text(each.text, None if everything else TEXT)
        yield f"  {'not read':12}  {_name(each.name, everything=everything)} {text}"
    if len(lost) > ROWS and not everything:
        yield f"  … and {len(lost) - ROWS:,} entries more that are no tensors: --all"
    if len(shown_rows) == len(rows) and not lost:
        where = "after the last tensor" if rows else "of no tensor"
        yield from _after(start + end, size, where)


def _after(end: int, size: int, where: str) -> Iterator[str]:
    if end < size:
        yield f"  {end:#012x}..{size:#012x}  {where}, {size - end:,} bytes"
    elif end > size:
        yield f"  {size:#012x}..{end:#012x}  not in the file, {end - size:,} bytes"


def _between(start: int, end: int, follows: int) -> Iterator[str]:
    if follows > end:
        yield f"  {start + end:#012x}..{start + follows:#012x}  gap, {follows - end:,} bytes"
    elif follows < end:
        yield f"  {start + follows:#012x}..{start + end:#012x}  overlap, {end - follows:,} bytes"


def _tensor(row: Row, start: int, *, everything: bool) -> str:
    name, dtype, shape, (first, last) = row
    name, dims = _name(name, everything=everything), _dims(shape, everything=everything)
    return f"  {start + first:#012x}  {name} {safe_text(dtype, TEXT):8} {dims}  {last - first:,}"


def _name(name: str, *, everything: bool) -> str:
    name = safe_text(name, None if everything else NAME)
    return f"{name:{NAME}}"


def _dims(shape: list[int], *, everything: bool) -> str:
    shown = shape if everything else shape[:8]
    return "x".join(map(str, shown)) + ("…" if len(shape) > len(shown) else "") or "scalar"


def _lenient(name: str, entry: Any) -> Row | None:
    """Gives the tensor that an entry would be if its three fields stood in their places."""
    fields: dict[str, Any]
    if isinstance(entry, _Pairs):
        fields = dict(entry)
    elif isinstance(entry, list) and len(entry) == len(_FIELDS):
        fields = dict(zip(_FIELDS, entry, strict=True))
    else:
        return None
    dtype, shape, offsets = (fields.get(name) for name in _FIELDS)
    if isinstance(dtype, _Pairs) and len(dtype) == 1:
        dtype = dtype[0][0]
    if not isinstance(dtype, str) or not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        return None
    return name, dtype, shape, (offsets[0], offsets[1])


def _counts(value: Any) -> TypeGuard[list[int]]:
    # type(), because True is an int.
    return isinstance(value, list) and all(type(each) is int and each >= 0 for each in value)


def _text(entry: Any) -> str:
    import json

    try:
        return json.dumps(_plain(entry))
    except RecursionError:
        return "values nested too deep to show"


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(each) for key, each in value}
    return [_plain(each) for each in value] if isinstance(value, list) else value
