"""The terminal output: a frame for each finding, a line for an inert file that was named, a summary line.

It counts inert files of a folder and does not list them, and it draws no more frames than fit on a few
screens, unless it is asked to. All text from files passes `safe_text`; colour only ever repeats a word; all
lines but those of `concise`, which are for programs, fit 80 columns.
"""

from __future__ import annotations

from dryload.findings import Verdict
from dryload.outputs.base import Style
from dryload.outputs.columns import WIDTH, columns, cut, cut_middle, wrapped
from dryload.outputs.frame import MESSAGE_CAP, PATH_CAP, frame, paint
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from dryload.findings import Finding
    from dryload.outputs.base import RunEnd
    from dryload.report import Report


def render_text(report: Report) -> str:
    """Shows one report as the terminal does, without colour and without a summary."""
    return "\n".join(_lines(report, Style()))


class TextOutput:
    """Draws frames while there are few findings, and one line for each when there are many."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._held: list[Report] = []
        self._told = 0
        self._suppressed = 0

    def add(self, report: Report) -> None:
        """Prints an inert file at once; holds findings back until it is known that they are few."""
        self._suppressed += sum(finding.suppressed for finding in report.findings)
        if report.ignored:
            return
        shown = len(_shown(report, self._style))
        if report.ok and not shown:
            if not self._style.quiet and (self._style.verbose or not report.walked):
                self._print(*_inert_lines(report, self._style))
            return
        self._told += max(shown, 1)
        self._held.append(report)
        if self._told > MAX_FRAMES and not self._style.verbose:
            self._flush_grouped()

    def close(self, end: RunEnd) -> None:
        """Draws what was held back, then the summary line."""
        if self._told > MAX_FRAMES and not self._style.verbose:
            self._flush_grouped()
            if not self._style.quiet:
                self._print(f"{self._told:,} findings, a line for each rule and file; {MORE}")
        else:
            for report in self._held:
                self._print(*_lines(report, self._style), "")
        if not self._style.quiet:
            self._print(*_summary_lines(end, self._suppressed))

    def _flush_grouped(self) -> None:
        for report in self._held:
            self._print(*_grouped(report, self._style))
        self._held.clear()

    def _print(self, *lines: str) -> None:
        for line in lines:
            self._stream.write(line + "\n")


class FullOutput:
    """Draws a frame for each finding as soon as its file is scanned, however many there are."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._suppressed = 0

    def add(self, report: Report) -> None:
        """Writes the lines of one file; an inert one gets a line when it was named or all are wanted."""
        self._suppressed += sum(finding.suppressed for finding in report.findings)
        inert = report.ok and not _shown(report, self._style)
        if report.ignored or (inert and (self._style.quiet or (report.walked and not self._style.verbose))):
            return
        for line in self._inert(report) if inert else self._found(report):
            self._stream.write(line + "\n")

    def close(self, end: RunEnd) -> None:
        """Writes the summary."""
        if not self._style.quiet:
            for line in self._end(end):
                self._stream.write(line + "\n")

    def _inert(self, report: Report) -> Iterable[str]:
        return _inert_lines(report, self._style)

    def _found(self, report: Report) -> Iterable[str]:
        return (*_lines(report, self._style), "")

    def _end(self, end: RunEnd) -> Iterable[str]:
        return _summary_lines(end, self._suppressed)


class ConciseOutput(FullOutput):
    """Writes one line for each finding, as soon as it is known, then the summary line; none is cut."""

    def _inert(self, report: Report) -> Iterable[str]:
        return [_inert_line(report, self._style)]

    def _found(self, report: Report) -> Iterable[str]:
        return _concise(report, self._style)

    def _end(self, end: RunEnd) -> Iterable[str]:
        return [_summary_line(end, self._suppressed)]


def _lines(report: Report, style: Style) -> Iterator[str]:
    shown = _shown(report, style)
    if not shown:
        yield from _inert_lines(report, style) if report.ok else wrapped("", _silent_line(report, style), 4)
    for index, finding in enumerate(shown):
        if index:
            yield ""
        yield from frame(report, finding, style)


def _concise(report: Report, style: Style) -> Iterator[str]:
    shown = _shown(report, style)
    if not shown:
        yield _silent_line(report, style)
    for finding in shown:
        member = "" if finding.member is None else f":{safe_text(finding.member)}"
        verdict = paint(f"{finding.verdict.value:<13}", finding.verdict, style)
        place = f"{safe_text(report.path, PATH_CAP)}{member}@{finding.span.start:#x}"
        yield f"{verdict} {place}  {finding.rule}: {safe_text(finding.message, MESSAGE_CAP)}"


def _grouped(report: Report, style: Style) -> Iterator[str]:
    """Gives a line for each rule that has findings in a file, cut to the width of the terminal."""
    shown = _shown(report, style)
    by_rule: dict[tuple[Verdict, str], list[Finding]] = {}
    for finding in shown:
        by_rule.setdefault((finding.verdict, finding.rule), []).append(finding)
    path = cut_middle(safe_text(report.path, PATH_CAP), PATH_COLUMNS)
    path += " " * (PATH_COLUMNS - columns(path))
    for (verdict, rule), findings in by_rule.items():
        evidence = findings[0].evidence
        told = evidence.get("call") or evidence.get("name") or findings[0].message
        more = f" +{len(findings) - 1:,}" if len(findings) > 1 else ""
        line = cut(f"{verdict.value:<13} {path}  {rule}{more}: {safe_text(str(told))}", WIDTH)
        yield paint(line[:13], verdict, style) + line[13:]
    if not shown:
        line = _silent_line(report, Style())
        yield paint(line[:13], report.verdict, style) + cut(line, WIDTH)[13:]


def _inert_lines(report: Report, style: Style) -> Iterator[str]:
    line = _inert_line(report, Style())
    word = len(Verdict.INERT.value)
    first, *rest = wrapped("", line, word + 2)
    yield paint(first[:word], Verdict.INERT, style) + first[word:]
    yield from rest


def _inert_line(report: Report, style: Style) -> str:
    return f"{paint('inert', Verdict.INERT, style)}  {safe_text(report.path, PATH_CAP)}  {_contents(report)}"


def _silent_line(report: Report, style: Style) -> str:
    """Tells of a file that is not inert although no finding counts: the policy silenced what would have
    said why."""
    verdict = paint(f"{report.verdict.value:<13}", report.verdict, style)
    return (
        f"{verdict} {safe_text(report.path, PATH_CAP)}  not judged to the end; the policy silences the reason"
    )


def _contents(report: Report) -> str:
    parts = report.parts
    counts = (
        (sum(part.tensors or 0 for part in parts), "tensor"),
        (sum(part.protocol is not None for part in parts), "pickle"),
        (sum(len(part.imports) for part in parts), "import"),
    )
    return ", ".join([report.format, *(_count(number, noun) for number, noun in counts if number)])


def _shown(report: Report, style: Style) -> list[Finding]:
    return [finding for finding in report.findings if style.verbose or not finding.suppressed]


def summary_line(end: RunEnd) -> str:
    """Says in a line what a run came to."""
    return _summary_line(end, end.summary.suppressed + end.summary.baselined)


def _summary_lines(end: RunEnd, suppressed: int) -> Iterator[str]:
    """Gives the summary line, with the time on a line of its own where the whole does not fit."""
    line = _summary_line(end, suppressed)
    counts, stop, time = line.partition(". ") if columns(line) > WIDTH else (line, "", "")
    yield from wrapped("", f"{counts}{stop}".rstrip())
    if time:
        yield from wrapped("", time)


def _summary_line(end: RunEnd, suppressed: int) -> str:
    summary = end.summary
    told = [f"{count:,} {verdict.value}" for verdict, count in summary.counts.items() if count]
    if summary.ignored:
        told.append(f"{summary.ignored:,} ignored")
    if summary.excluded:
        told.append(f"{summary.excluded:,} excluded")
    known = summary.baselined
    if suppressed > known:
        told.append(f"{_count(suppressed - known, 'finding')} suppressed")
    if known:
        told.append(f"{_count(known, 'known finding')} hidden by baseline")
    files = _count(summary.files, "file") if summary.files else "nothing to scan"
    elapsed = f"{end.elapsed_ms} ms" if end.elapsed_ms < 10_000 else f"{end.elapsed_ms // 1000:,} s"
    colon = ": " if summary.files > 1 else ", " if told else ""
    line = f"{files}{colon}{', '.join(told)}. {elapsed}, nothing was loaded."
    if summary.resumed:
        line += f" {_count(summary.resumed, 'file')} of them in an earlier run."
    return f"Interrupted. So far: {line}" if summary.interrupted else line


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# About three screens of frames; beyond that a reader wants a list.
MAX_FRAMES = 20
MORE = "full frames: --format full"
# Of a path in a line for a rule and file; the rest is for the rule and what it is about.
PATH_COLUMNS = 30
