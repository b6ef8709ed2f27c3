"""JUnit XML, for Jenkins and its like: a test for each file, which fails where a finding counts.

What is not judged to its end is an error rather than a failure: nobody knows what it does. The counts stand
before the tests in the format, so that these wait in a temporary file when there are many.
"""

from __future__ import annotations

import shutil
import tempfile
from xml.sax.saxutils import escape, quoteattr

from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class JunitOutput:
    """Writes one suite."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream
        # Of the memory at first; a folder of temporary files is used for what is large.
        self._tests = tempfile.SpooledTemporaryFile(MEMORY, "w+", encoding="utf-8")  # noqa: SIM115
        self._counts = {"tests": 0, "failures": 0, "errors": 0}

    def add(self, report: Report) -> None:
        """Keeps the test of one file."""
        if report.ignored:
            return
        self._counts["tests"] += 1
        name = quoteattr(safe_text(report.path, cap=None))
        write = self._tests.write
        write(f'  <testcase classname="dryload.{report.format or "unknown"}" name={name}>\n')
        if not report.ok:
            judged = report.verdict is not Verdict.INCONCLUSIVE
            self._counts["failures" if judged else "errors"] += 1
            element = "failure" if judged else "error"
            counted = [finding for finding in report.findings if not finding.suppressed]
            message = safe_text(counted[0].message, 400) if counted else "not judged to the end"
            write(f"    <{element} type={quoteattr(report.verdict.value)} message={quoteattr(message)}>")
            for finding in counted:
                member = "" if finding.member is None else f"{safe_text(finding.member)} "
                place = f"{member}@ {finding.span.start:#x}"
                write(escape(f"{finding.rule}: {safe_text(finding.message, 400)} ({place})\n"))
            write(f"</{element}>\n")
        write("  </testcase>\n")

    def close(self, end: RunEnd) -> None:
        """Writes the suite."""
        counts = " ".join(f'{name}="{count}"' for name, count in self._counts.items())
        seconds = f'time="{end.elapsed_ms / 1000:.3f}"'
        self._stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._stream.write(f'<testsuites name="dryload" {counts} {seconds}>\n')
        self._stream.write(f' <testsuite name="dryload" {counts} {seconds}>\n')
        self._tests.seek(0)
        shutil.copyfileobj(self._tests, self._stream)
        self._tests.close()
        self._stream.write(" </testsuite>\n</testsuites>\n")


# Bytes that are kept in memory.
MEMORY = 8 << 20
