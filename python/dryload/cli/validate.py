"""`dryload validate`: holds files against the rules of their formats, and against no policy.

A pickle that would run code is valid as long as it is a pickle: `dryload scan` says what loading does.
"""

from __future__ import annotations

import os
import sys

from dryload._native import defects
from dryload.bulk import scan_many
from dryload.cli.paths import parsed
from dryload.findings import Verdict, worst
from dryload.outputs.frame import MESSAGE_CAP, PATH_CAP, hanging
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload.findings import Finding
    from dryload.report import Report


def run(words: list[str]) -> int:
    """Validates what the words name and gives the exit code."""
    options = parsed(_parser(), words)
    if not options.paths:
        print("dryload: name a file or a folder to validate", file=sys.stderr)
        return 2
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
            rows[-1]["dropped"] = _dropped(report)
        else:
            for line in (_concise if options.format == "concise" else _text)(report, verdict, broken):
                print(line)
    if options.format == "json":
        import json

        print(json.dumps({"schema": "dryload.validate/1", "files": rows}, indent=1))
    if Verdict.INVALID in found:
        return 1
    return 0 if found == {Verdict.INERT} else 3


def _verdict(report: Report, broken: list[Finding]) -> Verdict:
    verdict = worst(finding.verdict for finding in broken)
    # What was dropped may have been a defect: a thousand serious findings leave no room for one.
    judged = report.format and report.coverage.complete and not _dropped(report)
    return Verdict.INCONCLUSIVE if verdict is Verdict.INERT and not judged else verdict


def _dropped(report: Report) -> int:
    return sum(part.dropped for part in report.parts)


def _text(report: Report, verdict: Verdict, broken: list[Finding]) -> Iterator[str]:
    yield f"{_word(verdict):13} {safe_text(report.path, PATH_CAP)}  {report.format or 'of no known format'}"
    for finding in broken:
        member = "" if finding.member is None else f"{safe_text(finding.member)} "
        yield from hanging(4, f"{member}@ {finding.span.start:#x}  {_told(finding)}")
    if dropped := _dropped(report):
        yield from hanging(4, _more(dropped))


def _concise(report: Report, verdict: Verdict, broken: list[Finding]) -> Iterator[str]:
    """Gives a line for each finding; a file without one has a line where it was named or is not valid."""
    path = safe_text(report.path, PATH_CAP)
    for finding in broken:
        member = "" if finding.member is None else f":{safe_text(finding.member)}"
        yield f"{finding.verdict.value:<13} {path}{member}@{finding.span.start:#x}  {_told(finding)}"
    if not broken and (verdict is not Verdict.INERT or not report.walked):
        dropped = _dropped(report)
        what = _more(dropped) if dropped else report.format or "of no known format"
        yield f"{_word(verdict):<13} {path}  {what}"


def _word(verdict: Verdict) -> str:
    return "valid" if verdict is Verdict.INERT else verdict.value


def _told(finding: Finding) -> str:
    return f"{finding.rule}: {safe_text(finding.message, MESSAGE_CAP)}"


def _more(dropped: int) -> str:
    return f"{dropped:,} observations beyond the limit were not kept: one may be a fault"


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload validate",
        description="Hold files against the rules of their formats, without a policy.",
        epilog="exit: 0 valid, 1 invalid, 2 usage, 3 not judged to the end or nothing there",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a file or a folder")
    parser.add_argument("--format", choices=("text", "concise", "json"), default="text")
    return parser
