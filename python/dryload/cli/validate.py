"""`dryload validate`: holds files against the rules of their formats, and against no policy.

A pickle that would run code is valid as long as it is a pickle: `dryload scan` says what loading does.
"""

from __future__ import annotations

import os
import sys

from dryload._native import defects
from dryload.bulk import scan_many
from dryload.findings import Verdict, worst
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dryload.findings import Finding
    from dryload.report import Report


def run(words: list[str]) -> int:
    """Validates what the words name and gives the exit code."""
    options = _parser().parse_intermixed_args(words)
    missing = [path for path in options.paths if not os.path.lexists(path)]
    for path in missing:
        print(f"dryload: no such file or folder: {path!r}", file=sys.stderr)
    if missing:
        return 2
    rules = frozenset(slug for slug, _, _, _ in defects())
    rows: list[dict[str, object]] = []
    found: set[Verdict] = set()
    for report in scan_many(options.paths):
        if report.ignored:
            continue
        broken = [finding for finding in report.findings if finding.rule in rules]
        verdict = _verdict(report, broken)
        found.add(verdict)
        if options.format == "json":
            rows.append({"path": report.path, "format": report.format, "valid": verdict is Verdict.INERT})
            rows[-1]["defects"] = [finding.to_dict() for finding in broken]
        else:
            _tell(report, verdict, broken)
    if options.format == "json":
        import json

        print(json.dumps({"schema": "dryload.validate/1", "files": rows}, indent=1))
    if Verdict.INVALID in found:
        return 1
    return 0 if found == {Verdict.INERT} else 3


def _verdict(report: Report, broken: list[Finding]) -> Verdict:
    verdict = worst(finding.verdict for finding in broken)
    if verdict is Verdict.INERT and not (report.format and report.coverage.complete):
        return Verdict.INCONCLUSIVE
    return verdict


def _tell(report: Report, verdict: Verdict, broken: list[Finding]) -> None:
    word = "valid" if verdict is Verdict.INERT else verdict.value
    print(f"{word:13} {safe_text(report.path)}  {report.format or 'of no known format'}")
    for finding in broken:
        member = "" if finding.member is None else f"{safe_text(finding.member)} "
        print(f"    {member}@ {finding.span.start:#x}  {finding.rule}: {safe_text(finding.message)}")


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload validate",
        description="Hold files against the rules of their formats, without a policy.",
        epilog="exit: 0 valid, 1 invalid, 2 usage, 3 not judged to the end or nothing there",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser
