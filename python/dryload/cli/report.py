"""`dryload report IN.json`: turns a saved report, json or jsonl, into any other output.

Nothing is scanned and no file that the report speaks of is opened: frames of the terminal have no rows then.
0 means that it was turned, whatever it says; `--exit-code` gives the code of the run.
"""

from __future__ import annotations

import os
import sys

from dryload._frozen import frozen
from dryload.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def run(words: list[str]) -> int:
    """Reads, writes, and gives the exit code."""
    options = _parser().parse_args(words)
    if options.schema:
        with open(SCHEMA_FILE, encoding="utf-8") as file:
            sys.stdout.write(file.read())
        return 0
    if options.path is None:
        raise PolicyError("name a report, or - for stdin")
    from dryload.cli.writers import Writers
    from dryload.outputs.base import RunEnd
    from dryload.policy import Policy
    from dryload.report import Report, Summary
    from dryload.report_read import read_reports

    job: Any = _Job(options=options, policy=Policy.default())
    summary, told = Summary(), None
    source: Any = sys.stdin if options.path == "-" else _opened(options.path)
    with Writers(job, job) as writers, source:
        for each in read_reports(source):
            if isinstance(each, Report):
                summary.add(each)
                writers.add(each)
            else:
                told = each
        if told is None:
            # A run that was cut short has no last line: what is there is counted.
            end = RunEnd(summary=summary, elapsed_ms=0, exit_code=summary.exit_code(Policy.default().fail_on))
        else:
            end = RunEnd(summary=told.summary, elapsed_ms=told.elapsed_ms, exit_code=told.exit_code)
        writers.close(end)
    if writers.failed:
        return 2
    return end.exit_code if options.exit_code else 0


@frozen
class _Job:
    """What the writers ask of a scan."""

    options: argparse.Namespace
    policy: object
    progress: None = None
    earlier: None = None
    format: None = None


def _opened(path: str) -> Any:
    try:
        return open(path, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    import argparse

    from dryload.outputs import OUTPUTS

    parser = argparse.ArgumentParser(
        prog="dryload report",
        description="Turn a saved report into another output.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("path", nargs="?", metavar="IN", help="what --format json or jsonl wrote; - for stdin")
    add("--format", choices=list(OUTPUTS), help="what stdout gets (default: text)")
    add("-o", "--output", action="append", default=[], metavar="FORMAT=FILE", help="one more; repeatable")
    add("-v", "--verbose", action="store_true", help="draw all frames, show suppressed findings")
    add("-q", "--quiet", action="store_true", help="print findings only")
    add("--exit-code", action="store_true", help="give the exit code that the run had")
    add("--schema", action="store_true", help="print the JSON Schema of the reports")
    return parser


SCHEMA_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "dryload.schema.json")
