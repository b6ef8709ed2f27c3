"""Workflow commands of GitHub: an annotation for each finding, and the summary line.

A command is whatever begins a line with two colons, so no text from a file may: names are made visible,
escaped as GitHub asks, and stand behind a command of ours. Two colons in a text are broken up.
"""

from __future__ import annotations

import os

from dryload.findings import Severity, Verdict
from dryload.outputs.safe_text import safe_text
from dryload.outputs.text import summary_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class GithubOutput:
    """Writes annotations as findings come."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style

    def add(self, report: Report) -> None:
        """Writes a line for each finding that counts."""
        if report.ignored:
            return
        for finding in report.findings:
            if finding.suppressed:
                continue
            severe = finding.severity is Severity.ERROR and finding.verdict is not Verdict.INCONCLUSIVE
            command = "error" if severe else "notice" if finding.severity is Severity.NOTE else "warning"
            member = "" if finding.member is None else f"{safe_text(finding.member)} "
            place = f"{safe_text(report.path)}: {member}@ {finding.span.start:#x}"
            lines = [safe_text(finding.message, 400), place]
            if finding.help:
                lines.append(safe_text(finding.help, 400))
            title = _property(f"{finding.verdict.value} [{finding.rule}]")
            file = _property(safe_text(os.path.relpath(report.path), cap=None))
            self._stream.write(f"::{command} file={file},title={title}::{_message(lines)}\n")
        self._stream.flush()

    def close(self, end: RunEnd) -> None:
        """Writes the summary line; it begins with a number."""
        if not self._style.quiet:
            self._stream.write(summary_line(end) + "\n")


def _property(text: str) -> str:
    for plain, escaped in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(plain, escaped)
    return text


def _message(lines: list[str]) -> str:
    return "%0A".join(line.replace("%", "%25").replace("::", ":\\x3a") for line in lines)
