"""`dryload disasm`: lists the pickle instructions of a file, part by part, as they stand in the bytes.

Nothing is executed or resolved; text from the file is made safe to print.
"""

from __future__ import annotations

from dryload.outputs.columns import WIDTH, cut
from dryload.outputs.picture import instruction
from dryload.outputs.safe_text import safe_text
from dryload.scanner import scan, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dryload.report import Part


def run(words: list[str]) -> int:
    """Prints the listing."""
    options = _parser().parse_args(words)
    parts = scan(options.path).parts
    around = None
    if options.around is not None:
        chosen = range(len(parts)) if options.part is None else [options.part]
        around = [(part, options.around) for part in chosen]
    rows = trace(options.path, around=around, before=ROWS_AROUND, after=ROWS_AROUND)
    gutter = max((len(f"{row.offset:x}") for row in rows), default=0)
    current: int | None = None
    for row in rows:
        if options.part is not None and row.part != options.part:
            continue
        if row.part != current:
            current = row.part
            print(_title(row.part, parts[row.part]))
        print(cut(f"{row.offset:0{max(gutter, 4)}x}|  {instruction(row)}", WIDTH))
    if current is None:
        print("no pickle instructions there")
    return 0


def _title(index: int, part: Part) -> str:
    member = "" if part.member is None else f" {safe_text(part.member)}"
    offset = "" if part.offset is None else f" at {part.offset:#x}"
    return f"part {index}:{member} {part.format}, protocol {part.protocol}, {part.size:,} bytes{offset}"


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload disasm", description="List the pickle instructions of a file.", allow_abbrev=False
    )
    parser.add_argument("path", metavar="PATH")
    parser.add_argument(
        "--around", type=_offset, metavar="OFFSET", help="only those around an offset in the part"
    )
    parser.add_argument("--part", type=int, metavar="N", help="only this part, counted from 0")
    return parser


def _offset(text: str) -> int:
    return int(text, 0)


ROWS_AROUND = 12
