"""Sees: settings, an index or a template that is no JSON, no UTF-8, too large, or needs Jinja; a shard
whose header is refused.

Why it matters: What was not read may say anything.

A benign repository with the same trait: a file that is larger than the limits, or a template where Jinja
is not installed.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-unread",
    verdict=Verdict.INCONCLUSIVE,
    severity=Severity.WARNING,
    summary="a file of the repository was not judged",
    why="What was not read may say anything.",
    benign="A file that is larger than the limits, or a template where Jinja is not installed.",
    help="See the reason; install `dryload[templates]` for templates.",
    observes=("repository-unread",),
    judge=as_found,
)
