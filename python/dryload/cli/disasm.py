"""`dryload disasm`: lists the pickle instructions of a file, part by part, with what each of them does.

Nothing is executed, imported or unpickled: the stack and the memo are followed as texts. Text from the file
is made safe to print.
"""

from __future__ import annotations

from dryload.outputs.columns import WIDTH, columns, cut, wrapped
from dryload.outputs.picture import opcode_byte
from dryload.outputs.safe_text import safe_text
from dryload.scanner import scan, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload.report import Part
    from dryload.scanner import Row


def run(words: list[str]) -> int:
    """Prints the listing."""
    options = _parser().parse_args(words)
    parts = scan(options.path).parts
    chosen = range(len(parts)) if options.part is None else [options.part]
    around = None if options.around is None else [(part, options.around) for part in chosen]
    # To know the stack at a place, all before it is needed; of a huge file only the place is read.
    follow = sum(part.opcodes or 0 for part in parts) <= MAX_FOLLOWED
    if follow or around is None:
        rows = trace(options.path)
    else:
        rows = trace(options.path, around=around, before=ROWS_AROUND, after=ROWS_AROUND)
    by_part: dict[int, list[Row]] = {}
    for row in rows:
        if row.part in chosen:
            by_part.setdefault(row.part, []).append(row)
    found = False
    for part, listed in sorted(by_part.items()):
        lines = list(_listing(listed, parts[part], options, follow=follow))
        if lines:
            found = True
            print("\n".join(wrapped("# " if options.python else "", title(part, parts[part]), 4)))
            print("\n".join(lines))
    if not found:
        print("no pickle instructions there")
    return 0


def title(index: int, part: Part) -> str:
    """Names a part."""
    member = "" if part.member is None else f" {safe_text(part.member)}"
    offset = "" if part.offset is None else f" at {part.offset:#x}"
    return f"part {index}:{member} {part.format}, protocol {part.protocol}, {part.size:,} bytes{offset}"


def _listing(rows: list[Row], part: Part, options: argparse.Namespace, *, follow: bool) -> Iterator[str]:
    if options.python:
        yield from python_lines(rows, part, near=options.around)
        return
    kept = None
    if options.around is not None and follow:
        kept = _window(rows, options.around)
        if not kept:
            return
    yield from listing(rows, part, follow=follow, fold=options.fold, kept=kept)


def listing(
    rows: list[Row], part: Part, *, follow: bool = True, fold: bool = False, kept: range | None = None
) -> Iterator[str]:
    """Gives the lines of a part: offset, values on the stack after it, opcode, argument, what it does.

    `kept` are the indexes of the rows to list; `fold` hides memo opcodes and the middle of long runs of plain
    data.
    """
    from dryload.outputs.followed import Follower

    gutter = max(4, max((len(f"{row.offset:x}") for row in rows), default=0))
    folded = _folded(rows) if fold else {}
    follower = Follower(part.imports)
    for index, row in enumerate(rows):
        told = follower.step(row) if follow else ""
        if kept is not None and index not in kept:
            continue
        if index in folded:
            if folded[index]:
                yield f"{' ' * gutter}|  … {folded[index]:,} instructions of plain data"
            continue
        if fold and row.memo:
            continue
        depth = "" if not follow else "?" if follower.depth is None else str(follower.depth)
        yield from _row(row, f"{row.offset:0{gutter}x}|{depth:>3}  ", told)
    hidden = sum(row.memo for index, row in enumerate(rows) if kept is None or index in kept)
    if fold and hidden:
        yield f"{' ' * gutter}|  {hidden:,} memo opcode{'' if hidden == 1 else 's'} hidden"


def python_lines(rows: list[Row], part: Part, *, near: int | None = None) -> Iterator[str]:
    """Gives the lines of a part as Python, or those whose instructions are near an offset."""
    from dryload.outputs.script import script

    kept = None if near is None else _window(rows, near)
    offsets = None if kept is None else {rows[index].offset for index in kept}
    for offset, text in script(rows, part.imports):
        if offsets is not None and offset not in offsets:
            continue
        comment = f"# {offset:#x}"
        if columns(text) + len(comment) + 2 <= WIDTH:
            yield f"{text:<{COMMENTS}}  {comment}" if columns(text) < COMMENTS else f"{text}  {comment}"
        else:
            *lines, last = wrapped("", text, 4)
            yield from lines
            yield f"{last}  {comment}" if columns(last) + len(comment) + 2 <= WIDTH else last


def _row(row: Row, left: str, told: str) -> Iterator[str]:
    line = f"{left}{opcode_byte(row.code):<6} {row.name:<16}"
    if row.arg:
        line += f" {safe_text(row.arg)}"
    if told and columns(line) + 1 + columns(told) <= WIDTH:
        yield f"{line} {told}"
        return
    yield cut(line.rstrip(), WIDTH)
    if told:
        indent = " " * left.index("|") + "|" + " " * 11
        for part in wrapped(indent, told):
            yield part if part.startswith(indent) else indent + part.strip()


def _window(rows: list[Row], offset: int) -> range | None:
    """Gives the indexes of the rows around an offset, of which memo ones do not count."""
    places = [index for index, row in enumerate(rows) if row.offset == offset]
    if not places:
        return None
    first = last = places[0]
    for _ in range(ROWS_AROUND):
        first, last = _before(rows, first), _after(rows, last)
    return range(first, last + 1)


def _before(rows: list[Row], index: int) -> int:
    index -= index > 0
    while index > 0 and rows[index].memo:
        index -= 1
    return index


def _after(rows: list[Row], index: int) -> int:
    index += index < len(rows) - 1
    while index < len(rows) - 1 and rows[index].memo:
        index += 1
    return index


def _folded(rows: list[Row]) -> dict[int, int]:
    """Gives the indexes of rows that are left out, with the length of the run at its first one, else 0."""
    folded: dict[int, int] = {}
    run: list[int] = []
    for index in range(len(rows) + 1):
        if index < len(rows) and (rows[index].memo or rows[index].name in PLAIN):
            if not rows[index].memo:
                run.append(index)
            continue
        if len(run) > LONG_RUN:
            middle = run[ENDS:-ENDS]
            folded |= dict.fromkeys(middle, 0)
            folded[middle[0]] = len(middle)
        run = []
    return folded


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload disasm",
        description="List the pickle instructions of a file: offset, values on the stack, opcode, argument, "
        "and what it does.",
        allow_abbrev=False,
    )
    parser.add_argument("path", metavar="PATH")
    parser.add_argument(
        "--around", type=_offset, metavar="OFFSET", help="only those around an offset in the part"
    )
    parser.add_argument("--part", type=int, metavar="N", help="only this part, counted from 0")
    parser.add_argument("--fold", action="store_true", help="hide memo opcodes and long runs of plain data")
    parser.add_argument(
        "--python", action="store_true", help="write imports and calls as Python to read; nothing is run"
    )
    return parser


def _offset(text: str) -> int:
    return int(text, 0)


# Instructions whose stack is followed. A row takes about 500 bytes.
MAX_FOLLOWED = 1_000_000
ROWS_AROUND = 12
# A run of plain data longer than this is folded, but for so many rows at either end.
LONG_RUN, ENDS = 12, 3
# The column at which the offsets of short statements stand.
COMMENTS = 56
PLAIN = {
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE"),
    *("BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("EMPTY_LIST", "EMPTY_TUPLE", "EMPTY_DICT", "EMPTY_SET", "TUPLE1", "TUPLE2", "TUPLE3", "TUPLE"),
    *("LIST", "DICT", "FROZENSET", "MARK", "APPEND", "APPENDS", "ADDITEMS", "SETITEM", "SETITEMS"),
}
