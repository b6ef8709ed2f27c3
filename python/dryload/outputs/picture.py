"""Pictures the place of a finding: the instructions around it, the bytes, or tensors as bars.

The file is read again, and may be gone or changed by now; then there is no picture, and everything else of
the frame still stands. No more is read than is shown, and nothing that is no regular file is opened.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload.errors import SourceError
from dryload.outputs.columns import WIDTH, cut
from dryload.outputs.safe_text import safe_text
from dryload.scanner import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.findings import Finding
    from dryload.outputs.base import Style
    from dryload.report import Report
    from dryload.scanner import Row


@frozen
class Line:
    """One line of a picture: the offset that stands left of the gutter, what stands right of it, and the sign
    that it is underlined with, `^` or `-`, when the line is an underline."""

    offset: int | None
    text: str
    mark: str = ""


@frozen
class Picture:
    """What is drawn of a place; `hidden` counts the memo opcodes that are not, and `rows` is whether it shows
    instructions."""

    lines: tuple[Line, ...] = ()
    hidden: int = 0
    rows: bool = False


def picture(report: Report, finding: Finding, style: Style) -> Picture:
    """Reads and draws the place of a finding; the picture is empty where there is nothing to show."""
    if not report.on_disk:
        return Picture()
    try:
        if finding.part is not None and _is_pickle(report, finding.part):
            rows = _rows(report, finding, style)
            if rows:
                return _drawn(rows, finding, style)
        if finding.file_span is None:
            return Picture()
        if finding.rule.startswith("safetensors-"):
            from dryload.outputs.picture_tensors import tensor_lines

            lines = tensor_lines(report.path, finding, report.size)
            if lines:
                return Picture(lines=lines)
        from dryload.outputs.picture_bytes import byte_lines

        return Picture(lines=byte_lines(report.path, finding))
    except (OSError, SourceError, ValueError):
        return Picture()


def instruction(row: Row) -> str:
    """Gives one instruction as text: opcode byte, name, argument."""
    return f"{opcode_byte(row.code):<6} {row.name:<16} {safe_text(row.arg)}".rstrip()


def opcode_byte(code: int) -> str:
    """Gives an opcode as the sign that it is, or as an escape."""
    return chr(code) if 0x20 < code < 0x7F else f"\\x{code:02x}"


def _is_pickle(report: Report, part: int) -> bool:
    parts = report.parts
    return part < len(parts) and bool(parts[part].opcodes)


def _rows(report: Report, finding: Finding, style: Style) -> list[Row]:
    """Gives the rows around what the finding names, if its own place is among them or they end before it."""
    assert finding.part is not None
    centres = [(finding.part, finding.span.start)]
    centres += [(finding.part, offset) for offset in elsewhere(finding)]
    rows = trace(report.path, policy=style.policy, around=centres, before=ROWS_BEFORE)
    rows = sorted((row for row in rows if row.part == finding.part), key=lambda row: row.offset)
    if any(row.offset == finding.span.start for row in rows):
        return rows
    # Of a pickle that breaks off or is followed by something, its last instructions say most.
    ended = rows and rows[-1].offset + rows[-1].size <= finding.span.start
    return rows if ended and finding.rule.startswith("pickle-") else []


def elsewhere(finding: Finding) -> dict[int, str]:
    """Gives the other places that the evidence names, with what happens there."""
    told = {"imported_at": "imported here", "called_at": "called here first"}
    places = ((finding.evidence.get(name), label) for name, label in told.items())
    return {at: label for at, label in places if isinstance(at, int) and at != finding.span.start}


def _drawn(rows: list[Row], finding: Finding, style: Style) -> Picture:
    labels = {finding.span.start: ("^", finding.label)}
    labels |= {offset: ("-", label) for offset, label in elsewhere(finding).items()}
    hidden = 0
    lines: list[Line] = []
    end = rows[0].offset
    for row in rows:
        if row.offset > end:
            lines.append(Line(offset=None, text="…"))
        end = row.offset + row.size
        if row.memo and not style.verbose and row.offset not in labels:
            hidden += 1
            continue
        lines.append(Line(offset=row.offset, text=instruction(row)))
        if row.offset in labels:
            mark, label = labels[row.offset]
            if not label and finding.rule == "pickle-truncated":
                label = "the file ends inside it"
            lines.append(_underline(len(row.name), mark, label))
    if finding.span.start >= end:
        lines.append(Line(offset=end, text=""))
        label = "the pickle ends here" if finding.rule == "pickle-truncated" else "here"
        lines.append(_underline(1, "^", label))
    return Picture(lines=tuple(lines), hidden=hidden, rows=True)


def _underline(length: int, mark: str, label: str) -> Line:
    return Line(offset=None, text=f"       {mark * length} {label}".rstrip(), mark=mark)


def gutter_of(lines: tuple[Line, ...]) -> int:
    """Gives the width of the offsets of a picture."""
    return max((len(f"{line.offset:x}") for line in lines if line.offset is not None), default=0)


def listed(lines: tuple[Line, ...], gutter: int) -> Iterator[str]:
    """Gives the lines of a picture with their gutter."""
    for line in lines:
        left = " " * gutter if line.offset is None else f"{line.offset:0{gutter}x}"
        yield cut(f"{left}|  {line.text}".rstrip(), WIDTH)


# Two strings, their memo opcodes and a mark, a tuple: what stands between the name of a callee and its call.
ROWS_BEFORE = 7
