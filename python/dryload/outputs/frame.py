"""Draws one finding for a terminal: what, where, the instructions around it, and what to do.

The "source text" of a binary file is its disassembly, with offsets as the gutter. It is read again from the
file, which may be gone or changed by now; then the frame has no rows, and everything else still stands.
"""

from __future__ import annotations

from dryload.errors import SourceError
from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text
from dryload.scanner import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.findings import Finding
    from dryload.outputs.base import Style
    from dryload.report import Report
    from dryload.scanner import Row


def frame(report: Report, finding: Finding, style: Style) -> Iterator[str]:
    """Gives the lines of one finding."""
    yield f"{paint(heading(finding), finding.verdict, style)}: {safe_text(finding.message, MESSAGE_CAP)}"
    rows = _rows(report, finding, style)
    gutter = max(4, *(len(f"{row.offset:x}") for row in rows)) if rows else 4
    margin = " " * gutter
    yield f"{margin[1:]}--> {place(report, finding)}"
    if rows:
        yield f"{margin}|"
        yield from _drawn(rows, finding, style, gutter)
    yield f"{margin}|"
    for label, text in _remarks(report, finding, rows, style):
        yield from wrapped(f"{margin}= {label}: ", text)


def heading(finding: Finding) -> str:
    """Gives `error[slug]`; what could not be judged is called inconclusive, whatever its severity."""
    word = finding.verdict if finding.verdict is Verdict.INCONCLUSIVE else finding.severity
    return f"{word.value}[{finding.rule}]{' (suppressed)' if finding.suppressed else ''}"


def place(report: Report, finding: Finding) -> str:
    """Says where a finding is: the file, the member, and the offset in the innermost of them."""
    member = "" if finding.member is None else f" : {safe_text(finding.member)}"
    return f"{safe_text(report.path, PATH_CAP)}{member} @ {finding.span.start:#x}"


def instruction(row: Row, gutter: int) -> str:
    """Gives one instruction as a line of a listing: offset, opcode byte, name, argument."""
    code = chr(row.code) if 0x20 < row.code < 0x7F else f"\\x{row.code:02x}"
    line = f"{row.offset:0{gutter}x}|  {code:<6} {row.name:<16} {safe_text(row.arg)}".rstrip()
    return safe_text(line, WIDTH)


def paint(text: str, verdict: Verdict, style: Style) -> str:
    """Colours text by verdict, if colour is wanted; no meaning rests on it."""
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if style.colour else text


def wrapped(prefix: str, text: str) -> Iterator[str]:
    """Breaks text at spaces into lines of the terminal's width, aligned under the end of the prefix."""
    line = prefix
    empty = True
    for word in text.split(" "):
        if not empty and len(line) + 1 + len(word) > WIDTH:
            yield line
            line, empty = " " * len(prefix), True
        line += word if empty else f" {word}"
        empty = False
    yield line


def hanging(indent: int, text: str) -> Iterator[str]:
    """Breaks text as `wrapped` does, with all lines but the first four columns further in."""
    lines = wrapped(" " * (indent + 4), text)
    yield next(lines)[4:]
    yield from lines


def _rows(report: Report, finding: Finding, style: Style) -> list[Row]:
    if not report.on_disk or finding.part is None or not finding.rule.startswith("pickle-"):
        return []
    centres = [(finding.part, finding.span.start)]
    centres += [(finding.part, offset) for offset in _elsewhere(finding)]
    try:
        rows = trace(report.path, policy=style.policy, around=centres, before=ROWS_BEFORE)
    except SourceError:
        return []
    return sorted((row for row in rows if row.part == finding.part), key=lambda row: row.offset)


def _elsewhere(finding: Finding) -> dict[int, str]:
    """Gives the other places that the evidence names, with what happens there."""
    told = {"imported_at": "imported here", "called_at": "called here first"}
    places = ((finding.evidence.get(name), label) for name, label in told.items())
    return {at: label for at, label in places if isinstance(at, int) and at != finding.span.start}


def _drawn(rows: list[Row], finding: Finding, style: Style, gutter: int) -> Iterator[str]:
    labels = {finding.span.start: ("^", finding.label)}
    labels |= {offset: ("-", label) for offset, label in _elsewhere(finding).items()}
    for row in rows:
        if row.memo and not style.verbose and row.offset not in labels:
            continue
        yield instruction(row, gutter)
        if row.offset in labels:
            mark, label = labels[row.offset]
            yield f"{' ' * gutter}|         {mark * len(row.name)} {label}".rstrip()


def _remarks(report: Report, finding: Finding, rows: list[Row], style: Style) -> Iterator[tuple[str, str]]:
    if finding.file_span is not None and finding.file_span.start != finding.span.start:
        yield "file offset", f"{finding.file_span.start:#x}"
    if finding.value:
        yield "value", safe_text(finding.value, MESSAGE_CAP)
    hidden = 0 if style.verbose else sum(row.memo for row in rows)
    if hidden:
        yield "hidden", f"{hidden} memo opcode{'s' if hidden > 1 else ''} (-v shows them)"
    if finding.note:
        yield "note", safe_text(finding.note, MESSAGE_CAP)
    if finding.help:
        yield "help", safe_text(finding.help, MESSAGE_CAP)
    more = f"`dryload rule {finding.rule}`"
    if rows:
        part = f" --part {finding.part}" if finding.part else ""
        more += (
            f", `dryload disasm {safe_text(report.path, PATH_CAP)} --around {finding.span.start:#x}{part}`"
        )
    yield "more", more


_COLOURS = {
    Verdict.MALICIOUS: "1;31",
    Verdict.INVALID: "31",
    Verdict.UNKNOWN: "33",
    Verdict.INCONCLUSIVE: "35",
    Verdict.INERT: "32",
}
WIDTH = 80
# A message quotes up to two brief texts and says something about them.
MESSAGE_CAP = 400
# Longer than the path limit of most systems' tools, far shorter than a screen.
PATH_CAP = 300
# Two strings, their memo opcodes and a mark, a tuple: what stands between the name of a callee and its call.
ROWS_BEFORE = 7
