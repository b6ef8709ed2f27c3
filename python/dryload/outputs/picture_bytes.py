"""Draws the bytes at a place of a file: a line of text where it is text, else rows of hexadecimal digits.

It reads less than a hundred bytes, whatever the finding spans.
"""

from __future__ import annotations

import os
import stat

from dryload.outputs.picture import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload.findings import Finding


def byte_lines(path: str, finding: Finding) -> tuple[Line, ...]:
    """Draws the start of a finding's span, or what stands before the end of the file where it is there.

    Raises:
        OSError: the file cannot be read.
    """
    assert finding.file_span is not None
    at = finding.span.start
    # Offsets left of the gutter count from the start of the part, as all others of the frame do.
    base = finding.file_span.start - at
    first = max(0, at - at % ROW - ROW)
    data = read_at(path, base + first, ROWS * ROW)
    length = max(1, finding.span.end - at)
    if not data:
        return ()
    return _text(data, first, at, length) or _digits(data, first, at, length)


def read_at(path: str, offset: int, length: int) -> bytes:
    """Reads a piece of a regular file, and of nothing else: a pipe would wait for a writer.

    Raises:
        OSError: the file cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return b""
        return os.pread(fd, length, offset)
    finally:
        os.close(fd)


def _text(data: bytes, first: int, at: int, length: int) -> tuple[Line, ...]:
    """Gives the line of text that holds the place, and nothing where something there is no text."""
    place = at - first
    start = max(data.rfind(b"\n", 0, place) + 1, 0)
    end = data.find(b"\n", place)
    line = data[start : min(len(data), start + SHOWN) if end < 0 else min(end, start + SHOWN)]
    if place >= start + len(line) or len(line) < ROW or not all(0x20 <= byte < 0x7F for byte in line):
        return ()
    shown = Line(offset=first + start, text=line.decode("ascii"))
    if place == 0 and length > len(line):
        return (shown,)
    mark = "^" * min(length, start + len(line) - place)
    return shown, Line(offset=None, text=" " * (place - start) + mark, mark="^")


def _digits(data: bytes, first: int, at: int, length: int) -> tuple[Line, ...]:
    if at == 0 and length > len(data):
        return ()  # the finding is about the file as a whole
    lines: list[Line] = []
    last = max(at, min(at + length, first + len(data)) - 1)
    for offset in range(first, first + len(data), ROW):
        if offset > last:
            break
        row = data[offset - first : offset - first + ROW]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(Line(offset=offset, text=f"{row.hex(' '):<{3 * ROW}} {shown}"))
        left, right = max(at, offset), min(at + length, offset + len(row))
        if left < right:
            marks = "^" * (3 * (right - left) - 1)
            lines.append(Line(offset=None, text=" " * 3 * (left - offset) + marks, mark="^"))
    if at >= first + len(data):
        lines.append(Line(offset=first + len(data), text="^ end of file", mark="^"))
    return tuple(lines)


# Bytes of a row, rows at most, and columns of a line of text.
ROW, ROWS, SHOWN = 16, 4, 60
