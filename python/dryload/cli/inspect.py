"""`dryload inspect`: what is in a file: its parts, and for safetensors and numpy the tensors and the holes.

A broken file is shown as far as it could be read, with what is wrong with it. The file is opened once, so
that what is shown is all of the same one.
"""

from __future__ import annotations

import os
import stat
import sys

from dryload._native import safetensors_layout_bytes
from dryload.cli.inspect_tables import ROWS, array_lines, arrays, header_lines, unread_tensors
from dryload.errors import FormatError, SourceError
from dryload.outputs.frame import MESSAGE_CAP, hanging
from dryload.outputs.safe_text import safe_text
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import BinaryIO

    from dryload._core import Header
    from dryload.cli.inspect_tables import Unread
    from dryload.report import Report

# The longest header of a safetensors file.
MAX_HEADER = 100_000_000


def run(words: list[str]) -> int:
    """Prints what is there, and gives 0 whatever it is."""
    options = _parser().parse_args(words)
    file = _opened(options.path)
    if file is None:
        print(f"dryload: no such file: {options.path!r}", file=sys.stderr)
        return 2
    with file:
        report = scan(file, name=options.path)
        header, unread = _layout(file, report) if report.format == "safetensors" else (None, [])
    if options.format == "json":
        import json

        print(json.dumps(_document(report, header, unread), indent=1))
        return 0
    for line in _lines(report, header, unread, everything=options.all):
        print(line)
    return 0


def _opened(path: str) -> BinaryIO | None:
    """Opens a regular file, and no other: without waiting for a writer, should a pipe stand there.

    Raises:
        SourceError: it is there and cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), path) from error
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return open(fd, "rb", buffering=0)
    os.close(fd)
    return None


def _layout(file: BinaryIO, report: Report) -> tuple[Header | None, list[Unread]]:
    """Gives the header as far as it follows the format, and the tensors that do not."""
    try:
        file.seek(0)
        data = _read(file, 8)
        length = int.from_bytes(data, "little")
        data += _read(file, length) if length <= MAX_HEADER else b""
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), report.path) from error
    try:
        header = safetensors_layout_bytes(data, report.size)
    except FormatError:
        # The report says why.
        return None, []
    return header, [] if report.ok else unread_tensors(data[8:], header)


def _read(file: BinaryIO, length: int) -> bytes:
    pieces = []
    while length and (piece := file.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _lines(report: Report, header: Header | None, unread: list[Unread], *, everything: bool) -> Iterator[str]:
    yield f"{safe_text(report.path)}  {report.format or 'of no known format'}, {report.size:,} bytes"
    # An array has its row in the table.
    parts = [part for part in report.parts if part.array is None]
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
    yield from array_lines(arrays(report), everything=everything)
    if header is not None:
        yield from header_lines(header, unread, report.size, everything=everything)
    for finding in report.findings:
        member = "" if finding.member is None else f"{safe_text(finding.member)} "
        yield from hanging(
            2, f"{member}@ {finding.span.start:#x}  {finding.rule}: {safe_text(finding.message, MESSAGE_CAP)}"
        )


def _document(report: Report, header: Header | None, unread: list[Unread]) -> dict[str, object]:
    document = {"schema": "dryload.inspect/1", **report.to_dict()}
    found = arrays(report)
    if found:
        document["tensors"] = [row.to_dict() for row in found]
    if header is not None:
        document["header_bytes"] = header.header_bytes
        document["metadata"] = header.metadata()
        document["tensors"] = [
            {"name": name, "dtype": dtype, "shape": shape, "data_offsets": list(offsets)}
            for name, dtype, shape, offsets in header.rows()
        ]
        document["unread"] = [{"name": each.name, "value": each.text} for each in unread]
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
