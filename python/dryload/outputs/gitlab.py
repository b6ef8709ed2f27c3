"""The Code Quality report of GitLab: a list of findings, written as they come."""

from __future__ import annotations

import json
from hashlib import sha256

from dryload.findings import Severity, Verdict
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.findings import Finding
    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class GitlabOutput:
    """Writes one array."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream
        self._separator = "\n"
        stream.write("[")

    def add(self, report: Report) -> None:
        """Writes the findings of one file that count."""
        if report.ignored:
            return
        for finding in report.findings:
            if not finding.suppressed:
                self._stream.write(self._separator + json.dumps(_issue(report, finding)))
                self._separator = ",\n"

    def close(self, _end: RunEnd) -> None:
        """Ends the array; the format has no room for a summary."""
        self._stream.write("\n]\n")


def _issue(report: Report, finding: Finding) -> dict[str, object]:
    path = safe_text(report.path.removeprefix("./"), cap=None)
    # It must be another one for each finding of a report, and the same in the next report.
    identity = f"{path}\0{finding.fingerprint}\0{finding.span.start}"
    place = (
        f"{safe_text(finding.member)}@{finding.span.start:#x}"
        if finding.member
        else f"{finding.span.start:#x}"
    )
    severity = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}[finding.severity]
    return {
        "description": f"{safe_text(finding.message, 400)} ({place})",
        "check_name": finding.rule,
        "fingerprint": sha256(identity.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "blocker" if finding.verdict is Verdict.MALICIOUS else severity,
        "location": {"path": path, "lines": {"begin": 1}},
    }
