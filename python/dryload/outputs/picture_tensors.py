"""Draws tensors of a safetensors file as bars over their byte ranges, with what is shared or missing.

It reads the header leniently and only up to a size; it knows the few findings that are about ranges, and
draws nothing for the others.
"""

from __future__ import annotations

from dryload.outputs.columns import WIDTH, cut
from dryload.outputs.picture import Line
from dryload.outputs.picture_bytes import read_at
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.findings import Finding

    Row = tuple[str, str, list[int], tuple[int, int]]


def tensor_lines(path: str, finding: Finding, size: int) -> tuple[Line, ...]:
    """Draws the ranges that a finding is about.

    Raises:
        OSError: the file cannot be read.
    """
    if finding.rule not in RANGES or finding.part not in (None, 0):
        return ()
    from dryload._native import safetensors_layout_bytes
    from dryload.errors import FormatError

    length = int.from_bytes(read_at(path, 0, 8), "little")
    if not 0 < length <= MAX_HEADER:
        return ()
    try:
        header = safetensors_layout_bytes(read_at(path, 0, 8 + length), size)
    except FormatError:
        return ()
    rows = sorted(header.rows(), key=lambda row: row[3])
    shown, marked, label = _about(finding, rows, size - 8 - header.header_bytes)
    return tuple(_bars(shown, marked, label)) if shown else ()


def _about(finding: Finding, rows: list[Row], size: int) -> tuple[list[Row], tuple[int, int], str]:
    """Chooses the tensors to draw, the range to mark and its label; `size` is that of the data."""
    end, holder = 0, None
    found = str(finding.evidence.get("found", ""))
    for row in rows:
        start, stop = row[3]
        pair = [row] if holder is None else [holder, row]
        if found.endswith(f"starts at {start:#x}"):
            if finding.rule == "safetensors-offset-overlap" and start < end:
                return pair, (start, min(end, stop)), f"shared: {_bytes(min(end, stop) - start)}"
            if finding.rule == "safetensors-offset-gap" and start > end:
                return pair, (end, start), f"gap: {_bytes(start - end)}"
        if stop >= end:
            end, holder = stop, row
    last = [holder] if holder else []
    if finding.rule == "safetensors-trailing-data" and size > end:
        return last, (end, size), f"of no tensor: {_bytes(size - end)}"
    if finding.rule == "safetensors-truncated" and size < end:
        return last, (max(0, size), end), f"not in the file: {_bytes(end - size)}"
    return [], (0, 0), ""


def _bars(rows: list[Row], marked: tuple[int, int], label: str) -> Iterator[Line]:
    low = min(marked[0], *(row[3][0] for row in rows))
    high = max(marked[1], *(row[3][1] for row in rows))
    texts = [
        (cut(safe_text(name), NAME), cut(f"{safe_text(dtype)} {_dims(shape)}", KIND), f"{start}..{stop}")
        for name, dtype, shape, (start, stop) in rows
    ]
    widths = [max(len(text[column]) for text in texts) for column in range(3)]
    before = sum(widths) + 3 * 2
    room = max(LEAST, min(BAR, WIDTH - GUTTER - before))

    def place(at: int) -> int:
        return (at - low) * room // max(1, high - low)

    for text, (*_, (start, stop)) in zip(texts, rows, strict=True):
        left = "".join(f"{each:<{width}}  " for each, width in zip(text, widths, strict=True))
        first = min(place(start), room - 1)
        yield Line(offset=None, text=left + " " * first + "#" * max(1, place(stop) - first))
    first = min(place(marked[0]), room - 1)
    mark = "^" * max(1, place(marked[1]) - first)
    column = before + first
    if GUTTER + column + len(mark) + 1 + len(label) <= WIDTH:
        yield Line(offset=None, text=f"{' ' * column}{mark} {label}", mark="^")
    else:
        yield Line(offset=None, text=f"{label + ' ':>{column}}{mark}", mark="^")


def _bytes(number: int) -> str:
    return f"{number:,} byte{'' if number == 1 else 's'}"


def _dims(shape: list[int]) -> str:
    return f"[{', '.join(map(str, shape[:4]))}{', …' if len(shape) > 4 else ''}]"


RANGES = {
    "safetensors-offset-overlap",
    "safetensors-offset-gap",
    "safetensors-trailing-data",
    "safetensors-truncated",
}
# More is read where the file is judged; a picture is not worth a long wait.
MAX_HEADER = 4 * 1024 * 1024
# Columns of a name, of a kind, of the bars, of the least bars, and of the gutter with its line.
NAME, KIND, BAR, LEAST, GUTTER = 16, 16, 24, 8, 7
