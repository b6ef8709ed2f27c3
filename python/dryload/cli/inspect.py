"""`dryload inspect`: what is in a file: its parts, and for safetensors metadata, tensors and holes.

A broken file is shown as far as it could be read, with what is wrong with it.
"""

from __future__ import annotations

import os
import sys

from dryload._native import safetensors_layout_file
from dryload.errors import FormatError
from dryload.outputs.safe_text import safe_text
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload._core import Header
    from dryload.report import Report

    Row = tuple[str, str, list[int], tuple[int, int]]

# Rows of a table without --all, and columns of a name.
ROWS, NAME = 40, 36
# Of a text of the metadata.
TEXT = 60


def run(words: list[str]) -> int:
    """Prints what is there, and gives 0 whatever it is."""
    options = _parser().parse_args(words)
    if not os.path.isfile(options.path):
        print(f"dryload: no such file: {options.path!r}", file=sys.stderr)
        return 2
    report = scan(options.path)
    header = None
    if report.format == "safetensors":
        try:
            header = safetensors_layout_file(options.path)
        except FormatError:
            # The report says why.
            header = None
    if options.format == "json":
        import json

        print(json.dumps(_document(report, header), indent=1))
        return 0
    for line in _lines(report, header, everything=options.all):
        print(line)
    return 0


def _lines(report: Report, header: Header | None, *, everything: bool) -> Iterator[str]:
    yield f"{safe_text(report.path)}  {report.format or 'of no known format'}, {report.size:,} bytes"
    parts = report.parts
    for part in parts if everything else parts[:ROWS]:
        if part.member is not None:
            opcodes = "" if part.opcodes is None else f", {part.opcodes:,} opcodes"
            yield f"  {safe_text(part.member)}  {part.format}, {part.size:,} bytes{opcodes}"
    if len(parts) > ROWS and not everything:
        yield f"  … and {len(parts) - ROWS} parts more: --all"
    names = [f"{entry.name}" for part in parts for entry in part.imports]
    for name in names if everything else names[:ROWS]:
        yield f"  imports {safe_text(name)}"
    if len(names) > ROWS and not everything:
        yield f"  … and {len(names) - ROWS} imports more: --all"
    if report.format == "npy":
        yield f"  header {safe_text(_npy(report.path))}"
    if header is not None:
        yield from _header(header, report.size, everything=everything)
    for finding in report.findings:
        member = "" if finding.member is None else f"{safe_text(finding.member)} "
        yield f"  {member}@ {finding.span.start:#x}  {finding.rule}: {safe_text(finding.message)}"


def _header(header: Header, size: int, *, everything: bool) -> Iterator[str]:
    start = 8 + header.header_bytes
    yield f"  header {header.header_bytes:,} bytes, data from {start:#x}"
    metadata = list(header.metadata().items())
    for key, text in metadata if everything else metadata[:ROWS]:
        shown = text if everything or len(text) <= TEXT else f"{text[:TEXT]}…"
        yield f"  {safe_text(key)} = {safe_text(shown)}"
    if len(metadata) > ROWS and not everything:
        yield f"  … and {len(metadata) - ROWS} keys more: --all"
    rows = sorted(header.rows(), key=lambda row: row[3])
    shown_rows = rows if everything else rows[:ROWS]
    if rows:
        yield f"  {'offset':12}  {'name':{NAME}} {'dtype':8} shape  bytes"
    # Holes and overlaps stand where they are found, between the tensors.
    end = 0
    for row in shown_rows:
        yield from _between(start, end, row[3][0])
        yield _tensor(row, start)
        end = max(end, row[3][1])
    if len(shown_rows) < len(rows):
        yield f"  … and {len(rows) - len(shown_rows):,} tensors more: --all"
    elif start + end < size:
        yield f"  {start + end:#012x}..{size:#012x}  after the last tensor, {size - start - end:,} bytes"
    elif start + end > size:
        yield f"  {size:#012x}..{start + end:#012x}  not in the file, {start + end - size:,} bytes"


def _npy(path: str) -> str:
    """Gives the text of the header of an array, which says dtype, order and shape."""
    with open(path, "rb") as file:
        head = file.read(12)
        width = 2 if head[6:7] == b"\x01" else 4
        file.seek(8 + width)
        text = file.read(min(int.from_bytes(head[8 : 8 + width], "little"), 10_000))
    return text.decode("utf-8", "replace").strip()


def _between(start: int, end: int, follows: int) -> Iterator[str]:
    if follows > end:
        yield f"  {start + end:#012x}..{start + follows:#012x}  gap, {follows - end:,} bytes"
    elif follows < end:
        yield f"  {start + follows:#012x}..{start + end:#012x}  overlap, {end - follows:,} bytes"


def _tensor(row: Row, start: int) -> str:
    name, dtype, shape, (first, last) = row
    name = safe_text(name)
    name = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
    dims = "x".join(map(str, shape[:8])) + ("…" if len(shape) > 8 else "")
    return f"  {start + first:#012x}  {name:{NAME}} {dtype:8} {dims or 'scalar'}  {last - first:,}"


def _document(report: Report, header: Header | None) -> dict[str, object]:
    document = {"schema": "dryload.inspect/1", **report.to_dict()}
    if header is not None:
        document["header_bytes"] = header.header_bytes
        document["metadata"] = header.metadata()
        document["tensors"] = [
            {"name": name, "dtype": dtype, "shape": shape, "data_offsets": list(offsets)}
            for name, dtype, shape, offsets in header.rows()
        ]
    return document


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload inspect", description="Show what is in a file.", allow_abbrev=False
    )
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--all", action="store_true", help="cut no table and no text")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser
