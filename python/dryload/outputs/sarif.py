"""SARIF 2.1.0, for code scanning: a result for each finding, written as it comes.

Results are located in the file that was scanned, by bytes, and in line 1, which GitHub asks for. Members of
archives are artifacts below their file; where a call has an import, both are a code flow. What could not be
judged is a warning and also a notification of the run. All texts of rules are static.

Every string from a file is made visible; names of files are URIs.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from dryload._version import __version__
from dryload.findings import Severity, Verdict
from dryload.outputs.safe_text import raw_path, safe_text
from dryload.rules.catalogue import catalogue
from dryload.rules.pages import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from dryload.findings import Finding
    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report
    from dryload.rules.catalogue import Entry


class SarifOutput:
    """Writes one log with one run."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream
        self._separator = "\n"
        self._artifacts: list[dict[str, Any]] = []
        self._places: dict[str, int] = {}
        self._notifications: list[dict[str, Any]] = []
        self._rules = {slug: index for index, slug in enumerate(catalogue())}
        driver = {
            "name": "dryload",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [_rule(entry) for entry in catalogue().values()],
        }
        head = json.dumps({"driver": driver})
        stream.write(f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"tool": {head}, ')
        stream.write('"columnKind": "unicodeCodePoints", "results": [')

    def add(self, report: Report) -> None:
        """Writes the results of one file."""
        if report.ignored or not report.findings:
            return
        uri = _uri(report.path)
        artifact = {"location": {"uri": uri}, "length": report.size, "roles": ["analysisTarget"]}
        index = self._add_artifact(artifact)
        self._add_members(report, index)
        for finding in report.findings:
            result = self._result(finding, {"uri": uri, "index": index})
            self._stream.write(self._separator + json.dumps(result))
            self._separator = ",\n"
            if finding.verdict is Verdict.INCONCLUSIVE and len(self._notifications) < MAX_NOTIFICATIONS:
                self._notifications.append(
                    {
                        "level": "warning",
                        "message": result["message"],
                        "associatedRule": {"id": finding.rule, "index": self._rules[finding.rule]},
                        "locations": result["locations"],
                    }
                )

    def close(self, end: RunEnd) -> None:
        """Writes artifacts and how the run ended."""
        invocation = {
            "executionSuccessful": end.exit_code in (0, 1, 3) and not end.summary.interrupted,
            "exitCode": end.exit_code,
            "toolExecutionNotifications": self._notifications,
            "properties": end.summary.to_dict(elapsed_ms=end.elapsed_ms, exit_code=end.exit_code),
        }
        self._stream.write(f'\n], "artifacts": {json.dumps(self._artifacts)}, ')
        self._stream.write(f'"invocations": [{json.dumps(invocation)}]}}]}}\n')

    def _add_members(self, report: Report, parent: int) -> None:
        named = {finding.member for finding in report.findings}
        for part in report.parts:
            if part.member is None or part.member not in named:
                continue
            artifact = {
                "location": {"uri": _member_uri(safe_text(part.member, cap=None))},
                "parentIndex": parent,
                "length": part.size,
            }
            if part.offset is not None:
                artifact["offset"] = part.offset
            self._add_artifact(artifact)

    def _add_artifact(self, artifact: dict[str, Any]) -> int:
        """Gives the place of an artifact in the list, which has no two alike: a file may be named twice."""
        identity = json.dumps(artifact)
        place = self._places.setdefault(identity, len(self._artifacts))
        if place == len(self._artifacts):
            self._artifacts.append(artifact)
        return place

    def _result(self, finding: Finding, artifact: dict[str, Any]) -> dict[str, Any]:
        place = _location(finding, artifact, finding.span.start, finding.span.end)
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": self._rules[finding.rule],
            "kind": "fail",
            "level": LEVELS[finding.severity] if finding.verdict is not Verdict.INCONCLUSIVE else "warning",
            "message": {"text": safe_text(finding.message, MESSAGE_CAP)},
            "locations": [place],
            "partialFingerprints": {"dryload/v1": finding.fingerprint},
            "properties": {
                "verdict": finding.verdict.value,
                "evidence": {
                    safe_text(name): safe_text(value, MESSAGE_CAP) if isinstance(value, str) else value
                    for name, value in finding.evidence.items()
                },
            },
        }
        imported_at = finding.evidence.get("imported_at")
        if isinstance(imported_at, int):
            steps = [
                _step("imported here", _location(finding, artifact, imported_at, imported_at + 1)),
                _step(safe_text(finding.label or "called here"), place),
            ]
            result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        if finding.suppressed:
            suppression = {"kind": "external", "status": "accepted"}
            if finding.justification:
                suppression["justification"] = safe_text(finding.justification, MESSAGE_CAP)
            result["suppressions"] = [suppression]
        return result


def _location(finding: Finding, artifact: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    """Locates bytes of the part: in the file where they stand in it, else only in line 1 of it."""
    region: dict[str, int] = {"startLine": 1}
    if finding.file_span is not None:
        offset = finding.file_span.start - finding.span.start
        region |= {"byteOffset": max(start + offset, 0), "byteLength": max(end - start, 0)}
    member = "" if finding.member is None else safe_text(finding.member)
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": region},
        "logicalLocations": [{"fullyQualifiedName": f"{member}@{start:#x}", "kind": "member"}],
    }


def _step(text: str, location: dict[str, Any]) -> dict[str, Any]:
    return {"location": {**location, "message": {"text": text}}}


def _rule(entry: Entry) -> dict[str, Any]:
    text = page(entry.slug) or entry.summary
    return {
        "id": entry.slug,
        "shortDescription": {"text": entry.summary},
        "fullDescription": {"text": entry.summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": LEVELS[entry.severity]},
        "properties": {
            "security-severity": SECURITY[entry.verdict],
            "precision": "very-high" if entry.verdict is Verdict.MALICIOUS else "high",
            "tags": ["security", "external/cwe/cwe-502"],
        },
    }


def _uri(path: str) -> str:
    """Makes a URI reference of a path: relative where the path is, so that viewers find it in a checkout."""
    raw = raw_path(path)
    if raw.startswith(b"/"):
        return "file://" + quote(raw)
    quoted = quote(raw.removeprefix(b"./"), safe="/")
    # Of a first step with a colon, what stands before it would be a scheme; quote encodes it.
    return quoted or "."


def _member_uri(member: str) -> str:
    return quote(member.encode("utf-8", "surrogatepass"), safe="") or "."


LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
# What GitHub sorts by, from 0 to 10: as CVSS has it.
SECURITY = {
    Verdict.MALICIOUS: "9.3",
    Verdict.INVALID: "7.0",
    Verdict.UNKNOWN: "5.0",
    Verdict.INCONCLUSIVE: "4.0",
    Verdict.INERT: "1.0",
}
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MESSAGE_CAP = 1000
# A zoo of broken files must not fill the memory: the results are all there.
MAX_NOTIFICATIONS = 10_000
