"""A report as one line of JSON, and back: what a cache holds of a file.

Every string is kept as it is. Pickle is not used: what is read back may have been written by somebody else.
"""

from __future__ import annotations

import json

from dryload.findings import Finding, Severity, Span, Verdict
from dryload.report import Report, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dryload.report import Place


def kept(report: Report) -> str:
    """Gives the line; the path is not in it, as it may be another one next time."""
    seen = report.snapshot()
    return json.dumps(
        {
            "verdict": report.verdict.value,
            "ignored": report.ignored,
            "seen": {name: getattr(seen, name) for name in SEEN},
            "findings": [_fields(finding) for finding in report.findings],
        }
    )


def revived(line: str, path: str, *, policy: str, walked: bool, place: Place | None = None) -> Report:
    """Gives the report that the line was made of, under this path and for the file that `place` says.

    Raises:
        ValueError, KeyError, TypeError: it is no such line.
    """
    told = json.loads(line)
    seen = {name: told["seen"][name] for name in SEEN}
    for rows in ("part_rows", "skipped_rows", "limit_names"):
        seen[rows] = tuple(seen[rows])
    return Report(
        path,
        Verdict(told["verdict"]),
        tuple(_finding(fields) for fields in told["findings"]),
        seen=Snapshot(**seen),
        policy=policy,
        on_disk=True,
        walked=walked,
        ignored=bool(told["ignored"]),
        place=place,
    )


def _fields(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(finding, name) for name in PLAIN}
    for name in ("span", "file_span"):
        span: Span | None = getattr(finding, name)
        told[name] = None if span is None else [span.start, span.end]
    return {
        **told,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value,
        "evidence": dict(finding.evidence),
    }


def _finding(told: dict[str, Any]) -> Finding:
    in_file = told["file_span"]
    return Finding(
        **{name: told[name] for name in PLAIN},
        span=Span(start=told["span"][0], end=told["span"][1]),
        file_span=None if in_file is None else Span(start=in_file[0], end=in_file[1]),
        severity=Severity(told["severity"]),
        verdict=Verdict(told["verdict"]),
        evidence=told["evidence"],
    )


# Fields of a `Snapshot`, and those of a `Finding` that JSON has as they are.
SEEN = ("size", "bytes_read", "format", "complete", "part_rows", "skipped_rows", "limit_names")
PLAIN = (
    "rule",
    "message",
    "member",
    "part",
    "label",
    "note",
    "help",
    "value",
    "suppressed",
    "suppressed_by",
    "justification",
)
