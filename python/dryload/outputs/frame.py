"""Draws one finding for a terminal: what, where, the place itself with what points at what, and what to do.

The "source text" of a binary file is its disassembly, its bytes or its tensors, with offsets as the gutter
(`picture`). All lines fit 80 columns. Colour only repeats what the signs and words say.
"""

from __future__ import annotations

from dryload.findings import Verdict
from dryload.outputs.columns import WIDTH, columns, hanging, wrapped
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.findings import Finding
    from dryload.outputs.base import Style
    from dryload.outputs.picture import Picture
    from dryload.report import Report

__all__ = ["MESSAGE_CAP", "PATH_CAP", "WIDTH", "frame", "hanging", "heading", "paint", "place", "wrapped"]


def frame(report: Report, finding: Finding, style: Style) -> Iterator[str]:
    """Gives the lines of one finding."""
    from dryload.outputs.picture import gutter_of, listed, picture  # a scan that finds nothing draws nothing

    head = heading(finding)
    first, *rest = wrapped(f"{head}: ", safe_text(finding.message, MESSAGE_CAP), 4)
    yield f"{paint(head, finding.verdict, style)}{first[len(head) :]}"
    yield from rest
    drawn = picture(report, finding, style)
    gutter = max(4, gutter_of(drawn.lines))
    margin = " " * gutter
    yield from wrapped(f"{margin[1:]}--> ", place(report, finding))
    yield _dim(f"{margin}|", style)
    for line, text in zip(drawn.lines, listed(drawn.lines, gutter), strict=True):
        edge = gutter + 1
        code = _COLOURS[finding.verdict] if line.mark == "^" else "34" if line.mark else ""
        shown = f"\x1b[{code}m{text[edge:]}\x1b[0m" if style.colour and code else text[edge:]
        yield _dim(text[:edge], style) + shown
    if drawn.lines:
        yield _dim(f"{margin}|", style)
    for label, text in _remarks(report, finding, drawn):
        yield from wrapped(f"{margin}= {label}: ", text)


def heading(finding: Finding) -> str:
    """Gives `error[slug]`; what could not be judged is called inconclusive, whatever its severity."""
    word = finding.verdict if finding.verdict is Verdict.INCONCLUSIVE else finding.severity
    return f"{word.value}[{finding.rule}]{' (suppressed)' if finding.suppressed else ''}"


def place(report: Report, finding: Finding) -> str:
    """Says where a finding is: the file, the member, and the offset in the innermost of them."""
    member = "" if finding.member is None else f" : {safe_text(finding.member)}"
    return f"{safe_text(report.path, PATH_CAP)}{member} @ {finding.span.start:#x}"


def paint(text: str, verdict: Verdict, style: Style) -> str:
    """Colours text by verdict, if colour is wanted; no meaning rests on it."""
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if style.colour else text


def terse(text: str) -> str:
    """Gives sentences as a remark has them: in lower case, joined by semicolons, without a full stop.

    >>> terse("Do not load it. If the origin is honest, ask there.")
    'do not load it; if the origin is honest, ask there'
    """
    told = [each if each[1:2].isupper() else each[:1].lower() + each[1:] for each in text.split(". ")]
    return "; ".join(told).removesuffix(".")


def _dim(text: str, style: Style) -> str:
    return f"\x1b[2m{text}\x1b[0m" if style.colour else text


def _remarks(report: Report, finding: Finding, drawn: Picture) -> Iterator[tuple[str, str]]:
    yield from _where(finding, drawn)
    if finding.note:
        yield "note", safe_text(finding.note, MESSAGE_CAP)
    if finding.verdict is Verdict.INCONCLUSIVE:
        yield "note", analysed(report, finding)
    yield "help", terse(safe_text(finding.help or _advice(finding.rule), MESSAGE_CAP))
    more = f"`dryload rule {finding.rule}`"
    if drawn.rows:
        part = f" --part {finding.part}" if finding.part else ""
        more += (
            f", `dryload disasm {safe_text(report.path, PATH_CAP)} --around {finding.span.start:#x}{part}`"
        )
    yield "more", more


def _where(finding: Finding, drawn: Picture) -> Iterator[tuple[str, str]]:
    """Gives the value path, the offset in the file and what is not shown, on one line if they fit."""
    told: list[tuple[str, str, str]] = []
    if finding.value:
        value = safe_text(finding.value, MESSAGE_CAP)
        told.append(("value", value, value))
    if finding.file_span is not None and finding.file_span.start != finding.span.start:
        offset = f"{finding.file_span.start:#x}"
        told.append(("file offset", offset, f"file offset {offset}"))
    if drawn.hidden:
        opcodes = f"{drawn.hidden} memo opcode{'' if drawn.hidden == 1 else 's'}"
        told.append(("hidden", f"{opcodes} (-v shows them)", f"{opcodes} hidden (-v)"))
    if not told:
        return
    label, first, _ = told[0]
    line = "     ".join([first, *(text for _, _, text in told[1:])])
    if columns(line) + len(label) + 8 <= WIDTH:
        yield label, line
    else:
        yield from ((label, text) for label, text, _ in told)


def analysed(report: Report, finding: Finding) -> str:
    """Says how much the verdict rests on, and that this is no clean bill."""
    parts = report.parts
    part = None if finding.part is None or finding.part >= len(parts) else parts[finding.part]
    if part is None or not part.opcodes:
        read = f"{report.bytes_read:,} of {report.size:,} bytes were read and judged as far as they go"
        told = read if finding.span.start else "nothing in it was judged"
        return f"{told}; no clean bill: what was not analysed may hold anything"
    calls = sum(call.count for call in part.calls)
    seen = f"{min(finding.span.start, part.size):,} of {part.size:,} bytes analysed"
    seen += f", {calls:,} call{'' if calls == 1 else 's'} in them" if calls else ", no call in them"
    return f"{seen}; no clean bill: a loader runs what stands before the place where it stops"


def _advice(slug: str) -> str:
    """Gives what the page of a rule says that one should do; it is only read for a frame."""
    from dryload.rules.pages import point

    return point(slug, "What to do")


_COLOURS = {
    Verdict.MALICIOUS: "1;31",
    Verdict.INVALID: "31",
    Verdict.UNKNOWN: "33",
    Verdict.INCONCLUSIVE: "35",
    Verdict.INERT: "32",
}
# A message quotes up to two brief texts and says something about them.
MESSAGE_CAP = 400
# Longer than the path limit of most systems' tools, far shorter than a screen.
PATH_CAP = 300
