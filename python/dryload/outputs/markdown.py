"""Markdown, for the job summary of a workflow: a line for a clean run, a table of findings for others.

All text from a file is written as entities, character by character, so that it cannot be markup, a link or a
mention. GitHub takes a megabyte at most; what does not fit is counted.
"""

from __future__ import annotations

from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text
from dryload.outputs.text import summary_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.findings import Finding
    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class MarkdownOutput:
    """Writes a heading, the verdicts, and the findings that fit."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream
        self._rows: list[str] = []
        self._size = 0
        self._left_out = 0

    def add(self, report: Report) -> None:
        """Keeps the rows of one file while there is room."""
        if report.ignored:
            return
        for finding in report.findings:
            if finding.suppressed:
                continue
            row = _row(report, finding)
            self._size += len(row.encode())
            if self._size > MAX_BYTES:
                self._left_out += 1
            else:
                self._rows.append(row)

    def close(self, end: RunEnd) -> None:
        """Writes it all."""
        write = self._stream.write
        counts = end.summary.counts
        clean = not any(count for verdict, count in counts.items() if verdict is not Verdict.INERT)
        heading = (
            "all inert" if clean and end.summary.files else "findings" if self._rows else "not all inert"
        )
        write(f"### dryload: {heading}\n\n")
        write(f"{summary_line(end)}\n")
        if self._rows:
            write("\n| verdict | file | finding | place |\n|---|---|---|---|\n")
            write("".join(self._rows))
        if self._left_out:
            write(f"\n{self._left_out:,} more findings do not fit here.\n")


def _row(report: Report, finding: Finding) -> str:
    member = "" if finding.member is None else f"{safe_text(finding.member)} "
    cells = (
        finding.verdict.value,
        _entities(safe_text(report.path)),
        f"{_entities(safe_text(finding.message, 300))} [{finding.rule}]",
        _entities(f"{member}@ {finding.span.start:#x}"),
    )
    return f"| {' | '.join(cells)} |\n"


def _entities(text: str) -> str:
    return "".join(each if each.isalnum() or each == " " else f"&#{ord(each)};" for each in text)


# Less than the megabyte that GitHub takes.
MAX_BYTES = 900_000
