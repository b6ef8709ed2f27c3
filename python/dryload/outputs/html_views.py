"""The two pictures of the HTML report: the instructions around the findings of a pickle, and the map of the
tensors of a file.

Both are read again from the file, which may be gone or changed by now: then there is no picture, and the
rest of the report stands. Nothing is executed, and no more is read than the pickles and the header.
"""

from __future__ import annotations

import os
import stat

from dryload._native import safetensors_layout_bytes
from dryload.errors import FormatError, SourceError
from dryload.scanner import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Header
    from dryload.policy import Policy
    from dryload.report import Part, Report
    from dryload.scanner import Row

    TensorRow = tuple[str, str, list[int], tuple[int, int]]


def instructions(
    report: Report, parts: Sequence[Part], policy: Policy | None, room: int
) -> list[dict[str, object]]:
    """Gives the instructions of each pickle with findings, `AROUND` on either side of what these name."""
    labels = _labels(report, parts)
    if not labels or not report.on_disk:
        return []
    centres = [(part, offset) for part, places in labels.items() for offset in places][:MAX_CENTRES]
    try:
        rows = trace(report.path, policy=policy, around=centres, before=AROUND // 2, after=AROUND)
    except SourceError:
        return []
    told: list[dict[str, object]] = []
    for part, places in labels.items():
        mine = sorted((row for row in rows if row.part == part), key=lambda row: row.offset)
        kept = mine[:room]
        room -= len(kept)
        if kept:
            marked = set(places) | _not_allowed(parts[part])
            meant = _meant(parts[part])
            told.append(
                {
                    "part": part,
                    "rows": [
                        [
                            row.offset,
                            row.code,
                            row.name,
                            row.arg or meant.get(row.offset, ""),
                            _kind(row, marked),
                        ]
                        for row in kept
                    ],
                    "labels": {str(offset): label for offset, label in places.items()},
                    "gaps": [len(kept)] if len(kept) < len(mine) else _gaps(mine),
                }
            )
    return told


def tensor_map(report: Report, parts: Sequence[Part], room: int) -> dict[str, object] | None:
    """Gives the tensors of a safetensors file with what is wrong between them, or the arrays of numpy's."""
    if report.format == "safetensors":
        header = _header(report) if report.on_disk and room > 0 else None
        return None if header is None else _ranges(header, report.size, room)
    rows = [
        [
            part.member or "array",
            part.array.dtype.strip("'\""),
            _dims(part.array.shape) + ("…" if part.array.cut else ""),
            None if part.offset is None else part.offset + part.array.data.start,
            part.array.data.end - part.array.data.start,
        ]
        for part in parts
        if part.array is not None
    ]
    return {"arrays": True, "rows": rows[:room], "total": len(rows)} if rows and room > 0 else None


def _labels(report: Report, parts: Sequence[Part]) -> dict[int, dict[int, str]]:
    """Gives the places in pickles that findings name, by part, with what happens there."""
    labels: dict[int, dict[int, str]] = {}
    for finding in report.findings:
        if finding.part is None or finding.part >= len(parts) or parts[finding.part].opcodes is None:
            continue
        places = labels.setdefault(finding.part, {})
        places[finding.span.start] = finding.label or finding.rule
        for name, label in _EVIDENCE.items():
            at = finding.evidence.get(name)
            if isinstance(at, int):
                places.setdefault(at, label)
    return labels


def _not_allowed(part: Part) -> set[int]:
    imports = {row.offset for row in part.imports if row.standing != "allow"}
    return imports | {row.offset for row in part.calls if row.standing != "allow"}


def _meant(part: Part) -> dict[int, str]:
    """Says what the instructions without an argument of their own import and call."""
    return {row.offset: f"→ {row.name}" for row in part.imports} | {
        row.offset: f"→ {row.call}" for row in part.calls
    }


def _kind(row: Row, marked: set[int]) -> str:
    """Says how a row is drawn: only what a finding or the policy objects to stands out."""
    if row.offset not in marked:
        return "memo" if row.memo else ""
    if row.name in _CALLS:
        return "call"
    return "import" if row.name in _IMPORTS else "at"


def _gaps(rows: Sequence[Row]) -> list[int]:
    """Gives the places in a list of rows where instructions were left out."""
    gaps = [0] if rows[0].offset > 0 else []
    gaps += [
        index
        for index in range(1, len(rows))
        if rows[index].offset > rows[index - 1].offset + rows[index - 1].size
    ]
    # A cut instruction is the last one, and so is STOP but for what stands behind it.
    return gaps if rows[-1].name == "STOP" else [*gaps, len(rows)]


def _header(report: Report) -> Header | None:
    """Reads the header again, as far as it follows the format."""
    try:
        with open(os.open(report.path, _FLAGS), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size != report.size:
                return None
            length = int.from_bytes(_read(file.fileno(), 8), "little")
            if length > MAX_HEADER:
                return None
            text = _read(file.fileno(), length)
        return safetensors_layout_bytes(length.to_bytes(8, "little") + text, report.size)
    except (OSError, ValueError, FormatError):
        # The report says what is wrong with it.
        return None


def _read(fd: int, length: int) -> bytes:
    pieces = []
    while length and (piece := os.read(fd, length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _ranges(header: Header, size: int, room: int) -> dict[str, object]:
    rows = sorted(header.rows(), key=lambda row: row[3])
    data = 8 + header.header_bytes
    dtypes: dict[str, list[int]] = {}
    for _, dtype, _, (start, end) in rows:
        count = dtypes.setdefault(dtype, [0, 0])
        count[0] += 1
        count[1] += end - start
    told: dict[str, object] = {
        "rows": [
            [name, dtype, _dims(shape), data + start, data + end]
            for name, dtype, shape, (start, end) in rows[:room]
        ],
        "total": len(rows),
        "data": data,
        "marks": _first(_marks(rows, data, size), MAX_MARKS),
        "dtypes": [[dtype, *counts] for dtype, counts in dtypes.items()],
    }
    if len(rows) > room:
        told["rest"] = [data + rows[room][3][0], data + max(row[3][1] for row in rows[room:])]
    return told


def _marks(rows: Sequence[TensorRow], data: int, size: int) -> Iterator[tuple[str, int, int]]:
    """Gives what no tensor has, what two have, and what is not in the file."""
    end = 0
    for _, _, _, (start, stop) in rows:
        if start > end:
            yield "hole", data + end, data + start
        elif start < min(end, stop):
            yield "overlap", data + start, data + min(end, stop)
        end = max(end, stop)
    if data + end < size:
        yield "hole", data + end, size
    elif data + end > size:
        yield "beyond", size, data + end


def _first(marks: Iterator[tuple[str, int, int]], most: int) -> list[tuple[str, int, int]]:
    return [mark for mark, _ in zip(marks, range(most), strict=False)]


def _dims(shape: Sequence[int]) -> str:
    shown = "×".join(map(str, shape[:MAX_DIMS]))  # noqa: RUF001
    return (shown + "…" if len(shape) > MAX_DIMS else shown) or "scalar"


_EVIDENCE = {"imported_at": "imported here", "called_at": "called here first"}
_IMPORTS = {"GLOBAL", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
# A pipe that stands there by now must not be waited for.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# Instructions on either side of a place: the arguments of any honest call. A trace keeps twice as many before
# a place as it is asked for, since about every second one is a memo one.
AROUND = 200
# Places of one file around which instructions are shown.
MAX_CENTRES = 40
# A header of the largest models has a tenth of it; one of 100 MB would take a second and a gigabyte.
MAX_HEADER = 16_000_000
MAX_MARKS = 500
MAX_DIMS = 12
